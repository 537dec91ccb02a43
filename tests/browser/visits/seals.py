"""Visits to seal administration."""

from __future__ import annotations

from collections.abc import Mapping

from playwright.sync_api import Page

from seal import Move, Seal, SealApplication, UseSearch
from tests.browser.served import Served
from tests.browser.visits.visit import Visit
from tests.house import APPLICANT, MARKET


def seal(served: Served) -> Seal:
    """The seal that business licences are sealed with."""
    services = served.house.services
    return services.seals.usable_for("business_licence", MARKET.code)[-1]


def number(served: Served) -> Mapping[str, str]:
    """That seal's number."""
    return {"number": seal(served).number}


def waiting(served: Served) -> Mapping[str, str]:
    """A request that waits for the market office."""
    services = served.house.services
    mine = [each for each in services.seals.waiting() if each.move is Move.REVIEW and each.requested_by == APPLICANT]
    if mine:
        return {"number": str(mine[0].id)}
    application = SealApplication(MARKET.code, ["food_operation_permit"], "食品安全监管专用章")
    asked = services.seals.apply(
        application, officer=APPLICANT, reason="启用食品安全监管专用章", document="青市监发〔2026〕31号"
    )
    return {"number": str(asked.id)}


def queue(served: Served) -> Mapping[str, str]:
    """See that something waits."""
    waiting(served)
    return {}


def freeze(page: Page) -> None:
    """Open the dialog of freezing."""
    page.locator("[data-opens=do-freeze]").first.click()
    page.locator("#do-freeze[open]").wait_for()


def use(served: Served) -> Mapping[str, str]:
    """A use of that seal."""
    found = seal(served).number
    return {"number": found, "use": str(served.house.services.seal_uses.search(UseSearch(found)).uses[0].id)}


def describe(page: Page) -> None:
    """Say which seal is wanted, and see it drawn."""
    with page.expect_response("**/seals/new/artwork"):
        page.locator("#purpose").fill("行政审批专用章")
    page.locator("[data-drawn]:not([aria-busy])").wait_for()


def entry(served: Served) -> Mapping[str, str]:
    """The newest entry of the log that is about that seal."""
    ledger = served.house.services.ledger
    ledger.sequence()
    return {"position": str(ledger.entries_about(f"seal:{seal(served).number}")[-1].position)}


VISITS = [
    Visit("/audit/log", "auditor"),
    Visit("/audit/log", "auditor", query="sought=3702009999999", name="audit-nothing-found"),
    Visit("/audit/log/entries/{position}", "auditor", entry),
    Visit("/audit/log/consistency", "auditor", query="old=3"),
    Visit("/waiting", "seal_approver", queue),
    Visit("/waiting", "approver", name="waiting-for-who-checks"),
    Visit("/seals/requests", "seal_approver", queue),
    Visit("/seals/requests/{number}", "seal_approver", waiting),
    Visit("/seals", "seal_applicant"),
    Visit("/seals/{number}", "seal_applicant", number),
    Visit("/seals/{number}/uses", "auditor", number),
    Visit("/seals/{number}/uses", "auditor", number, query="until=2020-01-01", name="seal-uses-none"),
    Visit("/seals/{number}/uses/{use}", "auditor", use),
    Visit("/seals/{number}/grants", "seal_applicant", number),
    Visit("/seals/new", "seal_applicant"),
    Visit("/seals/new", "seal_applicant", prepare=describe, name="seal-described"),
    Visit("/seals/{number}", "seal_approver", number, prepare=freeze, name="seal-freeze"),
]
