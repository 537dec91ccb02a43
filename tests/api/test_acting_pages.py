"""The wallet's pages for those who act for others: a legal representative, agents within their limits, a parent."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.builtin_provider import PEOPLE
from api.consent_schemas import ConsentView
from tests.api.conftest import Front
from tests.api.signing_in import Browser, sign_in
from tests.house import HEALTH
from trust import HolderIndex
from trust.codes import CitizenId
from trust.errors import CitizenIdInvalidError
from wallet import Appointment, Asked, ConsentTerms, WalletAct

HTML = {"Accept": "text/html"}
JI = PEOPLE["ji"].number


@pytest.fixture
def meng(front: Front) -> Browser:
    """The legal representative, who acts for the company."""
    front.house.services.agents.confirm(front.licence, PEOPLE["meng"].number, actor="tests")
    front.house.services.wallets.open(front.licence.holder_index)
    return act(front, "meng")


def act(front: Front, who: str) -> Browser:
    browser = sign_in(front.http, front.house.services, who)
    holder = front.licence.holder_index.value.hex()
    chosen = front.http.post("/acting", data={"holder": holder}, headers=browser.csrf, follow_redirects=False)
    assert chosen.status_code == 303
    return browser


def appoint(front: Front, *acts: WalletAct, **limits: Any) -> str:
    services, ji = front.house.services, PEOPLE["ji"]
    until = services.clock.now() + timedelta(days=30)
    made = Appointment(ji.name, ji.number, frozenset(acts), until, "办理年报", **limits)
    return services.agents.appoint(front.licence.holder_index, made, actor="tests").number


def once(http: TestClient, address: str) -> str:
    found = re.search(r'name="once" value="([0-9a-f]{32})"', http.get(address).text)
    assert found is not None
    return found[1]


def form(key: str, **changed: Any) -> dict[str, Any]:
    return {
        "once": key,
        "name": "纪海岳",
        "id_number": JI,
        "acts": ["view", "present"],
        "types": ["business_licence"],
        "items": ["all"],
        "purpose": "办理年报",
        "until": "2026-12-31",
        **changed,
    }


def test_a_representative_sees_the_bodys_wallet_and_for_whom(front: Front, meng: Browser) -> None:
    page = front.http.get("/wallet")
    assert "您正在代表" in page.text
    assert front.licence.holder.name in page.text
    address = f"/wallet/licences/{front.licence.identifier}"
    assert front.licence.number in front.http.get(address).text
    shown = front.http.post(f"{address}/code", headers=meng.csrf)
    assert shown.status_code == 200
    assert front.http.post("/acting", headers=meng.csrf, follow_redirects=False).status_code == 303
    assert "您正在代表" not in front.http.get("/wallet").text
    assert front.http.get(address).status_code == 404


def test_an_agent_is_appointed_once_and_dismissed_with_a_reason(front: Front, meng: Browser) -> None:
    services, http = front.house.services, front.http
    key = once(http, "/wallet/agents/new")
    for _ in range(2):
        assert http.post("/wallet/agents", data=form(key), headers=meng.csrf).status_code == 200
    (made,) = services.agents.in_office(front.licence.holder_index)
    assert made.licence_types == {"business_licence"}
    assert made.service_items is None
    assert made.until.isoformat() in {"2027-01-01T00:00:00+08:00", "2026-12-31T16:00:00+00:00"}
    page = http.get(f"/wallet/agents/{made.number}").text
    assert JI not in page
    assert made.number_masked in page
    dismissal = f"/wallet/agents/{made.number}/dismiss"
    assert http.post(dismissal, data={"reason": ""}, headers=meng.csrf).status_code == 422
    for _ in range(2):
        answer = http.post(dismissal, data={"reason": "<b>离职</b>"}, headers=meng.csrf)
        assert "&lt;b&gt;离职&lt;/b&gt;" in answer.text
    assert services.agents.in_office(front.licence.holder_index) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"types": []},
        {"types": ["business_licence", "all"]},
        {"types": ["nothing_like_it"]},
        {"items": []},
        {"acts": ["manage"]},
        {"acts": []},
        {"until": ""},
        {"until": "2029-01-01"},
        {"until": "9999-12-31"},
        {"id_number": "370202199308123357"},
        {"name": "\u202e岳"},
    ],
)
def test_a_wrong_appointment_is_said_beside_what_was_filled_in(front: Front, meng: Browser, wrong: Any) -> None:
    key = once(front.http, "/wallet/agents/new")
    answer = front.http.post("/wallet/agents", data=form(key, **wrong), headers=meng.csrf)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert "办理年报" in answer.text
    assert front.house.services.agents.agents(front.licence.holder_index) == []


def test_only_who_may_appoint_does(front: Front, meng: Browser) -> None:
    number = appoint(front, WalletAct.VIEW, WalletAct.PRESENT, WalletAct.CONSENT)
    ji, http = act(front, "ji"), front.http
    for address in ("/wallet/agents", "/wallet/agents/new", f"/wallet/agents/{number}", "/wallet/export"):
        assert http.get(address, headers=HTML).status_code == 403
    for address in (f"/wallet/agents/{number}/dismiss", "/wallet/close", "/wallet/export", "/wallet/open"):
        assert http.post(address, data={"reason": "x", "word": "注销"}, headers=ji.csrf).status_code == 403
    appointment = http.post("/wallet/agents", data=form("0" * 32), headers=ji.csrf)
    assert appointment.status_code == 403
    assert front.house.services.wallets.state(front.licence.holder_index).closed_at is None
    sign_in(http, front.house.services, "jingshu")
    assert http.get(f"/wallet/agents/{number}").status_code == 403


def test_nobody_learns_of_the_agents_of_another_body(front: Front, meng: Browser) -> None:
    services = front.house.services
    other = front.house.issue("social_organisation_certificate")
    until = services.clock.now() + timedelta(days=3)
    made = services.agents.appoint(
        other.holder_index, Appointment("纪海岳", JI, frozenset({WalletAct.VIEW}), until, "x"), actor="tests"
    )
    assert front.http.get(f"/wallet/agents/{made.number}").status_code == 404
    refused = front.http.post(f"/wallet/agents/{made.number}/dismiss", data={"reason": "x"}, headers=meng.csrf)
    assert refused.status_code == 404


def test_an_agent_stays_within_types_and_acts(front: Front, meng: Browser) -> None:
    identifier = front.licence.identifier
    appoint(front, WalletAct.PRESENT, licence_types=frozenset({"food_business_licence"}))
    ji = act(front, "ji")
    assert front.licence.number not in front.http.get("/wallet").text
    for address in (f"/wallet/licences/{identifier}", f"/wallet/licences/{identifier}/pdf"):
        assert front.http.get(address).status_code == 404
    assert front.http.post(f"/wallet/licences/{identifier}/code", headers=ji.csrf).status_code == 404
    assert front.http.get("/wallet/looks").status_code == 403
    services = front.house.services
    for each in services.agents.in_office(front.licence.holder_index):
        services.agents.dismiss(front.licence.holder_index, each.number, actor="tests")
    gone = front.http.get("/wallet", headers=HTML)
    assert gone.status_code == 403
    assert 'href="/acting"' in gone.text
    appoint(front, WalletAct.PRESENT)
    page = front.http.get(f"/wallet/licences/{identifier}")
    assert page.status_code == 200
    assert front.licence.number not in page.text
    assert front.http.get(f"/wallet/licences/{identifier}/pdf").status_code == 403
    pinned = front.http.post(f"/wallet/licences/{identifier}/arrangement", data={"wish": "hide"}, headers=ji.csrf)
    assert pinned.status_code == 403
    assert front.http.post(f"/wallet/licences/{identifier}/code", headers=ji.csrf).status_code == 200
    (entry,) = services.agents.record(front.licence.holder_index)
    assert (entry.act, entry.subject) == (WalletAct.PRESENT, identifier)


def test_an_agent_answers_only_for_the_items_of_the_appointment(front: Front, meng: Browser) -> None:
    services, holder = front.house.services, front.licence.holder_index
    items = ("370200-0131-001", "370200-0723-004")
    asked = []
    for item in items:
        wanted = {"business_licence": frozenset({"name"})}
        made = Asked("tests", HEALTH.code, item, "2026-11-0001", "核验", wanted)
        asked.append(services.consent_requests.ask(holder, made, answer_within=timedelta(hours=1)).number)
    until = services.clock.now() + timedelta(days=1)
    terms = ConsentTerms(HEALTH.code, items[1], {front.licence.identifier: None}, 1, until)
    beyond = services.licence_consents.give(holder, terms)
    appoint(front, WalletAct.VIEW, WalletAct.CONSENT, service_items=frozenset({items[0]}))
    ji = act(front, "ji")
    page = front.http.get("/wallet/consents").text
    assert asked[0] in page
    assert asked[1] not in page
    assert beyond.number not in page
    for answer in ("yes", "no"):
        refused = front.http.post(f"/wallet/requests/{asked[1]}", data={"agree": answer}, headers=ji.csrf)
        assert refused.status_code == 403
    assert front.http.post(f"/wallet/consents/{beyond.number}/withdraw", headers=ji.csrf).status_code == 403
    assert front.http.post(f"/wallet/requests/{asked[0]}", data={"agree": "yes"}, headers=ji.csrf).status_code == 200
    given = next(each for each in services.licence_consents.of_holder(holder) if each.number != beyond.number)
    assert ConsentView.of(given, services.names(), services.clock.now()).service_item == items[0]
    (record,) = services.licence_consents.records(holder, given.number)
    assert record.by.startswith("agent:")


def test_the_wallet_is_closed_by_the_word_and_taken_along_by_who_asks(front: Front, meng: Browser) -> None:
    services, holder = front.house.services, front.licence.holder_index
    wrong = front.http.post("/wallet/close", data={"word": "好"}, headers=meng.csrf)
    assert wrong.status_code == 422
    assert services.wallets.state(holder).closed_at is None
    archive = front.http.post("/wallet/export", headers=meng.csrf)
    assert archive.content[:2] == b"PK"
    assert front.http.post("/wallet/export").status_code == 403
    assert "份证照移出卡包" in front.http.get("/wallet/close").text
    assert front.http.post("/wallet/close", data={"word": "注销"}, headers=meng.csrf).status_code == 200
    assert services.wallets.state(holder).closed_at is not None
    assert "开通卡包" in front.http.get("/wallet").text
    assert "孟昭岚" in front.http.get("/wallet/acts").text


def test_licences_are_pinned_hidden_and_shown_again(front: Front, meng: Browser) -> None:
    address = f"/wallet/licences/{front.licence.identifier}/arrangement"

    def entry() -> tuple[bool, bool]:
        found = front.house.services.wallets.entry(front.licence.holder_index, front.licence.identifier)
        return found.pinned, found.hidden

    for wish, expected in {
        "pin": (True, False),
        "hide": (False, True),
        "show": (False, False),
    }.items():
        assert front.http.post(address, data={"wish": wish}, headers=meng.csrf).status_code == 200
        assert entry() == expected
    assert front.http.post(address, data={"wish": "burn"}, headers=meng.csrf).status_code == 422
    for by in ("type", "state", "issuer"):
        assert front.licence.holder.name in front.http.get("/wallet", params={"by": by}).text
    assert front.http.get("/wallet", params={"by": "<script>"}).status_code == 422


def test_a_parent_acts_for_a_child_as_the_band_says(front: Front) -> None:
    services = front.house.services
    birth = front.house.issue("birth_medical_certificate")
    body = "37020320261102003"
    number = next(body + check for check in "0123456789X" if _is_valid(body + check))
    services.agents.confirm(birth, number, actor="tests")
    fu = sign_in(front.http, services, "fu")
    child = HolderIndex.of(services.keys.vault, "citizen_id", number)
    front.http.post("/acting", data={"holder": child.value.hex()}, headers=fu.csrf)
    page = front.http.get("/wallet/more").text
    assert "傅云帆" in page
    assert "监护人" in page
    assert front.http.get("/wallet/agents", headers=HTML).status_code == 403
    assert front.http.post("/wallet/open", headers=fu.csrf).status_code == 200
    assert services.wallets.state(child).opened_at is not None


def _is_valid(number: str) -> bool:
    try:
        CitizenId.parse(number, today=date(2026, 11, 23))
    except CitizenIdInvalidError:
        return False
    return True
