"""What holders and those who act for them do in the wallet, in a browser."""

from __future__ import annotations

import io
from datetime import timedelta

import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import BrowserAs
from tests.browser.served import Served
from tests.house import HEALTH
from wallet import Asked

PHYSICIAN = "physician_practice_certificate"
NETWORK = ("failed request", "Failed to load resource", "net::ERR")


def show(page: Page, served: Served) -> None:
    page.goto(f"/wallet/licences/{served.licence(PHYSICIAN).identifier}")
    page.get_by_role("button", name="出示二维码").click()
    page.locator("[data-code] img").wait_for()
    page.wait_for_load_state()  # its script counts from when it was loaded


def test_a_code_is_scanned_off_the_screen_and_says_by_whom(browser_as: BrowserAs, served: Served) -> None:
    page = browser_as("holder", width=360)
    show(page, served)
    picture = page.screenshot()
    (code,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)))
    services = served.house.services
    assert services.checker.check_presentation(code.text, by=HEALTH.code).verdict.passed
    expect(page.locator("[data-state]")).to_contain_text("已核验")
    expect(page.locator("[data-state]")).to_contain_text(services.names().body(HEALTH.code))
    page.get_by_role("button", name="换一个码").click()
    expect(page.locator("[data-state]")).to_have_text("")
    expect(page.locator("img.spent")).to_have_count(0)


def test_a_code_is_replaced_in_time_and_tells_when_the_network_is_lost(browser_as: BrowserAs, served: Served) -> None:
    page = browser_as("holder", width=360, expects=NETWORK)
    page.clock.install()
    show(page, served)
    picture = page.locator("[data-code] img")
    first = picture.get_attribute("src")
    page.clock.run_for(57_500)
    expect(picture).not_to_have_attribute("src", str(first))
    page.context.set_offline(True)
    expect(page.locator("[data-state]")).to_contain_text("网络已断开")
    page.clock.run_for(61_000)
    expect(page.locator("[data-state]")).to_contain_text("此码已失效")
    expect(page.locator("img.spent")).to_have_count(1)
    page.context.set_offline(False)
    expect(page.locator("img.spent")).to_have_count(0)


def test_the_masked_list_is_there_without_a_network_and_gone_after_signing_out(
    browser_as: BrowserAs, served: Served
) -> None:
    page = browser_as("holder", width=360, expects=NETWORK)
    page.goto("/wallet")
    for _ in range(100):
        if page.evaluate("async () => (await (await caches.open('wallet-kept')).keys()).length") == 1:
            break
        page.wait_for_timeout(100)
    page.context.set_offline(True)
    page.goto("/wallet/looks")
    expect(page.get_by_text("网络已断开")).to_be_visible()
    expect(page.get_by_text("内容截至")).to_be_visible()
    assert served.licence(PHYSICIAN).number not in page.content()
    page.context.set_offline(False)
    page.goto("/sign-out")
    page.locator("main form button").first.click()
    page.wait_for_url("**/")
    assert page.evaluate("async () => await caches.keys()") == []


def test_a_representative_appoints_an_agent_and_dismisses_it(browser_as: BrowserAs, served: Served) -> None:
    page = browser_as("representative", width=360)
    page.goto("/wallet/agents/new")
    page.get_by_label("姓名").fill("卢青禾")
    page.get_by_label("居民身份证号码").fill("370202198604121027")
    page.locator("input[name=types][value=business_licence]").check()
    page.locator("input[name=items][value=all]").check()
    page.get_by_label("用途").fill("年报")
    page.get_by_label("最后一天").fill((served.house.services.clock.now() + timedelta(days=9)).date().isoformat())
    page.get_by_role("button", name="授权经办人").click()
    expect(page.get_by_role("heading", name="卢青禾")).to_be_visible()
    page.get_by_role("button", name="解除授权").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("理由").fill("离职")
    dialog.get_by_role("button", name="解除授权").click()
    expect(page.get_by_text("已解除").first).to_be_visible()


def test_a_holder_agrees_to_part_of_a_request_and_objects_without_javascript(
    browser_as: BrowserAs, served: Served
) -> None:
    services, licence = served.house.services, served.licence(PHYSICIAN)
    wanted = {PHYSICIAN: frozenset({"practice_scope", "practice_category"})}
    asked = Asked("tests", HEALTH.code, "370200-0723-004", "2026-11-0009", "执业检查", wanted, max_uses=3, days=9)
    made = services.consent_requests.ask(licence.holder_index, asked, answer_within=timedelta(hours=1))
    page = browser_as("holder", width=360, java_script_enabled=False)
    page.goto(f"/wallet/requests/{made.number}")
    page.locator("input[name=share]").first.uncheck()
    page.get_by_label("有效天数").fill("2")
    page.get_by_role("button", name="同意所选内容").click()
    expect(page.get_by_text("已部分同意")).to_be_visible()
    page.get_by_role("link", name="查看授权").click()
    expect(page.get_by_text("签名记录")).to_be_visible()
    page.goto("/wallet/looks")
    page.locator(".line").last.click()
    page.get_by_label("理由").fill("本人未办理此事。")
    page.get_by_role("button", name="提出异议").click()
    expect(page.get_by_text("本人未办理此事。")).to_be_visible()
