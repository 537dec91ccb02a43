"""Consent over HTTP: given ahead or asked for, used in checks, and shown to nobody else."""

from __future__ import annotations

from typing import Any

import pytest

from api.clients import ClientTerms
from tests.api.conforming import hold_to_its_description
from tests.api.conftest import CASE, Front
from tests.house import HEALTH

UNTIL = "2026-11-24T04:00:00+00:00"
WANTED = [{"type": "business_licence", "fields": ["name", "address"]}]


@pytest.fixture
def front(shared: Front) -> Front:
    permitted = ClientTerms(fields=frozenset({"business_licence.*"}))
    shared.house.services.clients.permit("checker", permitted)
    return shared


def give(front: Front, **changed: Any) -> Any:
    body = {
        "body": HEALTH.code,
        "service_item": CASE["service_item"],
        "licences": [{"identifier": front.licence.identifier, "fields": ["name"]}],
        "max_uses": 1,
        "until": UNTIL,
    }
    answer = front.http.post("/v1/wallet/consents", json={**body, **changed}, headers=front.holder)
    assert answer.status_code == 201, answer.text
    return answer.json()


def check(front: Front, consent: str | None, *fields: str) -> Any:
    facts = {"identifier": front.licence.identifier, "holder": front.licence.holder.code}
    return front.check("identifier", **facts, fields=list(fields), consent=consent)


def holder_of(front: Front) -> dict[str, str]:
    return {"code_type": front.licence.holder.code_type, "code": front.licence.holder.code}


def ask(front: Front, **changed: Any) -> Any:
    body = {**CASE, "holder": holder_of(front), "purpose": "办理许可", "wanted": WANTED, **changed}
    return front.http.post("/v1/consent-requests", json=body, headers=front.checker)


def test_fields_are_told_by_consent_and_no_others(front: Front) -> None:
    number = give(front)["number"]
    assert check(front, None, "name", "address")["fields"] == {}
    told = check(front, number, "name", "address")
    assert (told["verdict"], told["fields"]) == ("TOTAL_PASSED", {"name": front.licence.fields["name"]})
    again = check(front, number, "name")
    assert again["fields"] == {}
    assert "consent.used_up" in [each["code"] for each in again["reasons"]]
    seen = front.http.get(f"/v1/wallet/consents/{number}", headers=front.holder).json()
    assert (seen["state"], [each["case_number"] for each in seen["use_record"]]) == ("used_up", [CASE["case_number"]])
    assert [each["act"] for each in seen["records"]] == ["give"]


def test_a_withdrawn_consent_tells_nothing(front: Front) -> None:
    number = give(front)["number"]
    path = f"/v1/wallet/consents/{number}/withdraw"
    assert front.http.post(path, headers=front.holder).json()["state"] == "withdrawn"
    answer = check(front, number, "name")
    assert (answer["fields"], answer["reasons"][-1]["code"]) == ({}, "consent.withdrawn")
    assert answer["reasons"][-1]["rests_on"] == "consent"


def test_materials_and_queries_rest_on_consents(front: Front) -> None:
    numbers = [give(front)["number"] for _ in range(2)]
    facts = {"applicant_code": front.licence.holder.code, "applicant_name": front.licence.holder.name}
    application = {**facts, "applied_on": "2026-11-23"}
    found = front.check("materials", application=application, consents=[numbers[0]])
    assert found["materials"][0]["outcome"] == "satisfied"
    body = {**CASE, "holder": holder_of(front), "consents": [numbers[1]]}
    listed = front.http.post("/v1/sharing/query", json=body, headers=front.checker).json()
    assert [each["identifier"] for each in listed["licences"]] == [front.licence.identifier]
    without = front.check("materials", application=application, consents=["0" * 32])
    assert without["verdict"] != "TOTAL_PASSED"
    assert "consent.unknown" in [each["code"] for each in without["reasons"]]


def test_a_department_asks_and_the_holder_agrees_in_part(front: Front) -> None:
    request = ask(front).json()
    assert (request["state"], request["consent"]) == ("open", None)
    seen = front.http.get("/v1/wallet/consent-requests?state=open", headers=front.holder).json()
    assert [each["number"] for each in seen] == [request["number"]]
    assert (seen[0]["body_name"], seen[0]["service_item_name"]) == ("核验", "食品经营许可（新办）")
    path = f"/v1/wallet/consent-requests/{request['number']}"
    chosen = {"licences": [{"identifier": front.licence.identifier, "fields": ["address"]}]}
    assert front.http.post(f"{path}/agree", json=chosen, headers=front.holder).json()["state"] == "partly_agreed"
    answered = front.http.get(f"/v1/consent-requests/{request['number']}", headers=front.checker).json()
    assert answered["state"] == "partly_agreed"
    told = check(front, answered["consent"], "name", "address")
    assert told["fields"] == {"address": front.licence.fields["address"]}
    refused = front.http.post(f"{path}/refuse", headers=front.holder)
    assert (refused.status_code, refused.json()["code"]) == (409, "wallet.request_over")


def test_a_department_asks_for_no_more_than_it_may_know(front: Front) -> None:
    for wanted in (
        [{"type": "business_licence", "fields": ["legal_representative"]}],
        [{"type": "food_operation_permit", "fields": ["business_items"]}],
        [{"type": "nothing", "fields": ["x"]}],
    ):
        answer = ask(front, wanted=wanted)
        assert (answer.status_code, answer.json()["code"]) == (403, "verify.fields_refused")


def test_whether_a_holder_has_a_wallet_is_not_told(front: Front) -> None:
    stranger = ask(front, holder={"code_type": "uscc", "code": HEALTH.code})
    assert stranger.status_code == 201
    assert stranger.json().keys() == ask(front).json().keys()


def test_a_department_finds_what_was_given_to_it_ahead(front: Front) -> None:
    number = give(front)["number"]
    body = {**CASE, "holder": holder_of(front)}
    found = front.http.post("/v1/consents/search", json=body, headers=front.checker).json()
    assert number in [each["number"] for each in found]
    front.house.services.clients.permit("checker", ClientTerms(licence_types=frozenset({"presale_permit"})))
    assert front.http.post("/v1/consents/search", json=body, headers=front.checker).json() == []


def test_the_consent_api_is_as_it_is_described(front: Front) -> None:
    for headers in (front.holder, front.checker):
        hold_to_its_description(front.http.app, headers, paths="consent")
