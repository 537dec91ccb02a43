"""The visits that ``test_every_page.py`` pays: at least one for each page, entered by area."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from fastapi.routing import APIRoute
from starlette.responses import HTMLResponse

from api.builtin_provider.router import router as builtin_provider
from api.pages.frame import NAVIGATION
from api.pages.routers import ROUTERS
from tests.browser.served import ANONYMOUS
from tests.browser.visits import check, common, console, seals, wallet
from tests.browser.visits.visit import Visit

ENTERED: list[Visit] = [*common.VISITS, *check.VISITS, *wallet.VISITS, *console.VISITS, *seals.VISITS]


def routes() -> set[str]:
    """Every route that answers ``GET`` with a page."""
    found = (route for router in (*ROUTERS, builtin_provider) for route in router.routes if isinstance(route, APIRoute))
    return {route.path for route in found if "GET" in route.methods and route.response_class is HTMLResponse}


def visits() -> list[Visit]:
    """Those that were entered, and those that follow from the navigation: holders open theirs in any case."""
    entered = {(each.route, each.role) for each in ENTERED}
    known = {route for route, _ in entered}
    found = [each for each in _navigation() if each.route in routes()]
    # a page that two areas lead to is visited from the first
    new = {each.route: each for each in reversed(found) if each.route not in known}
    own = [
        each
        for each in found
        if each.route in known and each.role == "holder" and (each.route, "holder") not in entered
    ]
    return [*ENTERED, *new.values(), *(replace(each, name=f"{each.title}-of-a-holder") for each in own)]


def _navigation() -> Iterator[Visit]:
    for each in NAVIGATION:
        if each.public:
            yield Visit(each.path, ANONYMOUS)
        elif each.holders:
            yield Visit(each.path, "holder")
        else:
            yield Visit(each.path, min(each.roles).value)
