"""Pages on consent (授权用证): answering departments, agreeing ahead, what was agreed to, what the law does without."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.consent_schemas import ConsentRequestView, ConsentView
from api.languages import language_of
from api.look_schemas import LawfulCheckView
from api.pages.frame import to
from api.pages.moments import end_of
from api.pages.wallet_frame import (
    FormKey,
    answerable,
    licences_of,
    may_consent,
    may_see_request,
    show_wallet,
    taken_before,
    told,
    type_name,
)
from api.security import ServicesDep
from api.services import Services
from api.sessions import ActingDep, CsrfCheckedDep
from store.errors import YinzhengError
from trust import Licence, LicenceState
from verify import ServiceItem
from wallet import Acting, ConsentTerms, GivenConsent, RequestState, WalletAct
from wallet.agent_errors import BeyondAppointmentError
from wallet.consent_errors import ConsentTermsError, ConsentUnknownError, RequestUnknownError
from wallet.consents import ALL_FIELDS, Shared

router = APIRouter(prefix="/wallet", dependencies=[CsrfCheckedDep])

_HERE = "/wallet/consents"
NumberPath = Annotated[str, Path(max_length=64)]
SharedForm = Annotated[list[Annotated[str, Form(max_length=300)]], Form(max_length=1000)]
"""``identifier|field`` of each field that was ticked."""
Count = Annotated[int | None, Form(ge=1, le=1000)]


@router.get("/consents", response_class=HTMLResponse)
def consents(request: Request, services: ServicesDep, acting: ActingDep) -> HTMLResponse:
    """What departments ask for, and what the holder agreed to; an agent sees what is within its limits."""
    names, now = services.names(language_of(request)), services.clock.now()
    asked = [ConsentRequestView.of(each, names) for each in answerable(services, acting)]
    given = [ConsentView.of(each, names, now) for each in _within_limits(services, acting)]
    return show_wallet(request, services, acting, "wallet/consents.html", asked=asked, given=given)


@router.get("/lawful-checks", response_class=HTMLResponse)
def lawful_checks(request: Request, services: ServicesDep, acting: ActingDep) -> HTMLResponse:
    """The service items for which the law lets a department check without consent."""
    names = services.names(language_of(request))
    found = [LawfulCheckView.of(each, names) for each in services.service_items.all() if each.without_consent]
    return show_wallet(
        request,
        services,
        acting,
        "wallet/lawful_checks.html",
        here=_HERE,
        items=found,
        titles=_titles(request, services),
    )


@router.get("/consents/new", response_class=HTMLResponse)
def give_form(
    request: Request,
    services: ServicesDep,
    acting: ActingDep,
    item: Annotated[str | None, Query(max_length=64)] = None,
) -> HTMLResponse:
    """First for which service item; then which licences and fields, how often and until when."""
    acting.require(WalletAct.CONSENT)
    if item is None:
        names = services.names(language_of(request))
        items = [
            (each, names.body(each.body_code))
            for each in services.service_items.all()
            if acting.permits(WalletAct.CONSENT, service_item=each.code)
        ]
        return show_wallet(request, services, acting, "wallet/consent_item.html", here=_HERE, items=items)
    return _give_form(request, services, acting, _item(services, acting, item), {})


@router.post("/consents", response_class=HTMLResponse)
def give(
    request: Request,
    services: ServicesDep,
    acting: ActingDep,
    once: FormKey,
    item: Annotated[str, Form(max_length=64)],
    body: Annotated[str, Form(max_length=18)] = "",
    share: SharedForm | None = None,
    max_uses: Count = 1,
    until: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Agrees ahead of being asked."""
    found = _item(services, acting, item)
    try:
        if body and body not in {each.code for each in services.organisations.all()}:
            raise ConsentTermsError(problem_zh="没有这个单位。", problem_en="there is no such body.")
        shared = _shared(services, acting, share or [], found.code)
        terms = ConsentTerms(
            body or found.body_code, found.code, shared, max_uses or 1, end_of(date.fromisoformat(until))
        )
        if taken_before(services, acting, once):
            return to(_HERE)
        given = services.licence_consents.give(acting.holder, terms, by=acting.by)
    except BeyondAppointmentError:
        raise
    except (ValueError, OverflowError):
        error = ConsentTermsError(problem_zh="请选择截止日期。", problem_en="say which is the last day.")
        kept = {"body": body, "share": share or [], "max_uses": max_uses, "until": until}
        return _give_form(request, services, acting, found, kept, error)
    except YinzhengError as error:
        kept = {"body": body, "share": share or [], "max_uses": max_uses, "until": until}
        return _give_form(request, services, acting, found, kept, error)
    services.agents.note(acting, WalletAct.CONSENT, given.number)
    return to(f"/wallet/consents/{given.number}")


@router.get("/consents/{number}", response_class=HTMLResponse)
def consent(request: Request, services: ServicesDep, acting: ActingDep, number: NumberPath) -> HTMLResponse:
    """One consent: its terms, when it was made use of, and its signed records."""
    book = services.licence_consents
    given = book.get(acting.holder, number)
    if not _may_see(services, acting, given):
        raise ConsentUnknownError
    held = licences_of(services, [given])
    return show_wallet(
        request,
        services,
        acting,
        "wallet/consent.html",
        here=_HERE,
        consent=ConsentView.of(given, services.names(language_of(request)), services.clock.now()),
        held=held,
        titles=_titles(request, services),
        uses=book.uses(acting.holder, number),
        records=book.records(acting.holder, number),
    )


@router.post("/consents/{number}/withdraw", response_class=RedirectResponse)
def withdraw(services: ServicesDep, acting: ActingDep, number: NumberPath) -> Response:
    """Withdraws a consent from this moment on; doing it twice changes nothing."""
    given = services.licence_consents.get(acting.holder, number)
    if not _may_see(services, acting, given):
        raise BeyondAppointmentError
    if given.withdrawn_at is None:
        services.licence_consents.withdraw(acting.holder, number, by=acting.by)
        services.agents.note(acting, WalletAct.CONSENT, number)
    return to(f"/wallet/consents/{number}")


@router.get("/requests/{number}", response_class=HTMLResponse)
def asked(request: Request, services: ServicesDep, acting: ActingDep, number: NumberPath) -> HTMLResponse:
    """What a department asks for, licence by licence and field by field, and what became of it."""
    return _asked(request, services, acting, number, None)


@router.post("/requests/{number}", response_class=HTMLResponse)
def answer(
    request: Request,
    services: ServicesDep,
    acting: ActingDep,
    number: NumberPath,
    agree: Annotated[str, Form(pattern="^(yes|part|no)$")],
    share: SharedForm | None = None,
    days: Count = None,
    max_uses: Count = None,
) -> Response:
    """Agrees to all that a department asks for, to what was ticked, or refuses."""
    found = services.consent_requests.to_holder(acting.holder, number)
    wanted = found.asked
    if agree == "part":
        acting.require(WalletAct.CONSENT, service_item=wanted.service_item)
    elif not may_consent(acting, wanted.wanted, wanted.service_item):
        raise BeyondAppointmentError
    if found.state is not RequestState.OPEN:
        return to(f"/wallet/requests/{number}")
    try:
        if agree == "no":
            services.consent_requests.refuse(acting.holder, number, by=acting.by)
        elif agree == "yes":
            services.consent_requests.agree(acting.holder, number, by=acting.by)
        else:
            chosen = _shared(services, acting, share or [], wanted.service_item)
            services.consent_requests.agree(acting.holder, number, chosen, days=days, max_uses=max_uses, by=acting.by)
    except ConsentTermsError as error:
        return _asked(request, services, acting, number, error, share or [], days, max_uses)
    services.agents.note(acting, WalletAct.CONSENT, number)
    return to(f"/wallet/requests/{number}")


def _asked(
    request: Request,
    services: Services,
    acting: Acting,
    number: str,
    error: YinzhengError | None,
    ticked: list[str] | None = None,
    days: int | None = None,
    max_uses: int | None = None,
) -> HTMLResponse:
    found = services.consent_requests.to_holder(acting.holder, number)
    wanted = found.asked.wanted
    if not may_see_request(acting, found):
        raise RequestUnknownError
    item = services.service_items.find(found.asked.service_item)
    offered = _offered(services, acting, found.asked.service_item, wanted)
    there = {licence.type.slug for licence, _ in offered}
    return show_wallet(
        request,
        services,
        acting,
        "wallet/request.html",
        here=_HERE,
        status=422 if error else 200,
        asked=ConsentRequestView.of(found, services.names(language_of(request))),
        item=item,
        offered=offered,
        missing=[slug for slug in wanted if slug not in there],
        ticked=[f"{licence.identifier}|{field}" for licence, fields in offered for field in fields]
        if ticked is None
        else ticked,
        days=days or found.asked.days,
        max_uses=max_uses or found.asked.max_uses,
        may_refuse=may_consent(acting, wanted, found.asked.service_item),
        titles=_titles(request, services),
        **(told(request, error) if error else {"problem": None, "code": None}),
    )


def _give_form(
    request: Request,
    services: Services,
    acting: Acting,
    item: ServiceItem,
    kept: dict[str, Any],
    error: YinzhengError | None = None,
) -> HTMLResponse:
    needed = {
        slug: item.fields.get(slug, frozenset()) | item.questions.get(slug, frozenset())
        for slug in {*item.fields, *item.questions}
    }
    offered = _offered(services, acting, item.code, needed)
    bodies = [(each.code, each.name_zh) for each in services.organisations.all() if each.code != item.body_code]
    given = {
        "body": "",
        "share": [f"{licence.identifier}|{field}" for licence, fields in offered for field in fields],
        "max_uses": 1,
        "until": "",
        **kept,
    }
    return show_wallet(
        request,
        services,
        acting,
        "wallet/consent_new.html",
        here=_HERE,
        status=422 if error else 200,
        item=item,
        bodies=[("", services.names(language_of(request)).body(item.body_code)), *bodies],
        offered=offered,
        given=given,
        today=services.register.today(),
        titles=_titles(request, services),
        **(told(request, error) if error else {"problem": None, "code": None}),
    )


def _offered(
    services: Services, acting: Acting, item: str, wanted: dict[str, frozenset[str]] | Any
) -> list[tuple[Licence, list[str]]]:
    """The licences in force that may be told of for an item, each with the fields that it is about, in their order."""
    today = services.register.today()
    found = []
    for licence in services.wallets.licences(acting.holder):
        slug = licence.type.slug
        fields = wanted.get(slug, frozenset())
        if not fields or licence.state_on(today) is not LicenceState.VALID:
            continue
        if acting.permits(WalletAct.CONSENT, licence_type=slug, service_item=item):
            told_of = [key for key in licence.type.fields if key in licence.fields]
            found.append((licence, [key for key in told_of if key in fields or ALL_FIELDS in fields]))
    return [(licence, fields) for licence, fields in found if fields]


def _shared(services: Services, acting: Acting, ticked: Iterable[str], item: str) -> Shared:
    """What was ticked, of licences of this wallet within the limits of who acts."""
    shared: dict[str, frozenset[str] | None] = {}
    for each in ticked:
        identifier, _, field = each.partition("|")
        shared[identifier] = (shared.get(identifier) or frozenset()) | {field}
    for identifier in shared:
        slug = services.wallets.licence(acting.holder, identifier).type.slug
        acting.require(WalletAct.CONSENT, licence_type=slug, service_item=item)
    if not shared:
        raise ConsentTermsError(
            problem_zh="请至少勾选一项内容，或拒绝。", problem_en="tick at least one field, or refuse."
        )
    return shared


def _item(services: Services, acting: Acting, code: str) -> ServiceItem:
    found = services.service_items.find(code)
    if found is None:
        raise ConsentTermsError(problem_zh="没有这个事项。", problem_en="there is no such service item.")
    acting.require(WalletAct.CONSENT, service_item=code)
    return found


def _titles(request: Request, services: Services) -> dict[str, dict[str, str]]:
    """Names of licence types, under ``""``, and of the fields of each."""
    language = language_of(request)
    return {
        each.slug: {
            "": type_name(language, each),
            **{key: each.title_zh(key) if language == "zh" else each.title_en(key) for key in each.fields},
        }
        for each in services.catalogue
    }


def _may_see(services: Services, acting: Acting, given: GivenConsent) -> bool:
    slugs = [each.type.slug for each in licences_of(services, [given]).values()]
    return may_consent(acting, slugs, given.terms.service_item)


def _within_limits(services: Services, acting: Acting) -> list[GivenConsent]:
    given = services.licence_consents.of_holder(acting.holder)
    if acting.agent is None:
        return given
    held = licences_of(services, given)
    return [
        each
        for each in given
        if may_consent(acting, [held[key].type.slug for key in each.terms.licences], each.terms.service_item)
    ]
