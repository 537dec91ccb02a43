"""Time stamps of other authorities: in order, with time-outs, and never on trust."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from stamping_server import Authority

from seal import ExternalTimeStamps
from seal.errors import TimeStampAddressError, TimeStampError
from store.clock import FixedClock
from tests.house import House

DIGEST = hashlib.sha256(b"signature").digest()


@pytest.fixture
def authority() -> Iterator[Callable[[Callable[[bytes], tuple[int, bytes]]], Authority]]:
    started: list[Authority] = []

    def start(answer: Callable[[bytes], tuple[int, bytes]]) -> Authority:
        started.append(Authority(answer))
        return started[-1]

    yield start
    for each in started:
        each.close()


Start = Callable[[Callable[[bytes], tuple[int, bytes]]], Authority]


def good(house: House) -> Callable[[bytes], tuple[int, bytes]]:
    return lambda request: (200, house.services.keys.timestamps.respond(request))


def test_the_first_authority_that_answers_is_taken(house: House, authority: Start) -> None:
    first, second = authority(lambda _: (500, b"")), authority(good(house))
    stamps = ExternalTimeStamps([first.url, second.url])
    assert stamps.stamp(DIGEST).startswith(b"\x30")
    assert (first.asked, second.asked) == (1, 1)


def test_one_that_failed_is_left_alone_for_a_while(house: House, authority: Start) -> None:
    first, second = authority(lambda _: (500, b"")), authority(good(house))
    stamps = ExternalTimeStamps([first.url, second.url], pause=2)
    for _ in range(3):
        stamps.stamp(DIGEST)
    assert (first.asked, second.asked) == (1, 3)
    time.sleep(2.1)
    stamps.stamp(DIGEST)
    assert first.asked == 2


def test_when_none_answers_the_error_says_so(authority: Start) -> None:
    dead = ExternalTimeStamps(["http://127.0.0.1:1/tsa"], timeout=0.5)
    with pytest.raises(TimeStampError):
        dead.stamp(DIGEST)
    with pytest.raises(TimeStampError, match="a moment ago"):
        dead.stamp(DIGEST)


def test_a_slow_authority_is_given_up(authority: Start) -> None:
    given_up, answered = threading.Event(), threading.Event()

    def slow(_: bytes) -> tuple[int, bytes]:
        given_up.wait(30)
        answered.set()
        return 200, b""

    with pytest.raises(TimeStampError):
        ExternalTimeStamps([authority(slow).url], timeout=0.3).stamp(DIGEST)
    assert not answered.is_set()
    given_up.set()


@pytest.mark.parametrize(
    "answer",
    [(200, b""), (200, b"<html>"), (200, b"\x30\x03\x02\x01\x00"), (200, bytes(70_000)), (302, b""), (404, b"")],
)
def test_what_is_no_token_for_our_digest_is_refused(authority: Start, answer: tuple[int, bytes]) -> None:
    with pytest.raises(TimeStampError):
        ExternalTimeStamps([authority(lambda _: answer).url]).stamp(DIGEST)


def test_an_answer_to_an_earlier_request_is_refused(house: House, authority: Start) -> None:
    kept: list[bytes] = []

    def replay(request: bytes) -> tuple[int, bytes]:
        kept.append(house.services.keys.timestamps.respond(request))
        return 200, kept[0]

    replaying = authority(replay)
    stamps = ExternalTimeStamps([replaying.url], pause=0.0)
    assert stamps.stamp(DIGEST)
    with pytest.raises(TimeStampError, match="another request"):
        stamps.stamp(DIGEST)


def test_a_time_that_is_far_from_ours_shows_that_a_clock_is_wrong(house: House, authority: Start) -> None:
    ours = FixedClock(house.services.clock.now())
    only = authority(good(house))
    stamps = ExternalTimeStamps([only.url], pause=0.0, clock=ours)
    assert stamps.stamp(DIGEST)
    for seconds in (60, -120):
        ours.advance(timedelta(seconds=seconds))
        with pytest.raises(TimeStampError, match="60 s from ours"):
            stamps.stamp(DIGEST)
        with pytest.raises(TimeStampError):
            stamps.probe()
    ours.advance(timedelta(seconds=62))
    stamps.probe()
    asked = only.asked
    stamps.probe()
    assert only.asked == asked, "one that answers is not asked for nothing"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x/", "tsa.example", "http://"])
def test_only_http_addresses_are_taken(url: str) -> None:
    with pytest.raises(TimeStampAddressError):
        ExternalTimeStamps([url])
