"""An objection (异议) of a holder to a check that the officer's body made, and the body's answer."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from api.languages import language_of
from api.look_schemas import LookView, ObjectionView
from api.officers import Officer
from api.pages.cases import OfficerDep
from api.pages.console.desk import actor_names, said, time_left
from api.pages.frame import Area, show, to
from api.pages.written import LinesForm
from api.problems import status_of
from api.routers.feedback import NumberPath
from api.security import ServicesDep
from api.services import Services
from api.sessions import CsrfCheckedDep
from store.errors import YinzhengError

router = APIRouter(prefix="/objections", dependencies=[CsrfCheckedDep])


@router.get("/{number}", response_class=HTMLResponse)
def one(request: Request, services: ServicesDep, officer: OfficerDep, number: NumberPath) -> HTMLResponse:
    """What the holder says, and the check that it is about."""
    return _show(request, services, officer, number)


@router.post("/{number}", response_class=HTMLResponse)
def answer(
    request: Request,
    services: ServicesDep,
    officer: OfficerDep,
    number: NumberPath,
    text: LinesForm = "",
) -> Response:
    """Says why it was checked, or what is done about it; the holder reads it."""
    try:
        services.objections.answer(number, text, actor=officer.actor, body_code=officer.organisation_code)
    except YinzhengError as error:
        shown = _show(request, services, officer, number, problem=said(request, error), text=text)
        shown.status_code = status_of(error)
        return shown
    return to(f"/objections/{number}")


def _show(
    request: Request,
    services: Services,
    officer: Officer,
    number: str,
    *,
    problem: str | None = None,
    text: str = "",
) -> HTMLResponse:
    language = language_of(request)
    found = services.objections.received_one(number, officer.organisation_code)
    names, people = services.names(language), actor_names(services, officer, language)
    licence = services.register.find(found.look.identifier)
    return show(
        request,
        "objection.html",
        area=Area.CONSOLE,
        here="/waiting",
        objection=ObjectionView.of(found, names),
        look=LookView.of(found.look, names),
        type=licence.type if licence is not None else None,
        checked_by=people(found.look.checked_by),
        answered_by=people(found.answered_by) if found.answered_by is not None else None,
        left=time_left(found.due_at, services.clock.now()),
        problem=problem,
        text=text,
    )
