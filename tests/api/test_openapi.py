"""The API holds to its own OpenAPI document, whoever calls and whatever is sent: schemathesis judges.

Each operation is called by every client that it lets in, one of each scope, for things that there are and for things
that there are not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from schemathesis.schemas import APIOperation

from api.clients import ClientTerms, Scope
from tests.api.conforming import exercise, filled, operations_of
from tests.api.conftest import CASE, Front
from tests.api.signing_in import sign_in
from tests.house import HEALTH, MARKET, example

ORGANISATION = {Scope.CHECK: HEALTH, Scope.HOLD: None}
"""For whom a client acts: the body of the licences and seals, unless it says otherwise here."""
LAST = ("/v1/wallet/close", "/v1/licences/{identifier}/cancel", "/v1/licences/{identifier}/revoke")
"""After these there is less to call for."""
REFUSING = {"POST /oauth/token"}
"""Nobody thinks of a client's secret by chance; that the right one is let in is what every token here shows."""
EXAMPLES = 5
SHORT = 2
"""For further clients that an operation lets in."""


def made(answer: Any) -> Any:
    assert answer.is_success, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def front(shared: Front) -> Front:
    for rate in ("check_rate", "pki_rate", "token_rate", "client_rate"):
        setattr(shared.house.services.settings, rate, "100000/minute")
    shared.house.services.clients.permit("checker", ClientTerms(fields=frozenset({"business_licence.*"})))
    return shared


@pytest.fixture(scope="module")
def clients(front: Front) -> dict[str, dict[str, str]]:
    """What clients of each scope send along, and what nobody does."""
    clients = front.house.services.clients
    found: dict[str, dict[str, str]] = {"nobody": {}}
    for scope in Scope:
        body = ORGANISATION.get(scope, MARKET)
        new = clients.enrol(
            f"of-{scope.name.lower().replace('_', '-')}",
            name=scope.value,
            scopes=[scope],
            organisation_code=body.code if body is not None else None,
            holder=front.licence.holder_index if scope is Scope.HOLD else None,
            terms=ClientTerms(fields=frozenset({"business_licence.*"})),
        )
        assert new is not None
        found[scope.value] = {"Authorization": f"Bearer {clients.token(new.client)}"}
    return found


@pytest.fixture(scope="module")
def known(front: Front, clients: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """Something that there is for the parameters of paths, by what the paths begin with."""
    http, licence, services = front.http, front.licence, front.house.services
    hold, check, issue, seals = (clients[each] for each in (Scope.HOLD, Scope.CHECK, Scope.ISSUE, Scope.SEALS))
    seal = front.house.seal().number

    def post(headers: dict[str, str], path: str, **body: Any) -> Any:
        return made(http.post(path, headers=headers, json=body))

    def sent(path: str) -> str:
        headers = {**issue, "Content-Type": "application/x-ndjson"}
        line = json.dumps(example("business_licence")).encode() + b"\n"
        return str(made(http.post(f"{path}?type=business_licence", content=line, headers=headers))["reference"])

    holder = {"code_type": licence.holder.code_type, "code": licence.holder.code}
    shared = [{"identifier": licence.identifier, "fields": ["name"]}]
    until = "2026-11-24T04:00:00+00:00"
    post(check, "/v1/checks/identifier", **CASE, identifier=licence.identifier, holder=licence.holder.code)
    look = made(http.get("/v1/wallet/looks", headers=hold))[0]["number"]
    consent = post(
        hold,
        "/v1/wallet/consents",
        body=HEALTH.code,
        service_item=CASE["service_item"],
        licences=shared,
        max_uses=5,
        until=until,
    )
    wanted = [{"type": "business_licence", "fields": ["name"]}]
    asked = post(check, "/v1/consent-requests", **CASE, holder=holder, purpose="办理许可", wanted=wanted)
    objection = post(hold, "/v1/wallet/objections", look=look, text="本人未在该单位办理此事。")
    said = post(check, "/v1/feedback", identifier=licence.identifier, field="address", text="地址已变更。")
    limits = {"licence_types": ["business_licence"], "purpose": "联合审批", "reason": "协议"}
    grant = post(seals, f"/v1/seals/{seal}/grants", **limits)
    move = post(seals, f"/v1/seals/{seal}/requests", move="cancel", reason="机构撤销")
    authority = services.keys.authority.issuing.serial_number
    return {
        "/v1/licences/": {"identifier": licence.identifier},
        "/v1/wallet/licences/": {"identifier": licence.identifier},
        "/v1/watches/": {"identifier": licence.identifier},
        "/v1/licence-types/": {"type": "business_licence", "slug": "business_licence", "version": "1"},
        "/v1/batches/": {"reference": sent("/v1/batches")},
        "/v1/imports/": {"reference": sent("/v1/imports")},
        "/v1/wallet/consents/": {"number": consent["number"]},
        "/v1/wallet/consent-requests/": {"number": asked["number"]},
        "/v1/consent-requests/": {"number": asked["number"]},
        "/v1/objections/": {"number": objection["number"]},
        "/v1/feedback/": {"number": said["id"]},
        "/v1/service-items/": {"code": CASE["service_item"]},
        "/v1/seals/": {"number": seal, "grant_id": str(grant["id"])},
        "/v1/seal-requests/": {"request": str(move["id"])},
        "/pki/authorities/": {"serial": f"{authority:x}"},
        "/log/tile/": {"path": "0/000.p/1"},
        "/status/": {"number": "1"},
        "/v1/jobs/": {"name": "retention"},
    }


def known_for(known: dict[str, dict[str, str]], path: str) -> dict[str, str]:
    """What there is for the parameters of one path."""
    found = next((known[each] for each in known if path.startswith(each)), {})
    return {name: value for name, value in found.items() if f"{{{name}}}" in path}


def in_order(operations: Iterator[APIOperation]) -> list[APIOperation]:
    """What only reads first, what ends something last."""
    return sorted(operations, key=lambda each: (each.path in LAST, each.method.lower() != "get"))


def test_every_operation_is_held_to_its_description_by_all_that_it_lets_in(
    front: Front, clients: dict[str, dict[str, str]], known: dict[str, dict[str, str]]
) -> None:
    seen: dict[str, set[int]] = {}
    closed: list[str] = []
    for operation in in_order(operations_of(front.http.app)):
        there = known_for(known, operation.path)
        path = filled(operation.path, there)
        let_in = [
            name
            for name, headers in clients.items()
            if front.http.request(operation.method, path, headers=headers).status_code not in (401, 403)
        ]
        if "nobody" in let_in:
            let_in = ["nobody"]
        if not let_in:
            closed.append(operation.label)
        for number, name in enumerate(let_in):
            examples = SHORT if number else EXAMPLES
            statuses = seen.setdefault(operation.label, set())
            statuses |= exercise(operation, clients[name], examples=examples)
            if there:
                statuses |= exercise(operation, clients[name], examples=examples, known=there)
    assert closed == []
    assert {label for label, statuses in seen.items() if statuses <= {401, 403}} == REFUSING


@pytest.mark.parametrize("who", ["meng", "ji", "issuer", "seal_approver", "administrator"])
def test_who_is_signed_in_is_let_in_by_pages_alone(front: Front, known: dict[str, dict[str, str]], who: str) -> None:
    """No operation takes a session: what a browser brings along by itself opens none that asks for a client."""
    front.http.cookies.clear()
    sign_in(front.http, front.house.services, who)
    guarded = [each for each in operations_of(front.http.app) if each.definition.raw.get("security")]
    assert len(guarded) > 100
    for operation in guarded:
        path = filled(operation.path, known_for(known, operation.path))
        answer = front.http.request(operation.method, path)
        assert answer.status_code in (401, 422), operation.label
    front.http.cookies.clear()
