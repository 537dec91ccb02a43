"""A client that relied on a licence is told when it changes, and nobody else is."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from api.clients import Scope
from store.clock import FixedClock
from tests.api.conftest import Front
from tests.api.receivers import Receiver
from tests.house import HEALTH, LAW
from trust import Decision


@pytest.fixture
def told(front: Front, receiver: Receiver) -> Receiver:
    """The receiver of the client ``checker``, which another body's licences do not concern."""
    place = front.house.services.ledger.head().size
    front.house.services.webhooks.add("checker", receiver.url, actor="cli:admin", place=place)
    return receiver


def deliver(front: Front) -> None:
    services = front.house.services
    services.ledger.sequence()
    services.webhooks.pass_on()
    services.watches.tell_expiries()
    while services.webhook_worker.run_once():
        pass


def watch(front: Front, until: str, who: str = "checker") -> tuple[int, str | None]:
    path = f"/v1/watches/{front.licence.identifier}"
    answer = front.http.put(path, json={"until": until}, headers=front.bearer(who))
    return answer.status_code, answer.json().get("code")


def check(front: Front) -> None:
    answer = front.check("identifier", identifier=front.licence.identifier, holder=front.licence.holder.code)
    assert answer["verdict"] == "TOTAL_PASSED"


def test_a_watched_licence_is_told_of_until_it_is_watched_no_longer(front: Front, told: Receiver) -> None:
    register, identifier = front.house.services.register, front.licence.identifier
    assert watch(front, "2026-12-31") == (404, "api.watch_refused")
    check(front)
    register.suspend(identifier, Decision("a", "r", LAW))
    deliver(front)
    assert told.acts == []
    assert watch(front, "2026-12-31") == (200, None)
    assert front.http.get("/v1/watches", headers=front.checker).json() == [
        {"identifier": identifier, "until": "2026-12-31"}
    ]
    register.resume(identifier, Decision("a", "r", LAW))
    deliver(front)
    deliver(front)
    assert told.acts[-1] == "resume"
    count = len(told.got)
    path = f"/v1/watches/{identifier}"
    assert front.http.delete(path, headers=front.checker).status_code == 204
    assert front.http.delete(path, headers=front.checker).status_code == 404
    register.revoke(identifier, Decision("a", "r", LAW))
    deliver(front)
    assert len(told.got) == count


def test_a_watch_ends_by_its_date_and_has_bounds(front: Front, told: Receiver, clock: FixedClock) -> None:
    check(front)
    for until in ("2026-11-22", "2029-01-01"):
        assert watch(front, until) == (422, "api.watch_period")
    assert watch(front, "2026-11-24") == (200, None)
    clock.advance(timedelta(days=3))
    front.house.services.register.revoke(front.licence.identifier, Decision("a", "r", LAW))
    deliver(front)
    assert told.got == []


def test_an_expiry_is_told_once(front: Front, told: Receiver, clock: FixedClock) -> None:
    permit = front.house.issue("food_operation_permit")
    answer = front.check("identifier", identifier=permit.identifier, holder=permit.holder.code)
    assert answer["verdict"] == "TOTAL_PASSED"
    assert permit.valid_until is not None
    clock.advance(timedelta(days=(permit.valid_until - clock.now().date()).days - 30))
    deliver(front)
    headers = front.bearer("checker")
    body = {"until": str(permit.valid_until + timedelta(days=10))}
    assert front.http.put(f"/v1/watches/{permit.identifier}", json=body, headers=headers).status_code == 200
    deliver(front)
    assert told.got == []
    clock.advance(timedelta(days=32))
    deliver(front)
    deliver(front)
    ((headers, sent),) = told.got
    said = json.loads(sent)
    assert (said["type"], said["data"]["identifier"]) == ("licence.expired", permit.identifier)
    assert headers["webhook-signature"].startswith("v1,")
    assert "expired" in headers["webhook-id"]


def test_another_clients_watch_is_not_seen_or_ended(front: Front) -> None:
    check(front)
    assert watch(front, "2026-12-31") == (200, None)
    new = front.house.services.clients.enrol(
        "second", name="另一系统", scopes=[Scope.CHECK], organisation_code=HEALTH.code
    )
    assert new is not None
    front.secrets["second"] = new.secret
    other = front.bearer("second")
    assert front.http.get("/v1/watches", headers=other).json() == []
    assert front.http.delete(f"/v1/watches/{front.licence.identifier}", headers=other).status_code == 404
    assert watch(front, "2026-12-31", "second") == (404, "api.watch_refused")
