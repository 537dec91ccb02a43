"""Visits to the department console."""

from __future__ import annotations

from collections.abc import Mapping

from playwright.sync_api import Page

from tests.browser.served import Served
from tests.browser.visits.visit import Visit
from tests.house import MARKET, example
from trust.archives import ImportOrder
from trust.batch import Batch, BatchState
from trust.rows import Row
from verify.feedback import Raiser


def company(served: Served) -> Mapping[str, str]:
    """The business licence."""
    return {"identifier": served.licence().identifier}


def to_suspend(served: Served) -> Mapping[str, str]:
    """The question before the business licence is suspended."""
    return {**company(served), "act": "suspend"}


def ask_to_revoke(page: Page) -> None:
    """Open the dialog."""
    page.get_by_role("button").and_(page.locator("[data-opens='act-revoke']")).click()
    page.locator("#act-revoke").wait_for()


def look_for_nothing(page: Page) -> None:
    """Search for what there is not."""
    page.locator("#words").fill("没有的名称")
    page.locator("form[role=search] button").first.click()
    page.locator(".empty").wait_for()


def kind(served: Served) -> Mapping[str, str]:
    """A type with photographs and dates."""
    del served
    return {"slug": "business_licence"}


def break_template(page: Page) -> None:
    """Write a template that is none."""
    page.locator("#template").fill("#let x =")
    page.locator("[data-problem] .notice").wait_for(timeout=60_000)


def with_rows(served: Served) -> Mapping[str, str]:
    """A type with a table."""
    del served
    return {"slug": "presale_permit"}


def to_correct(served: Served) -> Mapping[str, str]:
    """The form of another version of the business licence."""
    return {**company(served), "act": "correct"}


def send_wrong(page: Page) -> None:
    """Send a form with little in it."""
    page.locator("#name").fill("青岛")
    page.locator("button[value=preview]").click()
    page.locator(".field.wrong").first.wait_for()


def look_before_sealing(page: Page) -> None:
    """Go on to the page before sealing."""
    page.locator("#reason").fill("住所有误")
    page.locator("button[value=preview]").click()
    page.locator(".paper img").wait_for()


def a_new_batch(served: Served) -> Batch:
    """A batch with wrong lines, which waits to be started."""
    order = ImportOrder("business_licence", "tests", "2024.csv", MARKET.code, own_only=True)
    row = Row(2, {**example("business_licence"), "issue_date": "2024-02-30"}, ())
    return served.house.services.archives.load(order, [row])


def a_batch(served: Served) -> Mapping[str, str]:
    """A batch with wrong lines, which can be cancelled."""
    found = served.house.services.batches.latest(issuer_code=MARKET.code)
    wanted = [each for each in found if each.state is BatchState.READY] or [a_new_batch(served)]
    return {"reference": wanted[0].reference}


def said_wrong(served: Served) -> Mapping[str, str]:
    """What a holder said of the business licence."""
    services, licence = served.house.services, served.licence()
    found = services.feedback.received(MARKET.code)
    if not found:
        raiser = Raiser(holder=licence.holder_index)
        found = [services.feedback.open(raiser, licence.identifier, "住所有误", field="address")]
    return {"number": found[0].id}


VISITS: list[Visit] = [
    Visit("/console", "issuer"),
    Visit("/console", "administrator", name="console-administrator"),
    Visit("/console/licences", "issuer"),
    Visit("/console/licences", "issuer", prepare=look_for_nothing, name="console-nothing-found"),
    Visit("/console/licences/{identifier}", "issuer", company),
    Visit("/console/licences/{identifier}", "issuer", company, prepare=ask_to_revoke, name="console-revoke"),
    Visit("/console/licences/{identifier}/acts/{act}", "issuer", to_suspend),
    Visit("/console/issue/{slug}", "issuer", kind),
    Visit("/console/issue/{slug}", "issuer", with_rows, name="console-rows"),
    Visit("/console/issue/{slug}", "issuer", kind, prepare=send_wrong, name="console-wrong", expects=("422",)),
    Visit("/console/licences/{identifier}/new/{act}", "issuer", to_correct),
    Visit(
        "/console/licences/{identifier}/new/{act}", "issuer", to_correct, prepare=look_before_sealing, name="sealing"
    ),
    Visit("/console/batches/new", "issuer"),
    Visit("/console/batches/{reference}", "issuer", a_batch),
    Visit("/console/feedback/{number}", "issuer", said_wrong),
    Visit("/console/types/{slug}", "administrator", kind),
    Visit("/console/types/{slug}/edit", "administrator", kind, query="version=1", prepare=break_template),
]
