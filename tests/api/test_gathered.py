"""Checks that arrive at the same moment are answered in one go, each as if it had come by itself."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from api.clients import ClientTerms
from api.errors import TokenMissingError
from api.gathering import Gathering
from tests.api.conftest import CASE, Front

UNKNOWN = "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U"


def at_once(front: Front, bodies: Sequence[dict[str, Any]]) -> list[Any]:
    """The answers to checks that are sent at the same moment."""
    start = threading.Barrier(len(bodies))

    def one(body: dict[str, Any]) -> Any:
        start.wait()
        return front.http.post("/v1/checks/identifier", json={**CASE, **body}, headers=front.checker)

    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(one, bodies))


def test_each_of_many_at_once_has_the_answer_to_what_it_asked(shared: Front) -> None:
    licence = shared.house.issue()
    good = {"identifier": licence.identifier, "holder": licence.holder.code}
    other_holder = {**good, "holder": "别人"}
    bodies = [
        good,
        {**good, "identifier": UNKNOWN},
        {**good, "identifier": "1.2.3"},
        other_holder,
        {**good, "service_item": "000000-0000-000"},
        {**good, "case_number": "\n"},
    ] * 3
    answers = at_once(shared, bodies)
    for body, answer in zip(bodies, answers, strict=True):
        alone = shared.http.post("/v1/checks/identifier", json={**CASE, **body}, headers=shared.checker)
        assert answer.status_code == alone.status_code
        for each in ("verdict", "code", "licence"):
            assert answer.json().get(each) == alone.json().get(each)
    receipts = [answer.json()["receipt_id"] for answer in answers if answer.status_code == 200]
    assert len(set(receipts)) == 9
    services = shared.house.services
    recorded = {each.reference for each in services.check_records.of_licence(licence.identifier)}
    assert recorded >= {answer.json()["receipt_id"] for answer in answers[::6]}
    services.ledger.sequence()
    assert all(services.check_records.proof(each, services.ledger) is not None for each in receipts)


def test_a_daily_quota_is_met_exactly_by_checks_at_once(shared: Front) -> None:
    licence = shared.house.issue()
    services = shared.house.services
    before = len(services.check_records.of_licence(licence.identifier))
    used = services.quotas.used_today(services.clients.get("checker"))
    services.clients.permit("checker", ClientTerms(daily_quota=used + 5))
    try:
        answers = at_once(shared, [{"identifier": licence.identifier, "holder": licence.holder.code}] * 12)
    finally:
        services.clients.permit("checker", ClientTerms())
    assert sorted(each.status_code for each in answers) == [200] * 5 + [429] * 7
    assert len(services.check_records.of_licence(licence.identifier)) == before + 5


def test_what_is_asked_meanwhile_is_worked_on_together() -> None:
    shares: list[int] = []
    begun, go_on = threading.Event(), threading.Event()

    def work(asked: Sequence[int]) -> list[int | Exception]:
        shares.append(len(asked))
        begun.set()
        go_on.wait(10)
        return [ValueError(each) if each % 2 else each * 10 for each in asked]

    async def ask_all() -> list[int | BaseException]:
        gathering: Gathering[int, int] = Gathering(work, most=4)
        first = asyncio.create_task(gathering.ask(0))
        await asyncio.to_thread(begun.wait, 10)
        rest = [asyncio.create_task(gathering.ask(each)) for each in range(1, 8)]
        await asyncio.sleep(0)
        rest[0].cancel()
        go_on.set()
        return await asyncio.gather(first, *rest, return_exceptions=True)

    found = asyncio.run(ask_all())
    assert shares == [1, 4, 3]
    assert isinstance(found[1], asyncio.CancelledError)
    assert [found[each] for each in (0, 2, 4, 6)] == [0, 20, 40, 60]
    assert all(isinstance(found[each], ValueError) for each in (3, 5, 7))


@pytest.mark.parametrize("error", [RuntimeError("broken"), TokenMissingError()])
def test_an_error_of_the_work_reaches_everybody_and_the_next_are_served(error: Exception) -> None:
    fails = [True]

    def work(asked: Sequence[int]) -> list[int | Exception]:
        if fails[0]:
            raise error
        return list(asked)

    async def ask_all() -> tuple[list[int | BaseException], int]:
        gathering: Gathering[int, int] = Gathering(work)
        found = await asyncio.gather(*(gathering.ask(each) for each in range(3)), return_exceptions=True)
        fails[0] = False
        return found, await gathering.ask(7)

    found, after = asyncio.run(ask_all())
    assert all(type(each) is type(error) for each in found)
    assert after == 7


def test_one_transaction_for_a_block_keeps_nothing_of_it_when_it_fails(shared: Front) -> None:
    database = shared.house.services.database
    quotas = shared.house.services.quotas
    client = shared.house.services.clients.get("checker")
    before = quotas.used_today(client)

    def take_and_fail() -> None:
        with database.together():
            quotas.take(client, 3)
            raise TokenMissingError

    with pytest.raises(TokenMissingError):
        take_and_fail()
    assert quotas.used_today(client) == before
