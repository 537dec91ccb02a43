"""Visits to seal administration."""

from __future__ import annotations

from collections.abc import Mapping

from playwright.sync_api import Page

from seal import Move, Seal, SealApplication
from tests.browser.served import Served
from tests.browser.visits.visit import Visit
from tests.house import APPLICANT, MARKET


def seal(served: Served) -> Seal:
    """The market office's first seal."""
    services = served.house.services
    return next(each for each in services.seals.all() if getattr(each.owner, "code", "") == MARKET.code)


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
    page.locator("button[commandfor=do-freeze]").click()
    page.locator("#do-freeze[open]").wait_for()


VISITS = [
    Visit("/seals/requests", "seal_approver", queue),
    Visit("/seals/requests/{number}", "seal_approver", waiting),
    Visit("/seals", "seal_applicant"),
    Visit("/seals/{number}", "seal_applicant", number),
    Visit("/seals/{number}", "seal_approver", number, prepare=freeze, name="seal-freeze"),
]
