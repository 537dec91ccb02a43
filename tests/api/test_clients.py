"""Clients prove who they are with a key or a certificate of their own, and get no more than they were given."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from jose import jwt

from api.clients import ClientTerms, Scope
from api.errors import ClientTermsError, QuotaUsedError, RequestInvalidError
from keys import PublicKeySet
from keys.errors import JwksInvalidError
from store.clock import FixedClock
from store.limits import RateLimiter
from tests.api.client_keys import ASSERTION_TYPE, DepartmentKey, jwks
from tests.api.conftest import Front
from tests.house import HEALTH


@pytest.fixture
def key(front: Front) -> DepartmentKey:
    """The key of a client ``keyed`` that has no secret."""
    made = DepartmentKey.make()
    services = front.house.services
    services.settings.token_rate = "100000/minute"
    services.clients.enrol(
        "keyed", name="核验系统", scopes=[Scope.CHECK, Scope.ISSUE], organisation_code=HEALTH.code, with_secret=False
    )
    services.client_proofs.set_keys("keyed", PublicKeySet.parse(jwks(made)))
    return made


def ask(front: Front, assertion: str, **more: str) -> Any:
    data = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
        **more,
    }
    return front.http.post("/oauth/token", data=data)


def refused(answer: Any) -> bool:
    return (answer.status_code, answer.json()["code"]) == (401, "api.client_unknown")


def test_a_client_proves_its_key(front: Front, key: DepartmentKey, clock: FixedClock) -> None:
    answer = ask(front, key.assertion("keyed", clock.now()))
    assert answer.status_code == 200, answer.text
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert front.http.get("/v1/wallet/licences", headers=headers).status_code == 403
    assert answer.json()["scope"] == "licences:check licences:issue"


def test_a_token_has_the_scopes_that_were_asked_for(front: Front, key: DepartmentKey, clock: FixedClock) -> None:
    answer = ask(front, key.assertion("keyed", clock.now()), scope="licences:check")
    assert answer.json()["scope"] == "licences:check"
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert front.http.get(f"/v1/licences/{front.licence.identifier}", headers=headers).status_code == 403
    wanted_more = ask(front, key.assertion("keyed", clock.now()), scope="licences:check wallet")
    assert (wanted_more.status_code, wanted_more.json()["code"]) == (403, "api.scope_missing")
    assert ask(front, key.assertion("keyed", clock.now()), scope=" ").status_code == 403


def test_an_assertion_is_good_for_once_even_when_many_come_at_the_same_moment(
    front: Front, key: DepartmentKey, clock: FixedClock
) -> None:
    assertion = key.assertion("keyed", clock.now())
    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(answer.status_code for answer in pool.map(lambda _: ask(front, assertion), range(16)))
    assert statuses == [200] + [401] * 15
    clock.advance(timedelta(minutes=3))
    assert refused(ask(front, assertion))
    clock.advance(timedelta(minutes=3))
    assert refused(ask(front, assertion))
    assert ask(front, key.assertion("keyed", clock.now())).status_code == 200
    with front.house.services.database.transaction() as session:
        assert session.scalar(sa.text("SELECT count(*) FROM api_client_assertion")) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "https://elsewhere.example/oauth/token"},
        {"aud": ["http://127.0.0.1:8000/oauth/token", "https://elsewhere.example"]},
        {"aud": None},
        {"iss": "checker"},
        {"sub": "checker"},
        {"sub": "a\0b"},
        {"sub": 7},
        {"jti": None},
        {"jti": "short"},
        {"jti": "\0" * 20},
        {"exp": None},
        {"exp": "soon"},
        {"exp": 10**12},
        {"nbf": 4_000_000_000},
        {"headers": {"kid": "k2"}},
        {"headers": {"typ": "at+jwt"}},
        {"headers": {"jku": "https://attacker.example/jwks"}},
        {"headers": {"crit": ["x"]}},
    ],
    ids=str,
)
def test_an_assertion_that_says_something_else_is_refused(
    front: Front, key: DepartmentKey, clock: FixedClock, changed: dict[str, Any]
) -> None:
    assert refused(ask(front, key.assertion("keyed", clock.now(), **changed)))


def test_assertions_live_five_minutes_at_most(front: Front, key: DepartmentKey, clock: FixedClock) -> None:
    now = clock.now()
    long = int((now + timedelta(minutes=10)).timestamp())
    assert refused(ask(front, key.assertion("keyed", now, exp=long)))
    assert refused(ask(front, key.assertion("keyed", now - timedelta(minutes=6))))


def test_another_key_and_other_algorithms_are_refused(front: Front, key: DepartmentKey, clock: FixedClock) -> None:
    stranger = DepartmentKey.make(key.kid)
    assert refused(ask(front, stranger.assertion("keyed", clock.now())))
    claims = jwt.get_unverified_claims(key.assertion("keyed", clock.now()))
    shared = base64.urlsafe_b64encode(json.dumps(key.jwk()).encode()).decode()
    assert refused(ask(front, jwt.encode(claims, shared, algorithm="HS256", headers={"kid": key.kid})))
    head = base64.urlsafe_b64encode(b'{"alg":"none","kid":"k1"}').rstrip(b"=").decode()
    body = key.assertion("keyed", clock.now()).split(".")[1]
    for forged in (f"{head}.{body}.", f"{head}.{body}.AAAA", "x", "a.b.c", "", "." * 9, "é.é.é"):
        assert ask(front, forged).status_code in (401, 422), forged


def test_one_proof_and_no_more(front: Front, key: DepartmentKey, clock: FixedClock) -> None:
    good = key.assertion("keyed", clock.now())
    assert refused(ask(front, good, client_id="checker"))
    assert refused(ask(front, good, client_id="checker", client_secret=front.secrets["checker"]))
    assert refused(ask(front, good, client_assertion_type="urn:x"))
    assert ask(front, good, client_id="keyed").status_code == 200
    empty = {"grant_type": "client_credentials", "client_id": "keyed", "client_secret": ""}
    assert refused(front.http.post("/oauth/token", data=empty))


def test_keys_are_rotated_without_a_pause(front: Front, key: DepartmentKey, clock: FixedClock) -> None:
    proofs, new = front.house.services.client_proofs, DepartmentKey.make("k2")
    proofs.set_keys("keyed", PublicKeySet.parse(jwks(key, new)))
    assert ask(front, key.assertion("keyed", clock.now())).status_code == 200
    assert ask(front, new.assertion("keyed", clock.now())).status_code == 200
    proofs.set_keys("keyed", PublicKeySet.parse(jwks(new)))
    assert refused(ask(front, key.assertion("keyed", clock.now())))
    assert ask(front, new.assertion("keyed", clock.now())).status_code == 200


def test_a_suspended_client_gets_no_token_and_its_tokens_are_out_until_it_is_resumed(
    front: Front, key: DepartmentKey, clock: FixedClock
) -> None:
    token = ask(front, key.assertion("keyed", clock.now())).json()["access_token"]
    headers, path = {"Authorization": f"Bearer {token}"}, f"/v1/licences/{front.licence.identifier}"
    assert front.http.get(path, headers=headers).status_code == 404
    front.house.services.clients.suspend("keyed", actor="cli:admin")
    assert refused(front.http.get(path, headers=headers))
    assert refused(ask(front, key.assertion("keyed", clock.now())))
    front.house.services.clients.resume("keyed", actor="cli:admin")
    assert front.http.get(path, headers=headers).status_code == 404
    with front.house.services.database.transaction() as session:
        acts = session.scalars(sa.text("SELECT act FROM api_client_event WHERE client_id = 'keyed' ORDER BY id")).all()
    assert acts == ["enrol", "keys", "suspend", "resume"]


def _jwk(**changed: Any) -> dict[str, Any]:
    return {name: value for name, value in (DepartmentKey.make().jwk() | changed).items() if value is not None}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "7",
        "[" * 100_000,
        '{"keys": []}',
        '{"keys": [7]}',
        json.dumps({"keys": [_jwk(kid=f"k{number}") for number in range(11)]}),
        json.dumps({"keys": [_jwk(), _jwk()]}),
        json.dumps({"keys": [_jwk(d="AAAA")]}),
        json.dumps({"keys": [_jwk(kty="oct", k="AAAA")]}),
        json.dumps({"keys": [_jwk(crv="P-384")]}),
        json.dumps({"keys": [_jwk(alg="HS256")]}),
        json.dumps({"keys": [_jwk(use="enc")]}),
        json.dumps({"keys": [_jwk(x="A" * 43)]}),
        json.dumps({"keys": [_jwk(x=7)]}),
        json.dumps({"keys": [_jwk(kid="")]}),
        json.dumps({"keys": [_jwk(x5u="https://attacker.example")]}),
    ],
    ids=range(18),
)
def test_what_is_no_set_of_public_keys_is_refused(text: str) -> None:
    with pytest.raises(JwksInvalidError):
        PublicKeySet.parse(text)


def test_a_key_without_an_id_is_known_by_its_thumbprint() -> None:
    (found,) = PublicKeySet.parse(json.dumps({"keys": [_jwk(kid=None)]})).jwks
    assert len(found["kid"]) == 43


def test_a_certificate_counts_only_where_the_proxys_header_is_set_up(
    front: Front, key: DepartmentKey, clock: FixedClock
) -> None:
    services = front.house.services
    certificate = key.certificate(clock.now())
    services.client_proofs.add_certificate("keyed", certificate)
    services.client_proofs.add_certificate("keyed", certificate)
    form = {"grant_type": "client_credentials", "client_id": "keyed"}
    rfc9440 = {"Client-Cert": f":{base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()}:"}
    nginx = {"Client-Cert": quote(certificate.public_bytes(Encoding.PEM).decode())}
    assert refused(front.http.post("/oauth/token", data=form, headers=rfc9440))
    services.settings.client_certificate_header = "Client-Cert"
    for header in (rfc9440, nginx):
        assert front.http.post("/oauth/token", data=form, headers=header).status_code == 200
    assert refused(front.http.post("/oauth/token", data=form))
    assert refused(front.http.post("/oauth/token", data={**form, "client_id": "checker"}, headers=rfc9440))
    other = DepartmentKey.make().certificate(clock.now())
    shown = {"Client-Cert": quote(other.public_bytes(Encoding.PEM).decode())}
    assert refused(front.http.post("/oauth/token", data=form, headers=shown))
    for garbage in (":x:", "::", ":", "%", "A" * 20_000, "-----BEGIN CERTIFICATE-----"):
        assert refused(front.http.post("/oauth/token", data=form, headers={"Client-Cert": garbage})), garbage[:20]
    assert refused(front.http.post("/oauth/token", data=form, headers=[*rfc9440.items(), *rfc9440.items()]))


def test_a_certificate_with_a_short_key_is_not_taken(front: Front, clock: FixedClock) -> None:
    short = DepartmentKey(rsa.generate_private_key(65537, 1024), "k1").certificate(clock.now())
    with pytest.raises(RequestInvalidError) as refusal:
        front.house.services.client_proofs.add_certificate("checker", short)
    assert "RSA 1024" in refusal.value.message_en


def test_a_token_bound_to_a_certificate_is_worth_nothing_without_it(
    front: Front, key: DepartmentKey, clock: FixedClock
) -> None:
    services = front.house.services
    services.settings.client_certificate_header = "Client-Cert"
    certificate = key.certificate(clock.now(), days=1)
    value = services.client_proofs.add_certificate("keyed", certificate)
    shown = {"Client-Cert": f":{base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()}:"}
    form = {"grant_type": "client_credentials", "client_id": "keyed"}
    token = front.http.post("/oauth/token", data=form, headers=shown).json()["access_token"]
    assert jwt.get_unverified_claims(token)["cnf"] == {"x5t#S256": value}
    path, headers = f"/v1/licences/{front.licence.identifier}", {"Authorization": f"Bearer {token}"}
    assert front.http.get(path, headers=headers | shown).status_code == 404
    assert front.http.get(path, headers=headers).json()["code"] == "keys.token_invalid"
    other = base64.b64encode(DepartmentKey.make().certificate(clock.now()).public_bytes(Encoding.DER)).decode()
    assert front.http.get(path, headers=headers | {"Client-Cert": f":{other}:"}).status_code == 401
    services.client_proofs.remove_certificate("keyed", value)
    assert refused(front.http.post("/oauth/token", data=form, headers=shown))
    services.client_proofs.add_certificate("keyed", certificate)
    clock.advance(timedelta(days=2))
    assert refused(front.http.post("/oauth/token", data=form, headers=shown))


def test_a_client_that_calls_too_often_has_to_wait(front: Front) -> None:
    services = front.house.services
    services.limiter = RateLimiter()
    services.clients.permit("checker", ClientTerms(rate="3/minute"))
    statuses = [front.http.get("/v1/wallet/licences", headers=front.checker).status_code for _ in range(4)]
    assert statuses == [403, 403, 403, 429]
    assert front.http.get("/v1/wallet/licences", headers=front.holder).status_code == 200


def test_a_quota_holds_over_processes_and_ends_with_the_day(front: Front, clock: FixedClock) -> None:
    services = front.house.services
    services.clients.permit("checker", ClientTerms(daily_quota=20))
    client = services.clients.get("checker")

    def take(number: int) -> bool:
        try:
            services.quotas.take(client, number)
        except QuotaUsedError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, [1] * 40)) == 20
    assert services.quotas.used_today(client) == 20
    with pytest.raises(QuotaUsedError) as caught:
        services.quotas.take(client)
    assert caught.value.retry_after == 12 * 3600
    clock.advance(timedelta(hours=12))
    assert not take(21)
    assert take(20)
    assert not take(1)
    unlimited = services.clients.get("issuer")
    services.quotas.take(unlimited, 10**6)
    services.quotas.take(unlimited, 10**6)
    assert services.quotas.used_today(unlimited) == 2 * 10**6


@pytest.mark.parametrize(
    "terms", [{"fields": frozenset({"name"})}, {"rate": "often"}, {"rate": "0/minute"}, {"daily_quota": 0}], ids=str
)
def test_terms_that_cannot_be_meant_are_refused(terms: dict[str, Any]) -> None:
    with pytest.raises(ClientTermsError):
        ClientTerms(**terms)
