"""Who is let in: client credentials, tokens, scopes."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest

from store.clock import FixedClock
from tests.api.conftest import CASE, Front


def test_a_client_trades_its_secret_for_a_token_by_form_or_basic(front: Front) -> None:
    assert front.token("checker")
    basic = base64.b64encode(f"checker:{front.secrets['checker']}".encode()).decode()
    answer = front.http.post(
        "/oauth/token", data={"grant_type": "client_credentials"}, headers={"Authorization": f"Basic {basic}"}
    )
    assert answer.json()["token_type"] == "Bearer"
    assert answer.json()["scope"] == "licences:check"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(("client_id", "secret"), [("checker", "wrong"), ("nobody", "wrong"), ("", ""), ("a\0b", "x")])
def test_wrong_credentials_look_alike(front: Front, client_id: str, secret: str) -> None:
    answer = front.http.post(
        "/oauth/token",
        data={"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret},
    )
    assert answer.status_code == 401
    assert answer.json()["code"] == "api.client_unknown"
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_request_without_a_token_is_told_where_to_get_one(front: Front) -> None:
    answer = front.http.get("/v1/wallet/licences")
    assert (answer.status_code, answer.json()["code"]) == (401, "api.token_missing")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "value", ["Bearer x", "Bearer a.b.c", "Basic eDp5", "Bearer", "bearer  ", "Bearer " + "a" * 9000]
)
def test_what_is_no_token_is_refused(front: Front, value: str) -> None:
    assert front.http.get("/v1/wallet/licences", headers={"Authorization": value}).status_code == 401


def test_a_token_ends_after_fifteen_minutes(front: Front, clock: FixedClock) -> None:
    clock.advance(timedelta(minutes=15))
    answer = front.http.get("/v1/wallet/licences", headers=front.holder)
    assert (answer.status_code, answer.json()["code"]) == (401, "keys.token_expired")


def test_a_suspended_client_is_out_at_once(front: Front) -> None:
    front.house.services.clients.suspend("checker")
    answer = front.http.post("/v1/checks/identifier", json={}, headers=front.checker)
    assert (answer.status_code, answer.json()["code"]) == (401, "api.client_unknown")


def test_each_client_has_its_own_doors_only(front: Front) -> None:
    doors = {
        "issuer": ("GET", f"/v1/licences/{front.licence.identifier}"),
        "holder": ("GET", "/v1/wallet/licences"),
        "checker": ("POST", "/v1/checks/identifier"),
    }
    headers = {"issuer": front.issuer, "holder": front.holder, "checker": front.checker}
    for door, (method, path) in doors.items():
        for who, token in headers.items():
            body = {**CASE, "identifier": front.licence.identifier, "holder": front.licence.holder.code}
            answer = front.http.request(method, path, headers=token, json=body if method == "POST" else None)
            assert answer.status_code == (200 if who == door else 403), (who, door, answer.text)


def test_a_presentation_is_no_access_token(front: Front) -> None:
    body = {"identifier": front.licence.identifier, "purpose": "测试"}
    token = front.http.post("/v1/wallet/presentations", json=body, headers=front.holder).json()["token"]
    assert front.http.get("/v1/wallet/licences", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_asking_for_tokens_is_limited(front: Front) -> None:
    data = {"grant_type": "client_credentials", "client_id": "checker", "client_secret": "wrong"}
    statuses = [front.http.post("/oauth/token", data=data).status_code for _ in range(40)]
    assert statuses[-1] == 429
    assert int(front.http.post("/oauth/token", data=data).headers["retry-after"]) > 0


def test_our_token_keys_are_public(front: Front) -> None:
    (key,) = front.http.get("/.well-known/jwks.json").json()["keys"]
    assert (key["alg"], key["crv"]) == ("ES256", "P-256")
    assert "d" not in key
