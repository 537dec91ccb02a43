"""Pages that show a licence by a QR code (亮证)."""

from __future__ import annotations

from base64 import b64encode
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse

from api.languages import language_of
from api.pages.wallet import entry_of
from api.pages.wallet_frame import show_wallet
from api.pages.words import WORDS
from api.routers.issuer import IdentifierPath
from api.security import ServicesDep
from api.sessions import ActingDep, CsrfCheckedDep
from wallet import WalletAct
from wallet.presentations import LIFETIME

router = APIRouter(prefix="/wallet/licences/{identifier}", dependencies=[CsrfCheckedDep])


@router.post("/code", response_class=HTMLResponse)
def code(
    request: Request,
    services: ServicesDep,
    acting: ActingDep,
    identifier: IdentifierPath,
    purpose: Annotated[str, Form(max_length=100)] = "",
) -> HTMLResponse:
    """A QR code that is good for one look within a minute; asked for anew when its time is up."""
    found = entry_of(services, acting, identifier).licence
    acting.require(WalletAct.PRESENT, licence_type=found.type.slug)
    chosen = purpose.strip() or WORDS[language_of(request)]["show_purpose_default"]
    made = services.presentations.present(acting.holder, identifier, purpose=chosen, by=acting.by)
    services.agents.note(acting, WalletAct.PRESENT, identifier)
    return show_wallet(
        request,
        services,
        acting,
        "wallet/code.html",
        here="/wallet",
        licence=found,
        purpose=chosen,
        picture=f"data:image/png;base64,{b64encode(made.qr_png()).decode()}",
        seconds=int(LIFETIME.total_seconds()),
    )
