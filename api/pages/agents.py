"""Pages on agents (经办人): whom a body lets act for it, within which limits, and what they did."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.languages import language_of
from api.pages.frame import to
from api.pages.moments import end_of
from api.pages.wallet_frame import FormKey, show_wallet, taken_before, told, type_name
from api.pages.words import WORDS
from api.security import ServicesDep
from api.services import Services
from api.sessions import ActingDep, CsrfCheckedDep
from store.errors import YinzhengError
from wallet import Acting, Appointment, WalletAct
from wallet.agent_errors import AppointmentInvalidError
from wallet.agents import APPOINTABLE

router = APIRouter(prefix="/wallet", dependencies=[CsrfCheckedDep])

_HERE = "/wallet/more"
_ALL = "all"
Chosen = Annotated[list[Annotated[str, Form(max_length=64)]], Form(max_length=51)]
NumberPath = Annotated[str, Path(max_length=64)]


@router.get("/agents", response_class=HTMLResponse)
def agents(request: Request, services: ServicesDep, acting: ActingDep) -> HTMLResponse:
    """All whom the body appointed; those who may act now come first."""
    acting.require(WalletAct.APPOINT)
    active = {each.number for each in services.agents.in_office(acting.holder)}
    found = services.agents.agents(acting.holder)
    return show_wallet(
        request,
        services,
        acting,
        "wallet/agents.html",
        here=_HERE,
        active=[each for each in found if each.number in active],
        former=[each for each in found if each.number not in active],
        **_named(request, services),
    )


@router.get("/agents/new", response_class=HTMLResponse)
def appoint_form(request: Request, services: ServicesDep, acting: ActingDep) -> HTMLResponse:
    """The form by which an agent is appointed."""
    acting.require(WalletAct.APPOINT)
    return _form(request, services, acting, {"acts": ["view"], "types": [], "items": []})


@router.post("/agents", response_class=HTMLResponse)
def appoint(
    request: Request,
    services: ServicesDep,
    acting: ActingDep,
    once: FormKey,
    name: Annotated[str, Form(max_length=50)] = "",
    id_number: Annotated[str, Form(max_length=18)] = "",
    acts: Chosen | None = None,
    types: Chosen | None = None,
    items: Chosen | None = None,
    purpose: Annotated[str, Form(max_length=100)] = "",
    until: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Appoints an agent; a limit has to be chosen, or said to be none."""
    acting.require(WalletAct.APPOINT)
    chosen_acts, chosen_types, chosen_items = acts or [], types or [], items or []
    try:
        appointment = Appointment(
            name=name,
            citizen_id=id_number.strip(),
            acts=frozenset(each for each in APPOINTABLE if each.value in chosen_acts),
            until=_until(until),
            purpose=purpose,
            licence_types=_limit(chosen_types, {each.slug for each in services.catalogue}),
            service_items=_limit(chosen_items, {each.code for each in services.service_items.all()}),
        )
        if taken_before(services, acting, once):
            return to("/wallet/agents")
        made = services.agents.appoint(acting.holder, appointment, actor=acting.by)
    except YinzhengError as error:
        values = {
            "name": name,
            "id_number": id_number,
            "acts": chosen_acts,
            "types": chosen_types,
            "items": chosen_items,
            "purpose": purpose,
            "until": until,
        }
        return _form(request, services, acting, values, status=422, **told(request, error))
    services.agents.note(acting, WalletAct.APPOINT, made.number)
    return to(f"/wallet/agents/{made.number}")


@router.get("/agents/{number}", response_class=HTMLResponse)
def agent(request: Request, services: ServicesDep, acting: ActingDep, number: NumberPath) -> HTMLResponse:
    """One agent: the limits, and what was done within them."""
    acting.require(WalletAct.APPOINT)
    found = services.agents.agent(acting.holder, number)
    in_office = number in {each.number for each in services.agents.in_office(acting.holder)}
    by = f"agent:{found.number}"
    done = [each for each in services.agents.record(acting.holder) if each.by == by]
    return show_wallet(
        request,
        services,
        acting,
        "wallet/agent.html",
        here=_HERE,
        agent=found,
        in_office=in_office,
        done=done,
        **_named(request, services),
    )


@router.post("/agents/{number}/dismiss", response_class=RedirectResponse)
def dismiss(
    services: ServicesDep,
    acting: ActingDep,
    number: NumberPath,
    reason: Annotated[str, Form(min_length=1, max_length=100)],
) -> Response:
    """Dismisses an agent at once, also one who is signed in; doing it twice changes nothing."""
    acting.require(WalletAct.APPOINT)
    if services.agents.agent(acting.holder, number).dismissed_at is None:
        services.agents.dismiss(acting.holder, number, actor=acting.by, reason=reason)
        services.agents.note(acting, WalletAct.APPOINT, number)
    return to(f"/wallet/agents/{number}")


def _form(
    request: Request, services: Services, acting: Acting, given: dict[str, Any], *, status: int = 200, **values: Any
) -> HTMLResponse:
    held = {each.type.slug for each in services.wallets.licences(acting.holder)}
    named = _named(request, services)
    return show_wallet(
        request,
        services,
        acting,
        "wallet/appoint.html",
        here=_HERE,
        status=status,
        given={"name": "", "id_number": "", "purpose": "", "until": "", **given},
        held=[(slug, name) for slug, name in named["type_names"].items() if slug in held],
        today=services.register.today(),
        **{"problem": None, "code": None, **named, **values},
    )


def _named(request: Request, services: Services) -> dict[str, Any]:
    language = language_of(request)
    return {
        "type_names": {each.slug: type_name(language, each) for each in services.catalogue},
        "item_names": {
            each.code: each.name.zh if language == "zh" else each.name.en for each in services.service_items.all()
        },
    }


def _limit(chosen: list[str], known: set[str]) -> frozenset[str] | None:
    """What was ticked; None where it was said that there is no limit, which nothing ticked does not say."""
    if chosen == [_ALL]:
        return None
    if not chosen or _ALL in chosen or not known.issuperset(chosen):
        raise AppointmentInvalidError(
            problem_zh="证照类型与事项请选择“不限”，或只勾选具体项目",
            problem_en="of types and items tick “no limit”, or only those that are meant",
        )
    return frozenset(chosen)


def _until(day: str) -> datetime:
    try:
        return end_of(date.fromisoformat(day))
    except (ValueError, OverflowError):
        words = (WORDS["zh"]["agent_until_missing"], WORDS["en"]["agent_until_missing"])
        raise AppointmentInvalidError(problem_zh=words[0], problem_en=words[1]) from None
