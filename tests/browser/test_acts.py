"""Acts that ask why: without JavaScript, and over the end of a session."""

from __future__ import annotations

from urllib.parse import quote

from playwright.sync_api import Route, expect

from tests.browser.conftest import BrowserAs
from tests.browser.served import Served
from tests.browser.visits.console import a_new_batch


def test_a_batch_is_cancelled_for_a_reason_without_javascript(browser_as: BrowserAs, served: Served) -> None:
    address = f"/console/batches/{a_new_batch(served).reference}"
    page = browser_as("issuer", width=360, java_script_enabled=False)
    page.goto(address)
    dialog = page.locator("#cancel-batch")
    expect(dialog).not_to_be_visible()
    page.get_by_role("button", name="取消批次").click()
    expect(dialog).to_contain_text("不再办理")
    dialog.get_by_role("button", name="关闭").click()
    expect(dialog).not_to_be_visible()
    page.get_by_role("button", name="取消批次").click()
    dialog.get_by_label("理由").fill("名册有误")
    dialog.get_by_role("button", name="取消批次").click()
    expect(page.locator("main")).to_contain_text("名册有误")
    expect(page.get_by_role("button", name="取消批次")).to_have_count(0)


def test_a_reason_outlives_the_session_and_goes_when_it_was_taken(browser_as: BrowserAs, served: Served) -> None:
    address = f"/console/batches/{a_new_batch(served).reference}"
    page = browser_as("issuer", expects=("401",))
    page.goto(address)
    page.get_by_role("button", name="取消批次").click()
    dialog = page.locator("#cancel-batch")
    dialog.get_by_label("理由").fill("名册重复")
    page.context.clear_cookies()
    dialog.get_by_role("button", name="取消批次").click()
    again = page.get_by_role("link", name="登录")
    expect(page.locator(f"main a[href='/sign-in?next={quote(address)}']")).to_be_visible()
    expect(again.first).to_be_visible()
    page.context.add_cookies(served.cookies("issuer", "zh"))
    page.goto(address)
    expect(dialog.get_by_label("理由")).to_have_value("名册重复")
    dialog.get_by_role("button", name="取消批次").click()
    expect(page.locator("main")).to_contain_text("名册重复")
    page.wait_for_function("() => !Object.keys(sessionStorage).some((each) => each.startsWith('draft:'))")


def test_what_one_reader_wrote_is_not_for_the_next(browser_as: BrowserAs, served: Served) -> None:
    page = browser_as("issuer")
    page.goto("/console/issue/business_licence")
    page.locator("#name").fill("青岛海岸线有限公司")
    page.context.add_cookies(served.cookies("approver", "zh"))
    page.goto("/cases")
    page.context.add_cookies(served.cookies("issuer", "zh"))
    page.goto("/console/issue/business_licence")
    expect(page.locator("#name")).to_have_value("")


def test_what_is_filled_in_before_the_script_has_come_is_newer_than_the_draft(browser_as: BrowserAs) -> None:
    page = browser_as("issuer")
    page.goto("/console/issue/business_licence")
    page.locator("#name").fill("青岛海岸线有限公司")
    page.locator("#address").fill("青岛市市南区香港中路 1 号")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/js/page*", hold)
    page.goto("/console/issue/business_licence", wait_until="commit")
    page.locator("#name").fill("青岛云栖有限公司")
    for each in held:
        each.continue_()
    page.unroute("**/js/page*")
    expect(page.locator("#address")).to_have_value("青岛市市南区香港中路 1 号")
    expect(page.locator("#name")).to_have_value("青岛云栖有限公司")
    page.reload()
    expect(page.locator("#name")).to_have_value("青岛云栖有限公司")
