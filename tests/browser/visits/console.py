"""Visits to the department console."""

from __future__ import annotations

from collections.abc import Mapping

from playwright.sync_api import Page

from tests.browser.served import Served
from tests.browser.visits.visit import Visit


def company(served: Served) -> Mapping[str, str]:
    """The business licence."""
    return {"identifier": served.licence().identifier}


def to_suspend(served: Served) -> Mapping[str, str]:
    """The question before the business licence is suspended."""
    return {**company(served), "act": "suspend"}


def ask_to_revoke(page: Page) -> None:
    """Open the dialog."""
    page.get_by_role("button").and_(page.locator("[commandfor='act-revoke']")).click()
    page.locator("#act-revoke").wait_for()


def look_for_nothing(page: Page) -> None:
    """Search for what there is not."""
    page.locator("#words").fill("没有的名称")
    page.locator("form[role=search] button").first.click()
    page.locator(".empty").wait_for()


VISITS: list[Visit] = [
    Visit("/console", "issuer"),
    Visit("/console", "administrator", name="console-administrator"),
    Visit("/console/licences", "issuer"),
    Visit("/console/licences", "issuer", prepare=look_for_nothing, name="console-nothing-found"),
    Visit("/console/licences/{identifier}", "issuer", company),
    Visit("/console/licences/{identifier}", "issuer", company, prepare=ask_to_revoke, name="console-revoke"),
    Visit("/console/licences/{identifier}/acts/{act}", "issuer", to_suspend),
]
