"""Examining registers of two sizes: time a licence, and memory that must not grow with their number."""

from __future__ import annotations

import threading
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import sqlalchemy as sa

from api.doctor import Diagnosis, DoctorOrder
from api.services import Services
from api.settings import Settings
from benchmarks.register import NOW, load
from keys import Record, RecordLog
from store.clock import FixedClock
from trust.licence_log import log_subject

SMALL, LARGE = 10_000, 50_000
_CHUNK = 5_000


def main() -> None:
    with TemporaryDirectory(prefix="yinzheng-bench-") as directory:
        settings = Settings(var=Path(directory), isolate_checks=False)
        with Services(settings, FixedClock(NOW)) as services:
            for size in (SMALL, LARGE):
                load(services, size)
                _surround(services)
                found, grown = _examined(services)
                kinds = {kind.code for kind in found.findings.counts}
                print(f"{size:,} licences; memory grew by {grown / 2**20:.0f} MiB; found {kinds or 'nothing'}")
                for part, seconds in found.looked.items():
                    print(f"   {part:<20}{seconds:8.2f} s{seconds / size * 1e6:10.1f} µs a licence")


def _surround(services: Services) -> None:
    """Give each licence its entry in the log and its place in the status lists."""
    records = RecordLog(services.keys.vault)
    with services.database.transaction() as session:
        seats = "INSERT INTO status_seat SELECT status_list, status_index FROM licence ON CONFLICT DO NOTHING"
        session.execute(sa.text(seats))
        unlogged = (
            "SELECT identifier FROM licence WHERE NOT EXISTS"
            " (SELECT FROM ledger_entry WHERE subject = 'licence:' || identifier)"
        )
        identifiers = session.scalars(sa.text(unlogged)).all()
    facts = {"state": "valid", "pdf_sha256": None}
    for at in range(0, len(identifiers), _CHUNK):
        with services.database.transaction() as session:
            chunk = identifiers[at : at + _CHUNK]
            records.add_first(session, [Record("licence.import", log_subject(each), NOW, facts, {}) for each in chunk])
    services.ledger.sequence()
    with services.database.transaction() as session:
        session.execute(sa.text("ANALYZE"))


def _examined(services: Services) -> tuple[Diagnosis, int]:
    process, done = psutil.Process(), threading.Event()
    before = peak = process.memory_info().rss

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.02):
            peak = max(peak, process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        found = services.doctor.examine(DoctorOrder(), told=lambda *_: None)
    finally:
        done.set()
        watcher.join()
    return found, peak - before
