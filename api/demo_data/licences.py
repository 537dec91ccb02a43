"""The licences that nobody signs in for: issued, and what becomes of some of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any, Final

from api.demo_data.city import ISSUERS
from api.demo_data.fields import MAKERS, business_licence, food_operation_permit
from api.demo_data.ground import Ground
from api.demo_data.invention import Company, Invention
from api.officers import Role
from api.services import Services
from trust import Act, ChangeOrder, Decision, IssueOrder, Licence

REVOKING_LAW: Final = "《中华人民共和国行政许可法》第六十九条"
CANCELLING_LAW: Final = "《中华人民共和国行政许可法》第七十条"
_SOON_OVER: Final = 23  # of so many licences with an end one ends within the story
_LATER = tuple[float, Callable[[], Any]]


class LicenceActs:
    """What officers of all departments do with licences."""

    def __init__(self, services: Services, invent: Invention, ground: Ground) -> None:
        self._services = services
        self._invent = invent
        self._ground = ground
        self._issued: dict[int, Licence] = {}
        self._companies: list[Company] = []

    def issue(self, slug: str, number: int) -> None:
        """Issue a licence of a type."""
        fields = self._fields(slug, number)
        actor = self._ground.officer(ISSUERS[slug], Role.ISSUER)
        order = IssueOrder(slug, fields, actor, issuer_code=ISSUERS[slug].code)
        self._issued[number] = self._services.issuing.issue(order).licence

    def fate(self, slug: str, number: int) -> Iterator[_LATER]:
        """What is done with a licence later, each with the share of the time that is left."""
        register, reason = self._services.register, self._reason
        match number % 31:
            case 4:
                yield 0.3, partial(self._act, number, register.suspend, reason("年度抽查中，暂停使用"))
            case 9:
                yield 0.2, partial(self._act, number, register.suspend, reason("举报核查"))
                yield 0.6, partial(self._act, number, register.resume, reason("经核查，情况不实，予以恢复"))
            case 14:
                yield 0.4, partial(self._act, number, register.revoke, reason("提供虚假材料取得许可", REVOKING_LAW))
            case 20:
                yield 0.5, partial(self._act, number, register.cancel, reason("持证人申请注销", CANCELLING_LAW))
            case 26 if slug in {"business_licence", "food_operation_permit"}:
                yield 0.5, partial(self._move, number)

    def _fields(self, slug: str, number: int) -> dict[str, Any]:
        today, invent = self._services.register.today(), self._invent
        if slug == "business_licence":
            self._companies.append(invent.company())
            fields = business_licence(invent, today, self._companies[-1])
        elif slug == "food_operation_permit" and self._companies:
            # by companies that have their business licence, each one permit
            fields = food_operation_permit(invent, today, self._companies.pop())
        else:
            fields = MAKERS[slug](invent, today)
        if slug == "driving_licence" and number % _SOON_OVER < 4:
            fields["valid_from"] = (today - timedelta(days=2190)).isoformat()
            fields["valid_until"] = (today + timedelta(days=3 + number % 9)).isoformat()
        return fields

    @staticmethod
    def _reason(reason: str, law: str | None = None) -> tuple[str, str | None]:
        return reason, law

    def _act(self, number: int, act: Callable[[str, Decision], Any], why: tuple[str, str | None]) -> None:
        licence = self._issued[number]
        act(licence.identifier, Decision(self._issuer(licence), why[0], why[1]))

    def _move(self, number: int) -> None:
        licence = self._issued[number]
        decision = Decision(self._issuer(licence), "住所变更登记")
        address = {"address": self._invent.address("370212")}
        self._services.changing.change(ChangeOrder(licence.identifier, Act.CHANGE, address, decision))

    def _issuer(self, licence: Licence) -> str:
        return self._ground.officers[licence.issuer_code, Role.ISSUER].actor
