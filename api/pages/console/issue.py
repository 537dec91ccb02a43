"""Issuing one licence by a form, and new versions of one by the same form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from api.errors import RequestInvalidError
from api.languages import language_of
from api.officers import Officer
from api.pages.console.desk import OfficerDep, new_mark, once, said, show_page
from api.pages.console.forms import (
    FormDep,
    Table,
    digest_of,
    fields_of,
    hidden_of,
    inputs_of,
    problems_of,
    rows_shown,
)
from api.pages.console.previews import picture
from api.pages.frame import to
from api.pages.words import WORDS
from api.problems import status_of
from api.routers.issuer import IdentifierPath, own
from api.routers.licence_types import SlugPath
from api.security import ServicesDep
from api.services import Services
from api.sessions import CsrfCheckedDep
from seal.errors import SealNoneForTypeError
from store.errors import YinzhengError
from trust import Act, ChangeOrder, Decision, IssueOrder, Licence, LicenceType
from trust.errors import FieldsInvalidError, IssuerNotAllowedError
from trust.licence import NEW_VERSION, possible_acts
from trust.validation import check_fields
from verify.feedback import FeedbackState

router = APIRouter(prefix="/console", dependencies=[CsrfCheckedDep])
_MARK: Final = re.compile(r"[A-Za-z0-9_-]{22}")
StepForm = Annotated[str, Form(max_length=80)]
NewVersionPath = Annotated[Act, Path()]


@dataclass(frozen=True)
class Desk:
    """A form for one licence, and where it leads."""

    request: Request
    services: Services
    officer: Officer
    type: LicenceType
    address: str
    here: str
    old: Licence | None = None
    """The licence of which a new version is made."""
    act: Act = Act.ISSUE
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Of a new version: why, on what law, about which revision, for which feedback."""

    def form(
        self,
        fields: Mapping[str, Any],
        *,
        problems: Mapping[str, str] | None = None,
        problem: str | None = None,
        more: str | None = None,
        status: int = 200,
    ) -> HTMLResponse:
        """The form, with what was filled in and what is wrong beside each field."""
        inputs = inputs_of(self.type, language_of(self.request))
        rows = rows_shown(self.type, fields, more)
        known = {each.name for each in inputs}
        known |= {
            column.name
            for table in inputs
            if isinstance(table, Table)
            for place in range(rows[table.name])
            for column in table.row(place)
        }
        elsewhere = [text for path, text in (problems or {}).items() if path not in known]
        answer = self._show(
            "issue.html",
            inputs=inputs,
            rows=rows,
            fields=fields,
            problems=problems or {},
            elsewhere=[problem, *elsewhere] if problem else elsewhere,
        )
        answer.status_code = status
        return answer

    def take(self, form: Any, step: str) -> Response:
        """What a sent form leads to: itself again, the page before sealing, or the licence."""
        fields = fields_of(self.type, form)
        if step.startswith("add:") or step == "edit":
            return self.form(fields, more=step.removeprefix("add:"))
        language, today = language_of(self.request), self.services.register.today()
        try:
            issue_date = self.old.issue_date if self.old is not None and self.act is Act.CORRECT else today
            check_fields(self.type, fields, issue_date=issue_date, today=today)
            if step == "issue":
                mark = form.get("mark")
                if not isinstance(mark, str) or not _MARK.fullmatch(mark):
                    raise RequestInvalidError(problem="mark")
                return to(self._issue(fields, mark))
            drawn = self.services.type_desk.preview(self.type.slug, self.type.version, fields, form="png")
        except FieldsInvalidError as error:
            return self.form(fields, problems=problems_of(error, language), status=422)
        except YinzhengError as error:
            return self.form(fields, problem=said(self.request, error), status=status_of(error))
        return self._show("issue_preview.html", hidden=hidden_of(self.type, fields), picture=picture(drawn))

    def _issue(self, fields: Mapping[str, Any], mark: str) -> str:
        asked = once(self.officer, mark, digest_of(self.address, fields, dict(self.reasons)))
        actor, code = self.officer.actor, self.officer.organisation_code
        if self.old is None:
            order = IssueOrder(self.type.slug, fields, actor, issuer_code=code, once=asked)
            made = self.services.issuing.issue(order).licence
            return f"/console/licences/{made.identifier}?done=issue"
        wanted = {**dict.fromkeys(self.old.fields), **fields}
        revision = self.reasons["revision"]
        decision = Decision(
            actor,
            self.reasons["reason"].strip(),
            self.reasons["legal_basis"].strip() or None,
            int(revision) if revision.isdecimal() and len(revision) < 10 else -1,
            asked,
        )
        made = self.services.changing.change(ChangeOrder(self.old.identifier, self.act, wanted, decision)).licence
        self._settle(made)
        return f"/console/licences/{made.identifier}?done={self.act.value}"

    def _settle(self, made: Licence) -> None:
        """The feedback that asked for a correction is answered by it."""
        number, code = self.reasons["feedback"], self.officer.organisation_code
        waiting = self.services.feedback.received(code, state=FeedbackState.ACCEPTED) if number else []
        if any(each.id == number for each in waiting):
            self.services.feedback.corrected(number, code, made.identifier, actor=self.officer.actor)

    def _show(self, template: str, **values: Any) -> HTMLResponse:
        return show_page(
            self.request,
            self.services,
            self.officer,
            template,
            here=self.here,
            desk=self,
            type=self.type,
            mark=new_mark(),
            **values,
        )


@router.get("/issue", response_class=HTMLResponse)
def types(request: Request, services: ServicesDep, officer: OfficerDep) -> HTMLResponse:
    """The types of which this body may issue licences now."""
    found = [each for each in services.catalogue if _may_issue(services, officer, each)]
    return show_page(request, services, officer, "issue_types.html", types=found)


@router.get("/issue/{slug}", response_class=HTMLResponse)
def form(request: Request, services: ServicesDep, officer: OfficerDep, slug: SlugPath) -> HTMLResponse:
    """The form."""
    return _desk(request, services, officer, slug).form({})


@router.post("/issue/{slug}", response_class=HTMLResponse)
def take(
    request: Request, services: ServicesDep, officer: OfficerDep, slug: SlugPath, sent: FormDep, step: StepForm = ""
) -> Response:
    """Looks at what was filled in: wrong, to be looked at before it is sealed, or to be issued."""
    return _desk(request, services, officer, slug).take(sent, step)


@router.post("/issue/{slug}/check", response_class=JSONResponse)
def check(
    request: Request, services: ServicesDep, _: OfficerDep, slug: SlugPath, sent: FormDep
) -> dict[str, dict[str, str]]:
    """What is wrong with a form that is being filled in, by field."""
    licence_type, today = services.catalogue.get(slug), services.register.today()
    try:
        check_fields(licence_type, fields_of(licence_type, sent), issue_date=today, today=today)
    except FieldsInvalidError as error:
        return {"problems": problems_of(error, language_of(request))}
    return {"problems": {}}


@router.get("/licences/{identifier}/new/{act}", response_class=HTMLResponse)
def new_version(
    request: Request,
    services: ServicesDep,
    officer: OfficerDep,
    identifier: IdentifierPath,
    act: NewVersionPath,
    feedback: str = "",
) -> HTMLResponse:
    """The form with what the licence says now."""
    desk = _new_version(request, services, officer, identifier, act, {"feedback": feedback[:64]})
    old = own(services, officer.organisation_code, identifier)
    if act not in possible_acts(old.state_on(services.register.today())):
        return desk.form(old.fields, problem=WORDS[language_of(request)]["console_not_possible"], status=409)
    return desk.form(old.fields)


@router.post("/licences/{identifier}/new/{act}", response_class=HTMLResponse)
def take_new_version(
    request: Request,
    services: ServicesDep,
    officer: OfficerDep,
    identifier: IdentifierPath,
    act: NewVersionPath,
    sent: FormDep,
    step: StepForm = "",
) -> Response:
    """Looks at what the new version is to say, as :func:`take` does."""
    return _new_version(request, services, officer, identifier, act, sent).take(sent, step)


def _desk(request: Request, services: Services, officer: Officer, slug: str) -> Desk:
    licence_type = services.catalogue.get(slug)
    _ = licence_type.page
    return Desk(request, services, officer, licence_type, f"/console/issue/{licence_type.slug}", "/console/issue")


def _new_version(
    request: Request, services: Services, officer: Officer, identifier: str, act: Act, sent: Mapping[str, Any]
) -> Desk:
    old = own(services, officer.organisation_code, identifier)
    if act not in NEW_VERSION:
        raise RequestInvalidError(problem="act")
    given = {key: str(sent.get(key, "")) for key in ("reason", "legal_basis", "revision", "feedback")}
    return Desk(
        request,
        services,
        officer,
        services.catalogue.get(old.type.slug),
        f"/console/licences/{identifier}/new/{act.value}",
        "/console/licences",
        old=old,
        act=act,
        reasons={**given, "revision": given["revision"] or str(old.revision)},
    )


def _may_issue(services: Services, officer: Officer, licence_type: LicenceType) -> bool:
    if licence_type.reference_only:
        return False
    try:
        services.issuing.require_seal(licence_type, officer.organisation_code)
    except (SealNoneForTypeError, IssuerNotAllowedError):
        return False
    return True
