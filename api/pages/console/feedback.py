"""Feedback on the body's licences: what waits and how long, accepted or rejected with a reason, corrected."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.languages import language_of
from api.officers import Officer
from api.pages.console.desk import PENDING, OfficerDep, actor_names, back, said, show_page, time_left
from api.pages.frame import to
from api.pages.words import WORDS
from api.pages.written import LinesForm
from api.problems import status_of
from api.routers.feedback import NumberPath
from api.security import ServicesDep
from api.services import Services
from api.sessions import CsrfCheckedDep
from store.errors import YinzhengError
from trust import LicenceType
from verify.feedback import FeedbackEntry, FeedbackState
from verify.feedback_errors import FeedbackUnknownError

router = APIRouter(prefix="/console/feedback", dependencies=[CsrfCheckedDep])
_OVER: Final = (FeedbackState.REJECTED, FeedbackState.CORRECTED)


@router.get("", response_class=HTMLResponse)
def queue(
    request: Request, services: ServicesDep, officer: OfficerDep, state: Annotated[str, Query(max_length=20)] = ""
) -> HTMLResponse:
    """What waits, that with the nearest time limit first; or what was dealt with."""
    code, now = officer.organisation_code, services.clock.now()
    over = state == "over"
    found = [each for wanted in (_OVER if over else PENDING) for each in services.feedback.received(code, state=wanted)]
    found.sort(key=lambda each: each.opened_at if over else each.due_at, reverse=over)
    return show_page(
        request,
        services,
        officer,
        "feedback_queue.html",
        here="/console/feedback",
        over=over,
        entries=[(each, time_left(each.due_at, now), _type(services, each)) for each in found],
        figures=services.feedback.figures(code),
    )


@router.get("/{number}", response_class=HTMLResponse)
def one(request: Request, services: ServicesDep, officer: OfficerDep, number: NumberPath) -> HTMLResponse:
    """What was said, about which licence, and what can be answered."""
    return _show(request, services, officer, number)


@router.post("/{number}/{answer}", response_class=HTMLResponse)
def decide(
    request: Request,
    services: ServicesDep,
    officer: OfficerDep,
    number: NumberPath,
    answer: str,
    text: LinesForm = "",
    identifier: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Accepts or rejects it with a reason, or names the licence with the right data."""
    code, actor, feedback = officer.organisation_code, officer.actor, services.feedback
    try:
        if answer == "accept":
            feedback.accept(number, code, text, actor=actor)
        elif answer == "reject":
            feedback.reject(number, code, text, actor=actor)
        elif answer == "corrected":
            feedback.corrected(number, code, identifier.strip(), actor=actor)
        else:
            raise FeedbackUnknownError
    except YinzhengError as error:
        problem = said(request, error)
        shown = _show(request, services, officer, number, problem=problem, text=text)
        shown.status_code = status_of(error)
        return shown
    return to(f"/console/feedback/{number}")


@router.get("/{number}/{answer}", response_class=RedirectResponse)
def after_refusal(
    request: Request, services: ServicesDep, officer: OfficerDep, number: NumberPath, answer: str
) -> Response:
    """The feedback again."""
    del answer
    return back(request, f"/console/feedback/{_own(services, officer, number).id}")


def _show(
    request: Request,
    services: Services,
    officer: Officer,
    number: str,
    *,
    problem: str | None = None,
    text: str = "",
) -> HTMLResponse:
    entry = _own(services, officer, number)
    kind = _type(services, entry)
    title = None
    if entry.field is not None and kind is not None:
        title = kind.title_zh(entry.field) if language_of(request) == "zh" else kind.title_en(entry.field)
    licence = services.register.find(entry.identifier)
    by = actor_names(services, officer, language_of(request))(entry.raised_by)
    return show_page(
        request,
        services,
        officer,
        "feedback.html",
        here="/console/feedback",
        entry=entry,
        left=time_left(entry.due_at, services.clock.now()),
        type=kind,
        field=title,
        says=licence.fields.get(entry.field) if licence is not None and entry.field is not None else None,
        by=WORDS[language_of(request)]["feedback_by_holder"] if entry.raised_by == "holder" else by,
        problem=problem,
        text=text,
    )


def _own(services: Services, officer: Officer, number: str) -> FeedbackEntry:
    """Feedback for the officer's own body; another's looks like none."""
    for each in services.feedback.received(officer.organisation_code):
        if each.id == number:
            return each
    raise FeedbackUnknownError


def _type(services: Services, entry: FeedbackEntry) -> LicenceType | None:
    licence = services.register.find(entry.identifier)
    return licence.type if licence is not None else None
