"""Main paths that lead through several areas, or belong to none."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import FilePayload, expect

from api.builtin_provider import PEOPLE
from api.demo_data.city import CLINIC_ITEM, HEALTH
from api.pages.words import WORDS
from tests.browser.conftest import BrowserAs
from tests.browser.screens import code_on
from tests.browser.served import Served


@pytest.mark.parametrize("key", PEOPLE)
def test_a_link_signs_somebody_in_where_there_is_something_to_do(
    key: str, browser_as: BrowserAs, served: Served
) -> None:
    page = browser_as("anonymous")
    page.goto(served.house.services.sign_in_links.make(PEOPLE[key]))
    expect(page.get_by_role("banner")).to_contain_text(PEOPLE[key].name)
    expect(page.locator("h1")).to_be_visible()


def test_one_signs_in_by_the_provider_and_out_again(browser_as: BrowserAs) -> None:
    page = browser_as("anonymous", width=360)
    page.goto("/")
    page.get_by_role("link", name="登录").click()
    page.get_by_role("button", name="傅静姝").click()
    page.get_by_role("link", name="傅静姝").click()
    page.get_by_role("button", name="退出").first.click()
    expect(page.get_by_role("link", name="登录")).to_be_visible()
    page.goto("/wallet")
    expect(page).to_have_url(re.compile("/builtin-provider/authorize"))


def test_the_language_is_switched_in_place_and_stays(browser_as: BrowserAs) -> None:
    page = browser_as("holder", width=360)
    page.goto("/wallet/consents")
    page.get_by_role("link", name="English").click()
    expect(page).to_have_url(re.compile("/wallet/consents"))
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.goto("/wallet/looks")
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_the_keyboard_reaches_the_content_first(browser_as: BrowserAs) -> None:
    page = browser_as("holder")
    page.goto("/wallet")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_an_applicant_shows_a_code_and_sees_who_looked(scripts: bool, browser_as: BrowserAs, served: Served) -> None:
    licence = served.licence("physician_practice_certificate")
    phone = browser_as("holder", width=360, height=740, java_script_enabled=scripts)
    phone.goto(f"/wallet/licences/{licence.identifier}")
    purpose = f"入职登记{'' if scripts else '二'}"
    phone.locator("#purpose").fill(purpose)
    phone.locator("form[action$='/code'] button").first.click()
    expect(phone.get_by_alt_text("二维码")).to_be_visible()
    token = code_on(phone)
    services = served.house.services
    verdict, again = (services.checker.check_presentation(token, by=HEALTH.code).verdict for _ in range(2))
    assert (verdict.passed, again.passed) == (True, False)


def test_an_approver_scans_the_applicants_screen_and_the_applicant_sees_who_looked(
    browser_as: BrowserAs, served: Served
) -> None:
    """The screen's picture is handed to the approver, as a photograph of it would be."""
    words, case = WORDS["zh"], "WJ-2026-0088"
    phone = browser_as("holder", width=360, height=740)
    phone.goto(f"/wallet/licences/{served.licence('physician_practice_certificate').identifier}")
    phone.locator("#purpose").fill("执业检查")
    phone.locator("form[action$='/code'] button").first.click()
    expect(phone.get_by_alt_text(words["show_picture"])).to_be_visible()
    screen: FilePayload = {"name": "screen.png", "mimeType": "image/png", "buffer": phone.screenshot()}
    desk = browser_as("approver")
    desk.goto("/cases")
    desk.get_by_label(words["case_item"]).select_option(CLINIC_ITEM)
    desk.get_by_label(words["case_number"]).fill(case)
    desk.get_by_role("button", name=words["case_open"]).click()
    form = desk.locator("form[action$='/file']")
    for verdict in ("TOTAL_PASSED", "TOTAL_FAILED"):
        form.locator("input[type=file]").set_input_files(screen)
        form.get_by_role("button", name=words["case_check"]).click()
        answers = desk.locator("section[aria-labelledby=answers] article")
        expect(answers.filter(has_text=words[verdict])).to_have_count(1)
    phone.goto("/wallet/looks")
    phone.locator("main a[href^='/wallet/looks/']", has_text=HEALTH.name_zh).first.click()
    for told in (HEALTH.name_zh, case, "执业检查"):
        expect(phone.get_by_role("main")).to_contain_text(told)
