"""The public check page: drop a PDF, type an identifier or scan a code, and see the verdict."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Request, UploadFile
from fastapi.responses import HTMLResponse, JSONResponse, Response

from api.errors import PathUnknownError, PresentationHereError, ResultGoneError
from api.languages import language_of, words_of
from api.pages.frame import TEMPLATES, show, to
from api.pages.results import HeldCheck, held, hold, picture_of, shown_offline
from api.pages.scanned import CodeKind, code_in, is_picture, read_text
from api.pages.words import WORDS
from api.problems import all_errors, status_of
from api.security import ServicesDep, remote_address
from api.services import Services
from api.uploads import BodyFile, form_file
from store.errors import YinzhengError
from store.limits import RateLimitedError
from verify import PUBLIC, CheckEntry
from verify.errors import NoCodeError
from verify.receipts import new_receipt_id
from verify.report_pdf import CheckContext

_KIND: Final = "check"
_LONGEST_TEXT: Final = 10_000
_FRAME_RATE: Final = "120/minute"
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
    identifier: Annotated[str, Form(max_length=_LONGEST_TEXT)] = "",
    file: UploadFile | None = None,
) -> Response:
    """Check what was dropped, typed or scanned; a file goes first. The result has an address of its own."""
    try:
        _limit(services, request, "check")
        if file is not None and file.filename:
            with form_file(file) as given:
                made = _check_file(services, given)
        elif identifier.strip():
            made = _check_text(services, identifier)
        else:
            return _page(request, "check.html", problem=WORDS[language_of(request)]["nothing_given"], status=422)
    except YinzhengError as error:
        return _problem(request, error)
    number = hold(services, _KIND, made)
    return to(f"/checks/{number}")


@router.post("/check/frame")
def frame(request: Request, services: ServicesDep, body: BodyFile) -> Response:
    """What the QR code in a picture of the camera says, for browsers that cannot read codes; 204 for none."""
    services.limiter.hit(_FRAME_RATE, "frame", remote_address(request))
    picture = body if isinstance(body, bytes) else body.read_bytes()
    try:
        return JSONResponse({"text": services.read_code(picture)}, headers={"Cache-Control": "no-store"})
    except NoCodeError:
        return Response(status_code=204, headers={"Cache-Control": "no-store"})


@router.get("/checks/{number}", response_class=HTMLResponse)
def result(request: Request, services: ServicesDep, number: str) -> HTMLResponse:
    """A result, for as long as it is kept."""
    try:
        found = held(services, _KIND, HeldCheck, number)
    except ResultGoneError as error:
        return _problem(request, error)
    return _page(request, "verdict.html", verdict=found.verdict, found=found, number=number)


@router.get("/checks/{number}/page.webp", response_class=Response)
def picture(services: ServicesDep, number: str) -> Response:
    """The picture of the page that was checked."""
    found = held(services, _KIND, HeldCheck, number)
    if found.picture is None:
        raise ResultGoneError
    return Response(found.picture.webp, media_type="image/webp", headers={"Cache-Control": "no-store"})


@router.get("/checks/{number}/report.pdf", response_class=Response)
def report(request: Request, services: ServicesDep, number: str) -> Response:
    """The report on a check: one page under the seal of receipts."""
    _limit(services, request, "report")
    found = held(services, _KIND, HeldCheck, number)
    context = CheckContext(checked_by="公众核验 Public check", receipt_id=found.reference)
    page = services.report_printer.print(found.verdict, context)
    sealed = services.receipt_pages.seal(page, receipt_id=found.reference)
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": 'attachment; filename="verification-report.pdf"',
    }
    return Response(sealed, media_type="application/pdf", headers=headers)


@router.get("/c/{identifier}", response_class=HTMLResponse)
def check_by_link(request: Request, services: ServicesDep, identifier: str) -> HTMLResponse:
    """Where the QR code on a licence leads."""
    _limit(services, request, "check")
    try:
        made = _check_identifier(services, identifier)
    except YinzhengError as error:
        return _problem(request, error)
    number = hold(services, _KIND, made)
    return _page(request, "verdict.html", verdict=made.verdict, found=made, number=number)


@router.get("/problems/{code}", response_class=HTMLResponse)
def problem(request: Request, code: str) -> HTMLResponse:
    """What an error code means; the ``type`` of problem details leads here."""
    error = all_errors().get(code)
    if error is None:
        raise PathUnknownError
    return _page(request, "problem.html", error=error)


def _limit(services: Services, request: Request, what: str) -> None:
    services.limiter.hit(services.settings.check_rate, what, remote_address(request))


def _check_file(services: Services, file: bytes | Path) -> HeldCheck:
    """Check a PDF, or what the QR code in a picture says."""
    if is_picture(file):
        return _check_text(services, code_in(services, file))
    found = services.checker.check_pdf(file)
    picture = picture_of(services.draw_page, file, found)
    return _recorded(services, HeldCheck(verdict=found, evidence="pdf", reference=new_receipt_id(), picture=picture))


def _check_text(services: Services, text: str) -> HeldCheck:
    """Check what was typed, or read off a code."""
    code = read_text(text, origin=services.settings.origin)
    if code.kind is CodeKind.PRESENTATION:
        raise PresentationHereError
    if code.kind is CodeKind.OFFLINE:
        offline = services.checker.check_offline_code(code.text)
        shown = shown_offline(offline.credential) if offline.credential is not None else None
        made = HeldCheck(verdict=offline.verdict, evidence="presentation", reference=new_receipt_id(), shown=shown)
        return _recorded(services, made)
    return _check_identifier(services, code.text)


def _check_identifier(services: Services, identifier: str) -> HeldCheck:
    found = services.checker.check_identifier(identifier)
    return _recorded(services, HeldCheck(verdict=found, evidence="identifier", reference=new_receipt_id()))


def _recorded(services: Services, made: HeldCheck) -> HeldCheck:
    services.check_records.add(CheckEntry(made.verdict, made.evidence, PUBLIC, reference=made.reference))
    return made


def _problem(request: Request, error: YinzhengError) -> HTMLResponse:
    if status_of(error) >= 500 or isinstance(error, RateLimitedError):
        raise error
    message = words_of(request, error)
    return _page(request, "check.html", problem=message, problem_code=error.code, status=status_of(error))


def _page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    given = {"problem": None, "problem_code": None, **values}
    return show(request, template, here="/", status=status, **given)
