"""Status lists: packed as the draft has it, allotted at random, signed, and never far behind the register."""

from __future__ import annotations

import base64
import json
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from store.clock import FixedClock
from store.database import Database
from tests.house import House
from trust import Licence
from trust.decisions import Decision
from trust.errors import StatusListUnknownError
from trust.status_lists import compress, pack
from trust.status_seats import LIST_SIZE, SEATS, allot_seat

DRAFT_2_BITS = {0: 1, 1: 2, 2: 0, 3: 3, 4: 0, 5: 1, 6: 0, 7: 1, 8: 1, 9: 2, 10: 3, 11: 3}
"""The statuses of the example of draft-ietf-oauth-status-list, 4.1, and what they are packed to."""


def claims(token: bytes) -> dict[str, Any]:
    payload = token.split(b".")[1]
    value: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + b"=" * (-len(payload) % 4)))
    return value


def bits(token: bytes) -> bytes:
    packed = claims(token)["status_list"]["lst"]
    return zlib.decompress(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))


def reference(house: House, licence: Licence) -> tuple[int, int]:
    with house.services.database.transaction() as session:
        row = session.execute(
            sa.text("SELECT status_list, status_index FROM licence WHERE identifier = :it"), {"it": licence.identifier}
        ).one()
        return row[0], row[1]


def status(house: House, licence: Licence) -> int:
    number, index = reference(house, licence)
    packed = bits(house.services.status_lists.current(number).token)
    return packed[index // 4] >> (index % 4 * 2) & 3


def test_two_bits_are_packed_as_in_the_example_of_the_draft() -> None:
    packed = pack(DRAFT_2_BITS.items(), 12)
    assert packed.hex() == "c944f9"
    assert compress(packed) == "eNo76fITAAPfAgc"


@given(st.dictionaries(st.integers(0, 63), st.integers(1, 3)))
def test_every_status_is_found_where_it_was_put(statuses: dict[int, int]) -> None:
    packed = pack(statuses.items(), 64)
    read = {at: packed[at // 4] >> (at % 4 * 2) & 3 for at in range(64)}
    assert read == {at: statuses.get(at, 0) for at in range(64)}


def test_a_list_follows_the_register(house: House, clock: FixedClock) -> None:
    licence, register = house.issue(), house.services.register
    later = timedelta(seconds=21)
    assert status(house, licence) == 0
    register.suspend(licence.identifier, Decision("a", "核查"))
    clock.advance(later)
    assert status(house, licence) == 2
    register.resume(licence.identifier, Decision("a", "无误"))
    clock.advance(later)
    assert status(house, licence) == 0
    register.revoke(licence.identifier, Decision("a", "r", "《行政许可法》第六十九条"))
    clock.advance(later)
    assert status(house, licence) == 1


def test_a_licence_that_expires_shows_so_by_itself(house: House, clock: FixedClock) -> None:
    licence = house.issue("food_operation_permit")
    assert licence.valid_until is not None
    assert status(house, licence) == 0
    clock.advance((licence.valid_until - house.services.register.today()) + timedelta(days=1))
    assert status(house, licence) == 3


def test_a_list_stays_the_same_until_something_changes_and_never_gets_old(house: House, clock: FixedClock) -> None:
    number, _ = reference(house, house.issue())
    lists = house.services.status_lists
    first = lists.current(number)
    said = claims(first.token)
    assert said["exp"] - said["iat"] == 900
    assert (said["sub"], said["ttl"]) == (f"http://127.0.0.1:8000/status/{number}", 60)
    for _ in range(40):
        clock.advance(timedelta(seconds=30))
        held = lists.current(number)
        assert clock.now() - held.made_at <= timedelta(minutes=5)
        if held.made_at == first.made_at:
            assert held.token == first.token
    clock.advance(timedelta(days=-1))
    assert lists.current(number).made_at == clock.now()


def test_the_pdf_names_its_place_and_another_process_gives_the_same_list(house: House) -> None:
    licence = house.issue()
    number, index = reference(house, licence)
    data = house.pdf(licence)
    evidence = house.services.checker.check_pdf(data)
    assert evidence.passed
    lists = house.services.status_lists
    first = lists.current(number).token
    lists._kept.clear()
    assert lists.current(number).token == first
    assert lists.uris() == [lists.uri(number)]
    assert index < LIST_SIZE


def test_an_unknown_list_is_refused(house: House) -> None:
    house.issue()
    for number in (0, 2, 2**40):
        with pytest.raises(StatusListUnknownError):
            house.services.status_lists.current(number)


def test_places_are_allotted_at_random_and_never_twice(database: Database) -> None:
    def allot(_: int) -> tuple[int, int]:
        with database.transaction() as session:
            seat = allot_seat(session)
            return seat.list, seat.index

    with ThreadPoolExecutor(8) as pool:
        seats = list(pool.map(allot, range(200)))
    assert len(set(seats)) == 200
    assert {number for number, _ in seats} == {1}
    indexes = [index for _, index in seats]
    assert max(indexes) > LIST_SIZE // 2 > min(indexes)
    steps = [after - before for before, after in pairwise(indexes)]
    assert len(set(steps)) > 190


def test_the_last_places_of_a_list_are_found_and_then_the_next_list_begins(database: Database) -> None:
    with database.transaction() as session:
        taken = sa.text("INSERT INTO status_seat SELECT 1, n FROM generate_series(0, :last) n")
        session.execute(taken, {"last": SEATS - 2})
        session.execute(sa.text("SELECT setval('status_seat_number', :used)"), {"used": SEATS - 1})
        last, first = allot_seat(session), allot_seat(session)
    assert (last.list, first.list) == (1, 2)
    assert SEATS - 2 < last.index < LIST_SIZE


def test_issuers_do_not_wait_for_each_other(database: Database) -> None:
    with database.transaction() as slow:
        held = allot_seat(slow)
        with database.transaction() as session:
            session.execute(sa.text("SET LOCAL lock_timeout = '1s'"))
            assert allot_seat(session) != held
