"""The authorisation matrix: every role at every route, with objects of its own, of others, and with none.

A new route, and a new value that a route takes, fails the first test until it stands in :mod:`tests.api.matrix`:
whoever adds one says there who may use it, and whose objects it names.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.clients import Clients, Scope
from api.officers import Role
from api.openid import Provider
from api.services import TOKEN_SUBJECT, Services
from keys import KeyPurpose, TokenSigner
from store.clock import FixedClock
from tests.api.identity_provider import Keypair, providing
from tests.api.matrix import HOLD, MATRIX, PLACES, SIGNED_IN, Kind, Route, routes_of
from tests.api.matrix_world import COMPANY_SIDE, MISSING, World
from tests.conftest import Databases, settings_for
from tests.house import MARKET, House


@pytest.fixture(scope="module")
def world(databases: Databases) -> Iterator[World]:
    database = databases.create()
    clock = FixedClock(datetime(2026, 11, 23, 4, 0, tzinfo=UTC))
    with TemporaryDirectory(prefix="yinzheng-matrix-") as directory, providing(Keypair("k1"), clock.now()) as provider:
        settings = settings_for(database, Path(directory)).model_copy(
            update={"builtin_provider": True, "oidc_algorithm": "RS256"}
        )
        with Services(settings, clock) as services:
            here = {"base_url": "http://127.0.0.1:8000", "client": ("127.0.0.1", 50000)}
            app = create_app(services)
            with TestClient(app, raise_server_exceptions=False, **here) as http:  # type: ignore[arg-type]
                made = World(House(services), http)
                # attempts to sign in with a provider that can be asked; the built-in one has no port here
                terms = dataclasses.replace(services._provider_terms(), issuer=provider.url, algorithm="RS256")
                services.__dict__["provider"] = Provider(
                    terms, clock, redirect_uri="http://127.0.0.1:8000/sign-in/callback"
                )
                made.issuer = provider.url
                made.furnish()
                yield made
    databases.drop(database)


@pytest.fixture(scope="module")
def routes(world: World) -> list[Route]:
    return routes_of(world.http.app)  # type: ignore[arg-type]  # it is the FastAPI application


def bare(
    world: World, route: Route, headers: dict[str, str] | None = None, cookies: dict[str, str] | None = None
) -> Any:
    """A request without a body, of nothing in particular."""
    world.http.cookies.clear()
    for name, value in (cookies or {}).items():
        world.http.cookies.set(name, value)
    path = re.sub(r"\{\w+\}", "x", route.path)
    return world.http.request(route.method, path, headers=headers, follow_redirects=False)


def session(world: World, who: Any) -> dict[str, str]:
    return {"session": world.signed_in[who][0]}


def test_every_route_and_every_value_stands_in_the_matrix(world: World, routes: list[Route]) -> None:
    names = [route.name for route in routes]
    assert len(names) > 150
    described = world.http.get("/openapi.json").json()["paths"]
    assert {f"{method.upper()} {path}" for path, methods in described.items() for method in methods} <= {
        re.sub(r":path\}", "}", name) for name in names
    } | {f"{route.method} {route.path}" for route in routes}
    assert [name for name in names if not any(re.fullmatch(pattern, name) for pattern, _ in MATRIX)] == []
    assert [pattern for pattern, _ in MATRIX if not any(re.fullmatch(pattern, name) for name in names)] == []
    unknown = {route.name: [value for value in route.values if route.kind(value) is None] for route in routes}
    assert {name: values for name, values in unknown.items() if values} == {}
    for pattern, places, _ in PLACES:
        fits = [route for route in routes if re.fullmatch(pattern, route.name)]
        assert any(re.fullmatch(places, value) for route in fits for value in route.values), (pattern, places)


def test_every_client_is_let_in_where_the_matrix_says_and_nowhere_else(world: World, routes: list[Route]) -> None:
    wrong = []
    for route in routes:
        if route.is_page or not route.allowed:
            continue
        for scope in Scope:
            answer = bare(world, route, world.bearer[scope])
            refused = answer.status_code == 403 and "scope" in answer.text
            if refused is (scope in route.allowed) or answer.status_code == 401:
                wrong.append((route.name, scope.value, answer.status_code, answer.text[:80]))
    assert not wrong, "\n".join(map(str, wrong))


def test_who_is_signed_in_sees_the_pages_that_the_matrix_says_and_no_others(world: World, routes: list[Route]) -> None:
    wrong = []
    for route in routes:
        if not route.is_page or not route.allowed:
            continue
        for who in SIGNED_IN:
            found = world.session_for(who, route)
            assert found is not None
            answer = bare(world, route, {"X-CSRF-Token": found[1].csrf_token}, {"session": found[0]})
            code = answer.json().get("code") if "json" in answer.headers.get("content-type", "") else None
            refused = code in ("api.not_an_officer", "api.identity_number_missing")
            if refused is (who in route.allowed) or answer.status_code == 401 or code == "api.csrf":
                wrong.append((route.name, who, answer.status_code, answer.text[:80]))
    assert not wrong, "\n".join(map(str, wrong))


def test_pages_that_change_something_want_the_token_of_the_session(world: World, routes: list[Route]) -> None:
    """And a token of another session is none."""
    other = {"X-CSRF-Token": world.begin("agent")[1].csrf_token}
    tried = 0
    for route in routes:
        if route.is_page and route.allowed and route.method != "GET":
            who = min(route.allowed, key=str)
            for headers in ({}, other, {**other, "Origin": "https://attacker.example"}):
                answer = bare(world, route, headers, session(world, who))
                assert (answer.status_code, answer.json()["code"]) == (403, "api.csrf"), (route.name, headers)
                tried += 1
    assert tried > 40


def test_tokens_open_no_pages_and_sessions_no_api(world: World, routes: list[Route]) -> None:
    """A session's cookie is no credential for the API, nor its token as a bearer; an access token is no session."""
    token = world.bearer[HOLD]["Authorization"].removeprefix("Bearer ")
    for route in routes:
        if not route.allowed:
            continue
        if route.is_page:
            tries = [(world.bearer[HOLD], {}), ({}, {"session": token}), ({}, {})]
        else:
            given = session(world, "person")
            tries = [({}, given), ({"Authorization": f"Bearer {given['session']}"}, {})]
        for headers, cookies in tries:
            answer = bare(world, route, headers, cookies)
            assert answer.status_code == 401, (route.name, headers, answer.status_code)
            assert "set-cookie" not in answer.headers


def long_ago(world: World) -> str:
    """A token with every scope, whose time is over."""
    services = world.house.services
    everything = [scope for scope in Scope if scope is not HOLD]
    new = services.clients.enrol("late", name="过期", scopes=everything, organisation_code=MARKET.code)
    assert new is not None
    now = services.clock.now()
    earlier = TokenSigner(
        services.keys.custody,
        services.keys.custody.info(services.keys.authority.ensure_service(KeyPurpose.TOKEN, TOKEN_SUBJECT).key_id),
        FixedClock(now - timedelta(hours=2)),
        issuer=services.settings.base_url,
    )
    return Clients(services.database, earlier, services.keys.verifier, services.clock).token(new.client)


def test_nobody_gets_in_without_a_token_or_with_a_suspended_client(world: World, routes: list[Route]) -> None:
    clients = world.house.services.clients
    guarded = [route for route in routes if route.allowed and not route.is_page]
    everything = [scope for scope in Scope if scope is not HOLD]
    new = clients.enrol("out", name="停用", scopes=everything, organisation_code=MARKET.code)
    assert new is not None
    suspended = clients.token(new.client)
    clients.suspend("out")
    bearer = {"Authorization": f"Bearer {suspended}"}
    expired = {"Authorization": f"Bearer {long_ago(world)}"}
    for headers in ({}, bearer, expired, {"Authorization": "Bearer x.y.z"}, {"Authorization": "Basic x"}):
        answers = {route.name: bare(world, route, headers).status_code for route in guarded}
        assert {name: status for name, status in answers.items() if status != 401} == {}


def test_what_is_open_to_all_asks_nobody_who_he_is(world: World, routes: list[Route]) -> None:
    proofs = ("/oauth/token", "/sign-in/", "/builtin-provider/")
    for route in routes:
        if not route.allowed and not route.path.startswith(proofs):
            assert bare(world, route).status_code not in (401, 403), route.name


VOLATILE = re.compile(
    r"message_zh|message_en|receipt|receipt_id|checked_at|id|number|created_at|expires_at|reference|given_at|at"
)


def told(answer: Any, value: Any) -> Any:
    """What an answer tells, without what differs between any two answers."""
    kind = answer.headers.get("content-type", "")
    if answer.status_code >= 400:
        said = answer.json() if "json" in kind else {}
        return answer.status_code, said.get("code") or said.get("error") or ""
    if "json" not in kind:
        return answer.status_code, answer.headers.get("location", kind)
    lines = [json.loads(line) for line in answer.text.splitlines() if line] if "ndjson" in kind else [answer.json()]
    return answer.status_code, [_without(line, str(value)) for line in lines]


def _without(said: Any, value: str) -> Any:
    if isinstance(said, dict):
        return {name: _without(each, value) for name, each in said.items() if not VOLATILE.fullmatch(name)}
    if isinstance(said, list):
        return [_without(each, value) for each in said]
    return "..." if str(said) == value else said


ENDINGS = re.compile(r".*/(suspend|resume|correct|change|renew|revoke|cancel|freeze)")


def cases(routes: list[Route]) -> Iterator[tuple[Route, Any, str, Kind]]:
    """What ends an object comes last, so that it is still there for the others."""
    for route in sorted(routes, key=lambda each: each.method == "DELETE" or ENDINGS.fullmatch(each.path) is not None):
        for value, kind in route.objects():
            for who in sorted(route.allowed, key=str) or [None]:
                yield route, who, value, kind


def test_others_objects_look_like_none(world: World, routes: list[Route]) -> None:
    """Whatever names an object of another's is answered as what does not exist: by status, code and content."""
    wrong, tried = [], 0
    for route, who, value, kind in cases(routes):
        foreign = world.foreign(kind, who, route)
        answers = [told(world.send(route, who, {value: each}), each) for each in (foreign, MISSING[kind])]
        if answers[0] != answers[1] or answers[0][0] >= 500 or answers[0][0] == 422 != expected(route):
            wrong.append((route.name, str(who), value, *answers))
        tried += 1
    assert not wrong, "\n".join(map(str, wrong))
    assert tried > 150


def test_ones_own_objects_are_there(world: World, routes: list[Route]) -> None:
    """The same requests are answered otherwise for one's own, so that the test before compared what it meant to."""
    wrong, tried = [], 0
    for route, who, value, kind in cases(routes):
        if not owns(who, kind) or not {f"{route.name} {value}", f"{route.name} {who}"}.isdisjoint(ALIKE):
            continue
        own = world.own(kind, who, route)
        if own is None:
            continue
        answers = [told(world.send(route, who, {value: each}), each) for each in (own, MISSING[kind])]
        if answers[0] == answers[1] or answers[0][0] >= 500 or answers[0][0] == 422 != expected(route):
            wrong.append((route.name, str(who), value, *answers))
        tried += 1
    assert not wrong, "\n".join(map(str, wrong))
    assert tried > 100


def expected(route: Route) -> int:
    """422 where a file is judged before the seal that it is to bear, and where a form is shown again with the problem;
    elsewhere a request was not sound.
    """
    return 422 if route.name in UNSOUND else 0


UNSOUND = {"POST /v1/seal-uses", "POST /wallet/consents", "POST /wallet/licences/{identifier}/feedback"}
ALIKE = {
    "POST /v1/seal-uses seal",
    "POST /v1/consent-requests holder.code",
    "POST /v1/checks/materials applicant.code",
    "POST /wallet/licences/{identifier}/arrangement agent",
    "GET /wallet/licences/{identifier}/feedback agent",
    "POST /wallet/licences/{identifier}/feedback agent",
    "POST /wallet/looks/{number}/objection agent",
    "GET /wallet/looks licence",
}
"""Answered alike even for one's own: whether there is a wallet is not told, a consent names its holder itself, an agent
may not arrange, object to or find fault with what he may look at, and a list is a list whatever it is narrowed to."""


def owns(who: Any, kind: Kind) -> bool:
    """Whether a caller has objects of a kind at all: officers have no licences of their own here."""
    in_wallets = {Kind.LICENCE, Kind.CONSENT, Kind.CONSENT_REQUEST, Kind.AGENT, Kind.ACTED_FOR, Kind.PRESENTATION}
    if kind is Kind.LOOK and who in set(Role):
        return False
    if kind is Kind.ACTED_FOR:
        return who in COMPANY_SIDE
    return kind not in in_wallets or isinstance(who, Scope) or who in COMPANY_SIDE or who == "person"
