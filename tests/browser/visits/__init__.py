"""The visits that ``test_every_page.py`` pays: at least one for each page, entered by area."""

from __future__ import annotations

from collections.abc import Iterator

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
    """Those that were entered, and those that follow from the navigation."""
    entered = {each.route for each in ENTERED}
    return [*ENTERED, *(each for each in _navigation() if each.route not in entered and each.route in routes())]


def _navigation() -> Iterator[Visit]:
    for each in NAVIGATION:
        if each.public:
            yield Visit(each.path, ANONYMOUS)
        elif each.holders:
            yield Visit(each.path, "holder")
        else:
            yield Visit(each.path, min(each.roles).value)
