"""Visits to the check pages."""

from __future__ import annotations

from collections.abc import Mapping

from playwright.sync_api import Page

from api.pages.results import HeldCheck, hold, picture_of
from tests.browser.served import ANONYMOUS, Served
from tests.browser.visits.visit import Visit


def check_nothing(page: Page) -> None:
    """Send the form as it is."""
    page.locator("form[action='/check'] button").first.click()


def checked(served: Served) -> Mapping[str, str]:
    """A file that was checked, with the picture of its page."""
    services = served.house.services
    file = services.register.pdf(served.licence())
    found = services.checker.check_pdf(file)
    picture = picture_of(services.draw_page, file, found)
    made = HeldCheck(verdict=found, evidence="pdf", reference="0" * 32, picture=picture)
    return {"number": hold(services, "check", made)}


VISITS = [
    Visit("/", ANONYMOUS),
    Visit("/check", ANONYMOUS),
    Visit("/checks/{number}", ANONYMOUS, checked),
    Visit("/c/{identifier}", ANONYMOUS, lambda served: {"identifier": served.licence().identifier}),
    Visit("/c/{identifier}", ANONYMOUS, lambda _: {"identifier": "no-such-licence"}, name="c-unknown"),
]
