"""Doing the lines of batches: any number of processes on any number of machines, each line exactly once.

A worker claims a few lines at a time by a lease, as :class:`store.outbox.Worker` claims jobs. What makes a line's
licence exist marks the line as done in the same transaction, on the condition that the claim still holds: whoever is
killed, whenever, a licence is there if and only if its line says so. A claim that was lost is worth nothing, so that
it need not be on disk before the work begins.
"""

from __future__ import annotations

import logging
import secrets
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from keys.errors import VaultDamagedError
from keys.hsm_errors import HsmUnavailableError
from seal.errors import (
    SealAmbiguousError,
    SealCertificateExpiredError,
    SealNoneForTypeError,
    SealNotGrantedError,
    SealNotUsableError,
    SealQuotaUsedError,
    SealTypeNotAllowedError,
    TimeStampError,
)
from store.clock import Clock
from store.database import Database, DatabaseUnavailableError
from store.errors import Kind, YinzhengError
from store.objects import ObjectsUnavailableError
from store.traces import piece_of_work
from trust._batch_tables import BatchLineRow, BatchRow
from trust.batch import BatchKind, BatchState, LineState
from trust.batches import Batches, findings_json
from trust.bulk_errors import LineLostError
from trust.errors import (
    FieldProblem,
    FieldsInvalidError,
    IssuerNotAllowedError,
    TypeForReferenceError,
    TypeNotPublishedError,
)
from trust.licence import Licence

AT_ONCE = 10
"""Lines that a worker claims at a time: what waits when it dies, and how soon a pause is heeded."""
MOST_ATTEMPTS = 10

_RETRY = timedelta(seconds=5)
_STOPPED = (
    SealAmbiguousError,
    SealCertificateExpiredError,
    SealNoneForTypeError,
    SealNotGrantedError,
    SealNotUsableError,
    SealQuotaUsedError,
    SealTypeNotAllowedError,
    IssuerNotAllowedError,
    TypeForReferenceError,
    TypeNotPublishedError,
)
"""What stops every line of a batch as it stops one: the batch waits for a person."""
_OUTAGES = (DatabaseUnavailableError, HsmUnavailableError, ObjectsUnavailableError, TimeStampError)
"""What says nothing about a line: a part is away, and every line waits until it is back."""

_logger = logging.getLogger(__name__)


class _ClaimLostError(Exception):
    """The line is another's by now, or was cancelled; what was done for it is undone."""


@dataclass(frozen=True, repr=False)
class Task:
    """One line to be done."""

    batch_id: int
    reference: str
    type_slug: str
    issuer_code: str | None
    issue_date: date | None
    sealed: bool
    actor: str
    line: int
    attempt: int
    said: Mapping[str, Any]


@dataclass(frozen=True, repr=False)
class _Claimed:
    task: Task
    kind: BatchKind
    claim: str


Done = Callable[[Session, Licence], None]
LineHandler = Callable[[Task, Done], tuple[Licence, bool]]
"""Does a line: calls the second argument in the transaction that makes the licence exist, and tells the licence and
whether it made it."""


DoneTogether = Callable[[Session, Sequence[Licence]], None]
GroupHandler = Callable[[Sequence[Task], DoneTogether], None]
"""Does several lines of one batch: calls the second argument in the transaction that makes all their licences exist.
Where it raises, nothing was done for any line, and each is done by itself."""


class BatchWorker:
    """Does the lines of running batches. Safe to run in many processes."""

    def __init__(
        self,
        database: Database,
        batches: Batches,
        clock: Clock,
        handlers: Mapping[BatchKind, LineHandler],
        *,
        together: Mapping[BatchKind, GroupHandler] | None = None,
        lease: timedelta = timedelta(minutes=2),
    ) -> None:
        """:param together: faster ways to do the lines of a claim at once; without one each is done by itself."""
        self._database = database
        self._batches = batches
        self._clock = clock
        self._handlers = handlers
        self._together = together or {}
        self._lease = lease

    def run_once(self, stop: threading.Event | None = None, *, reference: str | None = None) -> int:
        """Claim a few lines, do them, and tell how many were tried; 0 when none waits now.

        :param stop: when set, the rest of the lines is given back.
        :param reference: only of this batch.
        :raises DatabaseUnavailableError: the lines cannot be read or written.
        :raises YinzhengError: a part that the lines need is away; they are given back and wait for it.
        """
        claimed = self._claim(reference)
        stopped = stop is not None and stop.is_set()
        if not stopped and len(claimed) > 1 and self._did_together(claimed):
            self._finish(claimed[0].task.batch_id)
            return len(claimed)
        for count, each in enumerate(claimed):
            if (stop is not None and stop.is_set()) or (count and not self._runs(each)):
                self._give_back(claimed[count:])
                return count
            try:
                self._do(each)
            except _OUTAGES:
                self._give_back(claimed[count:])
                raise
        for batch_id in {each.task.batch_id for each in claimed}:
            self._finish(batch_id)
        return len(claimed)

    def _did_together(self, claimed: Sequence[_Claimed]) -> bool:
        """Do the lines of a claim at once where that can be; False when each has to be done by itself."""
        first = claimed[0]
        handler = self._together.get(first.kind)
        if handler is None:
            return False

        def done(session: Session, licences: Sequence[Licence]) -> None:
            self._mark_issued(session, claimed, [licence.identifier for licence in licences])

        try:
            with piece_of_work(f"batch {first.kind.value}", lines=len(claimed)):
                handler([each.task for each in claimed], done)
        except Exception as error:
            # Whatever it was, it is told and dealt with when the line that it came of is done by itself.
            what = error.code if isinstance(error, YinzhengError) else type(error).__name__
            _logger.info(
                "lines from %d of batch %s are done one by one: %s", first.task.line, first.task.reference, what
            )
            return False
        return True

    def _do(self, each: _Claimed) -> None:
        task = each.task

        def done(session: Session, licence: Licence) -> None:
            self._mark(session, each, LineState.ISSUED, identifier=licence.identifier)

        try:
            with piece_of_work(f"batch {each.kind.value}", lines=1):
                licence, created = self._handlers[each.kind](task, done)
            if not created:
                with self._database.transaction() as session:
                    self._mark(session, each, LineState.EXISTING, identifier=licence.identifier)
        except _ClaimLostError:
            _logger.warning("line %d of batch %s went to another", task.line, task.reference)
        except _STOPPED as error:
            _logger.warning("batch %s was paused: %s", task.reference, error.code)
            self._pause(each, error.code)
        except _OUTAGES as error:
            _logger.info("line %d of batch %s waits: %s", task.line, task.reference, error.code)
            raise
        except YinzhengError as error:
            if error.kind is Kind.UNAVAILABLE and task.attempt < MOST_ATTEMPTS:
                _logger.warning("line %d of batch %s will be tried again: %s", task.line, task.reference, error.code)
                self._put_off(each)
                return
            self._fail(each, error)
        except Exception as error:
            _log_unexpected(f"line {task.line} of batch {task.reference}", error)
            if task.attempt < MOST_ATTEMPTS:
                self._put_off(each)
            else:
                self._fail(each, LineLostError())

    def _claim(self, reference: str | None) -> list[_Claimed]:
        now = self._clock.now()
        claim = secrets.token_hex(12)
        with self._database.transaction() as session:
            session.execute(sa.text("SET LOCAL synchronous_commit TO OFF"))
            for batch in session.scalars(_running(reference)):
                rows = list(session.scalars(_free_lines(batch.id, now)))
                if rows and rows[0].attempts:
                    rows = rows[:1]  # what a worker may have died of is tried alone
                found = [each for each in (self._take(batch, row, claim, now + self._lease) for row in rows) if each]
                if rows:
                    return found
        for batch_id in self._without_waiting(reference):
            self._finish(batch_id)
        return []

    def _take(self, batch: BatchRow, row: BatchLineRow, claim: str, until: Any) -> _Claimed | None:
        error: YinzhengError | None = None
        said: Mapping[str, Any] = {}
        if row.attempts >= MOST_ATTEMPTS or row.data is None:
            error = LineLostError()
        else:
            try:
                said = self._batches.decrypt(batch.reference, row.line, row.data)
            except VaultDamagedError as damaged:
                error = damaged
        if error is not None:
            row.state, row.data, row.done_at = LineState.FAILED, None, self._clock.now()
            row.findings = findings_json([FieldProblem("", error.code, error.message_zh, error.message_en)])
            return None
        row.attempts += 1
        row.claim, row.claim_until = claim, until
        task = Task(
            batch_id=batch.id,
            reference=batch.reference,
            type_slug=batch.type_slug,
            issuer_code=batch.issuer_code,
            issue_date=batch.issue_date,
            sealed=batch.sealed,
            actor=batch.actor,
            line=row.line,
            attempt=row.attempts,
            said=said,
        )
        return _Claimed(task, BatchKind(batch.kind), claim)

    def _mark(self, session: Session, each: _Claimed, state: LineState, **values: Any) -> None:
        """Give a line its result; raises when it is no longer ours."""
        marked = session.execute(
            _mine(each)
            .values(state=state, data=None, claim=None, claim_until=None, done_at=self._clock.now(), **values)
            .returning(BatchLineRow.line)
        )
        if marked.first() is None:
            raise _ClaimLostError

    def _mark_issued(self, session: Session, claimed: Sequence[_Claimed], identifiers: Sequence[str]) -> None:
        """Give all lines of a claim their licences; raises when one is no longer ours."""
        lines = [each.task.line for each in claimed]
        given = (
            sa.func.unnest(sa.literal(lines, ARRAY(sa.Integer)), sa.literal(list(identifiers), ARRAY(sa.Text)))
            .table_valued(sa.column("line", sa.Integer), sa.column("identifier", sa.Text))
            .render_derived()
        )
        marked = session.execute(
            sa.update(BatchLineRow)
            .where(
                BatchLineRow.batch_id == claimed[0].task.batch_id,
                BatchLineRow.line == given.c.line,
                BatchLineRow.state == LineState.WAITING,
                BatchLineRow.claim == claimed[0].claim,
            )
            .values(
                state=LineState.ISSUED,
                identifier=given.c.identifier,
                data=None,
                claim=None,
                claim_until=None,
                done_at=self._clock.now(),
            )
            .returning(BatchLineRow.line)
            .execution_options(synchronize_session=False)
        )
        if len(marked.all()) < len(lines):
            raise _ClaimLostError

    def _fail(self, each: _Claimed, error: YinzhengError) -> None:
        problems = (
            error.problems
            if isinstance(error, FieldsInvalidError)
            else (FieldProblem("", error.code, error.message_zh, error.message_en),)
        )
        try:
            with self._database.transaction() as session:
                self._mark(session, each, LineState.FAILED, findings=findings_json(problems))
        except _ClaimLostError:
            return

    def _put_off(self, each: _Claimed) -> None:
        with self._database.transaction() as session:
            session.execute(_mine(each).values(claim=None, claim_until=self._clock.now() + _RETRY))

    def _give_back(self, claimed: list[_Claimed]) -> None:
        with self._database.transaction() as session:
            for each in claimed:
                session.execute(_mine(each).values(claim=None, claim_until=None, attempts=BatchLineRow.attempts - 1))

    def _pause(self, each: _Claimed, code: str) -> None:
        with self._database.transaction() as session:
            session.execute(
                sa.update(BatchRow)
                .where(BatchRow.id == each.task.batch_id, BatchRow.state == BatchState.RUNNING)
                .values(state=BatchState.PAUSED, state_reason=code)
            )
        self._give_back([each])

    def _runs(self, each: _Claimed) -> bool:
        with self._database.transaction() as session:
            return session.scalar(sa.select(BatchRow.state).where(BatchRow.id == each.task.batch_id)) == "running"

    def _without_waiting(self, reference: str | None) -> list[int]:
        with self._database.transaction() as session:
            return [row.id for row in session.scalars(_running(reference).where(~_waits(BatchRow.id)))]

    def _finish(self, batch_id: int) -> None:
        """End a batch of which no line waits any more."""
        with self._database.transaction() as session:
            session.execute(
                sa.update(BatchRow)
                .where(BatchRow.id == batch_id, BatchRow.state == BatchState.RUNNING, ~_waits(BatchRow.id))
                .values(state=BatchState.DONE, ended_at=self._clock.now())
            )


def _running(reference: str | None) -> sa.Select[Any]:
    statement = sa.select(BatchRow).where(BatchRow.state == BatchState.RUNNING).order_by(BatchRow.id)
    return statement if reference is None else statement.where(BatchRow.reference == reference)


def _free_lines(batch_id: int, now: Any) -> sa.Select[Any]:
    return (
        sa.select(BatchLineRow)
        .where(
            BatchLineRow.batch_id == batch_id,
            BatchLineRow.state == LineState.WAITING,
            sa.or_(BatchLineRow.claim_until.is_(None), BatchLineRow.claim_until < now),
        )
        .order_by(BatchLineRow.attempts, BatchLineRow.line)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )


def _waits(batch_id: Any) -> sa.Exists:
    return sa.exists().where(BatchLineRow.batch_id == batch_id, BatchLineRow.state == LineState.WAITING)


def _mine(each: _Claimed) -> sa.Update:
    return sa.update(BatchLineRow).where(
        BatchLineRow.batch_id == each.task.batch_id,
        BatchLineRow.line == each.task.line,
        BatchLineRow.state == LineState.WAITING,
        BatchLineRow.claim == each.claim,
    )


def _log_unexpected(what: str, error: Exception) -> None:
    # Where it happened, but not the error's text, which may quote personal data.
    where = "".join(traceback.format_tb(error.__traceback__))
    _logger.error("%s failed: %s\n%s", what, type(error).__name__, where)
