"""What a seal was used for: a table, a calendar and a chart of a month; and who may use it for what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from api.document_types import APPLICATION, document_type
from api.errors import RequestInvalidError
from api.languages import language_of
from api.pages.charts import HEIGHT, WIDTH, Month, chart_of, counts_of, level_of
from api.pages.frame import to
from api.pages.moments import begin_of, day_of, end_of
from api.pages.seal_office import ActorDep, ApplicantDep, OfficerDesk, ReaderDep, problem_of, show_seals, type_name
from api.pages.written import OneLineForm
from api.routers.seal_office import Serial
from api.routers.seals import NumberPath, uses_file
from api.security import ServicesDep
from api.services import Services
from api.sessions import CsrfCheckedDep
from seal import GrantTerms, SealUser, UseResult, UseSearch
from seal.errors import SealGrantUnknownError
from seal.grants import china_day
from store.errors import YinzhengError

router = APIRouter(prefix="/seals/{number}", dependencies=[CsrfCheckedDep])

Asked = Annotated[str, Query(max_length=20)]
Text = Annotated[str, Form()]
_A_PAGE = 100


@router.get("/uses", response_class=HTMLResponse)
def uses(
    request: Request,
    services: ServicesDep,
    desk: ReaderDep,
    number: NumberPath,
    month: Asked = "",
    first: Annotated[str, Query(alias="from", max_length=20)] = "",
    until: Asked = "",
    result: Asked = "",
    cursor: Asked = "",
) -> HTMLResponse:
    """A month of a seal, and its uses one by one, newest first."""
    seal = desk.seal(number)
    today = china_day(services.clock.now())
    first_day, last_day = day_of(first), day_of(until)
    shown = Month.of(month or (f"{first_day:%Y-%m}" if first_day else ""), today)
    used = {each.day: each for each in services.seal_uses.days(UseSearch(number, shown.first, shown.last))}
    search = UseSearch(number, first_day, last_day, result=_result(result))
    page = services.seal_uses.search(search, cursor=cursor or None, limit=_A_PAGE)
    kept = {"month": shown.key, "from": first, "until": until, "result": result}
    most = max((sum(counts_of(each)) for each in used.values()), default=0)
    return show_seals(
        request,
        services,
        desk,
        "seals/uses.html",
        here="/seals",
        seal=seal,
        month=shown,
        today=today,
        used={day: counts_of(each) for day, each in used.items()},
        levels={day: level_of(sum(counts_of(each)), most) for day, each in used.items()},
        chart=chart_of(shown, used),
        width=WIDTH,
        height=HEIGHT,
        uses=page.uses,
        names={each.document_type: type_name(services, each.document_type, language_of(request)) for each in page.uses},
        asked=kept,
        more=urlencode({**kept, "cursor": page.next_cursor}) if page.next_cursor else None,
        export=urlencode({key: value for key, value in kept.items() if value and key != "month"}),
    )


@router.get("/uses/export", response_class=StreamingResponse)
def export(
    services: ServicesDep,
    desk: ReaderDep,
    number: NumberPath,
    form: Annotated[Literal["csv", "json"], Query(alias="format")] = "csv",
    first: Annotated[str, Query(alias="from", max_length=20)] = "",
    until: Asked = "",
    result: Asked = "",
) -> StreamingResponse:
    """Every use that was asked for, not only those on a page."""
    desk.seal(number)
    return uses_file(services, UseSearch(number, day_of(first), day_of(until), result=_result(result)), form)


@router.get("/uses/{use}", response_class=HTMLResponse)
def one_use(request: Request, services: ServicesDep, desk: ReaderDep, number: NumberPath, use: Serial) -> HTMLResponse:
    """One use: who, when, for what, on whose word; and where it stands in the log."""
    seal = desk.seal(number)
    found = services.seal_uses.find(use, number)
    given = [each for each in services.grants.of_seal(number) if each.id == found.grant_id]
    approved = [each for each in services.seals.history(number) if each.second_officer and each.at <= found.at]
    return show_seals(
        request,
        services,
        desk,
        "seals/use.html",
        here="/seals",
        seal=seal,
        use=found,
        type_name=type_name(services, found.document_type, language_of(request)),
        grant=given[0] if given else None,
        approvals=approved,
        entries=services.ledger.entries_about(f"seal-use:{found.id}"),
    )


@router.get("/grants", response_class=HTMLResponse)
def grants(request: Request, services: ServicesDep, desk: ReaderDep, number: NumberPath) -> HTMLResponse:
    """Who may use the seal, for what, how often, until when."""
    return _grants(request, services, desk, number)


@router.post("/grants", response_class=RedirectResponse)
def give(
    request: Request,
    services: ServicesDep,
    desk: ApplicantDep,
    number: NumberPath,
    purpose: Text = "",
    organisation: Text = "",
    client: Text = "",
    daily_quota: Text = "",
    valid_from: Text = "",
    valid_until: Text = "",
    reason: OneLineForm = "",
    document: Text = "",
    licence_types: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Lets a body, or one of its systems, use the seal."""
    desk.seal(number)
    try:
        terms = GrantTerms(
            [document_type(services.catalogue, each) for each in licence_types or []],
            purpose,
            SealUser(organisation.strip() or None, client.strip() or None),
            _quota(daily_quota),
            begin_of(day_of(valid_from)),
            end_of(day_of(valid_until)),
        )
        services.grants.give(number, terms, officer=desk.name, reason=reason, document=document.strip() or None)
    except YinzhengError as error:
        filled = {
            "purpose": purpose,
            "organisation": organisation,
            "client": client,
            "daily_quota": daily_quota,
            "valid_from": valid_from,
            "valid_until": valid_until,
            "reason": reason,
            "document": document,
            "licence_types": licence_types or [],
        }
        return _grants(request, services, desk, number, filled, **problem_of(request, error))
    return to(f"/seals/{number}/grants?done=granted")


@router.post("/grants/{grant}/revoke", response_class=RedirectResponse)
def revoke(
    request: Request, services: ServicesDep, desk: ActorDep, number: NumberPath, grant: Serial, reason: OneLineForm = ""
) -> Response:
    """Takes leave back; the very next use is refused."""
    desk.seal(number)
    if all(each.id != grant for each in services.grants.of_seal(number)):
        raise SealGrantUnknownError(grant=grant)
    try:
        services.grants.revoke(grant, officer=desk.name, reason=reason)
    except YinzhengError as error:
        said = problem_of(request, error)
        if isinstance(error, SealGrantUnknownError):
            # it is there: somebody has revoked it before
            said["status"] = 409
        said |= {"dialog": f"revoke-{grant}", "revoking": reason}
        return _grants(request, services, desk, number, **said)
    return to(f"/seals/{number}/grants?done=grant_revoked")


_EMPTY: Mapping[str, object] = {
    "purpose": "",
    "organisation": "",
    "client": "",
    "daily_quota": "",
    "valid_from": "",
    "valid_until": "",
    "reason": "",
    "document": "",
    "licence_types": [],
}


def _grants(
    request: Request,
    services: Services,
    desk: OfficerDesk,
    number: str,
    filled: Mapping[str, object] | None = None,
    **said: Any,
) -> HTMLResponse:
    seal, now, language = desk.seal(number), services.clock.now(), language_of(request)
    found = services.grants.of_seal(number)
    names = services.names(language)
    bodies = {each.code: names.body(each.code) for each in services.organisations.all()}
    status = int(said.pop("status", 200))
    slugs = {slug for each in found for slug in each.licence_types}
    return show_seals(
        request,
        services,
        desk,
        "seals/grants.html",
        here="/seals",
        status=status,
        seal=seal,
        grants=[(each, each.holds_at(now)) for each in found],
        bodies=bodies,
        names={slug: type_name(services, slug, language) for slug in slugs},
        types=type_choices(services, language),
        filled={**_EMPTY, **(filled or {})},
        **{"revoking": "", **said},
    )


def type_choices(services: Services, language: str) -> list[tuple[str, str]]:
    """The types of documents that a seal can be put on, with their names."""
    published = {each.slug for each in services.catalogue}
    return [(slug, type_name(services, slug, language)) for slug in [*sorted(published), APPLICATION]]


def _result(text: str) -> UseResult | None:
    if not text:
        return None
    try:
        return UseResult(text)
    except ValueError:
        raise RequestInvalidError(problem="result") from None


def _quota(text: str) -> int | None:
    if not text.strip():
        return None
    if not (text.strip().isascii() and text.strip().isdigit() and len(text.strip()) < 10):
        raise RequestInvalidError(problem="daily_quota")
    return int(text)
