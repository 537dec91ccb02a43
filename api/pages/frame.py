"""The frame of every page: its language, who looks at it, and where one may go from there."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from api.languages import COOKIE, language_of
from api.officers import Officer, Role
from api.pages.tables import Tables
from api.pages.words import WORDS
from api.security import services_of
from api.sessions import maybe_signed_in
from api.signed_in import SignedIn
from seal.grants import CHINA
from store.errors import YinzhengError
from trust.codes import mask

STATIC: Final = Path(__file__).parent.parent / "static"
_ONE_YEAR: Final = 365 * 24 * 3600


class Area(StrEnum):
    """One of the four parts of the site, each for an audience."""

    CHECK = "check"
    WALLET = "wallet"
    CONSOLE = "console"
    SEALS = "seals"


@dataclass(frozen=True)
class Page:
    """A page that the navigation leads to."""

    area: Area
    path: str
    word: str
    """Its name in :mod:`api.pages.words`."""
    sign: str
    """Its icon."""
    roles: frozenset[Role] = frozenset()
    """Officers of one of these roles may open it."""
    holders: bool = False
    """Whoever has licences may open theirs."""
    public: bool = False
    """Anybody may open it."""


@dataclass(frozen=True)
class Viewer:
    """Who looks at a page."""

    signed_in: SignedIn
    officer: Officer | None = None

    @property
    def mark(self) -> str:
        """Sets one reader apart from the next in a browser's tab, and tells nothing of either."""
        return hashlib.sha256(b"reader:" + self.signed_in.subject_index).hexdigest()[:16]

    def may_open(self, page: Page) -> bool:
        """Whether a page of the navigation is theirs."""
        roles = self.officer.roles if self.officer is not None else frozenset()
        return not roles.isdisjoint(page.roles) or (page.holders and self.signed_in.holder is not None)


SEAL_READERS: Final = frozenset({Role.SEAL_APPLICANT, Role.SEAL_APPROVER, Role.AUDITOR})
"""Who may look at seals: those who apply and act, those who decide, and those who audit."""

_ISSUER: Final = frozenset({Role.ISSUER})
_CONSOLE: Final = frozenset({Role.ISSUER, Role.ADMINISTRATOR})
OFFICERS_WAITING: Final = (Role.ISSUER, Role.APPROVER, Role.SEAL_APPLICANT, Role.SEAL_APPROVER)
"""Officers for whom something may wait."""

OPERATION_READERS: Final = tuple(Role)
"""Whoever works here may see whether one can."""

NAVIGATION: list[Page] = [
    Page(Area.CHECK, "/", "area_check", "shield", public=True),
    Page(Area.CHECK, "/cases", "cases", "list", roles=frozenset({Role.APPROVER})),
    Page(Area.WALLET, "/wallet", "wallet_licences", "card", holders=True),
    Page(Area.WALLET, "/wallet/consents", "wallet_consents", "hand", holders=True),
    Page(Area.WALLET, "/wallet/looks", "wallet_looks", "eye", holders=True),
    Page(Area.CONSOLE, "/console", "console_home", "building", roles=_CONSOLE),
    Page(Area.CONSOLE, "/console/licences", "console_licences", "search", roles=_ISSUER),
    Page(Area.CONSOLE, "/console/issue", "console_issue", "edit", roles=_ISSUER),
    Page(Area.CONSOLE, "/console/batches", "console_batches", "list", roles=_ISSUER),
    Page(Area.CONSOLE, "/console/feedback", "console_feedback", "inbox", roles=_ISSUER),
    Page(Area.CONSOLE, "/console/types", "console_types", "file", roles=_CONSOLE),
    Page(Area.WALLET, "/wallet/more", "wallet_more", "menu", holders=True),
    Page(Area.CONSOLE, "/waiting", "waiting", "clock", roles=frozenset({Role.ISSUER, Role.APPROVER})),
    Page(Area.SEALS, "/waiting", "waiting", "clock", roles=frozenset({Role.SEAL_APPLICANT, Role.SEAL_APPROVER})),
    Page(Area.SEALS, "/seals/requests", "seal_requests", "inbox", roles=SEAL_READERS),
    Page(Area.SEALS, "/seals", "seal_list", "seal", roles=SEAL_READERS),
    Page(Area.SEALS, "/audit/log", "audit_log", "chain", roles=frozenset({Role.AUDITOR})),
    Page(Area.CONSOLE, "/operation", "operation", "gear", roles=_CONSOLE | {Role.APPROVER}),
    Page(Area.SEALS, "/operation", "operation", "gear", roles=SEAL_READERS),
]
"""Every page of the navigation, in its order; the first of an area is where the area opens."""

_LAYOUTS: Final = {
    Area.CHECK: "public",
    Area.WALLET: "thumbed wide sided",
    Area.CONSOLE: "wide sided",
    Area.SEALS: "wide sided",
}


@dataclass(frozen=True)
class AreaLink:
    """An area, and its first page that the viewer may open."""

    area: Area
    home: str


@dataclass(frozen=True)
class Frame:
    """What the base template shows around a page."""

    area: Area
    here: str
    path: str
    """Where this page is, without a query."""
    opened: str | None
    """The dialog of the page that is open."""
    layout: str
    other_language: str
    may_sign_in: bool
    """Whether there is an identity provider."""
    next: str
    """Where to come back to from signing in, as a value of a query."""
    viewer: Viewer | None
    counts: Mapping[str, int]
    """How much waits behind a page, by its word."""
    tables: Tables
    """The tables of the page, as its address wants them."""
    areas: list[AreaLink] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)

    @property
    def home(self) -> str:
        """Where the name of the service leads."""
        return next((each.home for each in self.areas if each.area is self.area), "/")


def show(
    request: Request,
    template: str,
    *,
    area: Area = Area.CHECK,
    here: str | None = None,
    counts: Mapping[str, int] | None = None,
    status: int = 200,
    dialog: str | None = None,
    **values: Any,
) -> HTMLResponse:
    """A page from its template, which gets ``lang``, its words ``t``, ``frame`` and the values given.

    Who is signed in is found out here: it decides what the navigation shows, not what may be opened.

    :param here: the page of the navigation that this one belongs to; its own address where nothing is said.
    :param counts: how much waits behind pages of the navigation, by their word.
    :param dialog: the one that is open, such as one whose form was refused; else the one that the address asks for.
    """
    language = language_of(request)
    viewer = _viewer(request)
    open_pages = [each for each in NAVIGATION if each.public or (viewer is not None and viewer.may_open(each))]
    homes: dict[Area, str] = {}
    for each in open_pages:
        homes.setdefault(each.area, each.path)
    own = [each for each in open_pages if each.area is area]
    other = request.url.include_query_params(lang="en" if language == "zh" else "zh")
    frame = Frame(
        area=area,
        here=here or request.url.path,
        path=request.url.path,
        opened=dialog or request.query_params.get("do"),
        layout=_LAYOUTS[area],
        other_language=f"{other.path}?{other.query}",
        may_sign_in=services_of(request).sign_ins is not None,
        next=quote(request.url.path, safe="/"),
        viewer=viewer,
        counts=counts or {},
        tables=Tables(request.query_params),
        areas=[AreaLink(each, home) for each, home in homes.items()],
        pages=own if len(own) > 1 else [],
    )
    response = _templates.TemplateResponse(
        request, template, {"lang": language, "t": WORDS[language], "frame": frame, **values}, status_code=status
    )
    if frame.tables.exported is not None and status == 200:
        return _file(frame.tables.exported, request.query_params["csv"])
    response.headers["Cache-Control"] = "no-store"
    if request.query_params.get("lang") == language:
        response.set_cookie(COOKIE, language, max_age=_ONE_YEAR, samesite="lax", httponly=True)
    return response


def _file(table: str, key: str) -> HTMLResponse:
    """A table of a page, for whoever may open the page."""
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{key}.csv"'}
    return HTMLResponse(table, media_type="text/csv; charset=utf-8", headers=headers)


def to(address: str) -> Response:
    """On to a page after a form was taken, by GET; no cache keeps where that was."""
    return RedirectResponse(address, 303, {"Cache-Control": "no-store"})


def _viewer(request: Request) -> Viewer | None:
    """Who is signed in; nobody where that cannot be told, so that errors have a page too."""
    services = services_of(request)
    try:
        found = maybe_signed_in(request, services)
        return Viewer(found, services.officers.of(found)) if found is not None else None
    except YinzhengError:
        return None


@lru_cache
def asset(name: str) -> str:
    """The address of a file under ``static``, which changes with its content and may be kept for good."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()
    return f"/static/{name}?v={digest[:12]}"


def _moment(at: datetime) -> str:
    """A moment in the city's time, which is the reader's."""
    return f"{at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"moment": _moment, "utc": _utc, "masked": mask}
    environment.globals["asset"] = asset
    return environment


_templates: Final = Jinja2Templates(env=_environment())
TEMPLATES: Final = _templates.env
"""For pages that add filters of their own."""
