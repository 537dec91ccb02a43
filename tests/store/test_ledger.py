"""The ledger: no leaf is lost or stands twice, whoever writes at once and whoever is killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from store import ledger as entries
from store.clock import FixedClock
from store.database import Database
from store.ledger import Ledger
from store.merkle import EMPTY_ROOT, Tile, holds_consistency, holds_inclusion, leaf_hash, root_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def ledger(database: Database, clock: FixedClock) -> Ledger:
    return Ledger(database, clock, batch=100)


def enter(database: Database, *subjects: str) -> None:
    with database.transaction() as session:
        for subject in subjects:
            entries.append(session, subject, 1, b"opening", f"leaf {subject}".encode())


def leaves(ledger: Ledger) -> list[bytes]:
    """All leaves, read as anybody reads them."""
    found: list[bytes] = []
    size = ledger.head().size
    while len(found) < size:
        bundle = ledger.bundle(len(found) // 256, min(256, size - len(found)))
        assert bundle is not None
        found += bundle
    return found


def assert_whole(ledger: Ledger, expected: set[str]) -> None:
    ledger.sequence()
    found, head = leaves(ledger), ledger.head()
    assert sorted(found) == sorted(f"leaf {subject}".encode() for subject in expected)
    assert head.root == root_of([leaf_hash(leaf) for leaf in found])
    assert head.size == len(expected)


def test_an_empty_ledger_has_the_root_of_the_empty_tree(ledger: Ledger) -> None:
    assert ledger.sequence() == 0
    assert (ledger.head().size, ledger.head().root, ledger.head().at) == (0, EMPTY_ROOT, None)
    assert ledger.bundle(0, 1) is None
    assert ledger.tile(Tile(0, 0, 1)) is None


def test_what_is_rolled_back_is_never_entered(database: Database, ledger: Ledger) -> None:
    enter(database, "a")
    with database.transaction() as session:
        entries.append(session, "b", 1, b"", b"leaf b")
        session.rollback()
    assert_whole(ledger, {"a"})


def test_an_act_that_commits_late_is_not_passed_over(database: Database, ledger: Ledger) -> None:
    with database.transaction() as slow:
        entries.append(slow, "early", 1, b"", b"leaf early")
        enter(database, "late")
        assert ledger.sequence() == 1
    assert ledger.sequence() == 1
    assert leaves(ledger) == [b"leaf late", b"leaf early"]
    assert [entry.position for entry in ledger.entries_about("early")] == [1]


def test_an_entry_is_found_again_with_its_opening_and_its_place(database: Database, ledger: Ledger) -> None:
    with database.transaction() as session:
        assert entries.next_number(session, "a") == 1
        entries.append(session, "a", 1, b"opening", b"leaf")
        assert entries.next_number(session, "a") == 2
    (entry,) = ledger.entries_about("a")
    assert (entry.number, entry.opening, entry.data, entry.position) == (1, b"opening", b"leaf", None)
    ledger.sequence()
    assert ledger.entries_about("a")[0].position == 0
    with pytest.raises(IntegrityError), database.transaction() as session:
        entries.append(session, "a", 1, b"", b"again")


def test_a_leaf_that_no_bundle_can_hold_is_refused(database: Database) -> None:
    with database.transaction() as session, pytest.raises(ValueError, match="long"):
        entries.append(session, "a", 1, b"", bytes(65536))


@pytest.mark.parametrize("table", ["ledger_entry", "ledger_leaf", "ledger_node", "ledger_head"])
def test_nothing_in_the_ledger_can_be_changed(database: Database, ledger: Ledger, table: str) -> None:
    enter(database, "a")
    ledger.sequence()
    with pytest.raises(IntegrityError, match="append-only"), database.transaction() as session:
        session.execute(sa.text(f"DELETE FROM {table}"))


def test_tiles_and_proofs_are_those_of_the_tree(database: Database, ledger: Ledger) -> None:
    subjects = [f"{number:04}" for number in range(700)]
    enter(database, *subjects[:300])
    ledger.sequence()
    old = ledger.head()
    enter(database, *subjects[300:])
    assert ledger.sequence() == 400
    head = ledger.head()
    hashes = [leaf_hash(f"leaf {subject}".encode()) for subject in subjects]
    assert ledger.tile(Tile(0, 1)) == hashes[256:512]
    assert ledger.tile(Tile(0, 2, 188)) == hashes[512:]
    assert ledger.tile(Tile(0, 2, 100)) == hashes[512:612]
    assert ledger.tile(Tile(0, 2, 189)) is None
    assert ledger.tile(Tile(1, 0, 2)) == [root_of(hashes[:256]), root_of(hashes[256:512])]
    assert ledger.tile(Tile(1, 0, 3)) is None
    assert ledger.tile(Tile(2, 0, 1)) is None
    for position in (0, 255, 256, 511, 512, 699):
        assert holds_inclusion(hashes[position], position, 700, ledger.inclusion(position, 700), head.root)
    assert holds_consistency(300, old.root, 700, head.root, ledger.consistency(300, 700))
    for wrong in (
        lambda: ledger.inclusion(700, 700),
        lambda: ledger.consistency(1, 701),
        lambda: ledger.inclusion(0, -1),
    ):
        with pytest.raises(ValueError, match=r"ledger|leaf"):
            wrong()


def test_a_large_batch_fills_tiles_of_every_level(database: Database, clock: FixedClock) -> None:
    with database.transaction() as session:
        session.execute(
            sa.text(
                "WITH made AS (INSERT INTO ledger_entry (subject, number, opening, data) SELECT"
                " 's' || n, 1, '', convert_to('leaf ' || n, 'UTF8') FROM generate_series(1, 65800) n RETURNING id)"
                " INSERT INTO ledger_waiting SELECT id FROM made"
            )
        )
    ledger = Ledger(database, clock, batch=40_000)
    assert ledger.sequence() == 65_800
    tops = ledger.tile(Tile(2, 0, 1))
    below = ledger.tile(Tile(1, 0))
    assert tops is not None
    assert below is not None
    assert tops == [root_of(below)]
    assert ledger.head().root == root_of([leaf_hash(f"leaf {n}".encode()) for n in range(1, 65_801)])


def test_eight_writers_and_three_sequencers_at_once(database: Database, ledger: Ledger) -> None:
    stop = threading.Event()
    failed: list[BaseException] = []

    def write(writer: int) -> None:
        for number in range(40):
            enter(database, f"{writer}-{number}")

    def work(job: object, *arguments: object) -> None:
        try:
            job(*arguments)  # type: ignore[operator]
        except BaseException as error:
            failed.append(error)

    def sequence() -> None:
        while not stop.is_set():
            ledger.sequence()

    sequencers = [threading.Thread(target=work, args=(sequence,)) for _ in range(3)]
    writers = [threading.Thread(target=work, args=(write, writer)) for writer in range(8)]
    for thread in (*sequencers, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    for thread in sequencers:
        thread.join()
    assert failed == []
    assert_whole(ledger, {f"{writer}-{number}" for writer in range(8) for number in range(40)})


WORK = """
import sys
from datetime import UTC, datetime
from store import ledger as entries
from store.clock import FixedClock
from store.database import Database
from store.ledger import Ledger

database = Database(sys.argv[1])
ledger = Ledger(database, FixedClock(datetime(2026, 11, 23, tzinfo=UTC)), batch=3)
for number in range(10**9):
    for offset in range(5):
        subject = f"{sys.argv[2]}-{number}-{offset}"
        with database.transaction() as session:
            entries.append(session, subject, 1, b"", f"leaf {subject}".encode())
        print(subject, flush=True)
    ledger.sequence()
"""
"""Says what it has committed, and sequences between: it may be killed between the two, and within either."""


@pytest.fixture
def worker(tmp_path: Path) -> Path:
    path = tmp_path / "worker.py"
    path.write_text(textwrap.dedent(WORK))
    return path


@pytest.fixture
def kills() -> random.Random:
    return random.Random(20261123)


def test_a_process_killed_at_any_moment_loses_and_doubles_nothing(
    database: Database, ledger: Ledger, worker: Path, kills: random.Random
) -> None:
    said: set[str] = set()
    url = database.url.render_as_string(hide_password=False)
    for life in range(6):
        process = subprocess.Popen(
            [sys.executable, str(worker), url, str(life)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert process.stdout is not None
        said.add(process.stdout.readline().strip())
        time.sleep(kills.uniform(0, 0.15))
        process.send_signal(signal.SIGKILL)
        said.update(process.stdout.read().split())
        process.wait()
        process.stdout.close()
    with database.transaction() as session:
        # the last act of each life may have been committed without a word of it
        committed = set(session.scalars(sa.text("SELECT subject FROM ledger_entry")))
    assert said <= committed
    assert len(committed - said) <= 6
    assert_whole(ledger, committed)


def test_a_batch_that_breaks_off_is_undone_whole(
    database: Database, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter(database, "a", "b")
    with monkeypatch.context() as patch:
        patch.setattr(entries, "_add_nodes", lambda *_: (_ for _ in ()).throw(LookupError))
        with pytest.raises(LookupError):
            ledger.sequence()
    assert ledger.head().size == 0
    assert_whole(ledger, {"a", "b"})
