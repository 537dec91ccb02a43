"""The main paths of the office of seals, in a browser."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from seal import SealApplication
from tests.browser.conftest import BrowserAs
from tests.browser.served import Served
from tests.house import APPLICANT, MARKET


def own_seal(served: Served, purpose: str) -> str:
    """A seal in use that no other test looks at."""
    services = served.house.services
    asked = services.seals.apply(
        SealApplication(MARKET.code, ["food_operation_permit"], purpose), officer=APPLICANT, reason="启用"
    )
    services.seals.approve(asked.id, officer="officer:approver")
    return asked.seal_number


def apply(page: Page, purpose: str) -> str:
    """Apply for a seal on the page for it, and tell the address of the request."""
    page.goto("/seals/new")
    before = page.locator("[data-drawn] img").get_attribute("src")
    page.locator("#purpose").fill(purpose)
    page.wait_for_function("before => document.querySelector('[data-drawn] img').src !== before", arg=before)
    page.get_by_label("食品经营许可证").check()
    page.locator("#reason").fill("启用新的专用章")
    page.get_by_role("button", name="提交申请").click()
    page.wait_for_url("**/seals/requests/*")
    return page.url.partition("?")[0]


def test_one_officer_applies_while_the_seal_is_drawn_and_another_approves(
    browser_as: BrowserAs, served: Served
) -> None:
    applicant = browser_as("seal_applicant", width=360)
    request = apply(applicant, "食品抽检专用章")
    expect(applicant.get_by_text("须由另一名工作人员审批", exact=False).first).to_be_visible()
    assert applicant.get_by_role("button", name="批准并启用").count() == 0
    approver = browser_as("seal_approver")
    approver.goto("/seals/requests")
    approver.locator(f"a[href='{request.removeprefix(served.url)}']").click()
    approver.get_by_role("button", name="批准并启用").click()
    approver.locator("#approve[open] textarea").fill("同意")
    approver.locator("#approve[open] button:has-text('批准并启用')").click()
    expect(approver.get_by_text("已批准。")).to_be_visible()


def test_a_seal_is_frozen_in_one_click_with_a_reason_by_the_keyboard(browser_as: BrowserAs, served: Served) -> None:
    number = own_seal(served, "冻结演练专用章")
    page = browser_as("seal_approver", width=360)
    page.goto(f"/seals/{number}")
    page.get_by_role("button", name="立即冻结").focus()
    page.keyboard.press("Enter")
    dialog = page.locator("#do-freeze[open]")
    expect(dialog).to_contain_text("任何用印都被拒绝并记录")
    dialog.get_by_role("textbox", name="理由").focus()
    page.keyboard.type("疑似冒用")
    dialog.get_by_role("button", name="立即冻结").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="已冻结")).to_be_visible()
    assert served.house.services.seals.get(number).state == "frozen"


def test_without_scripts_the_seal_is_drawn_by_a_button(browser_as: BrowserAs) -> None:
    page = browser_as("seal_applicant", java_script_enabled=False)
    page.goto("/seals/new")
    before = page.locator("[data-drawn] img").get_attribute("src")
    page.locator("#purpose").fill("流通监管专用章")
    page.get_by_role("button", name="画出印模").click()
    assert page.locator("[data-drawn] img").get_attribute("src") != before
    assert page.locator("#purpose").input_value() == "流通监管专用章"


def test_an_auditor_finds_the_uses_of_a_day_in_the_calendar(browser_as: BrowserAs, served: Served) -> None:
    number = served.house.services.seals.usable_for("business_licence", MARKET.code)[-1].number
    page = browser_as("auditor", width=360)
    page.goto(f"/seals/{number}/uses")
    page.locator(".calendar a").first.click()
    page.locator("table#uses tbody a").first.click()
    expect(page.get_by_role("heading", name="依据谁的批准")).to_be_visible()


def test_an_auditor_looks_a_seal_up_in_the_log_and_sees_its_proof(browser_as: BrowserAs, served: Served) -> None:
    number = served.house.services.seals.usable_for("business_licence", MARKET.code)[-1].number
    page = browser_as("auditor", width=360)
    page.goto("/audit/log")
    page.get_by_role("searchbox", name="查找条目").fill(number)
    page.get_by_role("searchbox", name="查找条目").press("Enter")
    page.locator("table#found tbody a").first.click()
    expect(page.get_by_text("已在日志中")).to_be_visible()
    expect(page.get_by_text("与公开的摘要相符")).to_be_visible()
    page.get_by_role("link", name="何人、何时、因何、依据谁的批准").click()
    expect(page.get_by_role("heading", name="经过")).to_be_visible()


def test_what_waits_leads_to_where_it_is_decided(browser_as: BrowserAs, served: Served) -> None:
    served.house.services.seals.apply(
        SealApplication(MARKET.code, ["food_operation_permit"], "待办演练专用章"), officer=APPLICANT, reason="演练"
    )
    page = browser_as("seal_approver")
    page.goto("/waiting")
    page.get_by_role("link", name="待办演练专用章").click()
    page.get_by_role("button", name="驳回").click()
    page.locator("#reject[open] textarea").fill("演练结束")
    page.locator("#reject[open] button:has-text('驳回')").click()
    expect(page.get_by_text("已驳回，理由已记录。")).to_be_visible()
