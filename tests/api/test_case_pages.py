"""Cases at the counter: what an approver scans, looks up and is handed, and what the holder sees of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.look_schemas import ObjectionView
from api.officers import Role
from seal import Organisation
from tests.api.signing_in import ISSUER, Browser, sign_in, somebody
from tests.house import HEALTH, House
from trust import Licence
from wallet.qr import QrCode

APPROVAL = Organisation("1137020099010035XJ", "市行政审批服务局", "Approval Bureau", "370200")
FOOD, INSPECTION = "370200-0131-001", "370200-0723-004"


@dataclass
class Counter:
    """Officers in browsers of their own, and an applicant's licence."""

    house: House
    browsers: dict[str, Browser]
    licence: Licence

    def get(self, address: str, who: str = "approver") -> Any:
        return self.browsers[who].http.get(address, headers={"Accept": "text/html"})

    def post(self, address: str, who: str = "approver", *, files: Any = None, **form: str) -> Any:
        browser = self.browsers[who]
        data = {"csrf_token": browser.signed_in.csrf_token, **form}
        return browser.http.post(address, data=data, files=files, headers={"Accept": "text/html"})

    def opened(self, item: str = FOOD, who: str = "approver") -> str:
        answer = self.post("/cases", who, item=item, case_number="2026-11-0001")
        assert answer.status_code == 200, answer.text
        return str(answer.url.path)

    def token(self) -> str:
        made = self.house.services.presentations.present(
            self.licence.holder_index, self.licence.identifier, purpose="办理<i>食品经营许可"
        )
        return made.token

    def looks(self) -> list[Any]:
        return list(self.house.services.looks.at([self.licence.identifier]))

    def applicant(self, case: str, **other: str) -> Any:
        fields = self.licence.fields
        said = {
            "f.applicant_code": str(fields["unified_social_credit_code"]),
            "f.applicant_name": str(fields["name"]),
            "f.applied_on": f"{self.house.services.register.today()}",
        }
        return self.post(f"{case}/applicant", code_type="uscc", code=self.licence.holder.code, **(said | other))


@pytest.fixture
def counter(house: House) -> Iterator[Counter]:
    services = house.services
    licence = house.issue()
    house.publish_items()
    for body in (APPROVAL, HEALTH):
        services.organisations.enrol(body)
    services.wallets.open(licence.holder_index)
    app = create_app(services)
    people = {
        "approver": (APPROVAL, Role.APPROVER),
        "colleague": (APPROVAL, Role.APPROVER),
        "issuer": (APPROVAL, Role.ISSUER),
        "health": (HEALTH, Role.APPROVER),
    }
    browsers = {}
    with TestClient(app, raise_server_exceptions=False):
        for key, (body, role) in people.items():
            who = somebody(f"人员{key}", None, key)
            services.officers.add(body.code, who.name, {role}, subject=(ISSUER, key), actor="tests")
            browsers[key] = sign_in(TestClient(app, raise_server_exceptions=False), services, who)
        yield Counter(house, browsers, licence)


def test_what_an_applicant_shows_is_redeemed_once_ticks_a_material_and_is_seen(counter: Counter) -> None:
    case = counter.opened()
    assert "尚未核对" in counter.get(case).text
    counter.applicant(case)
    token = counter.token()
    page = counter.post(f"{case}/file", files={"file": ("shown.png", QrCode(token).png(), "image/png")}).text
    assert "1/2 项已满足" in page
    assert "办理&lt;i&gt;食品经营许可" in page
    assert token not in page
    assert str(counter.licence.fields["business_scope"])[:10] in page
    assert str(counter.licence.fields["legal_representative"]) not in page
    look = counter.looks()[0]
    assert (look.body_code, look.service_item, look.case_number) == (APPROVAL.code, FOOD, "2026-11-0001")
    assert look.checked_by.startswith("officer:O")
    assert look.basis == "presentation"
    assert len(counter.looks()) == 1
    again = counter.post(f"{case}/code", text=token)
    assert "核验不通过" in again.text
    assert "1/2 项已满足" in again.text


def test_receipts_are_signed_and_sealed(counter: Counter) -> None:
    case = counter.opened()
    counter.post(f"{case}/code", text=counter.token())
    receipt_id = counter.looks()[0].receipt_id
    signed = counter.get(f"{case}/receipts/{receipt_id}.jws")
    found = counter.house.services.receipts.verify(signed.text)
    assert (found.id, found.body, found.service_item) == (receipt_id, APPROVAL.code, FOOD)
    sealed = counter.get(f"{case}/receipts/{receipt_id}.pdf")
    assert sealed.content.startswith(b"%PDF")
    assert b"/DocMDP" in sealed.content
    for address in (f"{case}/receipts/{receipt_id}.exe", f"{case}/receipts/{'0' * 32}.pdf"):
        assert counter.get(address).status_code == 404
    assert counter.get(f"{case}/receipts/{receipt_id}.pdf", "colleague").status_code == 404


def test_consent_is_asked_for_and_ticks_what_the_city_has(counter: Counter) -> None:
    services = counter.house.services
    case = counter.opened()
    assert "请先填写申请人" in counter.post(f"{case}/ask").text
    counter.applicant(case)
    assert "等待申请人答复" in counter.post(f"{case}/ask").text
    (asked,) = services.consent_requests.of_holder(counter.licence.holder_index)
    assert asked.asked.body_code == APPROVAL.code
    services.consent_requests.agree(counter.licence.holder_index, asked.number)
    assert "申请人已同意授权" in counter.get(case).text
    assert "1/2 项已满足" in counter.post(f"{case}/materials").text
    assert counter.looks()[0].basis == "consent"


def test_a_material_is_ticked_by_a_file_that_passes_and_agrees(counter: Counter) -> None:
    case = counter.opened()
    pdf = counter.house.pdf(counter.licence)
    counter.applicant(case, **{"f.applicant_name": "另一家公司"})

    def dropped(file: bytes) -> str:
        return str(counter.post(f"{case}/file", files={"file": ("a.pdf", file, "application/pdf")}).text)

    assert "0/2 项已满足" in dropped(pdf)
    counter.applicant(case)
    assert "0/2 项已满足" in dropped(pdf[:-9] + b"x" + pdf[-8:])
    assert "1/2 项已满足" in dropped(pdf)
    for broken in (pdf[:2000], b"%PDF-1.7", b"junk", b""):
        assert "1/2 项已满足" in dropped(broken)


def test_an_offline_code_ticks_a_material_and_tells_only_what_it_says(counter: Counter) -> None:
    case = counter.opened()
    counter.applicant(case)
    shown = counter.house.services.offline_presentations.present(
        counter.licence.holder_index, counter.licence.identifier, purpose="窗口<b>办事"
    )
    page = counter.post(f"{case}/code", text=shown.text).text
    assert "1/2 项已满足" in page
    assert "窗口&lt;b&gt;办事" in page
    assert str(counter.licence.fields["registered_capital"]) not in page
    assert counter.looks()[0].basis == "presentation"
    health = counter.opened(INSPECTION, "health")
    refused = counter.post(f"{health}/code", "health", text=shown.text).text
    assert "登记簿中没有该证照" in refused
    assert counter.licence.holder.name not in refused


def test_a_file_of_other_signers_is_judged_by_the_trust_list_and_ticks_nothing(counter: Counter) -> None:
    case = counter.opened()
    counter.applicant(case)
    pdf = counter.house.services.register.pdf(counter.licence)
    page = counter.post(f"{case}/file", files={"file": ("a.pdf", pdf, "application/pdf")}, foreign="1").text
    assert "其他机构签署的文件" in page
    assert "0/2 项已满足" in page
    assert page.count(".jws") == 1


def test_by_law_the_applicants_code_is_enough(counter: Counter) -> None:
    physician = counter.house.issue("physician_practice_certificate")
    case = counter.opened(INSPECTION, "health")
    page = counter.post(
        f"{case}/applicant",
        "health",
        code_type="citizen_id",
        code=physician.holder.code,
        **{"f.physician_name": physician.holder.name},
    ).text
    assert "1/1 项已满足" in page
    assert physician.holder.code not in page


def test_an_identifier_needs_the_applicant_as_second_fact(counter: Counter) -> None:
    case = counter.opened()
    assert "请先填写申请人" in counter.post(f"{case}/code", text=counter.licence.identifier).text
    counter.applicant(case)
    assert "核验通过" in counter.post(f"{case}/code", text=counter.licence.identifier).text


def test_a_case_is_for_approvers_of_the_body_and_opens_for_its_officer_alone(counter: Counter) -> None:
    case = counter.opened()
    assert counter.get("/cases", "issuer").status_code == 403
    assert counter.get(case, "colleague").status_code == 404
    assert counter.post(f"{case}/code", "colleague", text="x").status_code == 404
    assert counter.get("/cases/x").status_code == 404
    assert counter.post("/cases", item=INSPECTION, case_number="1").status_code == 403
    assert counter.post("/cases", item=FOOD, case_number="a b").status_code == 422
    anonymous = TestClient(counter.browsers["approver"].http.app, raise_server_exceptions=False)
    assert anonymous.get("/cases", headers={"Accept": "text/html"}, follow_redirects=False).status_code == 303
    stolen = counter.browsers["approver"].http.post(f"{case}/code", data={"text": "x", "csrf_token": "y"})
    assert stolen.status_code == 403
    token = counter.token()
    health = counter.opened(INSPECTION, "health")
    assert "登记簿中没有该证照" in counter.post(f"{health}/code", "health", text=token).text


def test_junk_is_answered_and_the_case_stays(counter: Counter) -> None:
    case = counter.opened()
    for text in ("<script>alert(1)</script>", "https://evil.example/c/1", "0" * 32, "eyJh.eyJi.x", "YZ1:ABC"):
        answer = counter.post(f"{case}/code", text=text)
        assert answer.status_code < 500
        assert "<script>alert" not in answer.text
    bad = counter.post(f"{case}/applicant", code_type="uscc", code="<b>1")
    assert bad.status_code == 422
    assert counter.get(f"{case}?lang=en").status_code == 200
    assert str(counter.get(f"{case}/code?lang=en").url.path) == case


def test_two_windows_on_a_case_lose_nothing_of_each_other(counter: Counter) -> None:
    case = counter.opened()
    sheet = re.search(r'name="sheet" value="(\d+)"', counter.get(case).text)
    assert sheet is not None
    assert counter.applicant(case, sheet=sheet[1]).status_code == 200
    stale = counter.applicant(case, sheet=sheet[1], **{"f.applicant_name": "另一窗口<填写>"})
    assert (stale.status_code, "另一窗口改动" in stale.text) == (409, True)
    assert "另一窗口&lt;填写&gt;" in stale.text
    assert f"已存：{counter.licence.fields['name']}" in stale.text
    assert "另一窗口&lt;" not in counter.get(case).text
    again = re.search(r'name="sheet" value="(\d+)"', stale.text)
    assert again is not None
    counter.applicant(case, sheet=again[1], **{"f.applicant_name": "另一窗口<填写>"})
    assert "另一窗口&lt;填写&gt;" in counter.get(case).text


def test_what_two_windows_check_at_once_is_kept_of_both(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    case = counter.opened()
    counter.applicant(case)
    checks, token = counter.house.services.department_checks, counter.token()
    by_identifier = checks.by_identifier

    def meanwhile(*given: Any, **more: Any) -> Any:
        counter.post(f"{case}/code", text=token)
        return by_identifier(*given, **more)

    monkeypatch.setattr(checks, "by_identifier", meanwhile)
    page = counter.post(f"{case}/code", text=counter.licence.identifier).text
    assert page.count("<article>") == 2
    assert "1/2 项已满足" in page


def test_an_objection_is_answered_by_an_officer_of_the_body_once(counter: Counter) -> None:
    services = counter.house.services
    counter.post(f"{counter.opened()}/code", text=counter.token())
    made = services.objections.open(counter.licence.holder_index, counter.looks()[0], "没有<b>办理过此事")
    address = f"/objections/{made.number}"
    assert f'href="{address}"' in counter.get("/waiting").text
    page = counter.get(address).text
    assert "没有&lt;b&gt;办理过此事" in page
    assert "2026-11-0001" in page
    for elsewhere in (counter.get(address, "health"), counter.post(address, "health", text="依法检查")):
        assert elsewhere.status_code == 404
    refused = counter.post(address, text="  ")
    assert (refused.status_code, 'role="alert"' in refused.text) == (422, True)
    answered = counter.post(address, text="受理食品经营许可时核验，\r\n由您当场出示。")  # as browsers send it
    assert (answered.status_code, "已答复" in answered.text) == (200, True)
    assert "由您当场出示。" in answered.text
    again = counter.post(address, text="另一个答复")
    assert (again.status_code, "另一个答复" in again.text) == (409, False)
    (mine,) = services.objections.of_holder(counter.licence.holder_index)
    assert mine.answer == "受理食品经营许可时核验，\n由您当场出示。"
    assert ObjectionView.of(mine, services.names()).answered_by == "body"
    assert address not in counter.get("/waiting").text
