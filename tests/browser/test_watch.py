"""What watches the pages sees what it has to see."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Error

from tests.browser.conftest import BrowserAs
from tests.browser.judge import too_wide
from tests.browser.served import Served
from tests.browser.watch import Watch

FAULTS = """async () => {
  console.error("said so");
  setTimeout(() => { throw new Error("thrown"); });
  document.body.setAttribute("onclick", "1");
  await fetch("/nowhere");
  await fetch("http://elsewhere.example/").catch(() => {});
}"""


def test_each_kind_of_fault_is_noticed(chromium: Browser, served: Served) -> None:
    with chromium.new_context(base_url=served.url) as context:
        watch = Watch(context, served.url)
        page = context.new_page()
        page.goto("/")
        page.evaluate(FAULTS)
        with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
            page.goto("http://elsewhere.example/")
    told = "\n".join(watch.faults)
    for fault in (
        "said so",
        "exception: .*thrown",
        "404",
        "inline event handler",
        "connect-src",
        "another host: http://elsewhere",
        "failed request: GET http://elsewhere",
    ):
        assert re.search(fault, told), f"{fault} is not in {told}"


def test_what_is_expected_is_no_fault(browser_as: BrowserAs) -> None:
    page = browser_as("anonymous", expects=["console error: said so"])
    page.goto("/")
    page.evaluate("() => console.error('said so')")


def test_what_sticks_out_is_noticed_unless_it_scrolls_by_itself(browser_as: BrowserAs) -> None:
    page = browser_as("anonymous", width=360)
    page.goto("/design")
    assert too_wide(page) is None
    page.evaluate("() => { document.querySelector('h1').style.minWidth = '400px' }")
    found = too_wide(page)
    assert found is not None
    assert "h1" in "".join(found["over"])
