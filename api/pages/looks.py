"""Pages on who looked at a holder's licences (查验记录)."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from api.look_schemas import LookView
from api.pages.wallet_frame import show_wallet
from api.security import ServicesDep
from api.services import Services
from api.sessions import ActingDep, CsrfCheckedDep
from wallet import Acting, WalletAct

router = APIRouter(prefix="/wallet", dependencies=[CsrfCheckedDep])
_MOST_LOOKS = 100


@router.get("/looks", response_class=HTMLResponse)
def looks(request: Request, services: ServicesDep, acting: ActingDep) -> HTMLResponse:
    """Who looked; an agent sees it of the licence types within its limits."""
    acting.require(WalletAct.VIEW)
    names = services.names()
    found = services.looks.at(_identifiers(services, acting), limit=_MOST_LOOKS)
    views = [LookView.of(each, names) for each in found]
    return show_wallet(request, services, acting, "wallet/looks.html", looks=views)


def _identifiers(services: Services, acting: Acting) -> list[str]:
    held = services.wallets.identifiers(acting.holder)
    if acting.agent is None:
        return held
    found = services.register.get_many(held)
    return [key for key in held if acting.permits(WalletAct.VIEW, licence_type=found[key].type.slug)]
