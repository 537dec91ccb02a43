"""The wallet as an app on a telephone: its manifest, its service worker, and what is kept for no network."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response

from api.languages import language_of
from api.pages.frame import STATIC, asset
from api.pages.wallet_frame import show_wallet, type_name, visible
from api.pages.words import WORDS
from api.security import ServicesDep
from api.sessions import ActingDep
from trust.holders import masked_name

router = APIRouter(prefix="/wallet")

_GROUND: Final = "#f5f4f0"
_BRAND: Final = "#b3261e"


@router.get("/manifest.webmanifest", response_class=JSONResponse)
def manifest(request: Request) -> Response:
    """The web app manifest (W3C), in the reader's language."""
    language = language_of(request)
    words = WORDS[language]
    icons = [
        {"src": asset(f"icons/wallet-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
        for size, purpose in ((192, "any"), (512, "any"))
    ]
    icons.append({"src": asset("icons/wallet-maskable-512.png"), "sizes": "512x512", "type": "image/png"})
    icons[-1]["purpose"] = "maskable"
    content = {
        "id": "/wallet",
        "name": f"{words['service']} {words['area_wallet']}",
        "short_name": words["area_wallet"],
        "description": words["foot"],
        "lang": words["html_lang"],
        "dir": "ltr",
        "start_url": "/wallet",
        "scope": "/wallet",
        "display": "standalone",
        "background_color": _GROUND,
        "theme_color": _BRAND,
        "icons": icons,
    }
    headers = {"Cache-Control": "public, max-age=3600", "Vary": "Accept-Language, Cookie"}
    return JSONResponse(content, headers=headers, media_type="application/manifest+json")


@router.get("/worker.js", response_class=FileResponse)
def worker() -> Response:
    """The service worker, which the browser asks for anew each time."""
    headers = {"Cache-Control": "no-cache", "Service-Worker-Allowed": "/wallet"}
    return FileResponse(STATIC / "js" / "worker.js", media_type="text/javascript", headers=headers)


@router.get("/kept", response_class=HTMLResponse)
def kept(request: Request, services: ServicesDep, acting: ActingDep) -> HTMLResponse:
    """What the service worker keeps: which licences there are, with names and numbers masked, as of now.

    Nothing on it can be shown to anybody as a licence: no identifier, no code, no file, no token of the session.
    """
    language, today = language_of(request), services.register.today()
    cards = []
    for each in services.wallets.entries(acting.holder):
        licence = each.licence
        if each.hidden or not visible(acting, licence.type.slug):
            continue
        holder = masked_name(licence.holder.name, person=licence.holder.code_type == "citizen_id")
        cards.append((type_name(language, licence.type), licence, holder, licence.state_on(today).value))
    return show_wallet(request, services, acting, "wallet/kept.html", cards=cards, at=services.clock.now())
