"""Visits to the wallet."""

from __future__ import annotations

from collections.abc import Mapping

from playwright.sync_api import Page

from tests.browser.served import Served
from tests.browser.visits.visit import Visit


def physicians(served: Served) -> Mapping[str, str]:
    """The licence of the one who is ``holder``."""
    return {"identifier": served.licence("physician_practice_certificate").identifier}


def show_code(page: Page) -> None:
    """Ask for a code on a licence's page."""
    page.locator("form[action$='/code'] button").first.click()
    page.locator("[data-seconds]").wait_for()


def agent(served: Served) -> Mapping[str, str]:
    """The one who is ``agent``."""
    services = served.house.services
    return {"number": services.agents.in_office(served.licence().holder_index)[0].number}


def open_dialog(page: Page) -> None:
    """Open the page's dialog."""
    page.locator("button[commandfor]").first.click()
    page.locator("dialog[open]").wait_for()


def appoint_nobody(page: Page) -> None:
    """Send a form that is wrong."""
    page.locator("#name").fill("纪海岳")
    page.locator("#id_number").fill("123")
    page.locator("#purpose").fill("办理年报")
    page.locator("#until").fill("2000-01-01")
    page.evaluate("() => { document.querySelector('main form').noValidate = true }")
    page.locator("main form button").first.click()
    page.locator("[role=alert]").wait_for()


VISITS = [
    Visit("/wallet", "representative", name="wallet-for-a-body"),
    Visit("/wallet", "agent", query="by=state", name="wallet-of-an-agent"),
    Visit("/wallet/more", "representative"),
    Visit("/wallet/acts", "representative"),
    Visit("/wallet/export", "holder"),
    Visit("/wallet/close", "holder"),
    Visit("/wallet/agents", "representative"),
    Visit("/wallet/agents/new", "representative"),
    Visit("/wallet/agents/new", "representative", prepare=appoint_nobody, name="wallet-agents-wrong"),
    Visit("/wallet/agents/{number}", "representative", agent),
    Visit("/wallet/agents/{number}", "representative", agent, prepare=open_dialog, name="wallet-agents-dismissal"),
    Visit("/wallet/agents", "agent", name="wallet-beyond-limits"),
    Visit("/wallet/licences/{identifier}", "holder", physicians),
    Visit("/wallet/licences/{identifier}", "holder", physicians, prepare=show_code, name="wallet-code"),
]
