"""The wallet's pages: a holder's licences, showing one by a QR code, consents, and who looked."""

from __future__ import annotations

from base64 import b64encode
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.consent_schemas import ConsentRequestView, ConsentView
from api.languages import language_of
from api.look_schemas import LookView
from api.pages.frame import Area, show
from api.pages.words import WORDS
from api.routers.issuer import IdentifierPath, pdf_response
from api.security import ServicesDep
from api.services import Services
from api.sessions import CsrfCheckedDep, PersonDep
from trust import HolderIndex
from wallet import RequestState
from wallet.presentations import LIFETIME

router = APIRouter(prefix="/wallet", dependencies=[CsrfCheckedDep])
_MOST_LOOKS = 100


@router.get("", response_class=HTMLResponse)
def licences(request: Request, services: ServicesDep, person: PersonDep) -> HTMLResponse:
    """The licences as cards, grouped by type; those that their holder hid are left out."""
    today = services.register.today()
    groups: dict[str, list[Any]] = {}
    for each in services.wallets.entries(person.holder):
        if not each.hidden:
            name = each.licence.type.name_zh if language_of(request) == "zh" else each.licence.type.name_en
            groups.setdefault(name, []).append((each.licence, each.licence.state_on(today).value))
    return _show(request, services, person.holder, "wallet/licences.html", groups=groups)


@router.post("/open", response_class=RedirectResponse)
def open_wallet(services: ServicesDep, person: PersonDep) -> Response:
    """Opens the wallet, and takes in what the register has for its holder."""
    services.wallets.open(person.holder)
    return _to("/wallet")


@router.get("/licences/{identifier}", response_class=HTMLResponse)
def licence(request: Request, services: ServicesDep, person: PersonDep, identifier: IdentifierPath) -> HTMLResponse:
    """One licence."""
    found = services.wallets.licence(person.holder, identifier)
    state = found.state_on(services.register.today()).value
    return _show(request, services, person.holder, "wallet/licence.html", here="/wallet", licence=found, state=state)


@router.get("/licences/{identifier}/pdf", response_class=Response)
def download(services: ServicesDep, person: PersonDep, identifier: IdentifierPath) -> Response:
    """The sealed PDF."""
    return pdf_response(services.wallets.pdf(person.holder, identifier), identifier)


@router.post("/licences/{identifier}/code", response_class=HTMLResponse)
def code(
    request: Request,
    services: ServicesDep,
    person: PersonDep,
    identifier: IdentifierPath,
    purpose: Annotated[str, Form(max_length=100)] = "",
) -> HTMLResponse:
    """A QR code that is good for one look within a minute; asked for anew when its time is up."""
    chosen = purpose.strip() or WORDS[language_of(request)]["show_purpose_default"]
    made = services.presentations.present(person.holder, identifier, purpose=chosen)
    found = services.wallets.licence(person.holder, identifier)
    return _show(
        request,
        services,
        person.holder,
        "wallet/code.html",
        here="/wallet",
        licence=found,
        purpose=chosen,
        picture=f"data:image/png;base64,{b64encode(made.qr_png()).decode()}",
        seconds=int(LIFETIME.total_seconds()),
    )


@router.get("/consents", response_class=HTMLResponse)
def consents(request: Request, services: ServicesDep, person: PersonDep) -> HTMLResponse:
    """What departments ask for, and what the holder agreed to."""
    names, now = services.names(), services.clock.now()
    asked = [
        ConsentRequestView.of(each, names)
        for each in services.consent_requests.of_holder(person.holder)
        if each.state is RequestState.OPEN
    ]
    given = [ConsentView.of(each, names, now) for each in services.licence_consents.of_holder(person.holder)]
    return _show(request, services, person.holder, "wallet/consents.html", asked=asked, given=given)


@router.post("/consents/{number}/withdraw", response_class=RedirectResponse)
def withdraw(services: ServicesDep, person: PersonDep, number: str) -> Response:
    """Withdraws a consent from this moment on."""
    services.licence_consents.withdraw(person.holder, number)
    return _to("/wallet/consents")


@router.post("/requests/{number}", response_class=RedirectResponse)
def answer(
    services: ServicesDep, person: PersonDep, number: str, agree: Annotated[str, Form(pattern="^(yes|no)$")]
) -> Response:
    """Agrees to what a department asks for, or refuses it."""
    if agree == "yes":
        services.consent_requests.agree(person.holder, number)
    else:
        services.consent_requests.refuse(person.holder, number)
    return _to("/wallet/consents")


@router.get("/looks", response_class=HTMLResponse)
def looks(request: Request, services: ServicesDep, person: PersonDep) -> HTMLResponse:
    """Who looked."""
    names = services.names()
    found = services.looks.at(services.wallets.identifiers(person.holder), limit=_MOST_LOOKS)
    views = [LookView.of(each, names) for each in found]
    return _show(request, services, person.holder, "wallet/looks.html", looks=views)


def _show(
    request: Request, services: Services, holder: HolderIndex, template: str, here: str | None = None, **values: Any
) -> HTMLResponse:
    waiting = sum(each.state is RequestState.OPEN for each in services.consent_requests.of_holder(holder))
    counts = {"wallet_consents": waiting} if waiting else {}
    return show(request, template, area=Area.WALLET, here=here, counts=counts, **values)


def _to(address: str) -> Response:
    return RedirectResponse(address, 303, {"Cache-Control": "no-store"})
