"""A case at the counter: its materials ticked off as licences satisfy them, and a receipt of every check.

An officer of a body checks as the body's systems do, by the same parts: for an item that the body is in charge of, told
no more than the item needs and the holder, or the law, allows. Every look is on record and seen by the holder.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Query, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.errors import ApplicantMissingError, CaseChangedError, ResultGoneError
from api.languages import words_of
from api.officers import Officer, Role
from api.pages.frame import show, to
from api.pages.held_cases import HeldCase, application_fields, change_case, keep_case, needed_fields, open_case
from api.pages.scanned import CodeKind, code_in, is_picture, read_text
from api.problems import status_of
from api.security import ServicesDep
from api.services import Services
from api.sessions import CsrfCheckedDep, officer_with
from api.uploads import form_file
from store.errors import YinzhengError
from store.limits import RateLimitedError
from trust import CodeType, HolderIndex, checked_code
from trust.codes import mask
from verify import Caller, IdentifierCheck, Occasion
from verify.report_pdf import CheckContext
from wallet import RequestState
from wallet.consent_requests import Asked

router = APIRouter(prefix="/cases", dependencies=[CsrfCheckedDep])

_DAILY: Final = "2000/day"
"""Checks of one officer; far above what is done at a counter."""
_CONSENT: Final = re.compile(r"[0-9a-f]{32}")
_WAIT: Final = timedelta(minutes=30)
_LONGEST_TEXT: Final = 10_000
_LONGEST_VALUE: Final = 2_000
_MOST_CONSENTS: Final = 10
_PREFIX: Final = "f."

Apply = Callable[[HeldCase], HeldCase]
"""What a case becomes by what was found: made once, and done to the case as it stands by then."""
OfficerDep = Annotated[Officer, Depends(officer_with(Role.APPROVER))]


@dataclass(frozen=True)
class Desk:
    """An officer, and how the officer checks."""

    services: Services
    officer: Officer
    caller: Caller

    def occasion(self, item: str, case_number: str) -> Occasion:
        """What checks are for. Raises like :func:`verify.callers.occasion`."""
        return self.services.department_checks.occasion(self.caller, item, case_number)

    def count(self) -> None:
        """Count a check that is about to be made.

        :raises RateLimitedError: these were too many.
        """
        settings, reference = self.services.settings, self.officer.reference
        self.services.limiter.hit(settings.check_rate, "officer", reference)
        self.services.limiter.hit(_DAILY, "officer-day", reference)


def _desk(services: ServicesDep, officer: OfficerDep) -> Desk:
    items = services.service_items.all()
    return Desk(services, officer, Caller.of_officer(officer.reference, officer.organisation_code, items))


DeskDep = Annotated[Desk, Depends(_desk)]


async def _said(request: Request) -> dict[str, str]:
    """What a form says of the application."""
    return {
        key.removeprefix(_PREFIX): value.strip()[:_LONGEST_VALUE]
        for key, value in (await request.form()).items()
        if key.startswith(_PREFIX) and isinstance(value, str) and value.strip()
    }


@router.get("", response_class=HTMLResponse)
def start(request: Request, desk: DeskDep) -> HTMLResponse:
    """Choose what the case is for."""
    return _start(request, desk)


@router.post("", response_class=RedirectResponse)
def begin(
    request: Request,
    desk: DeskDep,
    item: Annotated[str, Form(max_length=64)] = "",
    case_number: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Open a case."""
    try:
        occasion = desk.occasion(item, case_number.strip())
    except YinzhengError as error:
        return _start(request, desk, error=error, item=item, case_number=case_number)
    made = HeldCase(officer=desk.officer.reference, item=occasion.item.code, case_number=occasion.case_number)
    return _to(keep_case(desk.services, made))


@router.get("/{number}", response_class=HTMLResponse)
def one(request: Request, desk: DeskDep, number: str) -> HTMLResponse:
    """The case with its materials and checks."""
    return _one(request, desk, number, open_case(desk.services, number, desk.officer.reference))


@router.post("/{number}/applicant", response_class=RedirectResponse)
def applicant(
    request: Request,
    desk: DeskDep,
    number: str,
    said: Annotated[dict[str, str], Depends(_said)],
    code_type: Annotated[CodeType, Form()] = "citizen_id",
    code: Annotated[str, Form(max_length=64)] = "",
    sheet: Annotated[int | None, Form(ge=0, le=10**9)] = None,
) -> Response:
    """Note who applies and what the application says; where the law allows it, see which licences there are."""

    def noted(case: HeldCase, occasion: Occasion) -> Apply:
        known = application_fields(desk.services, occasion.item)
        changed: dict[str, Any] = {"application": {key: value for key, value in said.items() if key in known}}
        if code.strip():
            today = desk.services.register.today()
            changed |= {"code_type": code_type, "code": checked_code(code_type, code.strip(), today=today)}

        def written(now: HeldCase) -> HeldCase:
            if sheet is not None and sheet != now.sheet:
                raise CaseChangedError
            return now.model_copy(update={**changed, "sheet": now.sheet + 1})

        after = written(case)
        if not _may_look(after, occasion):
            return written
        answered = _looked(desk, after, occasion)
        return lambda now: answered(written(now))

    return _act(request, desk, number, noted, said)


@router.post("/{number}/code", response_class=RedirectResponse)
def scanned(
    request: Request, desk: DeskDep, number: str, text: Annotated[str, Form(max_length=_LONGEST_TEXT)] = ""
) -> Response:
    """A presentation, a consent's number or an identifier, typed or scanned."""
    return _act(request, desk, number, lambda case, occasion: _by_text(desk, case, occasion, text))


@router.post("/{number}/file", response_class=RedirectResponse)
def dropped(
    request: Request,
    desk: DeskDep,
    number: str,
    file: UploadFile | None = None,
    foreign: Annotated[str, Form(max_length=1)] = "",
) -> Response:
    """A licence as PDF, a PDF that others signed, or a picture of a code."""

    def checked(case: HeldCase, occasion: Occasion) -> Apply:
        if file is None or not file.filename:
            return lambda now: now
        with form_file(file) as given:
            if is_picture(given):
                return _by_text(desk, case, occasion, code_in(desk.services, given))
            desk.count()
            checks = desk.services.department_checks
            if foreign:
                answer = checks.by_foreign_pdf(occasion, given)
            else:
                answer = checks.by_pdf(occasion, given, case.application)
        return lambda now: now.with_answer(desk.services, "foreign" if foreign else "pdf", answer)

    return _act(request, desk, number, checked)


@router.post("/{number}/ask", response_class=RedirectResponse)
def ask(request: Request, desk: DeskDep, number: str) -> Response:
    """Ask the applicant to agree, in the wallet, to what the item needs."""

    def asked(case: HeldCase, occasion: Occasion) -> Apply:
        if case.code is None or case.code_type is None:
            raise ApplicantMissingError
        desk.count()
        services = desk.services
        wanted = Asked(
            client_id=desk.caller.actor,
            body_code=desk.caller.body_code,
            service_item=occasion.item.code,
            case_number=occasion.case_number,
            purpose=occasion.item.name.zh[:200],
            wanted=needed_fields(services, occasion.item),
        )
        holder = HolderIndex.of(services.keys.vault, case.code_type, case.code)
        made = services.consent_requests.ask(holder, wanted, answer_within=_WAIT)
        return lambda now: now.model_copy(update={"request": made.number})

    return _act(request, desk, number, asked)


@router.post("/{number}/materials", response_class=RedirectResponse)
def materials(request: Request, desk: DeskDep, number: str) -> Response:
    """See which materials the city has, by the consents there are."""

    def again(case: HeldCase, occasion: Occasion) -> Apply:
        number = None
        if case.request is not None:
            number = desk.services.consent_requests.of_body(desk.caller.body_code, case.request).consent_number
        return _consented(desk, case, occasion, number)

    return _act(request, desk, number, again)


@router.get("/{number}/{step}", response_class=RedirectResponse)
def back(desk: DeskDep, number: str, lang: Annotated[str, Query(pattern="^(zh|en)$")] = "zh") -> Response:
    """The case, for who switches the language of what a step answered, or reloads it."""
    open_case(desk.services, number, desk.officer.reference)
    return _to(f"{number}?lang={lang}")


@router.get("/{number}/receipts/{receipt_id}.{form}", response_class=Response)
def receipt(desk: DeskDep, number: str, receipt_id: str, form: str) -> Response:
    """The receipt of a check: signed (``jws``), or as a page under the seal of receipts (``pdf``)."""
    case = open_case(desk.services, number, desk.officer.reference)
    found = case.answer(receipt_id)
    if form == "jws":
        return _download(found.receipt.encode(), "application/jose", f"receipt-{receipt_id}.jws")
    if form != "pdf":
        raise ResultGoneError
    services = desk.services
    occasion = desk.occasion(case.item, case.case_number)
    context = CheckContext(
        checked_by=f"{services.names().body(desk.caller.body_code)}（{desk.officer.reference}）",
        purpose=found.purpose or occasion.item.name.zh,
        case=f"{occasion.item.code} · {occasion.case_number}",
        receipt_id=receipt_id,
        receipt=found.receipt,
    )
    page = services.report_printer.print(found.verdict, context)
    sealed = services.receipt_pages.seal(page, receipt_id=receipt_id)
    return _download(sealed, "application/pdf", f"receipt-{receipt_id}.pdf")


def _by_text(desk: Desk, case: HeldCase, occasion: Occasion, text: str) -> Apply:
    services, checks = desk.services, desk.services.department_checks
    code = read_text(text, origin=services.settings.origin)
    wanted = sorted({each for fields in needed_fields(services, occasion.item).values() for each in fields})
    if code.kind is CodeKind.PRESENTATION:
        desk.count()
        answer = checks.by_presentation(occasion, code.text, fields=wanted, application=case.application)
        return lambda now: now.with_answer(services, "presentation", answer)
    if code.kind is CodeKind.OFFLINE:
        desk.count()
        answer, credential = checks.by_offline_code(occasion, code.text, case.application)
        said = credential.fields if credential is not None else ()
        facts = tuple((title, title, value) for title, value in said)
        return lambda now: now.with_answer(services, "presentation", answer, facts)
    if _CONSENT.fullmatch(code.text):
        return _consented(desk, case, occasion, code.text)
    if case.code is None:
        raise ApplicantMissingError
    desk.count()
    answer = checks.by_identifier(occasion, IdentifierCheck(code.text, case.code), fields=wanted)
    return lambda now: now.with_answer(services, "identifier", answer)


def _consented(desk: Desk, case: HeldCase, occasion: Occasion, consent: str | None) -> Apply:
    """Look again, by one consent more where there is one."""

    def with_consent(now: HeldCase) -> HeldCase:
        if consent is None:
            return now
        return now.model_copy(update={"consents": tuple(dict.fromkeys((*now.consents, consent)))[-_MOST_CONSENTS:]})

    answered = _looked(desk, with_consent(case), occasion)
    return lambda now: answered(with_consent(now))


def _may_look(case: HeldCase, occasion: Occasion) -> bool:
    return bool(case.consents) or (case.code is not None and occasion.item.without_consent is not None)


def _looked(desk: Desk, case: HeldCase, occasion: Occasion) -> Apply:
    """Which materials the city has; raises like :meth:`verify.DepartmentChecks.by_materials`."""
    desk.count()
    who = (case.code_type, case.code) if case.code_type is not None and case.code is not None else None
    answer = desk.services.department_checks.by_materials(occasion, case.application, case.consents, who)
    return lambda now: now.with_answer(desk.services, "materials", answer)


def _act(
    request: Request,
    desk: Desk,
    number: str,
    step: Callable[[HeldCase, Occasion], Apply],
    said: Mapping[str, str] | None = None,
) -> Response:
    """Take a step of a case.

    :param step: makes a check, and gives back what the case becomes by it.
    :param said: what was written in the form, to be shown again where it is refused.
    """
    case = open_case(desk.services, number, desk.officer.reference)
    try:
        apply = step(case, desk.occasion(case.item, case.case_number))
        change_case(desk.services, number, desk.officer.reference, apply)
    except YinzhengError as error:
        if status_of(error) >= 500 or isinstance(error, RateLimitedError | ResultGoneError):
            raise
        return _one(request, desk, number, case, error=error, said=said)
    return _to(number)


def _start(request: Request, desk: Desk, *, error: YinzhengError | None = None, **given: str) -> HTMLResponse:
    own = [each for each in desk.services.service_items.all() if each.body_code == desk.caller.body_code]
    return _show(request, "cases/start.html", error, items=own, given={"item": "", "case_number": "", **given})


def _one(
    request: Request,
    desk: Desk,
    number: str,
    case: HeldCase,
    *,
    error: YinzhengError | None = None,
    said: Mapping[str, str] | None = None,
) -> HTMLResponse:
    services = desk.services
    occasion = desk.occasion(case.item, case.case_number)
    asked = services.consent_requests.of_body(desk.caller.body_code, case.request) if case.request is not None else None
    return _show(
        request,
        "cases/case.html",
        error,
        case=case,
        number=number,
        item=occasion.item,
        application=application_fields(services, occasion.item),
        written=case.application if said is None else said,
        clash=isinstance(error, CaseChangedError),
        code_masked=mask(case.code) if case.code is not None else None,
        asked=asked,
        waiting=asked is not None and asked.state is RequestState.OPEN,
        may_ask=case.code is not None and bool(needed_fields(services, occasion.item)),
        may_look=_may_look(case, occasion) or (asked is not None and asked.consent_number is not None),
        satisfied=sum(each.outcome == "satisfied" for each in case.ticks.values()),
    )


def _show(request: Request, template: str, error: YinzhengError | None, **values: Any) -> HTMLResponse:
    message = words_of(request, error) if error is not None else None
    status = status_of(error) if error is not None else 200
    code = error.code if error is not None else None
    return show(request, template, here="/cases", status=status, problem=message, problem_code=code, **values)


def _download(content: bytes, media_type: str, name: str) -> Response:
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media_type, headers=headers)


def _to(number: str) -> Response:
    return to(f"/cases/{number}")
