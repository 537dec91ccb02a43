"""Visits to the wallet."""

from __future__ import annotations

from collections.abc import Mapping

from playwright.sync_api import Page

from tests.browser.served import Served
from tests.browser.visits.visit import Visit
from trust import HolderIndex
from wallet import RequestState


def physicians(served: Served) -> Mapping[str, str]:
    """The licence of the one who is ``holder``."""
    return {"identifier": served.licence("physician_practice_certificate").identifier}


def show_code(page: Page) -> None:
    """Ask for a code on a licence's page."""
    page.locator("form[action$='/code'] button").first.click()
    page.locator("[data-code]").wait_for()


def show_offline_code(page: Page) -> None:
    """Ask for a code for who has no network."""
    page.locator("details summary").first.click()
    page.locator("form[action$='/offline-code'] button").click()
    page.locator("[data-seconds]").wait_for()


def agent(served: Served) -> Mapping[str, str]:
    """The one who is ``agent``."""
    services = served.house.services
    return {"number": services.agents.in_office(served.licence().holder_index)[0].number}


def open_dialog(page: Page) -> None:
    """Open the page's dialog."""
    page.locator("[data-opens]").first.click()
    page.locator("dialog[open]").wait_for()


def appoint_nobody(page: Page) -> None:
    """Send a form that is wrong."""
    page.locator("#name").fill("纪海岳")
    page.locator("#id_number").fill("123")
    page.locator("#purpose").fill("办理年报")
    page.locator("#until").fill("2000-01-01")
    page.evaluate("() => { document.querySelector('main form').noValidate = true }")
    page.locator("main form button").first.click()
    page.locator("[role=alert]").wait_for()


def asked(served: Served) -> Mapping[str, str]:
    """A request that waits for the answer of who is ``holder``."""
    found = served.house.services.consent_requests.of_holder(_physician(served))
    return {"number": next(each.number for each in found if each.state is RequestState.OPEN)}


def given(served: Served) -> Mapping[str, str]:
    """A consent of who is ``holder``."""
    return {"number": served.house.services.licence_consents.of_holder(_physician(served))[0].number}


def looked(served: Served) -> Mapping[str, str]:
    """A check of a licence of who is ``holder``."""
    services = served.house.services
    found = services.looks.at(services.wallets.identifiers(_physician(served)), limit=1)
    return {"number": str(found[0].number)}


def _physician(served: Served) -> HolderIndex:
    return served.licence("physician_practice_certificate").holder_index


VISITS = [
    Visit("/wallet/consents/new", "holder"),
    Visit("/wallet/consents/new", "holder", query="item=370200-0723-004", name="wallet-consents-new-item"),
    Visit("/wallet/consents/{number}", "holder", given),
    Visit("/wallet/consents/{number}", "holder", given, prepare=open_dialog, name="wallet-consent-withdrawal"),
    Visit("/wallet/requests/{number}", "holder", asked),
    Visit("/wallet/lawful-checks", "holder"),
    Visit("/wallet/looks/{number}", "holder", looked),
    Visit("/wallet/objections", "holder"),
    Visit("/wallet/licences/{identifier}/feedback", "holder", physicians),
    Visit("/wallet", "representative", name="wallet-for-a-body"),
    Visit("/wallet", "agent", query="by=state", name="wallet-of-an-agent"),
    Visit("/wallet/more", "representative"),
    Visit("/wallet/acts", "representative"),
    Visit("/wallet/export", "holder"),
    Visit("/wallet/close", "holder"),
    Visit("/wallet/agents", "representative"),
    Visit("/wallet/agents/new", "representative"),
    Visit("/wallet/agents/new", "representative", prepare=appoint_nobody, name="wallet-agents-wrong"),
    Visit("/wallet/agents/{number}", "representative", agent),
    Visit("/wallet/agents/{number}", "representative", agent, prepare=open_dialog, name="wallet-agents-dismissal"),
    Visit("/wallet/agents", "agent", name="wallet-beyond-limits"),
    Visit("/wallet/licences/{identifier}", "holder", physicians),
    Visit("/wallet/licences/{identifier}", "holder", physicians, prepare=show_code, name="wallet-code"),
    Visit("/wallet/licences/{identifier}", "holder", physicians, prepare=show_offline_code, name="wallet-offline-code"),
    Visit("/wallet/kept", "holder"),
]
