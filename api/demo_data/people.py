"""What happens to those who sign in: their licences, who looks at them, what they agree to and complain of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from typing import Any, Final

from api.builtin_provider import PEOPLE
from api.demo_data.city import (
    APPROVAL,
    CLINIC_ITEM,
    FOOD_ITEM,
    HEALTH,
    HYGIENE_ITEM,
    ISSUERS,
    MARKET,
    example,
)
from api.demo_data.fields import driving_licence, marriage_certificate, teacher_qualification_certificate
from api.demo_data.ground import Ground
from api.demo_data.invention import Invention
from api.demo_data.licences import CANCELLING_LAW
from api.officers import Role
from api.services import Services
from trust import Act, ChangeOrder, Decision, IssueOrder, Licence
from verify import PUBLIC, CheckEntry, IdentifierCheck, Occasion
from verify.feedback import Raiser
from wallet import Appointment
from wallet.agents import APPOINTABLE
from wallet.consent_requests import Asked
from wallet.consents import ConsentTerms

Story = Iterator[tuple[float, Callable[[], Any]]]
_HOLDER: Final = "jingshu"


def story(services: Services, invent: Invention, ground: Ground) -> Story:
    """The acts, each with the share of the time at which it is done."""
    return _People(services, invent, ground).story()


class _People:
    def __init__(self, services: Services, invent: Invention, ground: Ground) -> None:
        self._services = services
        self._invent = invent
        self._ground = ground
        self._licences: dict[str, Licence] = {}

    def story(self) -> Story:
        for number, slug in enumerate(("business_licence", "food_operation_permit", "physician_practice_certificate")):
            yield 0.02 + number / 500, partial(self._issue, slug)
        for number, slug in enumerate(("real_estate_certificate", "marriage_certificate")):
            yield 0.1 + number / 100, partial(self._issue, slug)
        yield 0.12, self._issue_more
        yield 0.14, self._act_for_company
        yield 0.93, partial(self._issue, "birth_medical_certificate")
        yield 0.94, self._act_for_child
        for number in range(6):
            yield 0.2 + number / 8, partial(self._inspect, f"QDWJ-2026-{3107 + number}")
            yield 0.22 + number / 8, partial(self._look_in_public, "physician_practice_certificate")
            yield 0.24 + number / 8, partial(self._check_company, f"SPJY-2026-{1188 + number}")
        yield 0.31, partial(self._show, _HOLDER, "physician_practice_certificate", "医院入职登记")
        yield 0.71, partial(self._show, _HOLDER, "driving_licence", "租车")
        yield 0.55, partial(self._show, "company", "business_licence", "合同签订")
        yield 0.4, self._consent
        yield 0.5, self._consent_and_withdraw
        yield 0.6, partial(self._ask, "refused")
        yield 0.65, partial(self._ask, "agreed")
        yield 0.985, partial(self._ask, "open")
        yield 0.75, self._complain
        yield 0.8, self._object

    def _issue(self, slug: str) -> None:
        today = self._services.register.today()
        days = {
            "marriage_certificate": {"registered_on": today.isoformat()},
            "birth_medical_certificate": {"birth_date": (today - timedelta(days=9)).isoformat()},
        }
        self._licences[slug] = self._make(slug, example(slug) | days.get(slug, {}))

    def _issue_more(self) -> None:
        """What the one who signs in as a holder has beside the example: enough to fill a wallet."""
        today, person = self._services.register.today(), PEOPLE[_HOLDER]
        born = example("physician_practice_certificate")["birth_date"]
        own = {"name": person.name, "sex": "女", "birth_date": born}
        fields = driving_licence(self._invent, today) | own | {"licence_number": person.number}
        self._licences["driving_licence"] = self._make("driving_licence", fields)
        teacher = teacher_qualification_certificate(self._invent, today) | own | {"id_number": person.number}
        former = {"certificate_number": "20263702192000017", "category": "小学教师资格"}
        self._make("teacher_qualification_certificate", teacher)
        old = self._make("teacher_qualification_certificate", teacher | former)
        decision = Decision(self._actor(old), "持证人申请注销", CANCELLING_LAW)
        self._services.register.cancel(old.identifier, decision)
        second = {"second_name": person.name, "second_birth_date": born, "second_id_number": person.number}
        self._make("marriage_certificate", marriage_certificate(self._invent, today) | second)

    def _make(self, slug: str, fields: Mapping[str, Any]) -> Licence:
        body = ISSUERS[slug]
        order = IssueOrder(slug, fields, self._ground.officer(body, Role.ISSUER), issuer_code=body.code)
        return self._services.issuing.issue(order).licence

    def _act_for_company(self) -> None:
        company, agents = self._licences["business_licence"], self._services.agents
        agents.confirm(company, PEOPLE["meng"].number, actor=self._actor(company))
        until = self._services.clock.now() + timedelta(days=200)
        terms = Appointment(PEOPLE["ji"].name, PEOPLE["ji"].number, APPOINTABLE, until, "办理证照年报与许可")
        agents.appoint(company.holder_index, terms, actor="representative")

    def _act_for_child(self) -> None:
        birth = self._licences["birth_medical_certificate"]
        number = self._invent.newborn("370203", str(birth.fields["birth_date"]), female=birth.fields["sex"] == "女")
        self._services.agents.confirm(birth, number, actor=self._actor(birth))

    def _inspect(self, case: str) -> None:
        licence = self._licences["physician_practice_certificate"]
        checked = IdentifierCheck(licence.identifier, licence.holder.code)
        self._services.department_checks.by_identifier(
            self._occasion("demo-clinic-inspection", CLINIC_ITEM, case), checked
        )

    def _check_company(self, case: str) -> None:
        licence = self._licences["business_licence"]
        checked = IdentifierCheck(licence.identifier, licence.holder.code)
        self._services.department_checks.by_identifier(self._occasion("demo-approval-hall", FOOD_ITEM, case), checked)

    def _look_in_public(self, slug: str) -> None:
        verdict = self._services.checker.check_identifier(self._licences[slug].identifier)
        self._services.check_records.add(CheckEntry(verdict, "identifier", PUBLIC))

    def _show(self, who: str, slug: str, purpose: str) -> None:
        shown = self._services.presentations.present(
            self._ground.people[who], self._licences[slug].identifier, purpose=purpose
        )
        case = f"CK-2026-{self._invent.digits(4)}"
        occasion = self._occasion("demo-clinic-inspection", HYGIENE_ITEM, case)
        self._services.department_checks.by_presentation(occasion, shown.token)

    def _consent(self) -> None:
        """A consent that was used once and holds on."""
        company = self._licences["business_licence"]
        given = self._services.licence_consents.give(
            company.holder_index, self._terms(company, HEALTH.code, HYGIENE_ITEM)
        )
        self._services.department_checks.by_identifier(
            self._occasion("demo-clinic-inspection", HYGIENE_ITEM, "WSXK-2026-0417"),
            IdentifierCheck(company.identifier, company.holder.code),
            fields=["name", "address"],
            consent=given.number,
        )
        physician = self._licences["physician_practice_certificate"]
        self._services.licence_consents.give(physician.holder_index, self._terms(physician, HEALTH.code, HYGIENE_ITEM))

    def _consent_and_withdraw(self) -> None:
        company, consents = self._licences["business_licence"], self._services.licence_consents
        given = consents.give(company.holder_index, self._terms(company, APPROVAL.code, FOOD_ITEM))
        consents.withdraw(company.holder_index, given.number)

    def _terms(self, licence: Licence, body: str, item: str) -> ConsentTerms:
        until = self._services.clock.now() + timedelta(days=180)
        return ConsentTerms(body, item, {licence.identifier: None}, 5, until)

    def _ask(self, becomes: str) -> None:
        """Departments ask the holder and the company; what was asked is answered, or waits."""
        requests = self._services.consent_requests
        hygiene = Asked(
            "demo-clinic-inspection",
            HEALTH.code,
            HYGIENE_ITEM,
            f"WSXK-2026-{self._invent.digits(4)}",
            "公共场所卫生许可（新办）",
            {"physician_practice_certificate": frozenset({"practice_scope", "main_institution"})},
            max_uses=2,
            days=30,
        )
        food = Asked(
            "demo-approval-hall",
            APPROVAL.code,
            FOOD_ITEM,
            f"SPJY-2026-{self._invent.digits(4)}",
            "食品经营许可（新办）",
            {"business_licence": frozenset({"name", "address", "business_scope"})},
            max_uses=3,
            days=60,
        )
        for who, asked in ((self._ground.people[_HOLDER], hygiene), (self._ground.people["company"], food)):
            number = requests.ask(who, asked, answer_within=timedelta(days=7)).number
            if becomes == "refused":
                requests.refuse(who, number)
            elif becomes == "agreed":
                requests.agree(who, number)

    def _complain(self) -> None:
        """Feedback on licences of one department: open, accepted, turned down, and corrected."""
        feedback, market = self._services.feedback, self._ground.officer(MARKET, Role.ISSUER)
        company, permit = self._licences["business_licence"], self._licences["food_operation_permit"]
        hall = Raiser(client_id="demo-approval-hall")
        first = feedback.open(hall, company.identifier, "住所与现场不符：门牌应为 66 号甲。", field="address")
        feedback.reject(first.id, MARKET.code, "经核对登记档案，住所无误。", actor=market)
        holder = Raiser(holder=company.holder_index)
        second = feedback.open(
            holder, permit.identifier, "监管机构名称有误，应为市南区市场监督管理局。", field="supervising_body"
        )
        feedback.accept(second.id, MARKET.code, "情况属实，予以更正。", actor=market)
        decision = Decision(market, "监管机构名称更正")
        fields = {"supervising_body": "青岛市市南区市场监督管理局"}
        right = self._services.changing.change(ChangeOrder(permit.identifier, Act.CORRECT, fields, decision)).licence
        feedback.corrected(second.id, MARKET.code, right.identifier, actor=market)
        third = feedback.open(hall, company.identifier, "经营范围缺少“外卖递送服务”。", field="business_scope")
        feedback.accept(third.id, MARKET.code, "已受理，待企业办理变更登记。", actor=market)
        feedback.open(holder, right.identifier, "经营项目中“自制饮品”一项写漏。", field="business_items")

    def _object(self) -> None:
        looks = self._services.looks.at([self._licences["physician_practice_certificate"].identifier])
        owner = self._ground.people[_HOLDER]
        named = [each for each in looks if each.body_code is not None]
        for look, text in zip(
            named, ("当日我未在该机构执业，请说明核验事由。", "同一周内重复核验，请说明必要性。"), strict=False
        ):
            said = self._services.objections.open(owner, look, text)
            if "说明必要性" in text:
                answer = "系统故障导致重复核验，已改正，特此说明。"
                actor = self._ground.officer(HEALTH, Role.APPROVER)
                self._services.objections.answer(said.number, answer, actor=actor, body_code=HEALTH.code)

    def _occasion(self, client: str, item: str, case: str) -> Occasion:
        return self._services.department_checks.occasion(self._ground.callers[client], item, case)

    def _actor(self, licence: Licence) -> str:
        return self._ground.officers[licence.issuer_code, Role.ISSUER].actor
