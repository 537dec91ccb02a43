"""Jobs are done once per success, tried again after a failure, and survive the death of a worker."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest

from store.clock import FixedClock
from store.database import Database
from store.errors import Kind, YinzhengError
from store.outbox import LOST, UNEXPECTED, Attempts, Job, Outbox, Worker
from store.retention import DONE_JOBS, forget


class RefusedError(YinzhengError):
    code = "test.refused"
    kind = Kind.UNAVAILABLE
    zh = "拒绝"
    en = "refused {who}"


@pytest.fixture
def outbox(database: Database, clock: FixedClock) -> Outbox:
    return Outbox(database, clock)


@pytest.fixture
def add(database: Database, outbox: Outbox) -> Callable[..., None]:
    def add(topic: str = "mail", key: str | None = None, **payload: object) -> None:
        with database.transaction() as session:
            outbox.add(session, topic, payload, key=key)

    return add


def fail(_: Job) -> None:
    raise RefusedError(who="张三")


def test_a_job_is_done_with_its_payload_and_only_once(
    database: Database, clock: FixedClock, outbox: Outbox, add: Callable[..., None]
) -> None:
    add(name="印证", numbers=[1, None])
    done: list[Job] = []
    worker = Worker(database, clock, {"mail": done.append})
    assert outbox.waiting() == 1
    assert worker.run_once() == 1
    assert worker.run_once() == 0
    assert outbox.waiting() == 0
    (job,) = done
    assert (job.topic, job.key, job.payload, job.attempt) == ("mail", None, {"name": "印证", "numbers": [1, None]}, 1)


def test_a_job_of_a_transaction_that_fails_does_not_exist(
    database: Database, clock: FixedClock, outbox: Outbox
) -> None:
    def add_and_fail() -> None:
        with database.transaction() as session:
            outbox.add(session, "mail", {})
            raise LookupError

    with pytest.raises(LookupError):
        add_and_fail()
    assert outbox.waiting() == 0


def test_jobs_with_the_same_key_are_one_also_when_it_is_done(
    database: Database, clock: FixedClock, add: Callable[..., None]
) -> None:
    add(key="licence 1 issued")
    add(key="licence 1 issued")
    add("log", key="licence 1 issued")
    worker = Worker(database, clock, {"mail": lambda _: None, "log": lambda _: None})
    assert worker.run_once() == 2
    add(key="licence 1 issued")
    assert worker.run_once() == 0


def test_a_topic_that_nobody_handles_waits(
    database: Database, clock: FixedClock, outbox: Outbox, add: Callable[..., None]
) -> None:
    add("unknown")
    assert Worker(database, clock, {"mail": lambda _: None}).run_once() == 0
    assert outbox.waiting() == 1
    assert Worker(database, clock, {"unknown": lambda _: None}).run_once() == 1


def test_a_failure_is_tried_again_later_and_later_and_given_up_in_the_end(
    database: Database, clock: FixedClock, outbox: Outbox, add: Callable[..., None]
) -> None:
    add()
    attempts = Attempts(most=4, first_wait=timedelta(seconds=10), longest_wait=timedelta(seconds=30))
    worker = Worker(database, clock, {"mail": fail}, attempts=attempts)
    assert worker.run_once() == 1
    for seconds in (10, 20, 30):
        clock.advance(timedelta(seconds=seconds - 1))
        assert worker.run_once() == 0
        clock.advance(timedelta(seconds=1))
        assert worker.run_once() == 1
    clock.advance(timedelta(days=1))
    assert worker.run_once() == 0
    (dead,) = outbox.dead()
    assert (dead.attempts, dead.last_error) == (4, "test.refused")
    assert outbox.waiting() == 0

    assert outbox.revive(dead.id)
    assert not outbox.revive(dead.id)
    assert Worker(database, clock, {"mail": lambda _: None}).run_once() == 1
    assert outbox.dead() == []


def test_neither_the_list_nor_the_log_quotes_an_error(
    database: Database, clock: FixedClock, outbox: Outbox, add: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    number = "110105" + "19491231002X"

    def quote(_: Job) -> None:
        raise ValueError(f"身份证号 {number}")

    add("mail")
    add("other")
    Worker(database, clock, {"mail": quote, "other": fail}, attempts=Attempts(most=1)).run_once()
    assert {job.last_error for job in outbox.dead()} == {UNEXPECTED, "test.refused"}
    assert "ValueError" in caplog.text
    assert "in quote" in caplog.text, "where it happened is told"
    assert number not in caplog.text
    assert "张三" not in caplog.text


def test_two_workers_at_once_do_each_job_once(database: Database, clock: FixedClock, add: Callable[..., None]) -> None:
    for number in range(60):
        add(number=number)
    done: list[int] = []
    together = threading.Barrier(4)

    def work() -> None:
        together.wait()
        Worker(database, clock, {"mail": lambda job: done.append(job.payload["number"])}).run_once()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == list(range(60))


def test_no_transaction_is_open_while_a_job_is_done(
    database: Database, clock: FixedClock, add: Callable[..., None]
) -> None:
    open_transactions: list[int] = []

    def look(_: Job) -> None:
        with psycopg.connect(database.url.set(drivername="postgresql").render_as_string()) as connection:
            row = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'"
            ).fetchone()
        assert row is not None
        open_transactions.append(row[0])

    add()
    Worker(database, clock, {"mail": look}).run_once()
    assert open_transactions == [0]


KILLED_WORKER = """
import os, sys, time
from datetime import UTC, datetime
from store.clock import FixedClock
from store.database import Database
from store.outbox import Worker

def hang(job):
    print("claimed", flush=True)
    time.sleep(60)

Worker(Database(os.environ["URL"]), FixedClock(datetime(2026, 11, 23, 4, tzinfo=UTC)), {"mail": hang}).run_once()
"""


def kill_in_the_middle(database: Database) -> None:
    url = database.url.render_as_string(hide_password=False)
    with subprocess.Popen(
        [sys.executable, "-c", KILLED_WORKER], env={**os.environ, "URL": url}, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "claimed\n"
        process.kill()


def test_the_job_of_a_killed_worker_is_done_by_another_when_its_lease_is_over(
    database: Database, clock: FixedClock, add: Callable[..., None]
) -> None:
    add()
    kill_in_the_middle(database)
    done: list[Job] = []
    worker = Worker(database, clock, {"mail": done.append})
    assert worker.run_once() == 0
    clock.advance(timedelta(minutes=2))
    assert worker.run_once() == 1
    assert done[0].attempt == 2


def test_a_job_that_kills_its_workers_is_given_up(
    database: Database, clock: FixedClock, outbox: Outbox, add: Callable[..., None]
) -> None:
    add()
    kill_in_the_middle(database)
    clock.advance(timedelta(minutes=2))
    assert Worker(database, clock, {"mail": fail}, attempts=Attempts(most=1)).run_once() == 0
    (dead,) = outbox.dead()
    assert dead.last_error == LOST


def test_a_worker_that_outlives_its_lease_cannot_fail_what_another_has_done(
    database: Database, clock: FixedClock, outbox: Outbox, add: Callable[..., None]
) -> None:
    add()

    def overtaken(job: Job) -> None:
        clock.advance(timedelta(minutes=2))
        assert Worker(database, clock, {"mail": lambda _: None}).run_once() == 1
        fail(job)

    Worker(database, clock, {"mail": overtaken}, attempts=Attempts(most=1)).run_once()
    assert outbox.waiting() == 0
    assert outbox.dead() == []


def test_done_jobs_are_forgotten_after_a_while_and_others_are_not(
    database: Database, clock: FixedClock, outbox: Outbox, add: Callable[..., None]
) -> None:
    add(key="done")
    Worker(database, clock, {"mail": lambda _: None}).run_once()
    add("unknown")
    clock.advance(timedelta(days=29))
    assert forget(database, DONE_JOBS, clock) == 0
    clock.advance(timedelta(days=2))
    assert forget(database, DONE_JOBS, clock) == 1
    assert outbox.waiting() == 1
