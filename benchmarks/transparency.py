"""A status list of 1,000,000 licences from the register to the reader, and what the log costs."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa
from fastapi.testclient import TestClient

from api.app import create_app
from api.services import Services
from api.settings import Settings
from benchmarks.measure import seconds_per_call
from keys import Record, RecordLog
from store.clock import FixedClock
from store.ledger import Ledger
from store.merkle import holds_inclusion, leaf_hash
from trust.register import local_date
from trust.status_lists import compress, pack
from trust.status_seats import SEATS, allot_seat
from verify import TrustAnchors
from verify.status_list import StatusReference, status_in

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
LEAVES = 200_000
TOUCHED = ((0.02, "revoked", None), (0.03, "cancelled", None), (0.01, "suspended", None), (0.14, "valid", "2026-01-01"))
"""Shares of licences, their state and last day: in all one in five is not in force."""


def main() -> None:
    with TemporaryDirectory(prefix="yinzheng-bench-") as directory:
        settings = Settings(var=Path(directory), isolate_checks=False)
        with Services(settings, FixedClock(NOW)) as services:
            _list(services)
            _ledger(services.ledger, services)


def _list(services: Services) -> None:
    _fill(services)
    lists, anchors = services.status_lists, TrustAnchors.of([services.keys.authority.root])

    def read() -> list[tuple[int, int]]:
        with services.database.transaction() as session:
            return list(lists._statuses(session, 1, NOW))

    statuses = read()
    bits = pack(statuses)
    packed = compress(bits)
    _say("statuses read from the register", seconds_per_call(read))
    _say("packed", seconds_per_call(lambda: pack(statuses)))
    _say("compressed", seconds_per_call(lambda: compress(bits)))
    _say("signed", seconds_per_call(lambda: lists._sign(1, bits)))
    token = lists.current(1).token
    with TestClient(create_app(services)) as http:
        _say("fetched over HTTP", seconds_per_call(lambda: http.get("/status/1").raise_for_status()))
        etag = http.get("/status/1").headers["etag"]
        _say(
            "asked for again, unchanged",
            seconds_per_call(lambda: http.get("/status/1", headers={"If-None-Match": etag})),
        )
    reference = StatusReference(lists.uri(1), statuses[0][0])
    _say("read: signature, chain, one status", seconds_per_call(lambda: status_in(token, reference, anchors, now=NOW)))
    print(f"{len(statuses):,} of {SEATS:,} not in force on {local_date(NOW)}")
    print(f"{len(bits):,} bytes packed, {len(packed):,} in lst, {len(token):,} signed")


def _fill(services: Services) -> None:
    """A register of as many licences as a list has seats, at random places in it."""
    seats = random.Random(0).sample(range(1 << 20), SEATS)
    with services.database.transaction() as session:
        session.execute(sa.text("SET LOCAL session_replication_role = replica"))
        for first in range(0, SEATS, 100_000):
            part = seats[first : first + 100_000]
            session.execute(
                sa.text(
                    "INSERT INTO licence (identifier, type_slug, type_version, number_index, holder_index,"
                    " holder_code_type, issuer_code, issuer_name, issue_date, valid_from, valid_until, state,"
                    " state_since, superseded_by, data, origin, issued_by, issued_at, logged, region_code, status_list,"
                    " status_index) SELECT 'l' || n, 't', 1, int8send(n), int8send(n), 'uscc', '1', '1', '2025-01-01',"
                    " '2025-01-01', NULL, 'valid', now(), NULL, '', 'imported', '1', now(), true, '370200', 1, place"
                    " FROM unnest(CAST(:seats AS bigint[])) WITH ORDINALITY AS p(place, at),"
                    " LATERAL (SELECT :first + at AS n) AS number"
                ),
                {"seats": part, "first": first},
            )
        session.execute(sa.text("INSERT INTO status_seat SELECT 1, status_index FROM licence"))
        first = 0
        for share, state, until in TOUCHED:
            session.execute(
                sa.text(
                    "UPDATE licence SET state = :state, valid_until = CAST(:until AS date)"
                    " WHERE id > :first AND id <= :last"
                ),
                {"state": state, "until": until, "first": first, "last": first + int(share * SEATS)},
            )
            first += int(share * SEATS)
    with sa.create_engine(services.database.url, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(sa.text("VACUUM ANALYZE licence, status_seat"))
    with services.database.transaction() as session:
        session.execute(sa.text("SELECT setval('status_seat_number', :used)"), {"used": SEATS - 1})
        with _timed("a place found in a list that is all but full"):
            allot_seat(session)


def _ledger(ledger: Ledger, services: Services) -> None:
    log = RecordLog(services.keys.vault)

    def enter(number: int) -> None:
        with services.database.transaction() as session:
            log.add(session, Record("benchmark", f"b:{number}", NOW, {}, {}), number=1)

    def bare() -> None:
        with services.database.transaction() as session:
            session.execute(sa.text("INSERT INTO status_list VALUES (:n, '', '', now(), now())"), {"n": next(numbers)})

    numbers, others = iter(range(100, 10**9)), iter(range(10**9))
    _say("one row in a transaction of its own", seconds_per_call(bare))
    _say("one leaf in a transaction of its own", seconds_per_call(lambda: enter(next(others))))
    ledger.sequence()
    with services.database.transaction() as session:
        session.execute(
            sa.text(
                "WITH made AS (INSERT INTO ledger_entry (subject, number, opening, data)"
                " SELECT 's' || n, 1, '', convert_to(repeat('x', 200) || n, 'UTF8') FROM generate_series(1, :n) n"
                " RETURNING id) INSERT INTO ledger_waiting SELECT id FROM made"
            ),
            {"n": LEAVES},
        )
    started = time.perf_counter()
    ledger.sequence()
    elapsed = time.perf_counter() - started
    head = ledger.head()
    print(f"{LEAVES:,} leaves sequenced in batches: {elapsed:.1f} s, {LEAVES / elapsed:,.0f} a second")
    chance = random.Random(1)
    times = []
    for _ in range(200):
        position = chance.randrange(head.size)
        started = time.perf_counter()
        proof = ledger.inclusion(position, head.size)
        times.append(time.perf_counter() - started)
    _say(f"a proof in a log of {head.size:,}, median", statistics.median(times))
    leaf = (ledger.bundle(position // 256, 256) or [])[position % 256]
    _say(
        "the proof checked",
        seconds_per_call(lambda: holds_inclusion(leaf_hash(leaf), position, head.size, proof, head.root)),
    )


@contextmanager
def _timed(what: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    _say(what, time.perf_counter() - started)


def _say(what: str, seconds: float) -> None:
    print(f"{what:<52}{seconds * 1e3:10.2f} ms")
