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


VISITS = [
    Visit("/wallet/licences/{identifier}", "holder", physicians),
    Visit("/wallet/licences/{identifier}", "holder", physicians, prepare=show_code, name="wallet-code"),
]
