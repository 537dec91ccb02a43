"""Whoever checked or holds a licence can say that its data are wrong; the issuer answers in time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from api.clients import Scope
from store.clock import FixedClock
from tests.api.conftest import Front
from tests.house import HEALTH

TEXT = "住所与现场不符：应为 8 号楼"


@pytest.fixture
def front(shared: Front) -> Iterator[Front]:
    shared.check("identifier", identifier=shared.licence.identifier, holder=shared.licence.holder.code)
    yield shared
    with shared.house.services.database.transaction() as session:
        session.execute(sa.text("UPDATE feedback SET state = 'rejected' WHERE state IN ('open', 'accepted')"))


def say(front: Front, headers: dict[str, str], path: str = "/v1/feedback", **changed: Any) -> Any:
    body = {"identifier": front.licence.identifier, "field": "address", "text": TEXT, **changed}
    return front.http.post(path, json=body, headers=headers)


def act(front: Front, number: str, what: str, body: dict[str, str], headers: dict[str, str] | None = None) -> Any:
    return front.http.post(f"/v1/feedback/{number}/{what}", json=body, headers=headers or front.issuer)


def test_open_accepted_corrected_and_the_answer_goes_back(front: Front) -> None:
    said = say(front, front.checker)
    assert said.status_code == 201, said.text
    number = said.json()["id"]
    assert number in {each["id"] for each in front.http.get("/v1/feedback/received", headers=front.issuer).json()}
    assert act(front, number, "corrected", {"identifier": front.licence.identifier}).status_code == 409
    accepted = act(front, number, "accept", {"text": "核实属实，将更正。"}).json()
    assert (accepted["state"], accepted["text"]) == ("accepted", TEXT)
    assert act(front, number, "reject", {"text": "改主意"}).json()["code"] == "verify.feedback_state"
    done = act(front, number, "corrected", {"identifier": front.licence.identifier}).json()
    assert (done["state"], done["corrected_by_licence"]) == ("corrected", front.licence.identifier)
    mine = next(each for each in front.http.get("/v1/feedback", headers=front.checker).json() if each["id"] == number)
    assert mine["answer"] == "核实属实，将更正。"
    with front.house.services.database.transaction() as session:
        steps = sa.text("SELECT state FROM feedback_event WHERE feedback_id = :id ORDER BY id")
        assert session.scalars(steps, {"id": number}).all() == ["open", "accepted", "corrected"]
        stored = session.scalar(sa.text("SELECT text FROM feedback WHERE id = :id"), {"id": number})
    assert stored is not None
    assert TEXT.encode() not in bytes(stored)


def test_the_holder_speaks_for_his_own_licences_only(front: Front) -> None:
    said = say(front, front.holder, "/v1/wallet/feedback")
    assert (said.status_code, said.json()["raised_by"]) == (201, "holder")
    assert said.json()["id"] not in {
        each["id"] for each in front.http.get("/v1/feedback", headers=front.checker).json()
    }
    other = front.house.issue("physician_practice_certificate")
    refused = say(front, front.holder, "/v1/wallet/feedback", identifier=other.identifier, field=None)
    assert (refused.status_code, refused.json()["code"]) == (404, "verify.feedback_refused")
    assert say(front, front.checker, identifier=other.identifier, field=None).status_code == 404


def test_one_at_a_time(front: Front) -> None:
    number = say(front, front.checker).json()["id"]
    assert say(front, front.checker).json()["code"] == "verify.feedback_pending"
    assert say(front, front.holder, "/v1/wallet/feedback").status_code == 201
    act(front, number, "reject", {"text": "数据无误"})
    assert say(front, front.checker).status_code == 201


@pytest.mark.parametrize("changed", [{"text": ""}, {"text": " \n"}, {"text": "a\0b"}, {"field": "nonsense"}], ids=str)
def test_what_says_nothing_is_refused(front: Front, changed: dict[str, str]) -> None:
    assert say(front, front.checker, **changed).status_code == 422


def test_another_body_does_not_see_or_settle_it(front: Front) -> None:
    number = say(front, front.checker).json()["id"]
    clients = front.house.services.clients
    new = clients.enrol("other-issuer", name="签发", scopes=[Scope.ISSUE], organisation_code=HEALTH.code)
    assert new is not None
    front.secrets["other-issuer"] = new.secret
    other = front.bearer("other-issuer")
    assert front.http.get("/v1/feedback/received", headers=other).json() == []
    for what, body in (("accept", {"text": "x"}), ("reject", {"text": "x"}), ("corrected", {"identifier": "x"})):
        answer = act(front, number, what, body, other)
        assert answer.status_code in (404, 422)
    for odd in ("nothing", "..", "a%00b"):
        assert act(front, odd, "accept", {"text": "x"}).status_code in (404, 422)


def test_figures_tell_who_is_late(front: Front) -> None:
    clock = front.house.services.clock
    assert isinstance(clock, FixedClock)
    before = front.http.get("/v1/feedback/figures", headers=front.issuer).json()
    number = say(front, front.checker).json()["id"]
    now = clock.now()
    clock.advance(timedelta(days=8))
    late = front.http.get("/v1/feedback/figures", headers=front.bearer("issuer")).json()
    assert late["overdue"] == before["overdue"] + 1
    assert late["counts"]["open"] == 1
    act(front, number, "reject", {"text": "数据无误"}, front.bearer("issuer"))
    settled = front.http.get("/v1/feedback/figures", headers=front.bearer("issuer")).json()
    assert settled["overdue"] == before["overdue"]
    assert settled["mean_hours_to_answer"] > 0
    clock.advance(now - clock.now())
