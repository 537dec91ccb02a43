"""Pages on who looked at a holder's licences (查验记录), on objections to that, and on wrong data in a licence."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Path, Query, Request
from fastapi.responses import HTMLResponse, Response

from api.languages import language_of
from api.look_schemas import LookView, ObjectionView
from api.pages.frame import to
from api.pages.wallet import entry_of
from api.pages.wallet_frame import show_wallet, told, type_name
from api.pages.written import LinesForm
from api.routers.issuer import IdentifierPath
from api.security import ServicesDep
from api.services import Services
from api.sessions import ActingDep, CsrfCheckedDep
from store.errors import YinzhengError
from trust import Licence
from verify.feedback import FeedbackState, Raiser
from verify.looks import Look
from verify.objection_errors import LookUnknownError, ObjectionMadeError
from wallet import Acting, WalletAct

router = APIRouter(prefix="/wallet", dependencies=[CsrfCheckedDep])

_HERE = "/wallet/looks"
_A_PAGE = 25
_MOST_NUMBER = 2**62
LookPath = Annotated[int, Path(ge=1, le=_MOST_NUMBER)]


@router.get("/looks", response_class=HTMLResponse)
def looks(
    request: Request,
    services: ServicesDep,
    acting: ActingDep,
    before: Annotated[int | None, Query(ge=1, le=_MOST_NUMBER)] = None,
    licence: Annotated[str, Query(max_length=200)] = "",
) -> HTMLResponse:
    """Who looked, newest first, a page at a time, at all licences or at one; an agent sees those within its limits."""
    acting.require(WalletAct.VIEW)
    held, names = _seen(services, acting), services.names(language_of(request))
    chosen = [each for each in held if not licence or each == licence]
    found = services.looks.at(chosen, before=before, limit=_A_PAGE + 1)
    language = language_of(request)
    return show_wallet(
        request,
        services,
        acting,
        "wallet/looks.html",
        here=_HERE,
        looks=[LookView.of(each, names) for each in found[:_A_PAGE]],
        held=held,
        licences=[(each.identifier, f"{type_name(language, each.type)} · {each.number}") for each in held.values()],
        licence=licence,
        is_first=before is None,
        further=found[_A_PAGE - 1].number if len(found) > _A_PAGE else None,
    )


@router.get("/looks/{number}", response_class=HTMLResponse)
def look(request: Request, services: ServicesDep, acting: ActingDep, number: LookPath) -> HTMLResponse:
    """One check, and objecting to it."""
    return _look(request, services, acting, number)


@router.post("/looks/{number}/objection", response_class=HTMLResponse)
def object_to(
    request: Request, services: ServicesDep, acting: ActingDep, number: LookPath, text: LinesForm = ""
) -> Response:
    """Objects to a check; the body that checked answers."""
    acting.require(WalletAct.MANAGE)
    found = _found(services, acting, number)
    try:
        services.objections.open(acting.holder, found, text)
        services.agents.note(acting, WalletAct.MANAGE)
    except ObjectionMadeError:
        return to(f"/wallet/looks/{number}")
    except YinzhengError as error:
        return _look(request, services, acting, number, text, error)
    return to(f"/wallet/looks/{number}")


@router.get("/objections", response_class=HTMLResponse)
def objections(request: Request, services: ServicesDep, acting: ActingDep) -> HTMLResponse:
    """All that the holder objected to or said to be wrong, with the answers."""
    acting.require(WalletAct.MANAGE)
    names = services.names(language_of(request))
    made = [ObjectionView.of(each, names) for each in services.objections.of_holder(acting.holder)]
    said = services.feedback.raised_by(Raiser(holder=acting.holder))
    held = _seen(services, acting)
    return show_wallet(
        request, services, acting, "wallet/objections.html", here="/wallet/more", made=made, said=said, held=held
    )


@router.get("/licences/{identifier}/feedback", response_class=HTMLResponse)
def feedback_form(
    request: Request, services: ServicesDep, acting: ActingDep, identifier: IdentifierPath
) -> HTMLResponse:
    """Saying that a licence's data are wrong, and what came of it before."""
    acting.require(WalletAct.MANAGE)
    return _feedback(request, services, acting, identifier)


@router.post("/licences/{identifier}/feedback", response_class=HTMLResponse)
def feedback(
    request: Request,
    services: ServicesDep,
    acting: ActingDep,
    identifier: IdentifierPath,
    field: Annotated[str, Form(max_length=64)] = "",
    text: LinesForm = "",
) -> Response:
    """Says that a licence's data are wrong; who issued it answers."""
    acting.require(WalletAct.MANAGE)
    licence = entry_of(services, acting, identifier).licence
    try:
        raiser = Raiser(holder=acting.holder)
        services.feedback.open(raiser, identifier, text, field=field if field in licence.type.fields else None)
        services.agents.note(acting, WalletAct.MANAGE, identifier)
    except YinzhengError as error:
        return _feedback(request, services, acting, identifier, field, text, error)
    return to(f"/wallet/licences/{identifier}/feedback")


def _look(
    request: Request,
    services: Services,
    acting: Acting,
    number: int,
    text: str = "",
    error: YinzhengError | None = None,
) -> HTMLResponse:
    acting.require(WalletAct.VIEW)
    found, names = _found(services, acting, number), services.names(language_of(request))
    made = (each for each in services.objections.of_holder(acting.holder, at_most=None) if each.look.number == number)
    objection = next(made, None)
    return show_wallet(
        request,
        services,
        acting,
        "wallet/look.html",
        here=_HERE,
        status=422 if error else 200,
        look=LookView.of(found, names),
        licence=services.register.get(found.identifier),
        objection=ObjectionView.of(objection, names) if objection is not None else None,
        text=text,
        **(told(request, error) if error else {"problem": None, "code": None}),
    )


def _feedback(
    request: Request,
    services: Services,
    acting: Acting,
    identifier: str,
    field: str = "",
    text: str = "",
    error: YinzhengError | None = None,
) -> HTMLResponse:
    licence = entry_of(services, acting, identifier).licence
    chinese = language_of(request) == "zh"
    titles = {key: licence.type.title_zh(key) if chinese else licence.type.title_en(key) for key in licence.type.fields}
    said = [each for each in services.feedback.raised_by(Raiser(holder=acting.holder)) if each.identifier == identifier]
    return show_wallet(
        request,
        services,
        acting,
        "wallet/feedback.html",
        here="/wallet",
        status=422 if error else 200,
        licence=licence,
        titles=titles,
        said=said,
        waits=any(each.state in {FeedbackState.OPEN, FeedbackState.ACCEPTED} for each in said),
        field=field,
        text=text,
        **(told(request, error) if error else {"problem": None, "code": None}),
    )


def _found(services: Services, acting: Acting, number: int) -> Look:
    found = services.looks.find(number, list(_seen(services, acting)))
    if found is None:
        raise LookUnknownError
    return found


def _seen(services: Services, acting: Acting) -> dict[str, Licence]:
    """All licences of the holder that who acts may see, in the wallet or not."""
    identifiers = services.wallets.identifiers(acting.holder)
    found = services.register.get_many(identifiers)
    return {key: found[key] for key in identifiers if acting.permits(WalletAct.VIEW, licence_type=found[key].type.slug)}
