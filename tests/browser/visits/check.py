"""Visits to the check pages."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.browser.served import ANONYMOUS
from tests.browser.visits.visit import Visit


def check_nothing(page: Page) -> None:
    """Send the form as it is."""
    page.locator("form[action='/check'] button").first.click()


VISITS = [
    Visit("/", ANONYMOUS),
    Visit("/check", ANONYMOUS),
    Visit("/c/{identifier}", ANONYMOUS, lambda served: {"identifier": served.licence().identifier}),
    Visit("/c/{identifier}", ANONYMOUS, lambda _: {"identifier": "no-such-licence"}, name="c-unknown"),
]
