"""The public check page: drop a PDF or type an identifier, and see the verdict."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, UploadFile
from fastapi.responses import HTMLResponse

from api.errors import PathUnknownError
from api.languages import language_of
from api.pages.frame import TEMPLATES, show
from api.pages.words import WORDS
from api.problems import all_errors, status_of
from api.security import ServicesDep, remote_address
from api.services import Services
from api.uploads import form_file
from store.errors import YinzhengError
from verify import PUBLIC, CheckEntry, Verdict

router = APIRouter()


def _subject_name(subject: str) -> str:
    """The common name in a distinguished name (RFC 4514); the whole of it where there is none."""
    for part in re.split(r"(?<!\\),", subject):
        if part.startswith("CN="):
            return re.sub(r"\\(.)", r"\1", part.removeprefix("CN="))
    return subject


TEMPLATES.filters["subject_name"] = _subject_name


@router.get("/", response_class=HTMLResponse)
def home(request: Request) -> HTMLResponse:
    """The form."""
    return _page(request, "check.html")


@router.get("/check", response_class=HTMLResponse)
def check_form(request: Request) -> HTMLResponse:
    """The form again, for who reloads the page of a result."""
    return _page(request, "check.html")


@router.post("/check", response_class=HTMLResponse)
def check(
    request: Request,
    services: ServicesDep,
    identifier: Annotated[str, Form(max_length=200)] = "",
    file: UploadFile | None = None,
) -> HTMLResponse:
    """Check what was dropped or typed; the file goes first."""
    identifier = identifier.strip()
    if file is not None and file.filename:
        with form_file(file) as given:
            return _checked(request, services, "pdf", lambda: services.checker.check_pdf(given))
    if identifier:
        return _checked(request, services, "identifier", lambda: services.checker.check_identifier(identifier))
    return _page(request, "check.html", problem=WORDS[language_of(request)]["nothing_given"], status=422)


@router.get("/c/{identifier}", response_class=HTMLResponse)
def check_by_link(request: Request, services: ServicesDep, identifier: str) -> HTMLResponse:
    """Where the QR code on a licence leads."""
    return _checked(request, services, "identifier", lambda: services.checker.check_identifier(identifier))


@router.get("/problems/{code}", response_class=HTMLResponse)
def problem(request: Request, code: str) -> HTMLResponse:
    """What an error code means; the ``type`` of problem details leads here."""
    error = all_errors().get(code)
    if error is None:
        raise PathUnknownError
    return _page(request, "problem.html", error=error)


def _checked(request: Request, services: Services, evidence: Any, check: Any) -> HTMLResponse:
    services.limiter.hit(services.settings.check_rate, "check", remote_address(request))
    try:
        verdict: Verdict = check()
    except YinzhengError as error:
        if status_of(error) >= 500:
            raise
        message = error.message_zh if language_of(request) == "zh" else error.message_en
        return _page(request, "check.html", problem=message, problem_code=error.code, status=status_of(error))
    services.check_records.add(CheckEntry(verdict, evidence, PUBLIC))
    return _page(request, "verdict.html", verdict=verdict)


def _page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    given = {"problem": None, "problem_code": None, **values}
    return show(request, template, here="/", status=status, **given)
