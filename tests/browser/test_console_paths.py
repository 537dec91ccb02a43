"""Main paths of the department console."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import BrowserAs
from tests.browser.served import Served
from tests.trust.bulk_house import SLUG, permit

LONG_MS = 60_000


def fill(page: Page, fields: Mapping[str, Any]) -> None:
    """Fill in a form made from a schema."""
    for name, value in fields.items():
        box = page.locator(f"[id='{name}']")
        if box.evaluate("(each) => each.tagName") == "SELECT":
            box.select_option(value)
        else:
            box.fill(value)


@pytest.mark.parametrize("script", [True, False])
def test_an_officer_issues_a_licence_and_suspends_it(script: bool, browser_as: BrowserAs, served: Served) -> None:
    fields = permit(801 + script)
    page = browser_as("issuer", width=768, java_script_enabled=script, expects=("422",))
    page.goto(f"/console/issue/{SLUG}")
    if script:
        page.locator("#permit_number").fill("JY")
        page.locator("#permit_number").blur()
        expect(page.locator("#permit_number-error")).to_contain_text("格式不正确")
        page.locator("#permit_number").fill(fields["permit_number"])
        expect(page.locator("#permit_number-error")).to_have_count(0)
        fill(page, fields)
        page.reload()
        expect(page.locator("#permit_number")).to_have_value(fields["permit_number"])
    fill(page, {**fields, "operator_name": ""})
    page.locator("button[value=preview]").click(timeout=LONG_MS)
    expect(page.locator("#operator_name-error")).to_be_visible(timeout=LONG_MS)
    page.locator("#operator_name").fill(fields["operator_name"])
    page.locator("button[value=preview]").click(timeout=LONG_MS)
    page.locator(".paper img").wait_for(timeout=LONG_MS)
    page.locator("button[value=issue]").click(timeout=LONG_MS)
    expect(page.locator(".notice.pass")).to_be_visible(timeout=LONG_MS)
    page.locator("[data-opens=act-suspend]").first.click()
    page.locator("#suspend-reason").fill("有待核查")
    page.locator("#act-suspend form[method=post] button").click()
    expect(page.locator(".timeline")).to_contain_text("有待核查")
    identifier = page.url.rpartition("/")[2].partition("?")[0]
    assert served.house.services.register.get(identifier).recorded_state.value == "suspended"


def test_a_batch_moves_by_itself(browser_as: BrowserAs, served: Served) -> None:
    lines = "".join(json.dumps(permit(number), ensure_ascii=False) + "\n" for number in range(811, 851))
    page = browser_as("issuer", width=360)
    page.goto("/console/batches/new")
    page.locator("#type").select_option(SLUG)
    page.locator("#file").set_input_files({"name": "a.jsonl", "mimeType": "text/plain", "buffer": lines.encode()})
    page.locator("form[action='/console/batches'] button").click()
    page.locator("form[action$='/acts/start'] button").click()
    page.locator("form[action$='/acts/pause'] button").click()
    expect(page.locator(".badge").first).to_contain_text("已暂停")
    page.locator("form[action$='/acts/resume'] button").click()
    page.locator("[data-progress]").wait_for()
    worker = served.house.services.batch_worker
    while worker.run_once():
        pass
    expect(page.locator(".badge").first).to_contain_text("已完成", timeout=LONG_MS)
