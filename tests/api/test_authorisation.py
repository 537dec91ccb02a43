"""The authorisation matrix: every role at every endpoint, with objects of its own and of others.

A new endpoint fails the first test until it stands in :data:`MATRIX`: whoever adds one says here who may use it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from api.clients import Clients, Scope
from api.services import TOKEN_SUBJECT
from keys import KeyPurpose, TokenSigner
from store.clock import FixedClock
from tests.api.conftest import Front
from tests.house import HEALTH, LAW, MARKET
from trust import Licence

NOBODY: frozenset[Scope] = frozenset()
"""Nobody has to say who he is."""

ISSUE, HOLD, CHECK = Scope.ISSUE, Scope.HOLD, Scope.CHECK
OFFICE = frozenset({Scope.SEALS, Scope.SEALS_APPROVE})
SEAL_USES = frozenset({ISSUE, HOLD, Scope.SEALS})

MATRIX: list[tuple[str, frozenset[Scope]]] = [
    (r"POST /oauth/token", NOBODY),
    (r"GET /\.well-known/.*", NOBODY),
    (r"GET /v1/licence-types(/\{type\})?", NOBODY),
    (r"\w+ /v1/licence-types/\{slug\}/.*", frozenset({Scope.CATALOGUE})),
    (r"GET /v1/changes", frozenset({ISSUE, Scope.EXCHANGE})),
    (r"\w+ /v1/licences(/.*)?", frozenset({ISSUE})),
    (r"\w+ /v1/(batches|imports)(/.*)?", frozenset({ISSUE})),
    (r"\w+ /v1/wallet(/.*)?", frozenset({HOLD})),
    (r"POST /v1/checks/.*", frozenset({CHECK})),
    (r"\w+ /v1/objections(/.*)?", frozenset({CHECK})),
    (r"\w+ /v1/consent(s|-requests)/?.*", frozenset({CHECK})),
    (r"\w+ /v1/watches(/.*)?", frozenset({CHECK})),
    (r"\w+ /v1/feedback", frozenset({CHECK})),
    (r"\w+ /v1/feedback/.*", frozenset({ISSUE})),
    (r"GET /v1/service-items(/.*)?", frozenset({CHECK})),
    (r"POST /v1/sharing/.*", frozenset({CHECK})),
    (r"POST /v1/receipts/verify", NOBODY),
    (r"GET /v1/seals/\{number\}", NOBODY),
    (r"GET /v1/seals/\{number\}/(uses|uses/export|days|esl)", SEAL_USES),
    (r"POST /v1/seals/\{number\}/signatures", frozenset({ISSUE})),
    (r"POST /v1/seal-applications", frozenset({Scope.SEALS})),
    (r"GET /v1/seal-requests(/\{request\})?", OFFICE),
    (r"POST /v1/seal-requests/\{request\}/.*", frozenset({Scope.SEALS_APPROVE})),
    (r"GET /v1/seals(/\{number\}/(file|grants))?", OFFICE),
    (r"POST /v1/seals/\{number\}/(requests|register|activate|grants)", frozenset({Scope.SEALS})),
    (r"POST /v1/seals/\{number\}/(freeze|grants/\{grant_id\}/revoke)", OFFICE),
    (r"POST /v1/seal-uses", frozenset({Scope.SEAL_USE})),
    (r"POST /csc/v2/info", NOBODY),
    (r"POST /csc/v2/.*", frozenset({Scope.SIGN})),
    (r"\w+ /(pki|log|status)(/.*)?", NOBODY),
    (r"GET /(healthz|readyz)", NOBODY),
]

Operation = tuple[str, str]


def allowed(operation: Operation) -> frozenset[Scope]:
    """Who may use an operation; the first line that fits counts."""
    name = " ".join(operation)
    return next(scopes for pattern, scopes in MATRIX if re.fullmatch(pattern, name))


def operations(front: Front) -> list[Operation]:
    described = front.http.get("/openapi.json").json()["paths"]
    return [(method.upper(), path) for path, methods in described.items() for method in methods]


def call(front: Front, operation: Operation, headers: dict[str, str] | None, identifier: str = "x") -> Any:
    method, path = operation
    filled = re.sub(r"\{(\w+)(:path)?\}", lambda found: identifier if found[1] == "identifier" else "x", path)
    return front.http.request(method, filled, headers=headers)


@pytest.fixture(scope="module")
def roles(shared: Front) -> dict[Scope, dict[str, str]]:
    """A client of one body for each scope, and the holder's."""
    services = shared.house.services
    services.settings.token_rate = "100000/minute"
    made = {HOLD: shared.holder}
    for scope in Scope:
        if scope is not HOLD:
            name = f"role-{scope.name.lower()}"
            new = services.clients.enrol(name, name=name, scopes=[scope], organisation_code=MARKET.code)
            assert new is not None
            shared.secrets[name] = new.secret
            made[scope] = shared.bearer(name)
    return made


def test_every_operation_stands_in_the_matrix(shared: Front) -> None:
    names = [" ".join(operation) for operation in operations(shared)]
    assert len(names) > 80
    assert [name for name in names if not any(re.fullmatch(pattern, name) for pattern, _ in MATRIX)] == []
    assert [pattern for pattern, _ in MATRIX if not any(re.fullmatch(pattern, name) for name in names)] == []


def test_every_role_is_let_in_where_the_matrix_says_and_nowhere_else(
    shared: Front, roles: dict[Scope, dict[str, str]]
) -> None:
    wrong = []
    for operation in operations(shared):
        scopes = allowed(operation)
        for scope, headers in roles.items():
            if not scopes:
                continue
            answer = call(shared, operation, headers)
            if (answer.status_code == 403 and "scope" in answer.text) is (scope in scopes) or answer.status_code == 401:
                wrong.append((*operation, scope.value, answer.status_code, answer.text[:80]))
    assert wrong == []


def long_ago(shared: Front) -> str:
    """A token with every scope, whose time is over."""
    services = shared.house.services
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


def test_nobody_gets_in_without_a_token_or_with_a_suspended_client(
    shared: Front, roles: dict[Scope, dict[str, str]]
) -> None:
    clients = shared.house.services.clients
    guarded = [operation for operation in operations(shared) if allowed(operation)]
    everything = [scope for scope in Scope if scope is not HOLD]
    new = clients.enrol("out", name="停用", scopes=everything, organisation_code=MARKET.code)
    assert new is not None
    shared.secrets["out"] = new.secret
    suspended = shared.bearer("out")
    clients.suspend("out")
    expired = {"Authorization": f"Bearer {long_ago(shared)}"}
    for headers in (None, suspended, expired, {"Authorization": "Bearer x.y.z"}, {"Authorization": "Basic x"}):
        answers = {operation: call(shared, operation, headers).status_code for operation in guarded}
        assert {operation: status for operation, status in answers.items() if status != 401} == {}


def test_what_is_open_to_all_asks_nobody_who_he_is(shared: Front) -> None:
    for operation in operations(shared):
        if not allowed(operation) and operation != ("POST", "/oauth/token"):
            assert call(shared, operation, None).status_code not in (401, 403), operation


@pytest.fixture(scope="module")
def foreign(shared: Front) -> Iterator[Licence]:
    """A licence of another issuer and another holder."""
    return shared.house.issue("physician_practice_certificate")


BODIES: dict[str, dict[str, str]] = {
    "suspend": {"reason": "核查"},
    "resume": {"reason": "核查"},
    "revoke": {"reason": "核查", "legal_basis": LAW},
    "cancel": {"reason": "核查", "legal_basis": LAW},
}


def test_others_objects_look_like_none(shared: Front, roles: dict[Scope, dict[str, str]], foreign: Licence) -> None:
    """Reading and changing what belongs to another body or holder answers as if it did not exist."""
    nothing = "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U"
    tried = 0
    for operation in operations(shared):
        method, path = operation
        body = BODIES.get(path.rpartition("/")[2])
        if "{identifier}" not in path or not allowed(operation) or (method != "GET" and body is None):
            continue
        for scope in allowed(operation):
            answers = [
                shared.http.request(
                    method, path.replace("{identifier}", which), headers=roles[scope], json=body or None
                )
                for which in (foreign.identifier, nothing)
            ]
            codes = [(answer.status_code, answer.json()["code"]) for answer in answers]
            assert codes[0] == codes[1], (operation, scope)
            assert codes[0][0] == 404, (operation, scope)
            tried += 1
    assert tried >= 10
    assert shared.house.services.register.get(foreign.identifier).issuer_code == HEALTH.code
    assert shared.house.services.register.get(foreign.identifier).recorded_state == "valid"


def test_ones_own_objects_are_there(shared: Front, roles: dict[Scope, dict[str, str]]) -> None:
    for operation in operations(shared):
        method, path = operation
        if method == "GET" and "{identifier}" in path and allowed(operation):
            for scope in allowed(operation):
                answer = call(shared, operation, roles[scope], shared.licence.identifier)
                assert answer.status_code == 200, (operation, scope, answer.text)
