"""The API of a holder's wallet, and of who checks what it shows."""

from __future__ import annotations

from tests.api.conftest import CASE, Front


def test_a_holder_sees_the_licence_and_its_pdf(front: Front) -> None:
    (licence,) = front.http.get("/v1/wallet/licences", headers=front.holder).json()
    assert licence["identifier"] == front.licence.identifier
    path = f"/v1/wallet/licences/{licence['identifier']}"
    assert front.http.get(path, headers=front.holder).json() == licence
    assert front.http.get(f"{path}/pdf", headers=front.holder).content == front.house.pdf(front.licence)


def test_anothers_licence_is_not_in_the_wallet(front: Front) -> None:
    other = front.house.issue("physician_practice_certificate")
    answer = front.http.get(f"/v1/wallet/licences/{other.identifier}", headers=front.holder)
    assert (answer.status_code, answer.json()["code"]) == (404, "wallet.not_in_wallet")


def test_what_a_holder_shows_is_checked_once(front: Front) -> None:
    body = {"identifier": front.licence.identifier, "purpose": "办理开户"}
    shown = front.http.post("/v1/wallet/presentations", json=body, headers=front.holder)
    assert shown.status_code == 201
    assert shown.json()["qr_svg"].startswith("<?xml")
    redeem = {**CASE, "token": shown.json()["token"]}
    first = front.http.post("/v1/checks/presentation", json=redeem, headers=front.checker).json()
    assert first["verdict"] == "TOTAL_PASSED"
    assert first["licence"]["identifier"] == front.licence.identifier
    second = front.http.post("/v1/checks/presentation", json=redeem, headers=front.checker).json()
    assert second["verdict"] == "TOTAL_FAILED"
    assert [reason["code"] for reason in second["reasons"]] == ["presentation.already_used"]
    (record, *_) = front.house.services.check_records.of_licence(front.licence.identifier)
    assert (record.evidence, record.purpose, record.checked_by) == ("presentation", "办理开户", "client:checker")


def test_a_forged_code_fails_without_an_error(front: Front) -> None:
    answer = front.http.post("/v1/checks/presentation", json={**CASE, "token": "x.y.z"}, headers=front.checker)
    assert answer.status_code == 200
    assert answer.json()["reasons"][0]["code"] == "presentation.invalid"
