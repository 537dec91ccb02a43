"""Work to be done after a transaction, written down inside it so that neither happens without the other."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from store._tables import JobRow
from store.clock import Clock
from store.database import Database
from store.errors import YinzhengError
from store.findings import Finding, FindingKind, Severity
from store.traces import piece_of_work

LOST = "store.job_lost"
"""Last error of a job whose workers all ended in the middle of it."""
UNEXPECTED = "store.job_failed"
"""Last error of a job that failed with something that has no code."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """One piece of work, as its handler sees it."""

    id: int
    """The same at each attempt: what a handler can mark its effects with to be able to run twice."""
    topic: str
    key: str | None
    payload: Mapping[str, Any]
    attempt: int
    """1 at the first attempt."""


Handler = Callable[[Job], None]
"""Does one job, and may be called again for the same one: what it does must come to the same when done twice."""


@dataclass(frozen=True)
class DeadJob:
    """A job that was given up and waits for a person."""

    id: int
    topic: str
    key: str | None
    attempts: int
    last_error: str
    """A code; the circumstances are in the log."""
    dead_at: datetime


class Outbox:
    """The list of jobs. A payload rests unencrypted: it holds references to personal data, never the data."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(self, session: Session, topic: str, payload: Mapping[str, Any], *, key: str | None = None) -> None:
        """Write down a job; it becomes due when the caller's transaction commits.

        :param payload: what JSON can hold.
        :param key: names the event that the job is about. A second job with the same topic and key is not added, also
            when the first is done, for as long as the list remembers it.
        """
        self.add_all(session, topic, [(key, payload)])

    def add_all(self, session: Session, topic: str, jobs: Sequence[tuple[str | None, Mapping[str, Any]]]) -> None:
        """Write down jobs of one topic by key and payload, as :meth:`add` does."""
        if not jobs:
            return
        now = self._clock.now()
        rows = [
            {"topic": topic, "key": key, "payload": dict(payload), "created_at": now, "next_attempt_at": now}
            for key, payload in jobs
        ]
        session.execute(insert(JobRow).values(rows).on_conflict_do_nothing(index_elements=["topic", "key"]))

    def waiting(self) -> int:
        """How many jobs are neither done nor dead."""
        with self._database.transaction() as session:
            waiting = sa.select(sa.func.count()).where(JobRow.done_at.is_(None), JobRow.dead_at.is_(None))
            return session.scalars(waiting).one()

    def given_up(self) -> int:
        """How many jobs are dead."""
        with self._database.transaction() as session:
            return session.scalars(sa.select(sa.func.count()).where(JobRow.dead_at.is_not(None))).one()

    def dead(self, *, limit: int = 100) -> list[DeadJob]:
        """The jobs that were given up, the latest first."""
        with self._database.transaction() as session:
            rows = session.scalars(
                sa.select(JobRow).where(JobRow.dead_at.is_not(None)).order_by(JobRow.dead_at.desc()).limit(limit)
            )
            return [
                DeadJob(row.id, row.topic, row.key, row.attempts, row.last_error or "", row.dead_at)
                for row in rows
                if row.dead_at is not None
            ]

    def revive(self, job_id: int) -> bool:
        """Let a dead job be tried anew, as if it had just been added; False when there is no such dead job."""
        with self._database.transaction() as session:
            revived = session.execute(
                sa.update(JobRow)
                .where(JobRow.id == job_id, JobRow.dead_at.is_not(None))
                .values(dead_at=None, attempts=0, next_attempt_at=self._clock.now())
                .returning(JobRow.id)
            )
            return revived.first() is not None


def unfinished(topic: str) -> sa.Select[str | None]:
    """The keys of the jobs of a topic that are not done, given up ones among them."""
    return sa.select(JobRow.key).where(JobRow.topic == topic, JobRow.done_at.is_(None), JobRow.key.is_not(None))


JOB_DEAD: Final = FindingKind(
    "outbox.dead",
    "后台任务 {job}（{topic}）在 {attempts} 次尝试后放弃：{error}。",
    "Job {job} ({topic}) was given up after {attempts} attempts: {error}.",
    "排除原因后重新执行（yinzheng jobs retry）；日志中有每次失败的位置。",
    "Remove the cause and let it be tried anew (yinzheng jobs retry); the log has where each attempt failed.",
    Severity.WARNING,
)


def examine_outbox(session: Session) -> Iterator[Finding]:
    """The jobs that were given up. What a job is about, its key, is in doubt."""
    dead = sa.select(JobRow.id, JobRow.topic, JobRow.key, JobRow.attempts, JobRow.last_error)
    for row in session.execute(dead.where(JobRow.dead_at.is_not(None)).execution_options(yield_per=1000)):
        said = {"job": row.id, "topic": row.topic, "attempts": row.attempts, "error": row.last_error or "—"}
        yield Finding(JOB_DEAD, f"job:{row.id}", said, (f"{row.topic}:{row.key}",))


@dataclass(frozen=True)
class Attempts:
    """How often and when a job is tried: after each failure the wait doubles."""

    most: int = 12
    first_wait: timedelta = timedelta(seconds=5)
    longest_wait: timedelta = timedelta(hours=1)

    def wait_after(self, attempt: int) -> timedelta:
        """How long to wait after the failure of an attempt, of which the first is 1."""
        doublings = min(attempt - 1, 30)
        return min(self.first_wait * (1 << doublings), self.longest_wait)


class Worker:
    """Claims due jobs one by one and hands each to the handler of its topic; topics without one stay in the list.

    A claim is a lease and not a row lock. A lock would free the job at once when its worker dies, but it is held by
    an open transaction: a handler that waits for another system would keep that open, with a connection of the pool
    and with everything that the database cannot clean up meanwhile. So a claim is committed before the handler runs,
    and puts off the job's next attempt by the lease; when the worker dies the job is due again after that. A handler
    has to end within the lease, else the job may run twice at once. Claims count as attempts, so that a job that
    kills its workers is given up too.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        handlers: Mapping[str, Handler],
        *,
        attempts: Attempts | None = None,
        lease: timedelta = timedelta(minutes=2),
    ) -> None:
        self._database = database
        self._clock = clock
        self._handlers = dict(handlers)
        self._attempts = attempts or Attempts()
        self._lease = lease

    def run_once(self, *, at_most: int = 100) -> int:
        """Do the jobs that are due, and tell how many were tried.

        :raises DatabaseUnavailableError: the list cannot be read or written.
        """
        tried = 0
        while tried < at_most and self._do_next():
            tried += 1
        return tried

    def _do_next(self) -> bool:
        job = self._claim()
        if job is None:
            return False
        try:
            with piece_of_work(f"outbox {job.topic}"):
                self._handlers[job.topic](job)
        except YinzhengError as error:
            _logger.warning("job %d of %s failed: %s", job.id, job.topic, error.code)
            self._failed(job, error.code)
        except Exception as error:
            # Where it happened, but not the error's text, which may quote personal data.
            where = "".join(traceback.format_tb(error.__traceback__))
            _logger.error("job %d of %s failed: %s\n%s", job.id, job.topic, type(error).__name__, where)  # noqa: TRY400
            self._failed(job, UNEXPECTED)
        else:
            self._succeeded(job)
        return True

    def _claim(self) -> Job | None:
        while True:
            with self._database.transaction() as session:
                now = self._clock.now()
                row = session.scalars(
                    sa.select(JobRow)
                    .where(
                        JobRow.done_at.is_(None),
                        JobRow.dead_at.is_(None),
                        JobRow.next_attempt_at <= now,
                        JobRow.topic.in_(list(self._handlers)),
                    )
                    .order_by(JobRow.next_attempt_at, JobRow.id)
                    .limit(1)
                    .with_for_update(skip_locked=True)
                ).one_or_none()
                if row is None:
                    return None
                if row.attempts < self._attempts.most:
                    row.attempts += 1
                    row.next_attempt_at = now + self._lease
                    return Job(row.id, row.topic, row.key, row.payload, row.attempts)
                row.dead_at = now
                row.last_error = LOST
                _logger.error("job %d of %s was given up: %s", row.id, row.topic, LOST)

    def _succeeded(self, job: Job) -> None:
        with self._database.transaction() as session:
            session.execute(
                sa.update(JobRow)
                .where(JobRow.id == job.id, JobRow.done_at.is_(None))
                .values(done_at=self._clock.now(), dead_at=None, last_error=None)
            )

    def _failed(self, job: Job, code: str) -> None:
        now = self._clock.now()
        given_up = job.attempt >= self._attempts.most
        if given_up:
            _logger.error("job %d of %s was given up: %s", job.id, job.topic, code)
        with self._database.transaction() as session:
            session.execute(
                sa.update(JobRow)
                # A worker whose lease ran out has no say any more once another has claimed the job.
                .where(JobRow.id == job.id, JobRow.attempts == job.attempt, JobRow.done_at.is_(None))
                .values(
                    last_error=code,
                    next_attempt_at=now + self._attempts.wait_after(job.attempt),
                    dead_at=now if given_up else None,
                )
            )
