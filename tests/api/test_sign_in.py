"""Signing in by an identity provider, attacked from every side: browser, provider, network, other sites."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from httpx2 import Response
from jose import jws, jwt

from api.app import create_app
from api.openid import Identity
from api.services import Services
from api.settings import Settings
from store.clock import FixedClock
from tests.api.identity_provider import ACR, CLIENT_ID, SECRET, IdentityProvider, Keypair, providing
from tests.api.signing_in import identity, sign_in, somebody
from tests.conftest import Databases, settings_for

PAGE = {"Accept": "text/html,*/*"}
BASE = "http://127.0.0.1:8000"


@dataclass
class Gate:
    """The service, a provider, and a browser."""

    services: Services
    clock: FixedClock
    provider: IdentityProvider
    http: TestClient

    def leave(self, onward: str = "/sign-out") -> str:
        """Begin to sign in: the address that the browser is sent to."""
        answer = self.http.get("/sign-in", params={"next": onward}, follow_redirects=False)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    def back(self, **brought: str) -> Response:
        return self.http.get("/sign-in/callback", params=brought, follow_redirects=False, headers={"Accept": "*/*"})

    def through(self) -> Response:
        """The whole way."""
        return self.back(**self.provider.authorize(self.leave()))

    def other_browser(self) -> Gate:
        return replace(self, http=TestClient(self.http.app, base_url=BASE, client=("127.0.0.1", 50001)))

    def sessions(self) -> int:
        with self.services.database.transaction() as session:
            return session.execute(sa.text("SELECT count(*) FROM sign_in_session")).scalar_one()


@pytest.fixture(scope="module")
def key() -> Keypair:
    return Keypair("k1")


@pytest.fixture(scope="module")
def opened(databases: Databases, key: Keypair) -> Iterator[Gate]:
    database = databases.create()
    clock = FixedClock(datetime(2026, 11, 23, 4, 0, tzinfo=UTC))
    with TemporaryDirectory(prefix="yinzheng-gate-") as directory, providing(key, clock.now()) as provider:
        (Path(directory) / "secret").write_text(f"{SECRET}\n")
        settings = settings_for(database, Path(directory)).model_copy(
            update={
                "oidc_issuer": provider.url,
                "oidc_client_id": CLIENT_ID,
                "oidc_client_secret_file": Path(directory) / "secret",
                "oidc_acr": (ACR,),
                "sign_in_rate": "100000/minute",
            }
        )
        with Services(settings, clock) as services:
            http = TestClient(create_app(services), base_url=BASE, client=("127.0.0.1", 50000))
            yield Gate(services, clock, provider, http)
    databases.drop(database)


@pytest.fixture
def gate(opened: Gate, key: Keypair) -> Gate:
    """The gate with an honest provider and a fresh browser."""
    services = opened.services
    services.__dict__.pop("provider", None)
    services.__dict__.pop("sign_ins", None)
    provider = opened.provider
    provider.__init__(key, opened.clock.now(), provider.url)  # type: ignore[misc]
    with services.database.transaction() as session:
        session.execute(sa.text("DELETE FROM sign_in_session"))
    return opened.other_browser()


def refused(answer: Response, reason: str) -> None:
    assert answer.status_code == 401, answer.text
    assert answer.json()["code"] == "api.sign_in_failed"
    assert f"({reason})" in answer.json()["message_en"]
    assert "set-cookie" not in answer.headers


class TestTheHonestWay:
    def test_a_person_signs_in_and_goes_on_where_he_wanted(self, gate: Gate) -> None:
        asked = parse_qs(urlsplit(gate.leave()).query)
        assert asked["code_challenge_method"] == ["S256"]
        assert asked["acr_values"] == [ACR]
        assert len(asked["nonce"][0]) == len(asked["state"][0]) == len(asked["code_challenge"][0]) == 43
        answer = gate.through()
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-out")
        shown = gate.http.get("/sign-out", headers=PAGE)
        assert "孟昭岚" in shown.text
        assert "370214199412034682" not in shown.text
        found = gate.services.sessions.find(gate.http.cookies["session"])
        assert found.assurance == ACR
        assert found.holder is not None

    def test_what_the_id_token_lacks_comes_from_userinfo_of_the_same_person(self, gate: Gate) -> None:
        gate.provider.claims = {"name": None, "id_number": None}
        gate.provider.userinfo = {"sub": "u-1001", "name": "傅静姝", "id_number": "37020219880817362x"}
        assert gate.through().status_code == 303
        found = gate.services.sessions.find(gate.http.cookies["session"])
        assert (found.name, found.number_masked) == ("傅静姝", "3702**********362X")
        gate.provider.userinfo = {**gate.provider.userinfo, "sub": "u-1002"}
        refused(gate.through(), "userinfo")

    def test_one_without_a_valid_number_is_let_in_and_holds_nothing(self, gate: Gate) -> None:
        for number in (None, "370214199412034683", "护照E1", 7):
            gate.provider.claims = {"id_number": number}
            assert gate.through().status_code == 303
            assert gate.services.sessions.find(gate.http.cookies["session"]).holder is None

    def test_two_windows_do_not_get_in_each_others_way(self, gate: Gate) -> None:
        first, second = gate.leave(), gate.leave()
        assert gate.back(**gate.provider.authorize(first)).status_code == 303
        assert gate.back(**gate.provider.authorize(second)).status_code == 303
        assert gate.sessions() == 1


class TestTheBrowser:
    def test_a_state_is_good_for_once(self, gate: Gate) -> None:
        address = gate.leave()
        brought = gate.provider.authorize(address)
        kept = gate.http.cookies["sign-in"]
        assert gate.back(**brought).status_code == 303
        gate.http.cookies.set("sign-in", kept)
        refused(gate.back(**gate.provider.authorize(address)), "state")

    def test_a_state_belongs_to_the_browser_that_began(self, gate: Gate) -> None:
        """Login CSRF: the attacker's own code and state in the victim's browser."""
        brought = gate.provider.authorize(gate.leave())
        victim = gate.other_browser()
        refused(victim.back(**brought), "state")
        victim.leave()
        refused(victim.back(**brought), "state")
        assert gate.back(**brought).status_code == 303, "and the attempt was not used up by that"

    def test_a_code_injected_into_another_attempt_is_refused(self, gate: Gate) -> None:
        """The victim's code, stolen, in the attacker's own attempt: PKCE refuses it."""
        stolen = gate.provider.authorize(gate.leave())["code"]
        attacker = gate.other_browser()
        own = gate.provider.authorize(attacker.leave())
        refused(attacker.back(**{**own, "code": stolen}), "code")

    def test_an_attempt_ends(self, gate: Gate) -> None:
        brought = gate.provider.authorize(gate.leave())
        gate.clock.advance(timedelta(minutes=10))
        try:
            refused(gate.back(**brought), "state")
        finally:
            gate.clock.advance(timedelta(minutes=-10))

    @pytest.mark.parametrize("state", ["", "x", "a" * 43, "é" * 43, "a" * 200])
    def test_invented_states_are_refused(self, gate: Gate, state: str) -> None:
        gate.leave()
        refused(gate.back(state=state, code="c"), "state")

    def test_who_declines_at_the_provider_is_told_so_and_nothing_he_sends_is_repeated(self, gate: Gate) -> None:
        brought = gate.provider.authorize(gate.leave())
        answer = gate.back(state=brought["state"], error="access_denied", iss=brought["iss"])
        assert (answer.status_code, answer.json()["code"]) == (401, "api.sign_in_declined")
        brought = gate.provider.authorize(gate.leave())
        answer = gate.back(state=brought["state"], error="<script>", iss=brought["iss"])
        assert "<script>" not in answer.text


class TestTheProvider:
    @pytest.mark.parametrize(
        ("claims", "reason"),
        [
            ({"nonce": "another"}, "nonce"),
            ({"nonce": None}, "nonce"),
            ({"nonce": 5}, "nonce"),
            ({"iss": "https://other.example"}, "issuer"),
            ({"iss": None}, "issuer"),
            ({"aud": "another"}, "audience"),
            ({"aud": [CLIENT_ID, "another"]}, "audience"),
            ({"aud": []}, "audience"),
            ({"azp": "another"}, "audience"),
            ({"sub": ""}, "claims"),
            ({"sub": 1001}, "claims"),
            ({"sub": None}, "claims"),
            ({"exp": None}, "claims"),
            ({"exp": "2099"}, "claims"),
            ({"at_hash": "x"}, "access token"),
            ({"name": ""}, "claim name"),
            ({"name": "长" * 101}, "claim name"),
            ({"name": "换\n行"}, "claim name"),
        ],
    )
    def test_a_token_that_says_something_else_is_refused(self, gate: Gate, claims: dict[str, Any], reason: str) -> None:
        gate.provider.claims = claims
        refused(gate.through(), reason)
        assert gate.sessions() == 0

    @pytest.mark.parametrize(
        ("name", "seconds", "reason"),
        [
            ("exp", -29, None),
            ("exp", -30, "expired"),
            ("exp", -86400, "expired"),
            ("iat", 30, None),
            ("iat", 31, "not yet valid"),
            ("nbf", 31, "not yet valid"),
            ("iat", -630, None),
            ("iat", -631, "too old"),
        ],
    )
    def test_times_hold_with_a_bounded_leeway(self, gate: Gate, name: str, seconds: int, reason: str | None) -> None:
        gate.provider.claims = {name: int(gate.clock.now().timestamp()) + seconds}
        answer = gate.through()
        if reason is None:
            assert answer.status_code == 303, answer.text
        else:
            refused(answer, reason)

    @pytest.mark.parametrize("acr", [None, "urn:city:password", "", 1, [ACR]])
    def test_a_weaker_way_of_signing_in_is_refused(self, gate: Gate, acr: object) -> None:
        gate.provider.claims = {"acr": acr}
        answer = gate.through()
        assert (answer.status_code, answer.json()["code"]) == (403, "api.assurance_too_low")
        assert gate.sessions() == 0

    def test_only_the_one_algorithm_counts(self, gate: Gate) -> None:
        asked = parse_qs(urlsplit(gate.leave()).query)
        claims = jwt.get_unverified_claims(gate.provider.sign({"nonce": asked["nonce"][0]}))
        payload = json.dumps(claims).encode()

        def part(value: bytes) -> str:
            return urlsafe_b64encode(value).rstrip(b"=").decode()

        none = f"{part(json.dumps({'alg': 'none', 'kid': 'k1'}).encode())}.{part(payload)}.{part(b'x')}"
        with_public_key = forged_by_hmac(payload, gate.provider.key.public_pem)
        stronger = jwt.encode(claims, gate.provider.key.pem, "RS512", headers={"kid": "k1"})
        unsigned = none.rpartition(".")[0] + "."
        for token, reason in (
            (none, "algorithm"),
            (with_public_key, "algorithm"),
            (stronger, "algorithm"),
            (unsigned, "format"),
        ):
            gate.provider.token = token
            refused(gate.through(), reason)

    def test_a_key_in_the_token_itself_is_not_looked_at(self, gate: Gate) -> None:
        own = Keypair("k1")
        gate.provider.published = [gate.provider.key.jwk()]
        gate.provider.header = {"jwk": own.jwk(), "jku": f"{gate.provider.url}/keys"}
        gate.provider.key = own
        refused(gate.through(), "signature")
        gate.provider.header = {"crit": ["exp"]}
        refused(gate.through(), "header")

    def test_keys_rotate(self, gate: Gate) -> None:
        assert gate.through().status_code == 303
        old, gate.provider.key = gate.provider.key, Keypair("k2")
        refused(gate.through(), "key")
        assert gate.provider.key_requests == 1, "keys are not asked for again at once: anybody may invent key ids"
        gate.clock.advance(timedelta(seconds=30))
        try:
            gate.provider.now = gate.clock.now()
            gate.provider.published = [old.jwk(), gate.provider.key.jwk()]
            assert gate.through().status_code == 303
            gate.provider.key = old
            assert gate.through().status_code == 303
            assert gate.provider.key_requests == 2
            gate.provider.header = {"kid": "k3"}
            refused(gate.through(), "key")
        finally:
            gate.clock.advance(timedelta(seconds=-30))

    def test_a_token_without_key_id_is_by_the_only_key_or_by_none(self, gate: Gate) -> None:
        gate.provider.header = {"kid": None}
        assert gate.through().status_code == 303
        gate.services.__dict__.pop("provider", None)
        gate.services.__dict__.pop("sign_ins", None)
        gate.provider.published = [gate.provider.key.jwk(), Keypair("k2").jwk()]
        refused(gate.through(), "key")

    @pytest.mark.parametrize(
        "published",
        [
            [],
            [{"kty": "oct", "kid": "k1", "k": "c2VjcmV0"}],
            [{"kty": "RSA", "kid": "k1", "n": "AQAB"}],
            [Keypair("k1", 1024).jwk()],
            [{**Keypair("k1").jwk(), "use": "enc"}],
        ],
    )
    def test_keys_that_cannot_be_used_let_nobody_in(self, gate: Gate, published: list[dict[str, Any]]) -> None:
        gate.provider.published = published
        answer = gate.through()
        assert (answer.status_code, answer.json()["code"]) == (503, "keys.provider_keys")

    def test_an_answer_of_another_provider_is_a_mix_up(self, gate: Gate) -> None:
        for issuer in ("https://attacker.example", ""):
            brought = gate.provider.authorize(gate.leave())
            refused(gate.back(**{**brought, "iss": issuer}), "issuer")
        brought = gate.provider.authorize(gate.leave())
        del brought["iss"]
        refused(gate.back(**brought), "issuer")

    def test_a_provider_that_never_names_itself_need_not(self, gate: Gate) -> None:
        gate.provider.metadata = {"authorization_response_iss_parameter_supported": None}
        brought = gate.provider.authorize(gate.leave())
        del brought["iss"]
        assert gate.back(**brought).status_code == 303

    @pytest.mark.parametrize(
        "metadata",
        [
            {"issuer": "https://attacker.example"},
            {"issuer": None},
            {"token_endpoint": "http://id.example/token"},
            {"token_endpoint": "file:///etc/passwd"},
            {"jwks_uri": None},
            {"authorization_endpoint": "https://user@id.example/"},
            {"id_token_signing_alg_values_supported": ["HS256"]},
            {"code_challenge_methods_supported": ["plain"]},
        ],
    )
    def test_metadata_that_do_not_fit_are_refused(self, gate: Gate, metadata: dict[str, Any]) -> None:
        gate.provider.metadata = metadata
        answer = gate.http.get("/sign-in", follow_redirects=False)
        assert (answer.status_code, answer.json()["code"]) == (503, "api.provider_unavailable")

    def test_a_provider_that_is_away_is_told_apart_from_a_wrong_code(self, gate: Gate) -> None:
        brought = gate.provider.authorize(gate.leave())
        gate.provider.metadata = {"token_endpoint": f"{gate.provider.url}/nothing"}
        gate.services.__dict__.pop("provider", None)
        gate.services.__dict__.pop("sign_ins", None)
        answer = gate.back(**brought)
        assert (answer.status_code, answer.json()["code"]) == (503, "api.provider_unavailable")


def forged_by_hmac(payload: bytes, public_key: str) -> str:
    """HS256 with the provider's public key for a secret, which libraries refuse to make."""
    secret = b"\n".join(public_key.encode().splitlines())
    token = jws.sign(payload, "replaced", headers={"kid": "k1"}, algorithm="HS256")
    import hmac as hashed  # noqa: PLC0415

    head = token.rpartition(".")[0]
    made = hashed.digest(secret, head.encode(), "sha256")
    return f"{head}.{urlsafe_b64encode(made).rstrip(b'=').decode()}"


class TestSessions:
    def test_signing_in_makes_a_new_session_and_ends_the_one_before(self, gate: Gate) -> None:
        """Session fixation: what the browser brought along is worth nothing afterwards."""
        gate.http.cookies.set("session", "A" * 43, domain="127.0.0.1")
        gate.through()
        first = gate.http.cookies["session"]
        assert first != "A" * 43
        gate.through()
        assert gate.http.cookies["session"] != first
        assert gate.sessions() == 1
        assert is_out(gate, first)

    def test_the_database_knows_no_token_and_no_number(self, gate: Gate) -> None:
        gate.through()
        token = gate.http.cookies["session"]
        with gate.services.database.transaction() as session:
            rows = session.execute(sa.text("SELECT * FROM sign_in_session, sign_in_record")).all()
        text = repr(rows)
        assert token not in text
        assert "孟昭岚" not in text
        assert "370214199412034682" not in text

    def test_cookies_are_for_this_host_and_out_of_reach_of_scripts(self, gate: Gate) -> None:
        answer = gate.through()
        (session,) = [each for each in answer.headers.get_list("set-cookie") if each.startswith("session=")]
        assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(session.split("; "))
        assert "Domain" not in session
        assert "Expires" not in session
        secure = gate.services.settings.model_copy(update={"base_url": "https://licences.example"})
        before, gate.services.settings = gate.services.settings, secure
        try:
            made = gate.http.get("/sign-in", follow_redirects=False).headers["set-cookie"]
        finally:
            gate.services.settings = before
        assert made.startswith("__Host-sign-in=")
        assert {"HttpOnly", "Path=/", "SameSite=lax", "Secure", "Max-Age=600"} <= set(made.split("; "))

    def test_a_session_ends_when_it_is_idle_and_in_any_case(self, gate: Gate) -> None:
        token = gate.services.sessions.begin(identity("meng"))
        moved = timedelta()
        try:
            for minutes in [29] * 16:
                gate.clock.advance(timedelta(minutes=minutes))
                moved += timedelta(minutes=minutes)
                gate.services.sessions.find(token)
            gate.clock.advance(timedelta(minutes=16))
            moved += timedelta(minutes=16)
            assert is_out(gate, token), "after eight hours"
            token = gate.services.sessions.begin(identity("meng"))
            gate.clock.advance(timedelta(minutes=30))
            moved += timedelta(minutes=30)
            assert is_out(gate, token), "after thirty minutes without a request"
        finally:
            gate.clock.advance(-moved)

    def test_one_signs_out_here_or_everywhere(self, gate: Gate) -> None:
        other = gate.other_browser()
        here, there = (sign_in(each.http, gate.services, "meng") for each in (gate, other))
        stranger = gate.services.sessions.begin(identity("fu"))
        assert gate.http.post("/sign-out", headers=here.csrf, follow_redirects=False).status_code == 303
        assert is_out(gate, here.token)
        here = sign_in(gate.http, gate.services, "meng")
        answer = gate.http.post("/sign-out", data={"csrf_token": here.signed_in.csrf_token, "everywhere": "yes"})
        assert answer.status_code == 200
        assert is_out(gate, here.token)
        assert is_out(gate, there.token)
        assert not is_out(gate, stranger)
        with gate.services.database.transaction() as session:
            acts = session.scalars(sa.text("SELECT act FROM sign_in_record ORDER BY id DESC LIMIT 7")).all()
        assert sorted(acts[:2]) == ["sign_out_everywhere"] * 2

    def test_the_record_of_sign_ins_cannot_be_changed(self, gate: Gate) -> None:
        gate.services.sessions.begin(identity("meng"))
        for table in ("sign_in_record", "officer_event"):
            with pytest.raises(sa.exc.DBAPIError), gate.services.database.transaction() as session:
                session.execute(sa.text(f"DELETE FROM {table}"))


def is_out(gate: Gate, token: str) -> bool:
    browser = gate.other_browser().http
    browser.cookies.set("session", token)
    return browser.get("/sign-out").status_code == 401


class TestOtherSites:
    def test_a_request_that_changes_something_proves_its_page(self, gate: Gate) -> None:
        browser = sign_in(gate.http, gate.services, "meng")
        other = gate.services.sessions.find(gate.services.sessions.begin(identity("meng")))
        good = browser.signed_in.csrf_token
        tries: list[tuple[dict[str, str], dict[str, str]]] = [
            ({}, {}),
            ({"csrf_token": ""}, {}),
            ({"csrf_token": good[:-1]}, {}),
            ({"csrf_token": other.csrf_token}, {}),
            ({"csrf_token": "é"}, {}),
            ({}, {"X-CSRF-Token": "x"}),
            ({"csrf_token": good}, {"Origin": "https://attacker.example"}),
            ({"csrf_token": good}, {"Origin": "null"}),
            ({"csrf_token": good}, {"Origin": "http://127.0.0.1:8000.attacker.example"}),
            ({"csrf_token": good}, {"Sec-Fetch-Site": "cross-site"}),
            ({"csrf_token": good}, {"Sec-Fetch-Site": "same-site"}),
        ]
        for form, headers in tries:
            answer = gate.http.post("/sign-out", data=form, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "api.csrf"), (form, headers)
        same = {"Origin": BASE, "Sec-Fetch-Site": "same-origin"}
        answer = gate.http.post("/sign-out", data={"csrf_token": good}, headers=same, follow_redirects=False)
        assert answer.status_code == 303

    def test_pages_let_browsers_say_where_a_form_comes_from(self, gate: Gate) -> None:
        assert gate.http.get("/").headers["referrer-policy"] == "same-origin"

    @pytest.mark.parametrize(
        "onward",
        [
            "https://attacker.example/",
            "//attacker.example",
            "/\\attacker.example",
            "\\\\attacker.example",
            "/\t/attacker.example",
            "/a\n",
            "javascript:alert(1)",
            "attacker.example",
            "",
            "/é",
            "/" + "a" * 1000,
        ],
    )
    def test_one_goes_on_to_pages_of_this_service_only(self, gate: Gate, onward: str) -> None:
        answer = gate.http.get("/sign-in", params={"next": onward}, follow_redirects=False)
        assert answer.status_code == 422, answer.headers
        assert "location" not in answer.headers

    def test_who_is_not_signed_in_is_sent_to_sign_in_and_comes_back(self, gate: Gate) -> None:
        answer = gate.http.get("/sign-out?lang=en", headers=PAGE, follow_redirects=False)
        assert answer.headers["location"] == "/sign-in?next=%2Fsign-out%3Flang%3Den"
        assert gate.http.get("/sign-out").json()["code"] == "api.sign_in_required"
        assert gate.http.post("/sign-out", headers=PAGE).status_code == 401

    def test_attempts_are_limited(self, gate: Gate) -> None:
        gate.services.settings.sign_in_rate = "3/minute"
        try:
            found = [gate.back(state="a" * 43, code="c").status_code for _ in range(5)]
        finally:
            gate.services.settings.sign_in_rate = "100000/minute"
        assert found == [401, 401, 401, 429, 429]


def test_nobody_signs_in_where_no_provider_is_set_up(opened: Gate) -> None:
    plain = Settings(**{**opened.services.settings.model_dump(), "oidc_issuer": None, "oidc_client_id": None})
    with Services(plain, opened.clock) as services:
        http = TestClient(create_app(services), base_url=BASE)
        assert http.get("/sign-in").json()["code"] == "api.sign_in_not_set_up"
        shown = http.get("/sign-in", headers=PAGE)
        assert "尚未接入统一身份认证" in shown.text


def test_an_identity_tells_nothing_when_it_is_shown() -> None:
    assert "孟昭岚" not in repr(somebody("孟昭岚", "370214199412034682"))
    assert isinstance(identity("fu"), Identity)
