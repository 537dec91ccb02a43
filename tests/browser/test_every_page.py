"""Every page, as somebody who may open it: see the package's text on how pages are entered."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page

from api.languages import COOKIE
from tests.browser.conftest import BrowserAs
from tests.browser.judge import HEAVIEST, too_wide, violations, weight, zoom_text
from tests.browser.served import Served
from tests.browser.visits import routes, visits
from tests.browser.visits.visit import Visit

WIDTHS = (1440, 768, 360)
PICTURES = os.environ.get("YINZHENG_PICTURES")


def test_every_page_was_entered_once_by_each_name() -> None:
    paid = visits()
    assert routes() <= {each.route for each in paid}, "enter these in tests/browser/visits"
    titles = [each.title for each in paid]
    assert len(titles) == len(set(titles)), "give visits to one page names"


@pytest.mark.usefixtures("axe")
@pytest.mark.parametrize("visit", visits(), ids=lambda visit: visit.title)
def test_a_page(visit: Visit, browser_as: BrowserAs, served: Served) -> None:
    """Accessible, within every width, with large text too, in light and dark, and light to load."""
    page = browser_as(visit.role, expects=visit.expects)
    _open(page, served, visit, "zh")
    if visit.prepare is None:
        loaded = weight(page)
        assert sum(loaded.values()) < HEAVIEST, loaded
    else:
        visit.prepare(page)
    _judge(page, visit, "zh", accessible_at=1440)
    page.emulate_media(color_scheme="dark")
    assert violations(page, "color-contrast") == [], "dark"
    page.emulate_media(color_scheme="light")
    _open(page, served, visit, "en")
    if visit.prepare is not None:
        visit.prepare(page)
    _judge(page, visit, "en", accessible_at=360)


def _open(page: Page, served: Served, visit: Visit, language: str) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    page.context.add_cookies([{"name": COOKIE, "value": language, "url": served.url}])
    assert page.goto(visit.address(served)) is not None


def _judge(page: Page, visit: Visit, language: str, *, accessible_at: int) -> None:
    assert page.locator("html").get_attribute("lang") == {"zh": "zh-CN", "en": "en"}[language]
    assert page.locator("h1").count() == 1
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert too_wide(page) is None, (language, width)
        if width == accessible_at:
            # colours are the same in both languages
            assert violations(page, contrast=language == "zh") == [], (language, width)
        if PICTURES:
            Path(PICTURES).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=Path(PICTURES) / f"{visit.title}-{language}-{width}.png", full_page=True)
    page.set_viewport_size({"width": 1440, "height": 900})
    zoom_text(page, 200)
    assert too_wide(page) is None, (language, "text at 200 %")
    zoom_text(page, 100)
