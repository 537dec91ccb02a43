"""What the pages of the console share: whose they are, what waits, and who did what."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import Depends, Form, Request
from fastapi.responses import HTMLResponse, Response

from api.errors import ClientUnknownError
from api.languages import Language, language_of, words_of
from api.officers import Officer, Role
from api.pages.frame import Area, show, to
from api.pages.words import WORDS
from api.problems import status_of
from api.services import Services
from api.sessions import officer_with
from store.errors import YinzhengError
from store.once import Once
from verify.feedback import FeedbackState

OfficerDep = Annotated[Officer, Depends(officer_with(Role.ISSUER))]
"""Who issues for a body."""
ReaderDep = Annotated[Officer, Depends(officer_with(Role.ISSUER, Role.ADMINISTRATOR))]
"""Who may look at what is no body's own."""
MarkForm = Annotated[str, Form(alias="mark", pattern="^[A-Za-z0-9_-]{22}$")]
"""Of a form, so that what is sent twice is done once."""
PENDING: Final = (FeedbackState.OPEN, FeedbackState.ACCEPTED)
"""Feedback that the body still has to do something about."""


def show_page(
    request: Request, services: Services, officer: Officer, template: str, *, here: str | None = None, **values: Any
) -> HTMLResponse:
    """A page of the console, with how much waits beside the pages of the navigation."""
    counts = {}
    if Role.ISSUER in officer.roles:
        figures = services.feedback.figures(officer.organisation_code).counts
        waiting = sum(figures[state] for state in PENDING)
        counts = {"console_feedback": waiting} if waiting else {}
    return show(request, f"console/{template}", area=Area.CONSOLE, here=here, counts=counts, **values)


def back(request: Request, address: str) -> Response:
    """Where whoever switches the language of a refused act, or loads it again, is led: the page that it was about."""
    return to(f"{address}?lang={language_of(request)}")


def new_mark() -> str:
    """A mark for one form."""
    return secrets.token_urlsafe(16)


def once(officer: Officer, mark: str, digest: str) -> Once:
    """The mark of a form that an officer sent."""
    return Once(officer.actor, mark, digest)


def said(request: Request, error: YinzhengError) -> str:
    """An error in the reader's words, for a page that shows the form again.

    :raises YinzhengError: the error itself, where the service is at fault.
    """
    if status_of(error) >= 500:
        raise error
    return words_of(request, error)


def actor_names(services: Services, officer: Officer, language: Language) -> Callable[[str], str]:
    """Who an actor of a record is, as officers of a body read it."""
    t = WORDS[language]
    colleagues = {each.actor: each.name for each in services.officers.all(officer.organisation_code, dismissed=True)}

    def name(actor: str) -> str:
        if actor in colleagues:
            return colleagues[actor]
        kind, _, reference = actor.partition(":")
        if kind == "client":
            try:
                return f"{services.clients.get(reference).name} · {t['console_by_system']}"
            except ClientUnknownError:
                return t["console_by_system"]
        return t["console_by_officer"] if kind == "officer" else t["console_by_service"]

    return name


def time_left(due: datetime, now: datetime) -> tuple[int, bool]:
    """Whole days until a time limit, or since it; and whether it is over."""
    days = abs(due - now).days
    return days, due < now
