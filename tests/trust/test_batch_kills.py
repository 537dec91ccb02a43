"""Whoever is killed in the middle of a batch, each line of it is issued exactly once in the end."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from api.services import Services
from api.settings import Settings
from store.acting import SERVICE
from store.database import Database, DatabaseUnavailableError
from store.embedded import EmbeddedPostgres
from store.schema import upgrade
from tests.house import House
from tests.log_watch import output
from tests.store.redis_server import RedisServer
from tests.trust.bulk_house import SLUG, load, permit, write_jsonl
from trust.batch import Batch, BatchAct, BatchState, LineState

LINES = 60
KILLS = ("worker", "worker", "worker", "postgres", "postgres", "redis")
SECONDS = 50

WORKER = """
import threading, time
from datetime import timedelta
from api.services import Services
from api.settings import Settings
from store.schedule import Schedule, ScheduledJob
from trust.batch import BatchKind
from trust.batch_work import BatchWorker

with Services(Settings.load()) as services:
    kind = BatchKind.ISSUE

    def slowly(handler, seconds):
        def handle(tasks, done):
            def done_slowly(session, licences):
                time.sleep(seconds)
                done(session, licences)
                time.sleep(seconds)  # marked and not committed
            return handler(tasks, done_slowly)
        return {kind: handle}

    known = services.batch_worker
    worker = BatchWorker(
        services.database,
        services.batches,
        services.clock,
        slowly(known._handlers[kind], 0.05),
        together=slowly(known._together[kind], 0.2),
        lease=timedelta(seconds=2),
    )
    services.limiter.hit("1000000/minute", "worker", "1")
    print("up", flush=True)
    job = ScheduledJob(
        "batches", "x", "x", timedelta(seconds=0.2), lambda stop: worker.run_once(stop=stop), shared=True
    )
    [thread] = Schedule(services.database, services.clock, [job]).threads(threading.Event())
    thread.run()
"""


class Stage:
    """A database, a Redis and two workers, each of which can be killed."""

    def __init__(self, directory: Path) -> None:
        self._postgres_directory = directory / "postgres"
        self._postgres = EmbeddedPostgres(self._postgres_directory)
        self.url = url = self._postgres.start()
        self.redis = RedisServer(directory)
        self.redis.start()
        self.settings = Settings(var=directory, database_url=SecretStr(url), redis_url=SecretStr(self.redis.url))
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("YINZHENG_")} | {
            "YINZHENG_VAR": str(directory),
            "YINZHENG_DATABASE_URL": url,
            "YINZHENG_REDIS_URL": self.redis.url,
        }
        self._workers: list[subprocess.Popen[str]] = []
        self._said = output("worker")

    def work(self) -> None:
        """Have two workers that are up."""
        self._workers = [each for each in self._workers if each.poll() is None]
        fresh = [self._start() for _ in range(2 - len(self._workers))]
        for each in fresh:
            assert each.stdout is not None
            each.stdout.readline()
        self._workers += fresh

    def kill(self, what: str) -> None:
        if what == "worker":
            victim = self._workers.pop()
            victim.kill()
            victim.wait()
        elif what == "postgres":
            pid = int((self._postgres_directory / "data" / "postmaster.pid").read_text().splitlines()[0])
            with suppress(psutil.NoSuchProcess):
                os.kill(pid, signal.SIGKILL)
            self._postgres.start()
        else:
            self.redis.kill()
            self.redis.start()

    def close(self) -> None:
        for each in self._workers:
            each.kill()
            each.wait()
        self._said.close()
        self.redis.kill()
        self._postgres.close()

    def _start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", WORKER],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
        )


@pytest.fixture
def stage() -> Iterator[Stage]:
    with TemporaryDirectory(prefix="yinzheng-kills-") as directory:
        made = Stage(Path(directory))
        yield made
        made.close()


def batch_of(services: Services, reference: str) -> Batch:
    """The batch, as soon as the database answers."""
    deadline = time.monotonic() + 20
    while True:
        try:
            return services.batches.get(reference)
        except DatabaseUnavailableError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


@pytest.mark.needs("redis-server")
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # pipes of the killed
def test_random_kills_of_workers_postgres_and_redis_leave_each_line_issued_once(stage: Stage, tmp_path: Path) -> None:
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    began = time.monotonic()
    left, killed = chance.sample(KILLS, len(KILLS)), []
    database = Database(stage.url, acting=SERVICE)
    upgrade(database)
    database.close()
    with Services(stage.settings) as services:
        house = House(services)
        batch = load(house, write_jsonl(tmp_path / "permits.jsonl", [permit(n) for n in range(1, LINES + 1)]))
        services.batches.act(batch.reference, BatchAct.START)
        while batch_of(services, batch.reference).state is not BatchState.DONE:
            assert time.monotonic() - began < 4 * SECONDS, f"seed {seed}"
            stage.work()
            time.sleep(chance.uniform(0.1, 1.2))
            if left and time.monotonic() - began < SECONDS:
                killed.append(left.pop())
                stage.kill(killed[-1])
        assert len(killed) >= 3, "the batch was done before anything could be killed"
        batch = batch_of(services, batch.reference)
        assert batch.counts == {LineState.ISSUED: LINES}, f"seed {seed}, killed {killed}"
        identifiers = [each.identifier or "" for each in services.batches.results(batch)]
        licences = services.register.get_many(identifiers)
        assert sorted(each.number for each in licences.values()) == [
            permit(number)["permit_number"] for number in range(1, LINES + 1)
        ]
        for licence in licences.values():
            assert services.register.pdf(licence).startswith(b"%PDF")
        with services.database.transaction() as session:
            for table in ("licence", "licence_pdf", "licence_event", "outbox"):
                assert session.scalar(sa.text(f"SELECT count(*) FROM {table}")) == LINES, f"{table}, seed {seed}"
        assert {each.type.slug for each in licences.values()} == {SLUG}
