"""What two people do with one thing, each on the own screen: wrong data said and answered, a type drafted and used."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import BrowserAs
from tests.browser.served import Served

TYPE = "vocational_qualification_certificate"
FIRST_PAGE_MS = 60_000
"""The process that lays pages out may have to start first."""


def test_a_holder_says_what_is_wrong_the_department_answers_and_the_holder_sees_it(
    browser_as: BrowserAs, served: Served
) -> None:
    licence = served.licence("business_licence")
    holder = browser_as("representative", width=360)
    holder.goto(f"/wallet/licences/{licence.identifier}")
    holder.get_by_role("link", name="数据有误").click()
    holder.get_by_label("有误的项目").select_option(label="住所")
    holder.get_by_label("说明").fill("门牌号应为 68 号")
    holder.get_by_role("button", name="提交").click()
    expect(holder.locator("main")).to_contain_text("门牌号应为 68 号")
    officer = browser_as("issuer")
    officer.goto("/console/feedback")
    officer.get_by_label("在表中查找").fill("68 号")
    expect(officer.locator("#feedback tbody tr:visible")).to_have_count(1)
    officer.get_by_role("link", name="门牌号应为 68 号").click()
    expect(officer.locator("main")).to_contain_text(str(licence.fields["address"]))
    officer.get_by_label("答复").fill("经核对登记档案，门牌号无误")
    officer.get_by_role("button", name="不予采纳").click()
    expect(officer.locator("main")).to_contain_text("答复时间")
    holder.goto(f"/wallet/licences/{licence.identifier}/feedback")
    expect(holder.locator("main")).to_contain_text("经核对登记档案，门牌号无误")


def test_a_type_is_drafted_with_its_pages_beside_it_published_and_issued_from(browser_as: BrowserAs) -> None:
    page = browser_as("administrator")
    page.goto(f"/console/types/{TYPE}")
    page.get_by_role("link", name="修订").first.click()
    template = page.locator("#template")
    written = template.input_value()
    template.fill(f"{written}\n#nothing-like-it")
    expect(page.locator("[data-problem]")).to_contain_text("template.typ", timeout=FIRST_PAGE_MS)
    template.fill(f"{written}\n")
    expect(page.locator("[data-problem] .notice")).to_have_count(0, timeout=FIRST_PAGE_MS)
    expect(page.locator("[data-picture]")).to_be_visible(timeout=FIRST_PAGE_MS)
    page.get_by_role("button", name="保存草稿").click()
    expect(page.locator("main")).to_contain_text("草稿已保存")
    page.get_by_role("button", name="发布").click()
    page.locator("dialog[open]").get_by_role("button", name="发布").click()
    expect(page.locator("main")).to_contain_text("已发布")
    expect(page.locator("#versions tbody tr").first).to_contain_text("现行")
    page.goto("/console/types?s.types=-3")
    expect(page.locator("#types tbody tr").first).to_contain_text("2")
