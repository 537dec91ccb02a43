"""Visits to the check pages."""

from __future__ import annotations

from collections.abc import Mapping

from playwright.sync_api import Page

from api.builtin_provider import PEOPLE
from api.pages.held_cases import HeldCase, keep_case
from api.pages.results import HeldCheck, hold, picture_of
from tests.browser.served import ANONYMOUS, ROLES, Served
from tests.browser.visits.visit import Visit
from tests.house import HEALTH
from verify import Caller


def check_nothing(page: Page) -> None:
    """Send the form as it is."""
    page.locator("form[action='/check'] button").first.click()


def checked(served: Served) -> Mapping[str, str]:
    """A file that was checked, with the picture of its page."""
    services = served.house.services
    file = services.register.pdf(served.licence())
    found = services.checker.check_pdf(file)
    picture = picture_of(services.draw_page, file, found)
    made = HeldCheck(verdict=found, evidence="pdf", reference="0" * 32, picture=picture)
    return {"number": hold(services, "check", made)}


def case(served: Served) -> Mapping[str, str]:
    """A case of the approver's, in which a file was handed in."""
    services = served.house.services
    person = PEOPLE[ROLES["approver"]].identity(services.builtin_provider.issuer)
    officer = services.officers.of(services.sessions.find(services.sessions.begin(person)))
    assert officer is not None
    items = services.service_items.all()
    caller = Caller.of_officer(officer.reference, officer.organisation_code, items)
    item = next(each for each in items if each.body_code == officer.organisation_code and each.materials)
    occasion = services.department_checks.occasion(caller, item.code, "2026-11-0001")
    made = HeldCase(officer=officer.reference, item=item.code, case_number=occasion.case_number)
    answer = services.department_checks.by_pdf(occasion, services.register.pdf(served.licence()), {})
    return {"number": keep_case(services, made.with_answer(services, "pdf", answer))}


def objected(served: Served) -> Mapping[str, str]:
    """What a holder said against a check of the approver's body."""
    return {"number": served.house.services.objections.received(HEALTH.code)[0].number}


VISITS = [
    Visit("/", ANONYMOUS),
    Visit("/check", ANONYMOUS),
    Visit("/checks/{number}", ANONYMOUS, checked),
    Visit("/cases", "approver"),
    Visit("/cases/{number}", "approver", case),
    Visit("/objections/{number}", "approver", objected),
    Visit("/c/{identifier}", ANONYMOUS, lambda served: {"identifier": served.licence().identifier}),
    Visit("/c/{identifier}", ANONYMOUS, lambda _: {"identifier": "no-such-licence"}, name="c-unknown"),
]
