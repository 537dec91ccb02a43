"""Who looked: holders see every check of their licences that the law does not keep from them, and may object."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from store.clock import FixedClock
from tests.api.conforming import hold_to_its_description
from tests.api.conftest import CASE, Front
from tests.api.test_consent_api import give
from tests.house import EXAMPLES, HEALTH
from verify.check_errors import ServiceItemInvalidError

LAW = {"zh": "《中华人民共和国反洗钱法》第一条", "en": "Anti-Money Laundering Law, article 1"}


def item(code: str, **more: Any) -> dict[str, Any]:
    made = json.loads((EXAMPLES / "service_items" / "food_operation_permit.json").read_text("utf-8"))
    return {**made, "code": code, **more}


@pytest.fixture
def front(shared: Front) -> Front:
    items = shared.house.services.service_items
    items.publish(item("370200-LAW", without_consent=LAW), actor="tests")
    items.publish(item("370200-QUIET", without_consent=LAW, kept_from_holder=LAW), actor="tests")
    return shared


def looks(front: Front, **query: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = front.http.get("/v1/wallet/looks", params=query, headers=front.holder).json()
    return found


def check(front: Front, **more: Any) -> Any:
    body = {**CASE, "identifier": front.licence.identifier, "holder": front.licence.holder.code, **more}
    return front.http.post("/v1/checks/identifier", json=body, headers=front.checker).json()


def present(front: Front) -> str:
    body = {"identifier": front.licence.identifier, "purpose": "办理开户"}
    token: str = front.http.post("/v1/wallet/presentations", json=body, headers=front.holder).json()["token"]
    return token


def test_each_look_says_who_what_for_and_on_what_basis(front: Front) -> None:
    consent = give(front)["number"]
    answers = [
        check(front),
        check(front, consent=consent, fields=["name"]),
        front.check("presentation", token=present(front)),
        front.check("materials", consents=[present(front)]),
        check(front, service_item="370200-LAW"),
    ]
    seen = looks(front, limit=5)
    assert [each["receipt_id"] for each in seen] == [each["receipt_id"] for each in reversed(answers)]
    assert [each["basis"] for each in seen] == ["law", "presentation", "presentation", "consent", "facts"]
    assert {(each["by"], each["body"], each["identifier"]) for each in seen} == {
        ("核验", HEALTH.code, front.licence.identifier)
    }
    assert (seen[0]["law"], seen[3]["consent"], seen[2]["purpose"]) == (LAW["zh"], consent, "办理开户")
    assert seen[4]["service_item_name"] == "食品经营许可（新办）"
    assert [each["number"] for each in looks(front, limit=2, before=seen[1]["number"])] == [
        seen[2]["number"],
        seen[3]["number"],
    ]


def test_what_the_law_keeps_quiet_is_not_shown_and_not_objected_to(front: Front) -> None:
    before = looks(front)
    assert check(front, service_item="370200-QUIET")["verdict"] == "TOTAL_PASSED"
    assert looks(front) == before
    with front.house.services.database.transaction() as session:
        quiet = session.scalar(sa.text("SELECT max(id) FROM check_record WHERE quiet"))
    answer = front.http.post("/v1/wallet/objections", json={"look": quiet, "text": "？"}, headers=front.holder)
    assert (answer.status_code, answer.json()["code"]) == (404, "verify.look_unknown")
    lawful = front.http.get("/v1/wallet/lawful-checks", headers=front.holder).json()
    assert {each["code"]: each["kept_from_holder_zh"] for each in lawful} == {
        "370200-0723-004": None,
        "370200-LAW": None,
        "370200-QUIET": LAW["zh"],
    }
    assert all(each["law_zh"] for each in lawful)


def test_only_the_law_keeps_a_check_quiet(front: Front) -> None:
    with pytest.raises(ServiceItemInvalidError):
        front.house.services.service_items.publish(item("370200-BAD", kept_from_holder=LAW), actor="tests")


def test_an_objection_reaches_the_body_and_comes_back_answered(front: Front) -> None:
    check(front)
    (look,) = looks(front, limit=1)
    body = {"look": look["number"], "text": "本人未在该单位办理此事。"}
    made = front.http.post("/v1/wallet/objections", json=body, headers=front.holder).json()
    assert made["state"] == "open"
    twice = front.http.post("/v1/wallet/objections", json=body, headers=front.holder)
    assert (twice.status_code, twice.json()["code"]) == (409, "verify.objection_made")
    received = front.http.get("/v1/objections?state=open", headers=front.checker).json()
    assert [(each["number"], each["text"]) for each in received] == [(made["number"], body["text"])]
    clock = front.house.services.clock
    assert isinstance(clock, FixedClock)
    clock.advance(timedelta(hours=1))
    front.checker = front.bearer("checker")
    front.holder = front.bearer("holder")
    path = f"/v1/objections/{made['number']}/answer"
    answered = front.http.post(path, json={"text": "误录办件编号，已更正。"}, headers=front.checker).json()
    assert (answered["state"], answered["answered_by"]) == ("answered", "body")
    again = front.http.post(path, json={"text": "再"}, headers=front.checker)
    assert (again.status_code, again.json()["code"]) == (409, "verify.objection_answered")
    (mine,) = front.http.get("/v1/wallet/objections", headers=front.holder).json()
    assert mine["answer"] == "误录办件编号，已更正。"
    figures = front.http.get("/v1/objections/figures", headers=front.checker).json()
    assert figures == {"counts": {"open": 0, "answered": 1}, "overdue": 0, "mean_hours_to_answer": 1.0}


def test_what_is_said_rests_encrypted(front: Front) -> None:
    check(front)
    (look,) = looks(front, limit=1)
    front.http.post("/v1/wallet/objections", json={"look": look["number"], "text": "秘密"}, headers=front.holder)
    with front.house.services.database.transaction() as session:
        rows = session.scalars(sa.text("SELECT text FROM objection")).all()
    assert all("秘密".encode() not in bytes(each) for each in rows)


def test_nobody_objects_for_another_or_answers_for_another(front: Front) -> None:
    services = front.house.services
    other = front.house.issue("physician_practice_certificate")
    facts = {"identifier": other.identifier, "holder": other.holder.code}
    check(front, **facts)
    (foreign,) = services.looks.at([other.identifier])
    answer = front.http.post("/v1/wallet/objections", json={"look": foreign.number, "text": "x"}, headers=front.holder)
    assert answer.status_code == 404
    made = services.objections.open(other.holder_index, foreign, "x")
    assert made.number not in [each.number for each in services.objections.received("11370200990100114M")]
    assert made.number in [each.number for each in services.objections.all()]
    assert services.objections.answer(made.number, "已处理", actor="operator").answered_by == "operator"


def test_the_wallet_api_is_as_it_is_described(front: Front) -> None:
    front.house.services.settings.token_rate = "100000/minute"
    hold_to_its_description(front.http.app, front.holder, paths="/v1/wallet(/looks|/objections|/groups|/licences|$)")
    hold_to_its_description(front.http.app, front.checker, paths="/v1/objections")
