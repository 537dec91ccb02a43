"""A case as its page holds it between requests: what was given, what the checks found, and which materials are there.

The record of checks has every check for good; this is an officer's working sheet, encrypted and gone after a while.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from api.errors import ResultGoneError
from api.pages.results import Held, held, hold
from api.services import Services
from store.acting import crossing
from trust import CodeType, Licence
from verify import CheckAnswer, Verdict
from verify.materials import MaterialFinding, Outcome
from verify.requirements import licences_in
from verify.service_items import ALL_FIELDS, ServiceItem

KEPT: Final = timedelta(hours=4)
MOST_ANSWERS: Final = 30
_KIND: Final = "case"
_ORDER: Final = tuple(each.value for each in Outcome)


class Tick(Held):
    """What was found for a material."""

    outcome: str
    reasons: tuple[tuple[str, str], ...]
    """In Chinese and in English."""
    licences: tuple[tuple[str, str], ...]
    receipt_id: str

    @classmethod
    def of(cls, finding: MaterialFinding, receipt_id: str) -> Tick:
        """What a check found."""
        return cls(
            outcome=finding.outcome.value,
            reasons=tuple((each.message_zh, each.message_en) for each in finding.reasons),
            licences=tuple((each.type.name_zh, each.type.name_en) for each in finding.licences),
            receipt_id=receipt_id,
        )


class Answered(Held):
    """One check of the case, with its receipt."""

    evidence: str
    verdict: Verdict
    receipt_id: str
    receipt: str
    fields: tuple[tuple[str, str, str], ...] = ()
    """Name in Chinese and in English, and value: what may be told."""
    purpose: str | None = None


@dataclass(frozen=True)
class AskedField:
    """A field of an application, by what it is compared with."""

    zh: str
    en: str
    is_date: bool = False


class HeldCase(Held):
    """A case."""

    officer: str
    """Reference; nobody else opens it."""
    item: str
    case_number: str
    code_type: CodeType | None = None
    code: str | None = None
    """The applicant's."""
    sheet: int = 0
    """How often the applicant and the application were written; tells a window that another has written since."""
    application: Mapping[str, str] = {}
    consents: tuple[str, ...] = ()
    request: str | None = None
    """Number of the consent that was asked for."""
    answers: tuple[Answered, ...] = ()
    """Newest first."""
    ticks: Mapping[str, Tick] = {}

    def with_answer(
        self, services: Services, evidence: str, answer: CheckAnswer, facts: tuple[tuple[str, str, str], ...] = ()
    ) -> HeldCase:
        """The case after one more check; a material that was satisfied stays so.

        :param facts: what the evidence itself said, as :attr:`Answered.fields` has it.
        """
        ticks = dict(self.ticks)
        for each in answer.materials:
            made, before = Tick.of(each, answer.receipt_id), ticks.get(each.material.code)
            if before is None or _ORDER.index(made.outcome) >= _ORDER.index(before.outcome):
                ticks[each.material.code] = made
        answered = Answered(
            evidence=evidence,
            verdict=answer.verdict,
            receipt_id=answer.receipt_id,
            receipt=answer.receipt,
            fields=(*_told(services, answer), *facts),
            purpose=answer.purpose,
        )
        return self.model_copy(update={"answers": (answered, *self.answers)[:MOST_ANSWERS], "ticks": ticks})

    def answer(self, receipt_id: str) -> Answered:
        """The check with a receipt.

        :raises ResultGoneError: there is none.
        """
        for each in self.answers:
            if each.receipt_id == receipt_id:
                return each
        raise ResultGoneError


def open_case(services: Services, number: str, officer: str) -> HeldCase:
    """An officer's case.

    :raises ResultGoneError: there is none, it is another officer's, or its time is up.
    """
    found = held(services, _KIND, HeldCase, number)
    if found.officer != officer:
        raise ResultGoneError
    return found


def keep_case(services: Services, case: HeldCase, number: str | None = None) -> str:
    """Keep a case as it is now; its number."""
    return hold(services, _KIND, case, kept=KEPT, number=number)


def change_case(services: Services, number: str, officer: str, change: Callable[[HeldCase], HeldCase]) -> None:
    """Change a case as it stands now, which another window of the officer may have changed a moment ago.

    :raises ResultGoneError: like :func:`open_case`.
    """
    with services.database.in_turn(f"case:{number}"):
        keep_case(services, change(open_case(services, number, officer)), number)


def needed_fields(services: Services, item: ServiceItem) -> dict[str, frozenset[str]]:
    """The fields that an item needs, by licence type; all of a type by their names."""
    found = {}
    for slug, fields in item.fields.items():
        known = frozenset(services.catalogue.latest(slug).fields)
        found[slug] = known if ALL_FIELDS in fields else fields & known
    return {slug: fields for slug, fields in found.items() if fields}


def application_fields(services: Services, item: ServiceItem) -> dict[str, AskedField]:
    """The fields of an application with which an item's materials are compared."""
    found: dict[str, AskedField] = {}
    for material in item.materials:
        for wanted in licences_in(material.requirement):
            known = services.catalogue.latest(wanted.type_slug)
            for key, name in wanted.matches.items():
                found.setdefault(name, AskedField(known.title_zh(key), known.title_en(key)))
            if wanted.valid_on is not None:
                found[wanted.valid_on] = AskedField(
                    "证照须有效的日期", "Day on which licences have to hold", is_date=True
                )
    return found


@crossing()
def _licence_of(services: Services, answer: CheckAnswer) -> Licence | None:
    summary = answer.verdict.licence
    return services.register.find(summary.identifier) if summary is not None else None


def _told(services: Services, answer: CheckAnswer) -> tuple[tuple[str, str, str], ...]:
    licence = _licence_of(services, answer) if answer.fields else None
    if licence is None:
        return ()
    return tuple(
        (licence.type.title_zh(key), licence.type.title_en(key), str(value))
        for key, value in answer.fields.items()
        if isinstance(value, str | int | float)
    )
