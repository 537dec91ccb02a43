"""Where officers begin, the search of their body's licences, and a licence with its life and what can be done to it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from api.languages import language_of
from api.officers import Officer, Role
from api.pages.console import searches
from api.pages.console.desk import (
    PENDING,
    MarkForm,
    OfficerDep,
    ReaderDep,
    actor_names,
    new_mark,
    once,
    said,
    show_page,
    time_left,
)
from api.pages.frame import to
from api.pages.words import WORDS
from api.pages.written import LinesForm
from api.problems import status_of
from api.routers.issuer import IdentifierPath, own, pdf_response
from api.security import ServicesDep
from api.services import Services
from api.sessions import CsrfCheckedDep
from store.errors import YinzhengError
from trust import Act, Decision, Licence, LicencePage, LicenceSearch, LicenceState, Register, SearchOrder
from trust.batch import BatchState
from trust.licence import NEW_VERSION, ON_LEGAL_BASIS, possible_acts
from trust.result_files import csv_lines
from verify.checks import summarised

router = APIRouter(prefix="/console", dependencies=[CsrfCheckedDep])
_A_PAGE: Final = 50
_MOST_EXPORTED: Final = 5000
_LATEST: Final = 8
_AT_WORK: Final = (BatchState.LOADING, BatchState.READY, BatchState.RUNNING, BatchState.PAUSED)
_ACTS: Final[dict[Act, Callable[[Register, str, Decision], Licence]]] = {
    Act.SUSPEND: Register.suspend,
    Act.RESUME: Register.resume,
    Act.ENDORSE: Register.endorse,
    Act.REVOKE: Register.revoke,
    Act.CANCEL: Register.cancel,
}
"""What is done to a licence with a reason alone; the other acts make a new version of it."""
_LOOKS: Final = {Act.SUSPEND: "unsure", Act.REVOKE: "fail", Act.CANCEL: "fail", Act.EXTEND: "calm"}
ActPath = Annotated[Act, Path()]


@router.get("", response_class=HTMLResponse)
def home(request: Request, services: ServicesDep, officer: ReaderDep) -> HTMLResponse:
    """What waits, and the latest licences."""
    issues = Role.ISSUER in officer.roles
    body, now = officer.organisation_code, services.clock.now()
    figures = services.feedback.figures(body)
    waiting = [each for state in PENDING for each in services.feedback.received(body, state=state)] if issues else []
    batches = [each for each in services.batches.latest(issuer_code=body) if each.state in _AT_WORK] if issues else []
    page = services.searching.search(LicenceSearch(issuer_code=body), limit=_LATEST) if issues else None
    due = min((each.due_at for each in waiting), default=None)
    return show_page(
        request,
        services,
        officer,
        "home.html",
        body=services.names(language_of(request)).body(body),
        issues=issues,
        waiting=len(waiting),
        overdue=figures.overdue,
        due=time_left(due, now) if due is not None else None,
        batches=batches,
        drafts=_drafts(services) if Role.ADMINISTRATOR in officer.roles else [],
        latest=_rows(services, page),
    )


@router.get("/licences", response_class=HTMLResponse)
def licences(
    request: Request,
    services: ServicesDep,
    officer: OfficerDep,
    find: Annotated[str, Query(max_length=2000)] = "",
    after: Annotated[str, Query(max_length=40)] = "",
) -> HTMLResponse:
    """The body's licences that a search finds."""
    search = searches.told(services, officer, find)
    try:
        page, problem, status = _found(services, officer, search, after or None, _A_PAGE), None, 200
    except (YinzhengError, ValueError) as error:
        page, status = LicencePage((), None), 422
        problem = said(request, error) if isinstance(error, YinzhengError) else WORDS[language_of(request)]["bad_date"]
    types = sorted(services.catalogue, key=lambda each: each.name_zh)
    answer = show_page(
        request,
        services,
        officer,
        "licences.html",
        here="/console/licences",
        search=search,
        find=find if any(search.values()) else "",
        sorts=_sorts(services, officer, search),
        first=not after,
        page=page,
        rows=_rows(services, page),
        types=[each for each in types if not each.reference_only],
        states=list(LicenceState),
        problem=problem,
    )
    answer.status_code = status
    return answer


@router.post("/licences", response_class=RedirectResponse)
def search(
    services: ServicesDep,
    officer: OfficerDep,
    words: Annotated[str, Form(max_length=200)] = "",
    type: Annotated[str, Form(max_length=64)] = "",  # noqa: A002
    state: Annotated[str, Form(max_length=20)] = "",
    issued_from: Annotated[str, Form(max_length=10)] = "",
    issued_until: Annotated[str, Form(max_length=10)] = "",
    order: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Keeps what is searched for out of the address, as it may name a person."""
    wanted = dict(
        zip(searches.FIELDS, (words.strip(), type, state, issued_from, issued_until, order), strict=True),
    )
    find = searches.kept(services, officer, wanted)
    return to(f"/console/licences?find={find}" if find else "/console/licences")


@router.get("/licences.csv", response_class=StreamingResponse)
def export(
    services: ServicesDep, officer: OfficerDep, language: str = Query("zh", alias="lang"), find: str = ""
) -> StreamingResponse:
    """What the search finds, as the list shows it, up to some thousands."""
    wanted = searches.told(services, officer, find[:2000])
    t = WORDS["en" if language == "en" else "zh"]
    first = _found(services, officer, wanted, None, _MOST_EXPORTED)

    def lines() -> Iterator[Sequence[str]]:
        columns = ("name", "number", "holder", "issued_on", "until_day", "console_state", "identifier")
        yield [t[each] for each in columns]
        for row in _rows(services, first):
            title = row.title_en if language == "en" else row.title_zh
            until = row.valid_until.isoformat() if row.valid_until else t["long_term"]
            number, day = row.number or "", row.issued_on.isoformat() if row.issued_on else ""
            yield [title, number, row.holder_masked, day, until, t[row.status], row.identifier]

    return StreamingResponse(
        csv_lines(lines()),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="licences.csv"', "Cache-Control": "no-store"},
    )


@router.get("/licences/{identifier}", response_class=HTMLResponse)
def licence(
    request: Request, services: ServicesDep, officer: OfficerDep, identifier: IdentifierPath, done: str = ""
) -> HTMLResponse:
    """One licence: what it says, its life, and what can be done to it."""
    found = own(services, officer.organisation_code, identifier)
    name = actor_names(services, officer, language_of(request))
    t = WORDS[language_of(request)]
    life = [
        {
            "at": each.at,
            "title": t[f"act_{each.act.value}"],
            "text": "\n".join(filter(None, (each.reason, each.legal_basis))),
            "by": name(each.actor),
            "look": _LOOKS.get(each.act, "pass"),
        }
        for each in reversed(services.register.history(identifier))
    ]
    acts = _acts(found, found.state_on(services.register.today()))
    return show_page(
        request,
        services,
        officer,
        "licence.html",
        here="/console/licences",
        licence=found,
        state=found.state_on(services.register.today()).value,
        life=life,
        acts=[each for each in acts if each in _ACTS],
        versions=[each for each in acts if each in NEW_VERSION],
        legal=ON_LEGAL_BASIS,
        mark=new_mark(),
        done=done if done in {each.value for each in Act} else None,
        feedback=[
            each
            for each in services.feedback.received(officer.organisation_code)
            if each.identifier == identifier and each.state in PENDING
        ],
    )


@router.get("/licences/{identifier}/pdf", response_class=Response)
def download(services: ServicesDep, officer: OfficerDep, identifier: IdentifierPath) -> Response:
    """The sealed PDF."""
    return pdf_response(services.register.pdf(own(services, officer.organisation_code, identifier)), identifier)


@router.get("/licences/{identifier}/acts/{act}", response_class=HTMLResponse)
def act_form(
    request: Request, services: ServicesDep, officer: OfficerDep, identifier: IdentifierPath, act: ActPath
) -> HTMLResponse:
    """The question of a dialog as a page of its own, for browsers that open no dialogs."""
    return _act_page(request, services, officer, own(services, officer.organisation_code, identifier), act)


@router.post("/licences/{identifier}/acts/{act}", response_class=HTMLResponse)
def act_on(
    request: Request,
    services: ServicesDep,
    officer: OfficerDep,
    identifier: IdentifierPath,
    act: ActPath,
    mark: MarkForm,
    revision: Annotated[int, Form(ge=0, le=10**9)],
    reason: LinesForm = "",
    legal_basis: LinesForm = "",
) -> Response:
    """Does it, and shows the licence as it is now."""
    found = own(services, officer.organisation_code, identifier)
    asked = json.dumps([identifier, act.value, reason, legal_basis])
    decision = Decision(
        officer.actor,
        reason.strip(),
        legal_basis.strip() or None,
        revision,
        once(officer, mark, hashlib.sha256(asked.encode()).hexdigest()),
    )
    if act not in _ACTS:
        return _act_page(request, services, officer, found, act)
    try:
        _ACTS[act](services.register, identifier, decision)
    except YinzhengError as error:
        answer = _act_page(
            request, services, officer, found, act, said(request, error), error.code, reason, legal_basis
        )
        answer.status_code = status_of(error)
        return answer
    return to(f"/console/licences/{identifier}?done={act.value}")


def _act_page(
    request: Request,
    services: Services,
    officer: Officer,
    found: Licence,
    act: Act,
    problem: str | None = None,
    code: str | None = None,
    reason: str = "",
    legal_basis: str = "",
) -> HTMLResponse:
    return show_page(
        request,
        services,
        officer,
        "act.html",
        here="/console/licences",
        licence=found,
        act=act,
        possible=act in _ACTS and act in _acts(found, found.state_on(services.register.today())),
        legal=ON_LEGAL_BASIS,
        mark=new_mark(),
        problem=problem,
        problem_code=code,
        reason=reason,
        legal_basis=legal_basis,
    )


def _acts(found: Licence, state: LicenceState) -> list[Act]:
    """What can be done to a licence; to be endorsed it has to be of a type that is."""
    return [each for each in possible_acts(state) if each is not Act.ENDORSE or found.type.validity.due is not None]


def _found(services: Services, officer: Officer, wanted: dict[str, str], cursor: str | None, limit: int) -> LicencePage:
    """The licences of the officer's body that a search finds, never another's."""
    asked = LicenceSearch(
        words=wanted["words"] or None,
        licence_type=wanted["type"] or None,
        state=LicenceState(wanted["state"]) if wanted["state"] else None,
        issued_from=date.fromisoformat(wanted["issued_from"]) if wanted["issued_from"] else None,
        issued_until=date.fromisoformat(wanted["issued_until"]) if wanted["issued_until"] else None,
        issuer_code=officer.organisation_code,
    )
    order = _order(wanted)
    found: list[Licence] = []
    while True:
        page = services.searching.search(asked, cursor=cursor, limit=min(limit - len(found), 1000), order=order)
        found += page.licences
        cursor = page.next_cursor
        if cursor is None or len(found) >= limit or limit <= _A_PAGE:
            return LicencePage(tuple(found), cursor)


def _order(search: dict[str, str]) -> SearchOrder:
    wanted = search["order"]
    return SearchOrder(wanted) if wanted in list(SearchOrder) else SearchOrder.NEWEST


def _sorts(services: Services, officer: Officer, search: dict[str, str]) -> dict[str, tuple[str, str | None]]:
    """Where the same licences are in another order of their days of issue and by their last days, and how they are
    ordered now.
    """

    def ordered(order: SearchOrder) -> str:
        return f"/console/licences?find={searches.kept(services, officer, {**search, 'order': order})}"

    now = _order(search)
    by_issue = {SearchOrder.NEWEST: "descending", SearchOrder.OLDEST: "ascending"}.get(now)
    other = SearchOrder.OLDEST if now is SearchOrder.NEWEST else SearchOrder.NEWEST
    return {
        "issued": (ordered(other), by_issue),
        "until": (ordered(SearchOrder.ENDING), "ascending" if now is SearchOrder.ENDING else None),
    }


def _rows(services: Services, page: LicencePage | None) -> list[Any]:
    """Licences as a list shows them: holders and numbers masked."""
    today = services.register.today()
    return [summarised(each, today) for each in page.licences] if page is not None else []


def _drafts(services: Services) -> list[Any]:
    return [each for each in services.licence_types.versions() if each.state.value == "draft"]
