"""One part after another fails under a running service: what needs it is refused, the rest goes on, nothing is lost.

The service is a real process on a PostgreSQL, a Redis, an S3 and two time-stamp authorities of its own. Each test
breaks one part, looks, and mends it; docs/faults.md tells the same in a table.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlencode

import httpx2
import psycopg
import pytest
import sqlalchemy as sa

from api.doctor import DoctorOrder
from api.problems import all_errors
from api.readiness import Part
from api.services import Services
from store.clock import SystemClock
from store.database import Database
from tests.api.conftest import CASE, Front, furnish, opened
from tests.api.fault_stage import ROOT, Stage, until
from tests.conftest import settings_for
from tests.house import House
from tests.small_disk import small_disk
from tests.trust.bulk_house import SLUG, load, permit, write_jsonl
from trust.batch import BatchAct, LineState

pytestmark = pytest.mark.needs("redis-server")

_numbers = count(1)


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """The service, started before any of its parts was there."""
    made = Stage()
    try:
        made.postgres.close()
        process = made.start()
        until(lambda: "Waiting" in process.text())
        assert "The database cannot be reached" in process.text()
        made.postgres.start()
        until(lambda: "run yinzheng db upgrade first" in process.text())
        assert process.running.poll() is None
        made.migrate()
        made.is_ready("redis")
        made.furnish()
        yield made
    finally:
        made.close()


def order() -> dict[str, Any]:
    """An order for a licence with a number of its own."""
    return {"type": SLUG, "fields": permit(next(_numbers))}


def refused(answer: Any, code: str) -> bool:
    """Whether an answer says in both languages what is away, and when to come back."""
    said = answer.json()
    assert (answer.status_code, said["code"]) == (503, code), answer.text
    assert said["message_zh"] != said["message_en"]
    return int(answer.headers["retry-after"]) > 0


def issued(stage: Stage, wanted: dict[str, Any], key: str | None = None) -> dict[str, Any]:
    answer = stage.post("/v1/licences", wanted, key=key)
    assert answer.status_code in {200, 201}, answer.text
    made: dict[str, Any] = answer.json()
    stage.issued.add(made["identifier"])
    return made


def checks(stage: Stage) -> bool:
    """Whether a check by identifier passes."""
    if stage.sound is None:
        made = issued(stage, {"type": SLUG, "fields": permit(0)})
        stage.sound = made["identifier"]
    answer = stage.check(stage.sound, permit(0)["unified_social_credit_code"])
    return bool(answer.status_code == 200 and answer.json()["verdict"] == "TOTAL_PASSED")


def exists(stage: Stage, wanted: dict[str, Any]) -> bool:
    """Whether there is a licence for an order."""
    return stage.house.services.register.live(SLUG, wanted["fields"]["permit_number"]) is not None


def test_a_service_that_began_before_its_parts_names_what_is_missing_and_takes_it_when_it_comes(stage: Stage) -> None:
    assert "缺少 redis" in stage.processes[0].text()
    assert stage.ready() == ("impaired", ["redis"])
    assert checks(stage)
    stage.redis.start()
    assert stage.is_ready()


def test_redis_that_goes_takes_nothing_along(stage: Stage) -> None:
    stage.redis.kill()
    assert checks(stage)
    assert issued(stage, order())
    assert stage.is_ready("redis")
    stage.redis.start()
    assert stage.is_ready()


def test_one_time_stamp_authority_of_two_is_enough_and_without_any_nothing_is_sealed(stage: Stage) -> None:
    stage.stamps[1] = False
    assert issued(stage, order())
    stage.stamps[2] = False
    wanted = order()
    assert refused(stage.post("/v1/licences", wanted), "seal.time_stamp")
    assert not exists(stage, wanted)
    assert stage.is_ready("time-stamps")
    assert checks(stage)
    stage.stamps.update({1: True, 2: True})
    assert stage.is_ready()
    assert issued(stage, wanted)


def test_an_s3_that_refuses_stops_issuing_and_no_check(stage: Stage) -> None:
    stage.s3.refuses = True
    wanted = order()
    assert refused(stage.post("/v1/licences", wanted), "store.objects_unavailable")
    assert not exists(stage, wanted)
    assert refused(stage.get(f"/v1/licences/{stage.sound}/pdf"), "store.objects_unavailable")
    assert stage.is_ready("objects")
    assert stage.ready()[0] == "impaired"
    assert checks(stage)
    stage.s3.refuses = False
    assert stage.is_ready()
    assert issued(stage, wanted)


def test_a_slow_s3_holds_up_nobody_who_needs_no_file(stage: Stage) -> None:
    path, most = f"/v1/licences/{stage.sound}/pdf", 16
    stage.s3.answers.clear()
    with ThreadPoolExecutor(44) as pool:
        asked = [pool.submit(stage.get, path) for _ in range(44)]
        until(lambda: sum(each.done() for each in asked) == len(asked) - most)
        assert checks(stage)
        assert stage.ready() == ("impaired", ["objects"])
        stage.s3.answers.set()
        answers = Counter(each.result().status_code for each in asked)
    assert answers == {200: most, 503: len(asked) - most}
    assert stage.is_ready()


def test_a_database_that_restarts_in_the_middle_of_requests_loses_nothing_and_doubles_nothing(stage: Stage) -> None:
    stop, told, orders = Event(), Counter[str](), [order() for _ in range(8)]

    def ask(number: int) -> None:
        while not stop.is_set():
            wanted, key = orders[number], f"restart-{number}"
            answer = stage.post("/v1/licences", wanted, key=key)
            code = "issued" if answer.status_code in {200, 201} else answer.json()["code"]
            told[code] += 1
            if code != "issued":
                assert code in {"store.database_unavailable", "store.commit_uncertain", "seal.time_stamp"}
                assert refused(answer, code)

    with ThreadPoolExecutor(len(orders)) as pool:
        asked = [pool.submit(ask, number) for number in range(len(orders))]
        time.sleep(0.3)
        stage.postgres.close()
        until(lambda: stage.ready() == ("not_ready", ["database"]))
        answer = stage.check(stage.sound or "", "x")
        stage.postgres.start()
        until(lambda: stage.ready() == ("ready", []))
        stop.set()
        for each in asked:
            each.result()
    assert refused(answer, "store.database_unavailable")
    assert told["store.database_unavailable"]
    for number, wanted in enumerate(orders):
        issued(stage, wanted, key=f"restart-{number}")


def test_a_schema_that_is_not_the_programs_is_named_and_refused(stage: Stage) -> None:
    with psycopg.connect(stage.database_url, autocommit=True) as database:
        (ours,) = database.execute("SELECT version_num FROM alembic_version").fetchone() or ("",)
        database.execute("UPDATE alembic_version SET version_num = '0001'")
        until(lambda: stage.ready() == ("not_ready", ["schema"]))
        database.execute("UPDATE alembic_version SET version_num = 'of-tomorrow'")
        until(lambda: stage.ready() == ("impaired", ["schema"]))
        database.execute("ALTER TABLE licence RENAME COLUMN number_index TO number_of_tomorrow")
        answer = stage.post("/v1/licences", order())
        database.execute("ALTER TABLE licence RENAME COLUMN number_of_tomorrow TO number_index")
        database.execute("UPDATE alembic_version SET version_num = %s", (ours,))
    assert refused(answer, "store.schema_differs")
    assert stage.is_ready()
    assert checks(stage)


def test_a_full_disk_of_the_database_refuses_what_writes_until_there_is_space(stage: Stage) -> None:
    owner = (stage.var / "postgres" / "data").stat().st_uid
    with (
        small_disk(stage.var / "disk", megabytes=8, owner=owner) as disk,
        psycopg.connect(stage.postgres.superuser_url, autocommit=True) as database,
    ):
        database.execute(f"CREATE TABLESPACE small LOCATION '{disk.path}'")
        database.execute("ALTER TABLE check_record SET TABLESPACE small")
        disk.fill()
        answer = until(lambda: (said := stage.check(stage.sound or "", "x")).status_code == 503 and said)
        disk.make_space()
        assert refused(answer, "store.database_full")
        assert checks(stage)
        database.execute("ALTER TABLE check_record SET TABLESPACE pg_default")
        database.execute("DROP TABLESPACE small")


def test_a_process_that_is_killed_in_a_request_leaves_nothing_half_done(stage: Stage) -> None:
    wanted = order()
    stage.s3.answers.clear()
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(stage.post, "/v1/licences", wanted, key="killed-in-a-request")
        until(lambda: stage.s3.calls)
        stage.processes[-1].kill()
        assert isinstance(asked.exception(), httpx2.TransportError)
    stage.s3.answers.set()
    assert not exists(stage, wanted)
    stage.start()
    assert stage.is_ready()
    first = issued(stage, wanted, key="killed-in-a-request")
    assert issued(stage, wanted, key="killed-in-a-request")["identifier"] == first["identifier"]


def test_a_process_that_is_told_to_end_answers_what_it_was_asked_first(stage: Stage) -> None:
    process = stage.processes[-1]
    stage.s3.answers.clear()
    with ThreadPoolExecutor(2) as pool:
        asked = pool.submit(stage.post, "/v1/licences", order())
        until(lambda: stage.s3.calls)
        ended = pool.submit(process.stop)
        until(lambda: "Shutting down" in process.text())
        stage.s3.answers.set()
        assert asked.result().status_code == 201
        assert ended.result() == 0
    stage.issued.add(asked.result().json()["identifier"])
    assert "Traceback" not in process.text()


def test_a_worker_that_is_told_to_end_gives_back_what_it_has_not_begun(stage: Stage, tmp_path: Path) -> None:
    house, lines = stage.house, 20
    batch = load(house, write_jsonl(tmp_path / "permits.jsonl", [permit(1000 + each) for each in range(lines)]))
    worker = stage.start("worker")
    until(lambda: "The worker runs" in worker.text())
    house.services.batches.act(batch.reference, BatchAct.START)
    until(lambda: house.services.batches.get(batch.reference).counts.get(LineState.ISSUED))
    assert worker.stop() == 0
    assert "Traceback" not in worker.text()
    counts = house.services.batches.get(batch.reference).counts
    assert counts.keys() <= {LineState.ISSUED, LineState.WAITING}
    with house.services.database.transaction() as session:
        held = session.scalar(sa.text("SELECT count(*) FROM batch_line WHERE claim IS NOT NULL OR attempts > 1"))
        assert held == 0
    while house.services.batch_worker.run_once():
        pass
    batch = house.services.batches.get(batch.reference)
    assert batch.counts == {LineState.ISSUED: lines}
    stage.issued.update(each.identifier or "" for each in house.services.batches.results(batch))


def test_after_all_that_each_order_has_one_licence_and_the_doctor_finds_nothing(stage: Stage) -> None:
    services = stage.house.services
    with services.database.transaction() as session:
        assert set(session.scalars(sa.text("SELECT identifier FROM licence"))) == stage.issued
    services.ledger.sequence()
    while services.worker.run_once():
        pass
    services.status_lists.refresh()
    found = services.doctor.examine(DoctorOrder(sample=1000), told=lambda _part, _count: None)
    assert found.sound, (found.findings.counts, found.unlooked)


class WrongClock(SystemClock):
    """A clock of a machine that is some way off."""

    def __init__(self) -> None:
        self.off = timedelta()

    def now(self) -> datetime:
        return super().now() + self.off


def test_a_wrong_clock_is_named_and_nothing_is_sealed_until_it_is_set(database: Database, tmp_path: Path) -> None:
    clock = WrongClock()
    with (
        Services(settings_for(database, tmp_path), clock) as services,
        opened(house := House(services), furnish(house)) as front,
    ):
        front.house.seal(SLUG)
        for off in (timedelta(minutes=-2), timedelta(minutes=2)):
            clock.off = off
            until(lambda: front.http.get("/readyz").json()["missing"] == ["clock", "time-stamps"])
        answer = front.http.post("/v1/licences", json=order(), headers=front.bearer("issuer"))
        assert refused(answer, "seal.time_stamp")
        body = {**CASE, "identifier": front.licence.identifier, "holder": front.licence.holder.code}
        assert front.http.post("/v1/checks/identifier", json=body, headers=front.bearer("checker")).status_code == 200
        clock.off = timedelta()
        until(lambda: front.http.get("/readyz").json() == {"status": "ready", "missing": []})
        assert front.house.issue("physician_practice_certificate")


def test_a_full_disk_takes_no_large_file_and_still_takes_small_ones(
    shared: Front, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(tmp_path / "disk", megabytes=1) as disk:
        disk.fill()
        monkeypatch.setattr(tempfile, "tempdir", str(disk.path))
        large, path = (
            bytes(5_000_000),
            f"/v1/checks/pdf?{urlencode(CASE)}",
        )
        headers = {**shared.checker, "Content-Type": "application/pdf"}
        assert refused(shared.http.post(path, content=large, headers=headers), "api.disk_full")
        page = shared.http.post("/check", files={"file": ("a.pdf", large, "application/pdf")})
        assert page.status_code == 503
        assert "磁盘已满" in page.text
        small = shared.house.pdf(shared.licence)
        answer = shared.http.post(path, content=small, headers=headers)
        assert answer.json()["verdict"] == "TOTAL_PASSED"


def test_each_row_of_the_table_names_a_test_that_is_there() -> None:
    lines = (ROOT / "docs" / "faults.md").read_text("utf-8").splitlines()
    rows = [each for each in lines if each.startswith("| ") and not each.startswith(("| 故障 fault", "| ---"))]
    assert len(rows) > 15
    for row in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)`", row)
        assert named, row
        assert [each for each in named if not (ROOT / each).is_file()] == [], row
        for code in re.findall(r"`((?:api|store|keys|seal|trust)\.[a-z_]+)`", row):
            assert code in all_errors()
    operations = (ROOT / "docs" / "operations.md").read_text("utf-8")
    assert [part for part in Part if f"`{part.value}`" not in operations] == []
