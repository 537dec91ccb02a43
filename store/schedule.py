"""Scheduled work (定时任务): what has to be done again and again, done once however many machines try, and on record.

A job that must not run twice at once runs under an advisory lock of PostgreSQL, held by a connection of its own: it is
gone with the process that dies, and another takes over. Others divide their work among all who do it, by leases or
locks on rows. Of each job the last run is kept: when, how it ended, how long it took, how much it did.

The lock is a courtesy and no proof: a connection may break while its job goes on. Whatever a job does has to come to
the same when two do it.
"""

from __future__ import annotations

import hashlib
import logging
import os
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import InterfaceError, OperationalError

from store._tables import ScheduledJobRow
from store.clock import Clock
from store.database import Database, DatabaseUnavailableError
from store.errors import Kind, YinzhengError
from store.traces import piece_of_work

UNEXPECTED: Final = "store.scheduled_job_failed"
"""Error of a run that failed with something that has no code."""

_LOCKS: Final = 0x4A4F4253
"""First half of the numbers of the advisory locks: JOBS in ASCII."""
_LOOK_SECONDS: Final = 5.0
_OUTAGE_SECONDS: Final = 2.0
_NOTED_SECONDS: Final = 60.0

_logger = logging.getLogger(__name__)


class JobUnknownError(YinzhengError):
    """No scheduled job has this name."""

    code = "store.scheduled_job_unknown"
    kind = Kind.NOT_FOUND
    zh = "没有名为 {name} 的定时任务；yinzheng jobs list 列出全部。"
    en = "There is no scheduled job {name}; yinzheng jobs list names all."


class JobBusyError(YinzhengError):
    """A scheduled job is running already."""

    code = "store.scheduled_job_busy"
    kind = Kind.CONFLICT
    zh = "任务 {name} 正在运行（{by}），请待其结束。"
    en = "Job {name} is running already ({by}); wait for it to end."


class JobOutcome(StrEnum):
    """How the last run of a job ended."""

    NEVER = "never"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CUT_SHORT = "cut_short"
    """Its process died in the middle."""

    @property
    def zh(self) -> str:
        """As an official names it."""
        return _OUTCOME_ZH[self]


_OUTCOME_ZH = {
    JobOutcome.NEVER: "尚未运行",
    JobOutcome.RUNNING: "运行中",
    JobOutcome.DONE: "完成",
    JobOutcome.FAILED: "失败",
    JobOutcome.CUT_SHORT: "中断",
}


@dataclass(frozen=True)
class ScheduledJob:
    """Something that is done again and again."""

    name: str
    zh: str
    """What it does, in Chinese."""
    en: str
    every: timedelta
    """From the end of one run to the next."""
    work: Callable[[threading.Event], int]
    """Does it, and tells how much that was; ends soon when the event is set."""
    retry: timedelta = timedelta(minutes=5)
    """How long after a failure it is tried again, if that is sooner."""
    shared: bool = False
    """All machines do it at once and all the time; they divide it by leases or locks of its own."""


@dataclass(frozen=True)
class JobRun:
    """One run of a job, or several short ones of a job that is done all the time."""

    started_at: datetime
    ended_at: datetime
    done: int
    """How much was done."""
    error: str | None
    """A code; the circumstances are in the log."""


@dataclass(frozen=True)
class JobState:
    """A job, and what is known of its runs."""

    job: ScheduledJob
    outcome: JobOutcome
    due_at: datetime | None
    """When it runs next; None: at once."""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    succeeded_at: datetime | None = None
    """The end of the last run that did not fail."""
    done: int | None = None
    error: str | None = None
    by: str | None = None
    """Machine and process of the last run."""


class Schedule:
    """The scheduled jobs of an installation. Safe to use from several threads and machines."""

    def __init__(self, database: Database, clock: Clock, jobs: Sequence[ScheduledJob]) -> None:
        """:raises ValueError: two jobs have the same name."""
        self._database = database
        self._clock = clock
        self._jobs = {job.name: job for job in jobs}
        self._by = f"{socket.gethostname()}:{os.getpid()}"
        if len(self._jobs) != len(jobs):
            raise ValueError("two jobs have the same name")

    def overview(self) -> list[JobState]:
        """All jobs, as they stand."""
        with self._database.transaction() as session:
            rows = {row.name: row for row in session.scalars(sa.select(ScheduledJobRow))}
            running = set(session.scalars(_RUNNING))
        return [_state(job, rows.get(name), running) for name, job in self._jobs.items()]

    def state(self, name: str) -> JobState:
        """One job.

        :raises JobUnknownError: there is none with the name.
        """
        self._job(name)
        return next(each for each in self.overview() if each.job.name == name)

    def ask_for(self, name: str) -> JobState:
        """Make a job due now, for whoever works through the schedule.

        :raises JobUnknownError: there is none with the name.
        """
        self._note(self._job(name), due_at=self._clock.now())
        return self.state(name)

    def run(self, name: str, stop: threading.Event | None = None) -> JobRun:
        """Run a job here and now, whether it is due or not. A failure is part of what is given back.

        :raises JobUnknownError: there is none with the name.
        :raises JobBusyError: it is running already.
        :raises DatabaseUnavailableError: the database cannot be reached.
        """
        job = self._job(name)
        with self._alone(job) as alone:
            if not alone:
                raise JobBusyError(name=name, by=self.state(name).by or "—")
            return self._run(job, stop or threading.Event())

    def run_if_due(self, name: str, stop: threading.Event) -> JobRun | None:
        """Run a job if it is due and nobody else runs it.

        :raises DatabaseUnavailableError: the database cannot be reached.
        """
        job = self._job(name)
        if not self._is_due(job):
            return None
        with self._alone(job) as alone:
            # whoever was faster may have come to its end meanwhile
            return self._run(job, stop) if alone and self._is_due(job) else None

    def threads(
        self, stop: threading.Event, *, beat: Callable[[str], object] = lambda _: None
    ) -> list[threading.Thread]:
        """A thread for each job, not started yet, that does it when it is due until told to stop, through outages too.

        :param beat: called with a job's name each time that the database could be asked about it.
        """
        return [
            threading.Thread(target=self._keep, args=(job, stop, beat), name=f"job-{name}")
            for name, job in self._jobs.items()
        ]

    def _keep(self, job: ScheduledJob, stop: threading.Event, beat: Callable[[str], object]) -> None:
        rounds, away = _Rounds(), False
        while not stop.is_set():
            try:
                if job.shared:
                    pause = self._round(job, stop, rounds)
                else:
                    self.run_if_due(job.name, stop)
                    pause = _LOOK_SECONDS
                beat(job.name)
                away = False
            except DatabaseUnavailableError as error:
                if not away:
                    _logger.warning("job %s waits for the database (%s)", job.name, error.code)
                away, pause = True, _OUTAGE_SECONDS
            except Exception as error:
                _log_unexpected(job, error)
                pause = _OUTAGE_SECONDS
            stop.wait(pause)

    def _round(self, job: ScheduledJob, stop: threading.Event, rounds: _Rounds) -> float:
        """One short run of a job that is done all the time, put on record once a minute; gives the pause after it."""
        run = self._tried(job, stop, log=rounds.error is None)
        rounds.done += run.done
        if run.error != rounds.error or time.monotonic() >= rounds.note_at:
            self._note(
                job,
                started_at=run.started_at,
                **_ended(JobRun(run.started_at, run.ended_at, rounds.done, run.error)),
                by=self._by,
            )
            rounds.note_at, rounds.done, rounds.error = time.monotonic() + _NOTED_SECONDS, 0, run.error
        if run.error is not None:
            return _OUTAGE_SECONDS
        return 0.0 if run.done else job.every.total_seconds()

    def _run(self, job: ScheduledJob, stop: threading.Event) -> JobRun:
        now = self._clock.now()
        # should this process die, somebody tries again after the wait that a failure has
        due_at = now + min(job.retry, job.every)
        self._note(job, due_at=due_at, started_at=now, ended_at=None, error=None, done=None, by=self._by)
        run = self._tried(job, stop, log=True)
        due_at = run.ended_at + (job.every if run.error is None else min(job.retry, job.every))
        self._note(job, due_at=due_at, **_ended(run))
        return run

    def _tried(self, job: ScheduledJob, stop: threading.Event, *, log: bool) -> JobRun:
        started_at, done, code = self._clock.now(), 0, None
        try:
            # of work that goes on all the time each piece is traced by itself, and not each look for some
            with nullcontext() if job.shared else piece_of_work(f"job {job.name}"):
                done = job.work(stop)
        except YinzhengError as error:
            code = error.code
            if log:
                _logger.warning("scheduled job %s failed: %s", job.name, code)
        except Exception as error:
            code = UNEXPECTED
            if log:
                _log_unexpected(job, error)
        return JobRun(started_at, self._clock.now(), done, code)

    def _is_due(self, job: ScheduledJob) -> bool:
        with self._database.transaction() as session:
            row = session.get(ScheduledJobRow, job.name)
            return row is None or row.due_at is None or row.due_at <= self._clock.now()

    def _note(self, job: ScheduledJob, **values: object) -> None:
        row = insert(ScheduledJobRow).values(name=job.name, **values)
        with self._database.transaction() as session:
            session.execute(row.on_conflict_do_update(index_elements=["name"], set_=values))

    @contextmanager
    def _alone(self, job: ScheduledJob) -> Iterator[bool]:
        """Whether nobody else runs a job, until the block ends."""
        if job.shared:
            yield True
            return
        lock = (_LOCKS, _lock_of(job.name))
        try:
            with self._database.engine.connect() as guard:
                got: bool = guard.execute(sa.select(sa.func.pg_try_advisory_lock(*lock))).scalar_one()
                guard.commit()
                try:
                    yield got
                finally:
                    if got:
                        _unlock(guard, lock)
        except (OperationalError, InterfaceError) as error:
            raise DatabaseUnavailableError from error

    def _job(self, name: str) -> ScheduledJob:
        job = self._jobs.get(name)
        if job is None:
            raise JobUnknownError(name=name)
        return job


@dataclass
class _Rounds:
    """What short runs came to since the last one on record."""

    note_at: float = float("-inf")
    done: int = 0
    error: str | None = None


_RUNNING: Final = sa.text(
    "SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2"
    " AND classid::bigint = :locks AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
).bindparams(locks=_LOCKS)


def _unlock(guard: sa.Connection, lock: tuple[int, int]) -> None:
    try:
        guard.execute(sa.select(sa.func.pg_advisory_unlock(*lock)))
        guard.commit()
    except (OperationalError, InterfaceError, psycopg.Error):
        # the connection is lost, and with it the lock
        guard.invalidate()


def _log_unexpected(job: ScheduledJob, error: Exception) -> None:
    """Where it happened, but not the error's text, which may quote personal data."""
    where = "".join(traceback.format_tb(error.__traceback__))
    _logger.error("scheduled job %s failed: %s\n%s", job.name, type(error).__name__, where)


def _lock_of(name: str) -> int:
    """Second half of the number of a job's lock: 31 bits of its name's digest."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") >> 1


def _ended(run: JobRun) -> Mapping[str, Any]:
    """The columns that tell of the end of a run."""
    told = {"ended_at": run.ended_at, "done": run.done, "error": run.error}
    return told if run.error is not None else {**told, "succeeded_at": run.ended_at}


def _state(job: ScheduledJob, row: ScheduledJobRow | None, running: set[int]) -> JobState:
    if row is None or row.started_at is None:
        outcome = JobOutcome.RUNNING if _lock_of(job.name) in running else JobOutcome.NEVER
        return JobState(job, outcome, row.due_at if row is not None else None)
    if row.ended_at is None:
        outcome = JobOutcome.RUNNING if _lock_of(job.name) in running else JobOutcome.CUT_SHORT
    else:
        outcome = JobOutcome.FAILED if row.error is not None else JobOutcome.DONE
    return JobState(
        job,
        outcome,
        None if job.shared else row.due_at,
        row.started_at,
        row.ended_at,
        row.succeeded_at,
        row.done,
        row.error,
        row.by,
    )
