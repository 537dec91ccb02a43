"""Applications for seals and other moves that take two officers: the queue, and each with its decision."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.languages import language_of
from api.pages.frame import to
from api.pages.seal_office import ApproverDep, OfficerDesk, ReaderDep, problem_of, show_seals, type_name
from api.pages.written import OneLineForm
from api.routers.seal_office import Serial
from api.security import ServicesDep
from api.services import Services
from api.sessions import CsrfCheckedDep
from seal import SealState
from seal.errors import SealRequestUnknownError
from store.errors import YinzhengError

router = APIRouter(prefix="/seals/requests", dependencies=[CsrfCheckedDep])

_NEXT = (SealState.REVIEWED, SealState.MADE, SealState.REGISTERED)
"""States in which a new seal waits for an officer's next step."""


@router.get("", response_class=HTMLResponse)
def queue(request: Request, services: ServicesDep, desk: ReaderDep) -> HTMLResponse:
    """What waits: for this officer, for another because this one asked, and seals on their way into use."""
    seals = {each.number: each for each in desk.seals()}
    now = services.clock.now()
    found = desk.waiting()
    return show_seals(
        request,
        services,
        desk,
        "seals/requests.html",
        seals=seals,
        requests=[(each, desk.may_decide(each)) for each in found],
        underway=[(each, each.state_at(now)) for each in seals.values() if each.state_at(now) in _NEXT],
    )


@router.get("/{number}", response_class=HTMLResponse)
def one(request: Request, services: ServicesDep, desk: ReaderDep, number: Serial) -> HTMLResponse:
    """A request, what it is about, who has to say what, and how it was decided."""
    return _one(request, services, desk, number)


@router.post("/{number}/approve", response_class=RedirectResponse)
def approve(
    request: Request,
    services: ServicesDep,
    desk: ApproverDep,
    number: Serial,
    reason: OneLineForm = "",
    only_review: Annotated[str, Form()] = "",
) -> Response:
    """The second officer's word; an application is then made, registered and put into use, or only found right."""
    desk.request(number)
    decide = services.seals.review if only_review else services.seals.approve
    try:
        decide(number, officer=desk.name, reason=reason.strip() or None)
    except YinzhengError as error:
        return _refused(request, services, desk, number, error, "approve", reason)
    return to(f"/seals/requests/{number}?done={'reviewed' if only_review else 'approved'}")


@router.post("/{number}/reject", response_class=RedirectResponse)
def reject(
    request: Request, services: ServicesDep, desk: ApproverDep, number: Serial, reason: OneLineForm = ""
) -> Response:
    """The second officer's refusal, which says why."""
    desk.request(number)
    try:
        services.seals.reject(number, officer=desk.name, reason=reason)
    except YinzhengError as error:
        return _refused(request, services, desk, number, error, "reject", reason)
    return to(f"/seals/requests/{number}?done=rejected")


def _refused(
    request: Request,
    services: Services,
    desk: OfficerDesk,
    number: int,
    error: YinzhengError,
    dialog: str,
    reason: str,
) -> HTMLResponse:
    said = problem_of(request, error)
    if isinstance(error, SealRequestUnknownError):
        # it is there: somebody has decided it before
        said["status"] = 409
    return _one(request, services, desk, number, reason, dialog=dialog, **said)


def _one(
    request: Request, services: Services, desk: OfficerDesk, number: int, reason: str = "", **said: Any
) -> HTMLResponse:
    found = desk.request(number)
    seal = desk.seal(found.seal_number)
    status = said.pop("status", 200)
    return show_seals(
        request,
        services,
        desk,
        "seals/request.html",
        here="/seals/requests",
        status=status,
        reason=reason,
        asked=found,
        seal=seal,
        state=seal.state_at(services.clock.now()),
        types=[type_name(services, each, language_of(request)) for each in seal.licence_types],
        history=services.seals.history(seal.number),
        may_decide=desk.approves and desk.may_decide(found),
        own=not desk.may_decide(found) and found.decided_at is None,
        **said,
    )
