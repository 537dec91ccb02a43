"""Every page, as somebody who may open it: see the package's text on how pages are entered."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from api.languages import COOKIE
from tests.browser.conftest import opened_as
from tests.browser.judge import HEAVIEST, too_wide, violations, weight, zoom_text
from tests.browser.served import Served
from tests.browser.visits import routes, visits
from tests.browser.visits.visit import Visit
from tests.browser.watch import Watch, watched

WIDTHS = (1440, 768, 360)
PICTURES = os.environ.get("YINZHENG_PICTURES")


def test_every_page_was_entered_once_by_each_name() -> None:
    paid = visits()
    assert routes() <= {each.route for each in paid}, "enter these in tests/browser/visits"
    titles = [each.title for each in paid]
    assert len(titles) == len(set(titles)), "give visits to one page names"


@pytest.fixture(scope="module")
def tabs(chromium: Browser, served: Served) -> Iterator[Callable[[str], tuple[Page, Watch]]]:
    """A tab for each role, in which its pages are opened one after the other."""
    opened: dict[str, tuple[Page, Watch]] = {}

    def of(role: str) -> tuple[Page, Watch]:
        if role not in opened:
            opened[role] = opened_as(chromium, served, role)
        return opened[role]

    yield of
    for page, _ in opened.values():
        page.context.close()


@pytest.mark.usefixtures("axe")
@pytest.mark.parametrize("visit", visits(), ids=lambda visit: visit.title)
def test_a_page(visit: Visit, tabs: Callable[[str], tuple[Page, Watch]], served: Served) -> None:
    """Accessible, within every width, with large text too, in light and dark, and light to load."""
    page, watch = tabs(visit.role)
    watch.begin(visit.expects)
    _look(page, visit, served)
    watched(page)
    if page.url != "about:blank":
        page.evaluate("() => sessionStorage.clear()")  # drafts, which the next visit would find
    assert watch.faults == []


def _look(page: Page, visit: Visit, served: Served) -> None:
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
