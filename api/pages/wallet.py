"""The wallet's pages on licences: all of them, one of them, the PDF, how they are arranged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.languages import Language, language_of
from api.pages.frame import to
from api.pages.wallet_frame import show_wallet, type_name, visible
from api.pages.words import WORDS
from api.routers.issuer import IdentifierPath, pdf_response
from api.security import ServicesDep
from api.services import Services
from api.sessions import ActingDep, CsrfCheckedDep
from trust import Licence, LicenceState
from wallet import Acting, Entry, WalletAct
from wallet.errors import NotInWalletError

router = APIRouter(prefix="/wallet", dependencies=[CsrfCheckedDep])

By = Literal["type", "state", "issuer"]


@router.get("", response_class=HTMLResponse)
def licences(
    request: Request,
    services: ServicesDep,
    acting: ActingDep,
    by: Annotated[By, Query()] = "type",
    found: Annotated[int | None, Query(ge=0, le=10_000)] = None,
) -> HTMLResponse:
    """The licences as cards, in groups; those that their holder hid stand folded away below."""
    today, group = services.register.today(), _group(by, language_of(request), services)
    shown = [each for each in services.wallets.entries(acting.holder) if visible(acting, each.licence.type.slug)]
    groups: dict[str, list[tuple[Entry, str]]] = {}
    for each in shown:
        if not each.hidden:
            groups.setdefault(group(each.licence), []).append((each, each.licence.state_on(today).value))
    state = services.wallets.state(acting.holder)
    return show_wallet(
        request,
        services,
        acting,
        "wallet/licences.html",
        groups=groups,
        hidden=[(each, each.licence.state_on(today).value) for each in shown if each.hidden],
        by=by,
        found=found,
        is_open=state.opened_at is not None and state.closed_at is None,
    )


@router.post("/open", response_class=RedirectResponse)
def open_wallet(services: ServicesDep, acting: ActingDep) -> Response:
    """Opens the wallet, and takes in what the register has for its holder."""
    acting.require(WalletAct.MANAGE)
    count = services.wallets.open(acting.holder)
    services.agents.note(acting, WalletAct.MANAGE)
    return to(f"/wallet?found={count}")


@router.get("/licences/{identifier}", response_class=HTMLResponse)
def licence(request: Request, services: ServicesDep, acting: ActingDep, identifier: IdentifierPath) -> HTMLResponse:
    """One licence."""
    entry = entry_of(services, acting, identifier)
    kind, fields = entry.licence.type, entry.licence.fields
    slug, chinese = kind.slug, language_of(request) == "zh"
    return show_wallet(
        request,
        services,
        acting,
        "wallet/licence.html",
        here="/wallet",
        licence=entry.licence,
        entry=entry,
        state=entry.licence.state_on(services.register.today()).value,
        shown_fields=[
            (key, kind.title_zh(key) if chinese else kind.title_en(key)) for key in kind.shown if fields.get(key)
        ],
        may_view=acting.permits(WalletAct.VIEW, licence_type=slug),
        may_present=acting.permits(WalletAct.PRESENT, licence_type=slug),
    )


@router.get("/licences/{identifier}/pdf", response_class=Response)
def download(services: ServicesDep, acting: ActingDep, identifier: IdentifierPath) -> Response:
    """The sealed PDF."""
    entry = entry_of(services, acting, identifier)
    acting.require(WalletAct.VIEW, licence_type=entry.licence.type.slug)
    services.agents.note(acting, WalletAct.VIEW, identifier)
    return pdf_response(services.wallets.pdf(acting.holder, identifier), identifier)


@router.post("/licences/{identifier}/arrangement", response_class=RedirectResponse)
def arrange(
    services: ServicesDep,
    acting: ActingDep,
    identifier: IdentifierPath,
    wish: Annotated[Literal["pin", "unpin", "hide", "show"], Form()],
) -> Response:
    """Pins a licence to the top, or folds it away; and takes either back."""
    acting.require(WalletAct.MANAGE)
    entry = services.wallets.entry(acting.holder, identifier)
    pinned = {"pin": True, "unpin": False, "hide": False}.get(wish, entry.pinned)
    hidden = {"hide": True, "show": False, "pin": False}.get(wish, entry.hidden)
    services.wallets.arrange(acting.holder, identifier, pinned=pinned, hidden=hidden)
    return to("/wallet" if wish in {"hide", "show"} else f"/wallet/licences/{identifier}")


def entry_of(services: Services, acting: Acting, identifier: str) -> Entry:
    """A licence of the wallet that who acts may look at or show.

    :raises NotInWalletError: it is not in this wallet, or of a type beyond the limits, which look alike.
    """
    entry = services.wallets.entry(acting.holder, identifier)
    if not visible(acting, entry.licence.type.slug):
        raise NotInWalletError
    return entry


def _group(by: By, language: Language, services: Services) -> Callable[[Licence], str]:
    today, words = services.register.today(), WORDS[language]
    if by == "issuer":
        return lambda licence: licence.issuer_name
    if by == "state":
        order = {each: words[each.value] for each in LicenceState}
        return lambda licence: order[licence.state_on(today)]
    return lambda licence: type_name(language, licence.type)
