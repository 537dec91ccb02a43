"""A wallet is opened, arranged and closed over HTTP."""

from __future__ import annotations

from tests.api.conftest import CASE, Front
from tests.api.test_consent_api import give


def test_closing_takes_back_everything_and_opening_finds_the_licences_again(front: Front) -> None:
    number = give(front)["number"]
    body = {"identifier": front.licence.identifier, "purpose": "办理开户"}
    token = front.http.post("/v1/wallet/presentations", json=body, headers=front.holder).json()["token"]
    before = front.http.get("/v1/wallet", headers=front.holder).json()
    assert (before["state"], before["licences"], before["active_consents"]) == ("not_opened", 1, 1)
    assert front.http.post("/v1/wallet/close", json={}, headers=front.holder).status_code == 422
    closed = front.http.post("/v1/wallet/close", json={"confirm": True}, headers=front.holder).json()
    assert (closed["state"], closed["licences"], closed["active_consents"]) == ("closed", 0, 0)
    redeemed = front.check("presentation", token=token)
    assert redeemed["reasons"][0]["code"] == "presentation.expired"
    facts = {"identifier": front.licence.identifier, "holder": front.licence.holder.code}
    checked = front.check("identifier", **facts, fields=["name"], consent=number)
    assert (checked["fields"], checked["reasons"][-1]["code"]) == ({}, "consent.withdrawn")
    assert front.http.post("/v1/wallet/presentations", json=body, headers=front.holder).status_code == 404
    looked = front.http.get("/v1/wallet/looks", headers=front.holder).json()
    assert [each["case_number"] for each in looked] == [CASE["case_number"]]
    opened = front.http.post("/v1/wallet/open", headers=front.holder).json()
    assert (opened["state"], opened["licences"], opened["found"]) == ("open", 1, 1)


def test_a_holder_groups_pins_and_hides(front: Front) -> None:
    permit = front.house.issue("food_operation_permit")
    for by, keys in (
        ("type", {"business_licence", "food_operation_permit"}),
        ("issuer", {front.licence.issuer_code}),
        ("state", {"valid"}),
    ):
        groups = front.http.get("/v1/wallet/groups", params={"by": by}, headers=front.holder).json()
        assert {each["key"] for each in groups} == keys
        assert sum(each["count"] for each in groups) == 2
    path = f"/v1/wallet/licences/{permit.identifier}/arrangement"
    assert front.http.put(path, json={"hidden": True}, headers=front.holder).json()["hidden"] is True
    listed = front.http.get("/v1/wallet/licences", headers=front.holder).json()
    assert [each["identifier"] for each in listed] == [front.licence.identifier]
    every = front.http.get("/v1/wallet/licences?with_hidden=true&state=valid", headers=front.holder).json()
    assert len(every) == 2
    assert front.http.get("/v1/wallet/licences?state=revoked", headers=front.holder).json() == []
