"""A list of materials (材料清单): which licence satisfies what a service item asks for, and what is wrong otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from trust import Licence, LicenceState
from verify.callers import Caller
from verify.questions import plain
from verify.reasons import Text, reason
from verify.requirements import LicenceRequirement, Mode, Requirement
from verify.service_items import Material
from verify.verdict import Reason


class Outcome(StrEnum):
    """What became of a material, worst first."""

    MISSING = "missing"
    EXPIRED = "expired"
    DOUBTFUL = "doubtful"
    SATISFIED = "satisfied"


_ORDER = tuple(Outcome)


@dataclass(frozen=True)
class MaterialFinding:
    """What was found for one material."""

    material: Material
    outcome: Outcome
    reasons: tuple[Reason, ...]
    licences: tuple[Licence, ...] = ()
    """Those that satisfy it, or that were looked at in vain."""


@dataclass(frozen=True)
class _Found:
    outcome: Outcome
    reasons: tuple[Reason, ...]
    licences: tuple[Licence, ...] = ()


@dataclass(frozen=True)
class Application:
    """What is known of an application when its materials are checked."""

    caller: Caller
    licences: Sequence[Licence]
    """All that may be looked at."""
    fields: Mapping[str, str]
    today: date


def find_material(material: Material, application: Application) -> MaterialFinding:
    """See whether an application's licences satisfy a material."""
    found = _find(material.requirement, application)
    return MaterialFinding(material, found.outcome, found.reasons, found.licences)


def overall(findings: Iterable[MaterialFinding]) -> Reason:
    """What the findings come to: only required materials count, and the worst of them."""
    outcomes = [each.outcome for each in findings if each.material.required]
    worst = min(outcomes, key=_ORDER.index, default=Outcome.SATISFIED)
    if worst is Outcome.SATISFIED:
        return reason("materials.complete")
    return reason("materials.unclear" if worst is Outcome.DOUBTFUL else "materials.incomplete")


def _find(requirement: Requirement, application: Application) -> _Found:
    if isinstance(requirement, LicenceRequirement):
        return _find_licence(requirement, application)
    parts = [_find(each, application) for each in requirement.parts]
    if requirement.mode is Mode.ANY_OF:
        return max(parts, key=lambda each: _ORDER.index(each.outcome))
    reasons = tuple(each for part in parts for each in part.reasons)
    licences = tuple({each.identifier: each for part in parts for each in part.licences}.values())
    return _Found(min((each.outcome for each in parts), key=_ORDER.index), reasons, licences)


def _find_licence(requirement: LicenceRequirement, application: Application) -> _Found:
    if not application.caller.may_check(requirement.type_slug):
        return _Found(Outcome.DOUBTFUL, (reason("materials.not_permitted"),))
    candidates = [each for each in application.licences if each.type.slug == requirement.type_slug]
    judged = [_judge(each, requirement, application) for each in candidates]
    missing = _Found(Outcome.MISSING, (reason("materials.missing"),))
    return max([*judged, missing], key=lambda each: _ORDER.index(each.outcome))


def _judge(licence: Licence, requirement: LicenceRequirement, application: Application) -> _Found:
    day = _day(requirement, application)
    if day is None:
        return _Found(Outcome.DOUBTFUL, (reason("materials.date_missing", field=requirement.valid_on),), (licence,))
    state = licence.state_on(day)
    if state is LicenceState.EXPIRED:
        return _Found(Outcome.EXPIRED, (reason("materials.expired", day=day, until=licence.valid_until),), (licence,))
    if state in (LicenceState.SUSPENDED, LicenceState.NOT_YET_VALID):
        text = Text(state.zh, state.value.replace("_", " "))
        return _Found(Outcome.DOUBTFUL, (reason("materials.not_in_force", day=day, state=text),), (licence,))
    if state is not LicenceState.VALID:
        text = Text(state.zh, state.value.replace("_", " "))
        return _Found(Outcome.MISSING, (reason("materials.over", state=text),))
    differing = [key for key, asked in requirement.matches.items() if not _agrees(licence, key, asked, application)]
    if differing:
        found = tuple(
            reason("materials.differs", field=Text(licence.type.title_zh(key), licence.type.title_en(key)))
            for key in differing
        )
        return _Found(Outcome.DOUBTFUL, found, (licence,))
    return _Found(Outcome.SATISFIED, (reason("materials.satisfied"),), (licence,))


def _agrees(licence: Licence, key: str, asked: str, application: Application) -> bool:
    value, wanted = licence.fields.get(key), application.fields.get(asked)
    return isinstance(value, str) and wanted is not None and plain(value) == plain(wanted)


def _day(requirement: LicenceRequirement, application: Application) -> date | None:
    if requirement.valid_on is None:
        return application.today
    try:
        return date.fromisoformat(application.fields[requirement.valid_on])
    except (KeyError, ValueError):
        return None
