"""The pages of the office of seals: two officers, one of whom asks, and nobody of another body."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.officers import Officer, Role
from api.services import Services
from seal import Move, Organisation, SealApplication, SealOwnerKind, SealState, SealUser
from seal.errors import SealNotGrantedError
from seal.uses import WantedUse
from store.clock import FixedClock
from store.limits import RateLimitedError
from tests.api.signing_in import ISSUER, Browser, sign_in, somebody
from tests.conftest import Databases, settings_for
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


@pytest.fixture(scope="module")
def office(databases: Databases) -> Iterator[Office]:
    """One office for a module: each test has seals of its own."""
    database = databases.create()
    clock = FixedClock(datetime(2026, 11, 23, 4, 0, tzinfo=UTC))
    with (
        TemporaryDirectory(prefix="yinzheng-office-") as directory,
        Services(settings_for(database, Path(directory)), clock) as services,
    ):
        yield from opened(House(services))
    databases.drop(database)


def opened(house: House) -> Iterator[Office]:
    """The office, with officers of all roles and bodies signed in."""
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
        "<b>strange</b>": (MARKET, {Role.SEAL_APPLICANT}),
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
    count = len(office.house.services.seals.waiting())
    assert f'<span class="count">{count}</span>' in waiting.text
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
    assert "已冻结" in office.post("approver", f"/seals/{number}/freeze", reason="疑似冒用\r\n已报案").text
    assert office.house.services.seals.history(number)[-1].reason == "疑似冒用 已报案"
    asked = office.post("applicant", f"/seals/{number}/ask", move="thaw", reason="查明无误")
    assert office.post("applicant", str(asked.url.path) + "/approve").status_code == 403
    office.post("approver", str(asked.url.path) + "/approve")
    assert office.state(number) is SealState.ACTIVE
    assert office.post("applicant", f"/seals/{number}/ask", move="freeze", reason="r").status_code == 422
    wrong = office.post("applicant", f"/seals/{number}/ask", move="rotate", reason="r", compromised_since="gestern")
    assert (wrong.status_code, "api.request_invalid" in wrong.text) == (422, True)


def test_what_is_of_another_body_is_not_there(office: Office) -> None:
    request, number = office.applied()
    for who in ("foreign", "branch"):
        nothing_is_there(office, who, request, number)


def nothing_is_there(office: Office, who: str, request: int, number: str) -> None:
    for address in ("/seals/requests/{}", "/seals/{}", "/seals/{}/artwork", "/seals/{}/uses", "/seals/{}/grants"):
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
    actor = office.officers["<b>strange</b>"].actor
    application = SealApplication(MARKET.code, ["business_licence"], "审批专用章")
    asked = office.house.services.seals.apply(application, officer=actor, reason=strange, document=strange)
    for address in ("/seals/requests", f"/seals/requests/{asked.id}", f"/seals/{asked.seal_number}"):
        page = office.get("approver", address).text
        assert "<img src=x" not in page
        assert "<b>strange" not in page
        assert "&lt;b&gt;strange" in page
    assert "&lt;img src=x" in office.get("approver", "/seals/requests").text


def use(office: Office, number: str, identifier: str, purpose: str | None = None) -> int:
    """Put the seal on something, by the record alone."""
    uses = office.house.services.seal_uses
    wanted = WantedUse(number, "client:issuing", SealUser(), "business_licence", identifier, "0" * 64, purpose)
    begun = uses.begin(wanted)
    uses.sealed(begun, "1" * 64)
    return begun.id


def test_uses_stand_in_a_table_a_calendar_and_a_chart(office: Office) -> None:
    number = office.active()
    strange = use(office, number, "<b>3702</b>")
    with pytest.raises(SealNotGrantedError):
        use(office, number, "2", purpose="别的用途")
    page = office.get("auditor", f"/seals/{number}/uses").text
    assert "<b>3702" not in page
    assert (page.count('class="sealed" x='), page.count('class="other" x=')) == (1, 2)
    assert "：1 已用印, 1 未用印" in page
    assert "level-4" in page
    refused = office.get("auditor", f"/seals/{number}/uses?result=refused&from=2026-11-23&until=2026-11-23").text
    assert "&lt;b&gt;" not in refused
    assert "没有用印记录" in office.get("auditor", f"/seals/{number}/uses?until=2026-11-01").text
    assert "2026-10" in office.get("auditor", f"/seals/{number}/uses?month=2026-10").text
    one = office.get("auditor", f"/seals/{number}/uses/{strange}").text
    assert all(each in one for each in ("client:issuing", "人员applicant", "人员approver", "本机构用印"))
    lines = office.get("auditor", f"/seals/{number}/uses/export?format=csv").text.splitlines()
    assert len(lines) == 3
    only = office.get("auditor", f"/seals/{number}/uses/export?format=json&result=refused").json()
    assert [each["reason_code"] for each in only] == ["seal.not_granted"]


def test_questions_that_make_no_sense_are_no_failure(office: Office) -> None:
    number = office.active()
    for query in (
        "month=2026-13",
        "month=0001-01",
        "month=9999-12",
        "from=2026-02-30",
        "until=y",
        "result=a",
        "cursor=-1",
    ):
        assert office.get("approver", f"/seals/{number}/uses?{query}").status_code == 422, query


def test_grants_are_given_and_taken_back(office: Office) -> None:
    number = office.active()
    given = {"licence_types": "business_licence", "purpose": "联合审批", "organisation": HEALTH.code, "reason": "协议"}
    address = f"/seals/{number}/grants"
    assert office.post("approver", address, **given).status_code == 403
    assert "已授权" in office.post("applicant", address, **given, daily_quota="5", valid_until="2027-11-30").text
    for wrong in ({"daily_quota": "-1"}, {"valid_until": "2026-01-01"}, {"licence_types": "none"}, {"reason": ""}):
        again = office.post("applicant", address, **{**given, **wrong})
        assert (again.status_code, 'value="联合审批"' in again.text) == (422, True) or again.status_code == 404
    page = office.get("auditor", address).text
    assert (HEALTH.name_zh in page, "撤销授权" in page) == (True, False)
    grant = office.house.services.grants.of_seal(number)[-1]
    assert office.post("foreign", f"{address}/{grant.id}/revoke", reason="r").status_code == 404
    first, second = (office.post("approver", f"{address}/{grant.id}/revoke", reason="终止") for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 409)
    other = office.active(BRANCH)
    theirs = office.house.services.grants.of_seal(other)[-1]
    assert office.post("approver", f"{address}/{theirs.id}/revoke", reason="r").status_code == 404
    assert office.house.services.grants.of_seal(other)[-1].revoked_at is None


FORM = {"owner": MARKET.code, "purpose": "行政审批专用章", "licence_types": "business_licence", "reason": "启用"}


def test_the_seal_is_drawn_while_it_is_described_and_nothing_is_entered(office: Office) -> None:
    before = office.house.services.seals.all()
    drawn = office.post("applicant", "/seals/new/artwork", owner=MARKET.code, purpose="行政审批专用章")
    assert drawn.json()["picture"].startswith("data:image/svg+xml;base64,")
    other = office.post("applicant", "/seals/new/artwork", owner=MARKET.code, purpose="行政处罚专用章")
    assert other.json()["picture"] != drawn.json()["picture"]
    long = office.browsers["applicant"].http.post(
        "/seals/new/artwork",
        data={**FORM, "purpose": "印" * 30, "csrf_token": office.browsers["applicant"].signed_in.csrf_token},
        headers={"Accept": "application/json"},
    )
    assert (long.status_code, long.json()["code"]) == (422, "seal.artwork_name_too_long")
    page = office.post("applicant", "/seals/new", **FORM, act="draw").text
    assert ("data:image/svg+xml" in page, 'value="行政审批专用章"' in page) == (True, True)
    assert office.house.services.seals.all() == before
    for who in ("approver", "auditor", "issuer"):
        assert office.post(who, "/seals/new/artwork", owner=MARKET.code).status_code == 403
    assert office.post("applicant", "/seals/new/artwork", token="x", owner=MARKET.code).status_code == 403


def test_an_application_is_entered_and_shown_again_where_it_is_wrong(office: Office) -> None:
    before = office.house.services.seals.waiting()
    for wrong in (
        {"reason": ""},
        {"size_mm": "999"},
        {"size_mm": "nan"},
        {"kind": "royal"},
        {"valid_until": "2020-01-01"},
        {"name": "张三"},
    ):
        again = office.post("applicant", "/seals/new", **{**FORM, **wrong})
        assert again.status_code == 422, wrong
        assert "行政审批专用章" in again.text
    assert office.house.services.seals.waiting() == before
    done = office.post("applicant", "/seals/new", **FORM, document="青政办发〔2026〕12号")
    assert "已提交申请" in done.text
    [asked] = office.house.services.seals.waiting()[len(before) :]
    assert asked.requested_by == office.officers["applicant"].actor


def test_nobody_applies_for_another_body(office: Office) -> None:
    for owner in (HEALTH.code, "1" * 18, "P" + "0" * 16, ""):
        assert office.post("applicant", "/seals/new", **{**FORM, "owner": owner}).status_code == 404
        assert office.post("applicant", "/seals/new/artwork", owner=owner).status_code == 404
    assert office.post("branch", "/seals/new", **FORM).status_code == 404
    assert HEALTH.name_zh not in office.get("applicant", "/seals/new").text
    number = office.active()
    assert office.get("foreign", f"/seals/new?supersedes={number}").status_code == 404
    assert number in office.get("applicant", f"/seals/new?supersedes={number}").text


def test_a_drawing_is_not_asked_for_without_end(office: Office) -> None:
    assert office.post("both", "/seals/new/artwork", owner="x").status_code == 404

    def spend() -> None:
        for _ in range(121):  # at once, since so many requests may take more than the minute
            office.house.services.limiter.hit("120/minute", "seal-drawing", office.officers["both"].reference)

    with pytest.raises(RateLimitedError):
        spend()
    assert office.post("both", "/seals/new/artwork", owner="x").status_code == 429
