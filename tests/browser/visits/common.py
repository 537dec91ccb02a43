"""Visits to pages that belong to no area: signing in and out, acting for others, the design system, errors."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.browser.served import ANONYMOUS
from tests.browser.visits.visit import Visit


def choose_whom(page: Page) -> None:
    """Go on to the provider's choice of people."""
    page.goto("/sign-in")
    page.locator("button[name=person]").first.wait_for()


VISITS = [
    Visit("/builtin-provider/authorize", ANONYMOUS, prepare=choose_whom),
    Visit("/design", ANONYMOUS),
    Visit("/sign-out", "holder"),
    Visit("/acting", "representative"),
    Visit("/problems/{code}", ANONYMOUS, lambda _: {"code": "trust.licence_unknown"}),
    Visit("/nowhere", ANONYMOUS, name="not-found"),
    Visit("/wallet", "seal_approver", name="wallet-of-somebody-without-licences"),
]
