"""The pages of the office of seals: two officers, one of whom asks, and nobody of another body."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.officers import Officer, Role
from seal import Move, Organisation, SealApplication, SealOwnerKind, SealState
from tests.api.signing_in import ISSUER, Browser, sign_in, somebody
from tests.house import HEALTH, MARKET, House

BRANCH = Organisation("113702039901003504", "市北区市场监管局", "Shibei", "370203", MARKET.code)
COMPANY = Organisation("913702039901003610", "青岛印证科技有限公司", "Yinzheng", "370203", None, SealOwnerKind.COMPANY)


@dataclass
class Office:
    """Officers in browsers of their own."""

    house: House
    browsers: dict[str, Browser]
    officers: dict[str, Officer]

    def get(self, who: str, address: str) -> Any:
        return self.browsers[who].http.get(address, headers={"Accept": "text/html"})

    def post(self, who: str, address: str, *, token: str | None = None, follow: bool = True, **form: str) -> Any:
        browser = self.browsers[who]
        data = {"csrf_token": browser.signed_in.csrf_token if token is None else token, **form}
        return browser.http.post(address, data=data, headers={"Accept": "text/html"}, follow_redirects=follow)

    def applied(self, owner: Organisation = MARKET, purpose: str = "行政审批专用章") -> tuple[int, str]:
        application = SealApplication(owner.code, ["business_licence"], purpose)
        actor = self.officers["applicant"].actor
        request = self.house.services.seals.apply(application, officer=actor, reason="启用")
        return request.id, request.seal_number

    def active(self, owner: Organisation = MARKET) -> str:
        request, number = self.applied(owner)
        self.house.services.seals.approve(request, officer=self.officers["approver"].actor)
        return number

    def state(self, number: str) -> SealState:
        return self.house.services.seals.get(number).state


@pytest.fixture
def office(house: House) -> Iterator[Office]:
    services = house.services
    for body in (MARKET, HEALTH, BRANCH, COMPANY):
        services.organisations.enrol(body)
    made = Office(house, {}, {})
    app = create_app(services)
    people = {
        "applicant": (MARKET, {Role.SEAL_APPLICANT}),
        "approver": (MARKET, {Role.SEAL_APPROVER}),
        "both": (MARKET, {Role.SEAL_APPLICANT, Role.SEAL_APPROVER}),
        "auditor": (MARKET, {Role.AUDITOR}),
        "issuer": (MARKET, {Role.ISSUER}),
        "foreign": (HEALTH, {Role.SEAL_APPLICANT, Role.SEAL_APPROVER, Role.AUDITOR}),
        "branch": (BRANCH, {Role.SEAL_APPLICANT, Role.SEAL_APPROVER}),
    }
    with TestClient(app, raise_server_exceptions=False):
        for key, (body, roles) in people.items():
            who = somebody(f"人员{key}", None, key)
            made.officers[key] = services.officers.add(body.code, who.name, roles, subject=(ISSUER, key), actor="tests")
            http = TestClient(app, raise_server_exceptions=False)
            made.browsers[key] = sign_in(http, services, who)
        yield made


def test_one_officer_asks_and_another_decides(office: Office) -> None:
    request, number = office.applied()
    assert "等待另一名工作人员" in office.get("applicant", "/seals/requests").text
    waiting = office.get("approver", "/seals/requests")
    assert "等我审批" in waiting.text
    assert '<span class="count">1</span>' in waiting.text
    assert "人员applicant" in waiting.text
    page = office.post("approver", f"/seals/requests/{request}/approve", reason="同意")
    assert page.status_code == 200
    assert "已批准" in page.text
    assert "人员approver" in page.text
    assert office.state(number) is SealState.ACTIVE
    assert "seal_done" not in page.text


def test_steps_one_by_one_until_a_seal_is_in_use(office: Office) -> None:
    request, number = office.applied()
    office.post("approver", f"/seals/requests/{request}/approve", only_review="1")
    assert office.state(number) is SealState.REVIEWED
    assert "申请制作" in office.get("applicant", "/seals/requests").text
    asked = office.post("applicant", f"/seals/{number}/ask", move="make", reason="制作")
    assert "已提交" in asked.text
    office.post("approver", str(asked.url.path) + "/approve")
    assert office.state(number) is SealState.MADE
    assert "已备案" in office.post("applicant", f"/seals/{number}/register", reason="备案").text
    assert "已启用" in office.post("applicant", f"/seals/{number}/activate", reason="启用").text
    page = office.get("auditor", f"/seals/{number}").text
    assert "天后到期" in page
    assert "do-freeze" not in page


def test_a_rejection_says_why(office: Office) -> None:
    request, number = office.applied()
    refused = office.post("approver", f"/seals/requests/{request}/reject", reason=" ")
    assert (refused.status_code, office.state(number)) == (422, SealState.APPLIED)
    assert "seal.field_invalid" in refused.text or "理由" in refused.text
    assert (
        "印章名称与批文不符"
        in office.post("approver", f"/seals/requests/{request}/reject", reason="印章名称与批文不符").text
    )
    assert office.state(number) is SealState.REJECTED


def test_who_asked_cannot_decide(office: Office) -> None:
    application = SealApplication(MARKET.code, ["business_licence"], "登记专用章")
    request = office.house.services.seals.apply(application, officer=office.officers["both"].actor, reason="启用")
    page = office.get("both", f"/seals/requests/{request.id}").text
    assert "须由另一名工作人员审批" in page
    assert "/approve" not in page
    refused = office.post("both", f"/seals/requests/{request.id}/approve")
    assert (refused.status_code, "seal.second_officer_needed" in refused.text) == (403, True)
    assert office.state(request.seal_number) is SealState.APPLIED


def test_a_second_click_finds_it_decided(office: Office) -> None:
    request, number = office.applied()
    first, second = (office.post("approver", f"/seals/requests/{request}/approve", follow=False) for _ in range(2))
    assert (first.status_code, second.status_code) == (303, 409)
    assert "已有处理结果" in second.text
    assert [each.move for each in office.house.services.seals.history(number)].count(Move.MAKE) == 1
    first, second = (
        office.post("applicant", f"/seals/{number}/freeze", reason="疑似冒用", follow=False) for _ in range(2)
    )
    assert (first.status_code, second.status_code) == (303, 409)


def test_one_officer_freezes_and_two_thaw(office: Office) -> None:
    number = office.active()
    assert office.post("approver", f"/seals/{number}/freeze", reason="").status_code == 422
    assert "已冻结" in office.post("approver", f"/seals/{number}/freeze", reason="疑似冒用").text
    asked = office.post("applicant", f"/seals/{number}/ask", move="thaw", reason="查明无误")
    assert office.post("applicant", str(asked.url.path) + "/approve").status_code == 403
    office.post("approver", str(asked.url.path) + "/approve")
    assert office.state(number) is SealState.ACTIVE
    assert office.post("applicant", f"/seals/{number}/ask", move="freeze", reason="r").status_code == 422
    wrong = office.post("applicant", f"/seals/{number}/ask", move="rotate", reason="r", compromised_since="gestern")
    assert (wrong.status_code, "api.request_invalid" in wrong.text) == (422, True)


@pytest.mark.parametrize("who", ["foreign", "branch"])
def test_what_is_of_another_body_is_not_there(office: Office, who: str) -> None:
    request, number = office.applied()
    for address in ("/seals/requests/{}", "/seals/{}", "/seals/{}/artwork"):
        theirs, none = (request, 9999) if "requests" in address else (number, "3702009999999")
        answers = [office.get(who, address.format(each)) for each in (theirs, none)]
        assert [each.status_code for each in answers] == [404, 404]
        assert answers[0].text == answers[1].text.replace(str(none), str(theirs))
    assert number not in office.get(who, "/seals").text
    assert number not in office.get(who, "/seals/requests").text
    for address in (
        f"/seals/requests/{request}/approve",
        f"/seals/requests/{request}/reject",
        f"/seals/{number}/freeze",
        f"/seals/{number}/ask",
    ):
        assert office.post(who, address, reason="r", move="cancel").status_code == 404
    assert office.state(number) is SealState.APPLIED


def test_the_body_above_sees_the_seals_of_those_below(office: Office) -> None:
    number = office.active(BRANCH)
    assert number in office.get("approver", "/seals").text
    assert office.get("auditor", f"/seals/{number}/artwork").headers["content-type"].startswith("image/svg+xml")


def test_roles_that_may_not(office: Office) -> None:
    request, number = office.applied()
    for address in ("/seals", "/seals/requests", f"/seals/{number}", f"/seals/requests/{request}"):
        assert office.get("issuer", address).status_code == 403
    for who in ("applicant", "auditor", "issuer"):
        assert office.post(who, f"/seals/requests/{request}/approve").status_code == 403
    for address in ("freeze", "register", "activate", "ask"):
        assert office.post("auditor", f"/seals/{number}/{address}", reason="r").status_code == 403
    assert office.post("approver", f"/seals/{number}/register", reason="r").status_code == 403
    assert office.state(number) is SealState.APPLIED


def test_nothing_is_done_without_the_token_of_the_session(office: Office) -> None:
    request, number = office.applied()
    other = office.browsers["applicant"].signed_in.csrf_token
    for token in ("", "x" * 43, other):
        assert office.post("approver", f"/seals/requests/{request}/approve", token=token).status_code == 403
    assert office.state(number) is SealState.APPLIED
    nobody = TestClient(office.browsers["approver"].http.app)
    answer = nobody.get("/seals", headers={"Accept": "text/html"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Fseals")


def test_markup_in_what_people_wrote_stays_text(office: Office) -> None:
    strange = "\"><img src=x onerror=alert(1)>'"
    actor = office.officers["applicant"].actor
    application = SealApplication(MARKET.code, ["business_licence"], "审批专用章")
    asked = office.house.services.seals.apply(application, officer=actor, reason=strange, document=strange)
    for address in ("/seals/requests", f"/seals/requests/{asked.id}", f"/seals/{asked.seal_number}"):
        page = office.get("approver", address).text
        assert "<img src=x" not in page
    assert "&lt;img src=x" in office.get("approver", "/seals/requests").text
