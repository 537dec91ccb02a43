"""Pages on the wallet as a whole: what else there is, what others did, taking all along, closing it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse

from api.languages import language_of
from api.pages.frame import to
from api.pages.wallet_frame import show_wallet
from api.pages.words import WORDS
from api.routers.wallet_life import EXPORT_RATE
from api.security import ServicesDep
from api.services import Services
from api.sessions import ActingDep, CsrfCheckedDep, PersonDep
from api.wallet_export import export_of
from wallet import Acting, ConsentState, RequestState, WalletAct

router = APIRouter(prefix="/wallet", dependencies=[CsrfCheckedDep])

_HERE = "/wallet/more"


@router.get("/more", response_class=HTMLResponse)
def more(request: Request, services: ServicesDep, person: PersonDep, acting: ActingDep) -> HTMLResponse:
    """What else may be done, and for whom the person may act."""
    mandates = services.agents.mandates(person.acting)
    state = services.wallets.state(acting.holder)
    is_open = state.opened_at is not None and state.closed_at is None
    return show_wallet(request, services, acting, "wallet/more.html", mandates=mandates, is_open=is_open)


@router.get("/acts", response_class=HTMLResponse)
def acts(request: Request, services: ServicesDep, acting: ActingDep) -> HTMLResponse:
    """What others did for the holder."""
    acting.require(WalletAct.MANAGE)
    done = services.agents.record(acting.holder)
    return show_wallet(request, services, acting, "wallet/acts.html", here=_HERE, done=done)


@router.get("/export", response_class=HTMLResponse)
def export_form(request: Request, services: ServicesDep, acting: ActingDep) -> HTMLResponse:
    """What an export has, before it is made."""
    acting.require(WalletAct.MANAGE)
    made = services.wallets.exports(acting.holder)
    return show_wallet(request, services, acting, "wallet/export.html", here=_HERE, made=made[::-1][:20])


@router.post("/export", response_class=StreamingResponse)
def export(services: ServicesDep, acting: ActingDep) -> Response:
    """All that is stored about the holder, as a ZIP."""
    acting.require(WalletAct.MANAGE)
    services.limiter.hit(EXPORT_RATE, "wallet-export", acting.holder.value.hex())
    services.wallets.note_export(acting.holder)
    services.agents.note(acting, WalletAct.MANAGE)
    headers = {"Cache-Control": "no-store", "Content-Disposition": 'attachment; filename="wallet.zip"'}
    return StreamingResponse(export_of(services, acting.holder), media_type="application/zip", headers=headers)


@router.get("/close", response_class=HTMLResponse)
def close_form(request: Request, services: ServicesDep, acting: ActingDep) -> HTMLResponse:
    """What happens when the wallet is closed."""
    acting.require(WalletAct.MANAGE)
    return _close_form(request, services, acting)


@router.post("/close", response_class=HTMLResponse)
def close(
    request: Request, services: ServicesDep, acting: ActingDep, word: Annotated[str, Form(max_length=20)] = ""
) -> Response:
    """Closes the wallet, where the word was typed that says so."""
    acting.require(WalletAct.MANAGE)
    if word.strip().lower() not in {WORDS["zh"]["close_word"], WORDS["en"]["close_word"]}:
        return _close_form(request, services, acting, WORDS[language_of(request)]["close_word_wrong"])
    services.wallets.close(acting.holder)
    services.licence_consents.withdraw_all(acting.holder, by=acting.by)
    services.consent_requests.refuse_all(acting.holder, by=acting.by)
    services.agents.note(acting, WalletAct.MANAGE)
    return to("/wallet")


def _close_form(request: Request, services: Services, acting: Acting, problem: str | None = None) -> HTMLResponse:
    now, holder = services.clock.now(), acting.holder
    given, asked = services.licence_consents.of_holder(holder), services.consent_requests.of_holder(holder)
    return show_wallet(
        request,
        services,
        acting,
        "wallet/close.html",
        here=_HERE,
        status=422 if problem else 200,
        problem=problem,
        licences=len(services.wallets.entries(holder)),
        active=sum(each.state_at(now) is ConsentState.ACTIVE for each in given),
        waiting=sum(each.state is RequestState.OPEN for each in asked),
    )
