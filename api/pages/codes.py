"""Pages that show a licence by a QR code (亮证): with a network for one look, or without one for a few minutes."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from api.languages import language_of
from api.pages.wallet import entry_of
from api.pages.wallet_frame import show_wallet
from api.pages.words import WORDS
from api.routers.issuer import IdentifierPath
from api.security import ServicesDep
from api.services import Services
from api.sessions import ActingDep, CsrfCheckedDep
from trust import Licence
from wallet import Acting, WalletAct
from wallet.presentations import LIFETIME

router = APIRouter(prefix="/wallet", dependencies=[CsrfCheckedDep])

Fields = Annotated[list[Annotated[str, Form(max_length=64)]], Form(max_length=20)]


@router.post("/licences/{identifier}/code", response_class=HTMLResponse)
def code(
    request: Request,
    services: ServicesDep,
    acting: ActingDep,
    identifier: IdentifierPath,
    purpose: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """A QR code that is good for one look within a minute; as JSON for the page that has one already."""
    found = _presentable(services, acting, identifier)
    chosen = purpose.strip() or WORDS[language_of(request)]["show_purpose_default"]
    made = services.presentations.present(acting.holder, identifier, purpose=chosen, by=acting.by)
    services.agents.note(acting, WalletAct.PRESENT, identifier)
    shown = {
        "number": made.number,
        "picture": _picture(made.qr_png()),
        "seconds": int(LIFETIME.total_seconds()),
    }
    if request.headers.get("accept") == "application/json":
        return JSONResponse(shown, headers={"Cache-Control": "no-store"})
    return _show(request, services, acting, found, chosen, template="wallet/code.html", **shown)


@router.get("/codes/{number}", response_class=JSONResponse)
def state(
    request: Request, services: ServicesDep, acting: ActingDep, number: Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
) -> dict[str, str | None]:
    """What became of a code that this person had made: ``open``, ``used`` with who used it, or ``over``."""
    found = services.presentations.past(acting.holder, number, by=acting.by)
    if found is not None and found.redeemed_by is not None:
        return {"state": "used", "by": services.names(language_of(request)).body(found.redeemed_by)}
    still = found is not None and found.expires_at > services.clock.now()
    return {"state": "open" if still else "over", "by": None}


@router.post("/licences/{identifier}/offline-code", response_class=HTMLResponse)
def offline_code(
    request: Request,
    services: ServicesDep,
    acting: ActingDep,
    identifier: IdentifierPath,
    minutes: Annotated[int, Form(ge=1, le=10)] = 5,
    purpose: Annotated[str, Form(max_length=30)] = "",
    fields: Fields | None = None,
) -> HTMLResponse:
    """A QR code with a few signed fields, for who checks without a network; good for minutes."""
    found = _presentable(services, acting, identifier)
    chosen = purpose.strip() or WORDS[language_of(request)]["show_purpose_default"]
    made = services.offline_presentations.present(
        acting.holder, identifier, purpose=chosen, lifetime=timedelta(minutes=minutes), fields=fields or []
    )
    services.agents.note(acting, WalletAct.PRESENT, identifier)
    ends: datetime = made.credential.expires_at
    return _show(
        request,
        services,
        acting,
        found,
        chosen,
        template="wallet/offline_code.html",
        picture=_picture(made.qr.png()),
        seconds=int((ends - services.clock.now()).total_seconds()),
        ends=ends,
        credential=made.credential,
    )


def _presentable(services: Services, acting: Acting, identifier: str) -> Licence:
    found = entry_of(services, acting, identifier).licence
    acting.require(WalletAct.PRESENT, licence_type=found.type.slug)
    return found


def _show(
    request: Request,
    services: Services,
    acting: Acting,
    licence: Licence,
    purpose: str,
    *,
    template: str,
    **values: Any,
) -> HTMLResponse:
    return show_wallet(request, services, acting, template, here="/wallet", licence=licence, purpose=purpose, **values)


def _picture(png: bytes) -> str:
    return f"data:image/png;base64,{b64encode(png).decode()}"
