"""Whatever a file does to the process that judges it, the service goes on."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from tests.house import House
from tests.pdfs import blank_pdf
from verify import Policy, TrustAnchors, inspect_pdf
from verify.errors import CheckCrashedError, CheckTooSlowError, NoSignatureError
from verify.isolation import IsolatedWorkers


def misbehave(how: str) -> object:
    """Work of the tests' own."""
    if how == "loop":
        while True:
            pass
    if how == "memory":
        return len(bytearray(8 * 1024**3))
    if how == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "raise":
        raise ZeroDivisionError
    if how == "doze":
        time.sleep(0.5)
    if how == "refuse":
        raise NoSignatureError
    return os.getpid()


@pytest.fixture
def workers() -> Iterator[IsolatedWorkers]:
    made = IsolatedWorkers(misbehave, workers=2, seconds=1.0)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ("loop", CheckTooSlowError),
        ("memory", CheckCrashedError),
        ("die", CheckCrashedError),
        ("raise", CheckCrashedError),
        ("refuse", NoSignatureError),
    ],
)
def test_each_end_has_its_own_error_and_the_next_call_works(
    workers: IsolatedWorkers, how: str, error: type[Exception]
) -> None:
    workers.call("well")  # the fork server is up
    started = time.monotonic()
    with pytest.raises(error):
        workers.call(how)
    assert time.monotonic() - started < 60  # not the whole life of the process
    assert workers.call("well") != os.getpid()


def test_whoever_ends_all_processes_of_a_service_leaves_it_the_call_at_hand() -> None:
    alone = IsolatedWorkers(misbehave, workers=1, seconds=10.0)
    try:
        pid = alone.call("well")
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(alone.call, "doze")
            time.sleep(0.2)
            for each in (signal.SIGTERM, signal.SIGINT):
                os.kill(pid, each)
            assert asked.result() == pid
        assert alone.call("well") == pid
    finally:
        alone.close()


def test_many_at_once_share_the_workers(workers: IsolatedWorkers) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(workers.call, ["well"] * 40))) <= 2


def test_a_licence_is_judged_the_same_in_a_process_of_its_own(house: House) -> None:
    data = house.pdf(house.issue())
    anchors = TrustAnchors.of([house.services.keys.authority.root])
    now = house.services.clock.now()
    workers = IsolatedWorkers(inspect_pdf, workers=1)
    try:
        there = workers.call(data, anchors, policy=Policy.LICENCE, now=now)
        assert there == inspect_pdf(data, anchors, policy=Policy.LICENCE, now=now)
        with pytest.raises(NoSignatureError):
            workers.call(blank_pdf(), anchors, policy=Policy.LICENCE, now=datetime.now(UTC))
    finally:
        workers.close()
