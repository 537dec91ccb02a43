"""The wallet's pages on consent, on who looked, and on what is wrong."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from api.builtin_provider import PEOPLE
from tests.api.conftest import Front
from tests.api.signing_in import Browser, sign_in
from tests.house import HEALTH
from trust import Licence
from verify.feedback import Raiser
from wallet import Appointment, Asked, ConsentTerms, RequestState, WalletAct

ITEM = "370200-0723-004"
FIELDS = frozenset({"practice_category", "practice_scope"})
MARKUP = "<script>alert(1)</script>"


def ask(front: Front, licence: Licence, **changed: Any) -> str:
    terms = {"max_uses": 3, "days": 30, "purpose": MARKUP, "wanted": {licence.type.slug: FIELDS}, **changed}
    asked = Asked(client_id="tests", body_code=HEALTH.code, service_item=ITEM, case_number="2026-11-0001", **terms)
    made = front.house.services.consent_requests.ask(licence.holder_index, asked, answer_within=timedelta(hours=1))
    return made.number


def once(front: Front, address: str) -> str:
    found = re.search(r'name="once" value="([0-9a-f]{32})"', front.http.get(address).text)
    assert found is not None
    return found[1]


def test_a_request_is_agreed_to_in_part_and_only_once(front: Front, physician: Licence, jingshu: Browser) -> None:
    number, services = ask(front, physician), front.house.services
    address = f"/wallet/requests/{number}"
    page = front.http.get(address).text
    assert MARKUP not in page
    assert "&lt;script&gt;" in page
    part = {"agree": "part", "share": f"{physician.identifier}|practice_scope", "days": 2, "max_uses": 1}
    for _ in range(2):
        assert front.http.post(address, data=part, headers=jingshu.csrf).status_code == 200
    (given,) = services.licence_consents.of_holder(physician.holder_index)
    assert given.terms.licences == {physician.identifier: frozenset({"practice_scope"})}
    assert given.terms.max_uses == 1
    assert given.terms.until == services.clock.now() + timedelta(days=2)
    state = services.consent_requests.to_holder(physician.holder_index, number).state
    assert state is RequestState.PARTLY_AGREED
    assert "已部分同意" in front.http.get(address).text


@pytest.mark.parametrize(
    "wrong",
    [
        {"share": []},
        {"share": ["{own}|physician_name"]},
        {"share": ["{own}|"]},
        {"share": ["{own}|practice_scope"], "days": 31},
        {"share": ["{own}|practice_scope"], "max_uses": 4},
        {"share": ["{own}|practice_scope"], "days": 0},
    ],
)
def test_no_more_is_agreed_to_than_was_asked(
    front: Front, physician: Licence, jingshu: Browser, wrong: dict[str, Any]
) -> None:
    number = ask(front, physician)
    data = {**wrong, "share": [each.format(own=physician.identifier) for each in wrong["share"]], "agree": "part"}
    answer = front.http.post(f"/wallet/requests/{number}", data=data, headers=jingshu.csrf)
    assert answer.status_code == 422
    assert front.house.services.licence_consents.of_holder(physician.holder_index) == []


def test_nobody_answers_or_reads_for_another_holder(front: Front, physician: Licence, jingshu: Browser) -> None:
    services, company = front.house.services, front.licence
    services.wallets.open(company.holder_index)
    wanted = {"business_licence": frozenset({"name"})}
    foreign = ask(front, company, wanted=wanted)
    until = services.clock.now() + timedelta(days=1)
    terms = ConsentTerms(HEALTH.code, ITEM, {company.identifier: None}, 1, until)
    given = services.licence_consents.give(company.holder_index, terms)
    front.http.get(f"/c/{company.identifier}")
    look = services.looks.at([company.identifier])[0].number
    for address in (
        f"/wallet/requests/{foreign}",
        f"/wallet/consents/{given.number}",
        f"/wallet/looks/{look}",
        f"/wallet/licences/{company.identifier}/feedback",
    ):
        assert front.http.get(address).status_code == 404, address
    for address in (
        f"/wallet/requests/{foreign}",
        f"/wallet/consents/{given.number}/withdraw",
        f"/wallet/looks/{look}/objection",
        f"/wallet/licences/{company.identifier}/feedback",
    ):
        data = {"agree": "yes", "text": "x"}
        assert front.http.post(address, data=data, headers=jingshu.csrf).status_code == 404, address
        assert front.http.post(address, data={**data, "csrf_token": "0" * 64}).status_code == 403, address
    own = ask(front, physician)
    stolen = {"agree": "part", "share": f"{company.identifier}|name"}
    assert front.http.post(f"/wallet/requests/{own}", data=stolen, headers=jingshu.csrf).status_code == 404
    assert not services.licence_consents.of_holder(physician.holder_index)
    assert front.http.get("/wallet/looks", params={"licence": company.identifier}).text.count("/wallet/looks/") == 0


def test_consent_is_given_ahead_once_and_withdrawn_from_its_page(
    front: Front, physician: Licence, jingshu: Browser
) -> None:
    services, http = front.house.services, front.http
    assert ITEM in http.get("/wallet/consents/new").text
    address = f"/wallet/consents/new?item={ITEM}"
    form = {
        "once": once(front, address),
        "item": ITEM,
        "share": [f"{physician.identifier}|practice_scope"],
        "max_uses": 2,
        "until": "2026-12-31",
    }
    assert "医师法" in http.get(address).text
    for _ in range(2):
        assert http.post("/wallet/consents", data=form, headers=jingshu.csrf).status_code == 200
    (given,) = services.licence_consents.of_holder(physician.holder_index)
    assert (given.terms.body_code, given.terms.max_uses) == (HEALTH.code, 2)
    services.licence_consents.use(given.number, by=HEALTH.code, service_item=ITEM, case_number="2026-11-0077")
    page = http.get(f"/wallet/consents/{given.number}").text
    (record,) = services.licence_consents.records(physician.holder_index, given.number)
    assert record.statement in page
    assert "2026-11-0077" in page
    gone = http.post(f"/wallet/consents/{given.number}/withdraw", headers=jingshu.csrf).text
    assert "已撤回" in gone
    for wrong in ({"until": ""}, {"until": "2029-01-01"}, {"share": []}, {"body": "1" * 18}, {"item": "none"}):
        answer = http.post("/wallet/consents", data={**form, "once": "0" * 32, **wrong}, headers=jingshu.csrf)
        assert answer.status_code == 422, wrong
    assert len(services.licence_consents.of_holder(physician.holder_index)) == 1
    assert "医师法" in http.get("/wallet/lawful-checks").text


def test_an_agent_agrees_to_nothing_beyond_the_licence_types(front: Front) -> None:
    services, company, ji = front.house.services, front.licence, PEOPLE["ji"]
    services.wallets.open(company.holder_index)
    until = services.clock.now() + timedelta(days=3)
    limits = frozenset({"food_operation_permit"})
    appointment = Appointment(ji.name, ji.number, frozenset({WalletAct.CONSENT}), until, "x", licence_types=limits)
    services.agents.appoint(company.holder_index, appointment, actor="tests")
    browser = sign_in(front.http, services, "ji")
    front.http.post("/acting", data={"holder": company.holder_index.value.hex()}, headers=browser.csrf)
    fields = frozenset({"name"})
    both = ask(front, company, wanted={"business_licence": fields, "food_operation_permit": fields})
    one = ask(front, company, wanted={"business_licence": fields})
    assert front.http.get(f"/wallet/requests/{one}").status_code == 404
    assert company.identifier not in front.http.get(f"/wallet/requests/{both}").text
    share = f"{company.identifier}|name"
    for answer in ("yes", "no", "part"):
        data = {"agree": answer, "share": share}
        assert front.http.post(f"/wallet/requests/{both}", data=data, headers=browser.csrf).status_code == 403
    ahead = {"once": "1" * 32, "item": ITEM, "share": share, "until": "2026-12-01"}
    assert front.http.post("/wallet/consents", data=ahead, headers=browser.csrf).status_code == 403
    assert services.licence_consents.of_holder(company.holder_index) == []


def test_all_looks_are_paged_and_objected_to_once(front: Front, physician: Licence, jingshu: Browser) -> None:
    services, http = front.house.services, front.http
    for _ in range(30):
        http.get(f"/c/{physician.identifier}")
    first = http.get("/wallet/looks").text
    numbers = re.findall(r'href="/wallet/looks/(\d+)"', first)
    older = re.search(r"/wallet/looks\?before=(\d+)", first)
    assert older is not None
    rest = re.findall(r'href="/wallet/looks/(\d+)"', http.get(older[0]).text)
    assert len(numbers) + len(rest) == 30
    assert [*numbers, *rest] == sorted({*numbers, *rest}, key=int, reverse=True)
    address = f"/wallet/looks/{numbers[0]}"
    empty = http.post(f"{address}/objection", data={"text": " "}, headers=jingshu.csrf)
    assert empty.status_code == 422
    for _ in range(2):
        made = http.post(f"{address}/objection", data={"text": f"本人未办理。\r\n{MARKUP}"}, headers=jingshu.csrf)
        assert MARKUP not in made.text
        assert "待答复" in made.text
    (objection,) = services.objections.of_holder(physician.holder_index)
    services.objections.answer(objection.number, "系误操作。", actor="operator")
    assert "系误操作。" in http.get(address).text
    assert "系误操作。" in http.get("/wallet/objections").text


def test_wrong_data_are_told_to_the_issuer_and_the_state_shown(
    front: Front, physician: Licence, jingshu: Browser
) -> None:
    services, address = front.house.services, f"/wallet/licences/{physician.identifier}/feedback"
    data = {"field": "practice_scope", "text": f"应为外科 {MARKUP}"}
    made = front.http.post(address, data=data, headers=jingshu.csrf)
    assert "应为外科" in made.text
    assert MARKUP not in made.text
    again = front.http.post(address, data=data, headers=jingshu.csrf)
    assert again.status_code == 422
    (entry,) = services.feedback.raised_by(Raiser(holder=physician.holder_index))
    assert entry.field == "practice_scope"
    services.feedback.reject(entry.id, HEALTH.code, "无误。", actor="x")
    assert "无误。" in front.http.get(address).text
    assert "未采纳" in front.http.get("/wallet/objections").text
