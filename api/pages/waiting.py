"""What waits for an officer, over all that the officer's roles open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from api.languages import Language, language_of
from api.officers import Officer, Role
from api.pages.frame import OFFICERS_WAITING, SEAL_READERS, Area, show
from api.pages.seal_office import OfficerDesk, owner_of
from api.pages.seals import certificate_left
from api.security import ServicesDep
from api.services import Services
from api.sessions import officer_with
from seal import SealState
from trust.batch import BatchState
from verify.feedback import FeedbackState
from verify.objections import ObjectionState

router = APIRouter()

_SOON_DAYS: Final = 60
_SHORT: Final = 40
_STEPS: Final = (SealState.REVIEWED, SealState.MADE, SealState.REGISTERED)
_STOPPED: Final = (BatchState.READY, BatchState.REFUSED, BatchState.PAUSED)


@dataclass(frozen=True)
class Waiting:
    """One thing that waits."""

    kind: str
    """What: a word of the page after ``waits_``."""
    name: str
    detail: str = ""
    address: str | None = None


@router.get("/waiting", response_class=HTMLResponse)
def waiting(
    request: Request, services: ServicesDep, officer: Annotated[Officer, Depends(officer_with(*OFFICERS_WAITING))]
) -> HTMLResponse:
    """One list of all that waits for this officer, the most pressing first."""
    found = [
        *_seals(services, officer, language_of(request)),
        *_licences(services, officer),
        *_checks(services, officer),
    ]
    at_seals = not officer.roles.isdisjoint(SEAL_READERS)
    return show(request, "waiting.html", area=Area.SEALS if at_seals else Area.CONSOLE, waiting=found)


def _seals(services: Services, officer: Officer, language: Language) -> list[Waiting]:
    if officer.roles.isdisjoint({Role.SEAL_APPLICANT, Role.SEAL_APPROVER}):
        return []
    desk, now = OfficerDesk(services, officer), services.clock.now()
    seals = {each.number: each for each in desk.seals()}
    found = []
    if desk.approves:
        found += [
            Waiting("decide", seals[each.seal_number].title, each.reason, f"/seals/requests/{each.id}")
            for each in desk.waiting()
            if desk.may_decide(each)
        ]
    if desk.applies:
        for each in seals.values():
            state, address = each.state_at(now), f"/seals/{each.number}"
            if state in _STEPS:
                found.append(Waiting(state.value, each.title, owner_of(each, language=language), address))
            elif state in (SealState.ACTIVE, SealState.FROZEN):
                left = certificate_left(services, each.number, now)
                if left is not None and left.days <= _SOON_DAYS:
                    found.append(Waiting("certificate", each.title, str(left.days), address))
    return found


def _licences(services: Services, officer: Officer) -> list[Waiting]:
    if Role.ISSUER not in officer.roles:
        return []
    body = officer.organisation_code
    said = [
        Waiting("feedback", _short(each.text), f"{each.opened_at:%Y-%m-%d}", f"/console/feedback/{each.id}")
        for state in (FeedbackState.OPEN, FeedbackState.ACCEPTED)
        for each in services.feedback.received(body, state=state)
    ]
    batches = [
        Waiting(f"batch_{each.state}", each.reference, address=f"/console/batches/{each.reference}")
        for each in services.batches.latest(issuer_code=body)
        if each.state in _STOPPED
    ]
    return [*said, *batches]


def _checks(services: Services, officer: Officer) -> list[Waiting]:
    if Role.APPROVER not in officer.roles:
        return []
    found = services.objections.received(officer.organisation_code, state=ObjectionState.OPEN)
    return [
        Waiting("objection", _short(each.text), f"{each.due_at:%Y-%m-%d}", f"/objections/{each.number}")
        for each in found
    ]


def _short(text: str) -> str:
    return text if len(text) <= _SHORT else f"{text[:_SHORT]}…"
