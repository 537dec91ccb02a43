"""A furnished service for tests: departments with seals, licences, clients."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.services import Services
from seal import Organisation, Seal, SealApplication
from trust import IssueOrder, Licence

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"

MARKET = Organisation("11370200990100114M", "青岛市市场监督管理局", "Qingdao Market Regulation", "370200")
HEALTH = Organisation("11370200990100288Y", "青岛市卫生健康委员会", "Qingdao Health Commission", "370200")
LAND = Organisation("11370200990100366C", "青岛市自然资源和规划局", "Qingdao Natural Resources", "370200")
HOUSING = Organisation("11370200990100415R", "青岛市住房和城乡建设局", "Qingdao Housing", "370200")
LABOUR = Organisation("11370200990100482P", "青岛市人力资源社会保障局", "Qingdao Human Resources", "370200")
EDUCATION = Organisation("11370200990100546M", "青岛市教育局", "Qingdao Education", "370200")
CIVIL = Organisation("11370200990100618E", "青岛市民政局", "Qingdao Civil Affairs", "370200")
TRAFFIC = Organisation("113702009901006937", "青岛市公安局交通警察支队", "Qingdao Traffic Police", "370200")
ISSUERS = {
    "birth_medical_certificate": HEALTH,
    "business_licence": MARKET,
    "driving_licence": TRAFFIC,
    "food_operation_permit": MARKET,
    "marriage_certificate": CIVIL,
    "physician_practice_certificate": HEALTH,
    "presale_permit": HOUSING,
    "real_estate_certificate": LAND,
    "social_organisation_certificate": CIVIL,
    "teacher_qualification_certificate": EDUCATION,
    "vocational_qualification_certificate": LABOUR,
}
LAW = "《中华人民共和国行政许可法》第七十条第四项"
APPLICANT, APPROVER = "officer:applicant", "officer:approver"


def example(slug: str) -> dict[str, Any]:
    """The fields of an example licence."""
    fields: dict[str, Any] = json.loads((EXAMPLES / f"{slug}.json").read_text("utf-8"))
    return fields


@dataclass
class House:
    """The parts of one process, and short ways to furnish them."""

    services: Services

    def seal(self, slug: str = "business_licence") -> Seal:
        """The active seal for a type, made on first use."""
        organisation = self.services.organisations.enrol(ISSUERS[slug])
        usable = self.services.seals.usable_for(slug, organisation.code)
        if usable:
            return usable[-1]
        application = SealApplication(organisation.code, [slug], "电子证照专用章")
        request = self.services.seals.apply(application, officer=APPLICANT, reason="签发证照")
        return self.services.seals.approve(request.id, officer=APPROVER)

    def issue(self, slug: str = "business_licence", **changed: Any) -> Licence:
        """An issued licence with the fields of its example, some of them changed; in its holder's wallet."""
        self.seal(slug)
        order = IssueOrder(type=slug, fields={**example(slug), **changed}, actor="tests")
        licence = self.services.issuing.issue(order).licence
        self.services.worker.run_once()
        return licence

    def publish_items(self) -> None:
        """The example service items."""
        for file in sorted((EXAMPLES / "service_items").glob("*.json")):
            self.services.service_items.publish(json.loads(file.read_text("utf-8")), actor="tests")

    def pdf(self, licence: Licence) -> bytes:
        """The sealed PDF."""
        return self.services.register.pdf(licence)
