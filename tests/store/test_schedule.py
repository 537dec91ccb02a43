"""Scheduled work is done once, whoever tries at once and whoever is killed, and what failed is told."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from store.clock import FixedClock, SystemClock
from store.database import Database
from store.errors import Kind, YinzhengError
from store.schedule import UNEXPECTED, JobBusyError, JobOutcome, JobUnknownError, Schedule, ScheduledJob

ROOT = Path(__file__).resolve().parents[2]
Work = Callable[[threading.Event], int]


class OutOfInkError(YinzhengError):
    code = "tests.out_of_ink"
    kind = Kind.UNAVAILABLE
    zh = "墨水用尽"
    en = "out of ink"


def job(work: Work, name: str = "print", *, shared: bool = False, every: timedelta = timedelta(days=1)) -> ScheduledJob:
    return ScheduledJob(name, "打印", "print", every, work, retry=timedelta(hours=1), shared=shared)


def test_a_job_is_due_at_once_and_then_after_its_time(database: Database, clock: FixedClock) -> None:
    done: list[int] = []
    schedule = Schedule(database, clock, [job(lambda _: done.append(1) or 7)])
    (before,) = schedule.overview()
    assert (before.outcome, before.due_at) == (JobOutcome.NEVER, None)
    stop = threading.Event()
    assert schedule.run_if_due("print", stop) is not None
    (after,) = schedule.overview()
    assert (after.outcome, after.done, after.due_at) == (JobOutcome.DONE, 7, clock.now() + timedelta(days=1))
    assert after.succeeded_at == after.ended_at == clock.now()
    assert after.by
    assert schedule.run_if_due("print", stop) is None
    clock.advance(timedelta(days=1))
    assert schedule.run_if_due("print", stop) is not None
    assert schedule.run("print").done == 7
    assert schedule.ask_for("print").due_at == clock.now()
    assert schedule.run_if_due("print", stop) is not None
    assert len(done) == 4


def test_what_fails_says_so_is_tried_again_sooner_and_keeps_no_other_from_its_turn(
    database: Database, clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: threading.Event) -> int:
        raise OutOfInkError

    def break_down(_: threading.Event) -> int:
        number = "110101199003074530"
        raise ValueError(number)

    schedule = Schedule(database, clock, [job(fail), job(break_down, "cut"), job(lambda _: 1, "fold")])
    stop = threading.Event()
    for name in ("print", "cut", "fold"):
        schedule.run_if_due(name, stop)
    found = {each.job.name: each for each in schedule.overview()}
    assert {name: (each.outcome, each.error) for name, each in found.items()} == {
        "print": (JobOutcome.FAILED, "tests.out_of_ink"),
        "cut": (JobOutcome.FAILED, UNEXPECTED),
        "fold": (JobOutcome.DONE, None),
    }
    assert found["print"].due_at == clock.now() + timedelta(hours=1)
    assert found["print"].succeeded_at is None
    assert "1101011990" not in caplog.text


def test_of_two_that_try_at_once_one_does_it(database: Database) -> None:
    runs, stop, begun = [], threading.Event(), threading.Event()

    def slowly(_: threading.Event) -> int:
        begun.set()
        runs.append(1)
        time.sleep(0.3)
        return 1

    schedules = [Schedule(database, SystemClock(), [job(slowly)]) for _ in range(4)]
    threads = [threading.Thread(target=each.run_if_due, args=("print", stop)) for each in schedules]
    for thread in threads:
        thread.start()
    assert begun.wait(5)
    assert schedules[0].state("print").outcome is JobOutcome.RUNNING
    with pytest.raises(JobBusyError) as caught:
        schedules[1].run("print")
    assert str(os.getpid()) in caught.value.message_zh
    for thread in threads:
        thread.join()
    assert len(runs) == 1
    assert schedules[1].run_if_due("print", stop) is None


KILLED = """
import os, sys, threading, time
from datetime import timedelta
from store.clock import SystemClock
from store.database import Database
from store.schedule import Schedule, ScheduledJob

def work(stop):
    print("begun", flush=True)
    time.sleep(60)
    return 1

job = ScheduledJob("print", "x", "x", timedelta(days=1), work, retry=timedelta(milliseconds=1))
Schedule(Database(os.environ["URL"]), SystemClock(), [job]).run("print")
"""


def test_a_job_whose_process_is_killed_is_done_by_another(database: Database) -> None:
    url = database.url.render_as_string(hide_password=False)
    schedule = Schedule(database, SystemClock(), [job(lambda _: 5)])
    with subprocess.Popen(
        [sys.executable, "-c", KILLED], cwd=ROOT, env={**os.environ, "URL": url}, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        assert schedule.state("print").outcome is JobOutcome.RUNNING
        assert schedule.run_if_due("print", threading.Event()) is None
        process.kill()
    deadline = time.monotonic() + 10
    while schedule.state("print").outcome is JobOutcome.RUNNING and time.monotonic() < deadline:
        time.sleep(0.02)
    assert schedule.state("print").outcome is JobOutcome.CUT_SHORT
    found = schedule.run_if_due("print", threading.Event())
    assert found is not None
    assert found.done == 5


def test_a_connection_that_breaks_in_the_middle_leaves_a_job_that_can_be_done_again(database: Database) -> None:
    def break_all(_: threading.Event) -> int:
        with database.transaction() as session:
            session.execute(
                sa.text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
        return 1

    schedule = Schedule(database, SystemClock(), [job(break_all), job(lambda _: 1, "fold")])
    assert schedule.run("print").error is None
    assert schedule.run("fold").error is None
    assert [each.outcome for each in schedule.overview()] == [JobOutcome.DONE] * 2
    assert schedule.run("print").error is None


def test_threads_do_what_is_due_and_stop_when_told(database: Database) -> None:
    done, shared, stop = threading.Event(), threading.Event(), threading.Event()
    beats: set[str] = set()

    def once(_: threading.Event) -> int:
        done.set()
        return 1

    def always(_: threading.Event) -> int:
        shared.set()
        return 0

    jobs = [job(once), job(always, "fold", shared=True, every=timedelta(seconds=0.01))]
    schedule = Schedule(database, SystemClock(), jobs)
    threads = schedule.threads(stop, beat=beats.add)
    for thread in threads:
        thread.start()
    assert done.wait(5)
    assert shared.wait(5)
    deadline = time.monotonic() + 5
    while beats != {"print", "fold"} and time.monotonic() < deadline:
        time.sleep(0.01)
    began = time.monotonic()
    stop.set()
    for thread in threads:
        thread.join(5)
        assert not thread.is_alive()
    assert time.monotonic() - began < 2
    states = {each.job.name: each.outcome for each in schedule.overview()}
    assert states == {"print": JobOutcome.DONE, "fold": JobOutcome.DONE}


def test_threads_outlast_an_outage_of_the_database_and_say_so_once(caplog: pytest.LogCaptureFixture) -> None:
    stop = threading.Event()
    away = Database("postgresql://nobody@/none?host=/nonexistent")
    jobs = [job(lambda _: 1), job(lambda _: 0, "fold", shared=True, every=timedelta(seconds=0.01))]
    threads = Schedule(away, SystemClock(), jobs).threads(stop)
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 10
    while len(caplog.records) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert all(thread.is_alive() for thread in threads)
    stop.set()
    for thread in threads:
        thread.join(10)
    assert sorted(caplog.messages) == [
        f"job {name} waits for the database (store.database_unavailable)" for name in ("fold", "print")
    ]


def test_names_are_known_and_told_apart(database: Database, clock: FixedClock) -> None:
    schedule = Schedule(database, clock, [job(lambda _: 1)])
    for act in (schedule.run, schedule.ask_for, schedule.state):
        with pytest.raises(JobUnknownError):
            act("none")
    with pytest.raises(ValueError, match="same name"):
        Schedule(database, clock, [job(lambda _: 1), job(lambda _: 2)])
