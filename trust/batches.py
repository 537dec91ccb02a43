"""Batches in the database: kept, told of, started, paused, resumed, cancelled. PostgreSQL is the truth of each line.

Who reads files into batches stands in :mod:`trust.batch_loading` and :mod:`trust.archives`, who does their lines in
:mod:`trust.batch_work`.
"""

from __future__ import annotations

import json
import secrets
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from keys import FieldVault
from store.clock import Clock
from store.database import Database
from store.once import Once, settle
from trust._batch_tables import BatchLineRow, BatchRow
from trust.batch import NEXT_STATE, Batch, BatchAct, BatchKind, BatchState, LineResult, LineState
from trust.bulk_errors import BatchActRefusedError, BatchSentBeforeError, BatchUnknownError
from trust.decisions import reason_for
from trust.errors import FieldProblem, ReasonMissingError

_PAGE = 1000
_MAX_NAME = 200
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_WAITING = (LineState.WAITING,)


@dataclass(frozen=True)
class NewBatch:
    """A batch that is about to be read in."""

    kind: BatchKind
    type_slug: str
    actor: str
    file_name: str
    issuer_code: str | None = None
    issue_date: date | None = None
    sealed: bool = True
    mapping: Mapping[str, Any] | None = None
    """How an import's columns become fields, so that corrected lines are mapped the same way."""
    mends: Batch | None = None
    """The import whose lines it corrects."""
    once: Once | None = None
    """Mark of the request that brought the file, where it may come again."""


@dataclass(frozen=True, repr=False)
class NewLine:
    """A line that was read and looked at on its own."""

    line: int
    data: Mapping[str, Any] | None
    """What it says, as JSON; None where nothing of it is to be kept."""
    problems: Sequence[FieldProblem] = ()
    number_index: bytes | None = None
    holder_index: bytes | None = None
    name_index: bytes | None = None
    content_index: bytes | None = None
    mends_line: int | None = None


class Batches:
    """All batches."""

    def __init__(self, database: Database, vault: FieldVault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock

    def begin(self, new: NewBatch) -> Batch:
        """Make a batch without lines, into which a file will be read.

        :raises BatchSentBeforeError: its mark made another already.
        :raises OnceKeyReusedError: its mark was used for another file.
        """
        now = self._clock.now()
        serial = "".join(secrets.choice(_ALPHABET) for _ in range(10))
        row = BatchRow(
            reference=f"{now:%Y%m%d}-{serial}",
            kind=new.kind,
            type_slug=new.type_slug,
            issuer_code=new.issuer_code,
            issue_date=new.issue_date,
            sealed=new.sealed,
            actor=new.actor,
            file_name="".join(character for character in new.file_name if character.isprintable())[:_MAX_NAME],
            state=BatchState.LOADING,
            mapping=dict(new.mapping) if new.mapping is not None else None,
            mends_id=new.mends.id if new.mends is not None else None,
            created_at=now,
        )
        with self._database.transaction() as session:
            session.add(row)
            session.flush()
            earlier = settle(session, new.once, row.reference, now) if new.once is not None else None
            if earlier is not None:
                raise BatchSentBeforeError(reference=earlier)
            return _batch(row, {})

    def add(self, batch: Batch, lines: Sequence[NewLine]) -> None:
        """Add lines to a batch that is being read."""
        rows = [
            {
                "batch_id": batch.id,
                "line": each.line,
                "state": LineState.UNSOUND if each.problems else LineState.WAITING,
                "data": self._encrypt(batch, each.line, each.data) if each.data is not None else None,
                "number_index": each.number_index,
                "holder_index": each.holder_index,
                "name_index": each.name_index,
                "content_index": each.content_index,
                "findings": findings_json(each.problems) or None,
                "mends_line": each.mends_line,
            }
            for each in lines
        ]
        if rows:
            with self._database.transaction() as session:
                session.execute(sa.insert(BatchLineRow), rows)

    def add_problems(self, batch: Batch, problems: Mapping[int, Sequence[FieldProblem]]) -> None:
        """Note what is wrong with lines when all are seen together; they become unsound."""
        with self._database.transaction() as session:
            for line, found in problems.items():
                session.execute(
                    sa.update(BatchLineRow)
                    .where(BatchLineRow.batch_id == batch.id, BatchLineRow.line == line)
                    .values(
                        state=LineState.UNSOUND,
                        findings=sa.func.coalesce(BatchLineRow.findings, sa.text("'[]'::jsonb")).op("||")(
                            sa.cast(findings_json(found), BatchLineRow.findings.type)
                        ),
                    )
                )

    def settle(self, batch: Batch, state: BatchState, *, forget: bool) -> Batch:
        """End the reading of a batch.

        :param forget: drop what the lines say; their results stay.
        """
        with self._database.transaction() as session:
            row = session.get_one(BatchRow, batch.id, with_for_update=True)
            if row.state == BatchState.LOADING:
                row.state = state
                if state in (BatchState.REFUSED, BatchState.CHECKED, BatchState.DONE):
                    row.ended_at = self._clock.now()
            if forget or row.state == BatchState.CANCELLED:
                _forget(session, batch.id)
        return self.get(batch.reference)

    def get(self, reference: str, *, issuer_code: str | None = None) -> Batch:
        """The batch with a reference (批次号).

        :param issuer_code: where given, another body's batch looks like one that does not exist.
        :raises BatchUnknownError: there is none.
        """
        with self._database.transaction() as session:
            row = _row(session, reference, issuer_code)
            return _batch(row, _counts(session, [row.id])[row.id])

    def latest(self, *, issuer_code: str | None = None, limit: int = 50) -> list[Batch]:
        """The latest batches, of all bodies or of one, newest first."""
        statement = sa.select(BatchRow).order_by(BatchRow.id.desc()).limit(limit)
        if issuer_code is not None:
            statement = statement.where(BatchRow.issuer_code == issuer_code)
        with self._database.transaction() as session:
            rows = list(session.scalars(statement))
            counts = _counts(session, [row.id for row in rows])
            return [_batch(row, counts[row.id]) for row in rows]

    def act(self, reference: str, act: BatchAct, *, issuer_code: str | None = None) -> Batch:
        """Start, pause or resume a batch. What is paused stops after the lines that are being done.

        :raises BatchUnknownError: there is none.
        :raises BatchActRefusedError: its state does not allow it.
        :raises ReasonMissingError: it is to be cancelled, for which there is :meth:`cancel`.
        """
        if act is BatchAct.CANCEL:
            raise ReasonMissingError(act=act.value, act_zh=act.zh)
        with self._database.transaction() as session:
            row = _moved(session, reference, act, issuer_code)
            if act is BatchAct.START:
                row.started_at = self._clock.now()
        return self.get(reference)

    def cancel(self, reference: str, *, actor: str, reason: str, issuer_code: str | None = None) -> Batch:
        """Cancel a batch: it issues nothing from that moment on, and keeps what was issued before.

        :raises ReasonMissingError: the reason is empty or longer than 500 characters.
        :raises BatchUnknownError: there is none.
        :raises BatchActRefusedError: its state does not allow it.
        """
        said = reason_for(reason, act=BatchAct.CANCEL.value, act_zh=BatchAct.CANCEL.zh)
        now = self._clock.now()
        with self._database.transaction() as session:
            row = _moved(session, reference, BatchAct.CANCEL, issuer_code)
            row.ended_at, row.cancelled_by, row.cancellation_reason = now, actor, said
            session.execute(
                sa.update(BatchLineRow)
                .where(BatchLineRow.batch_id == row.id, BatchLineRow.state == LineState.WAITING)
                .values(state=LineState.CANCELLED, claim=None, claim_until=None, done_at=now)
            )
            _forget(session, row.id)
        return self.get(reference)

    def results(
        self, batch: Batch, *, states: Sequence[LineState] = tuple(LineState), after: int = 0
    ) -> Iterator[LineResult]:
        """What became of each line after one, in the order of the file, however many there are."""
        for row in self._lines(batch, states, after):
            yield LineResult(row.line, LineState(row.state), row.identifier, problems_of(row.findings))

    def said(self, batch: Batch, states: Sequence[LineState] = _WAITING) -> Iterator[tuple[LineResult, dict[str, Any]]]:
        """The lines of which it is still kept what they say, with that."""
        for row in self._lines(batch, states):
            if row.data is not None:
                result = LineResult(row.line, LineState(row.state), row.identifier, problems_of(row.findings))
                yield result, self.decrypt(batch.reference, row.line, row.data)

    def said_by(self, batch: Batch, lines: Sequence[int]) -> Iterator[tuple[int, dict[str, Any]]]:
        """What some lines say, of those of which it is still kept."""
        statement = sa.select(BatchLineRow.line, BatchLineRow.data).where(
            BatchLineRow.batch_id == batch.id, BatchLineRow.line.in_(lines), BatchLineRow.data.is_not(None)
        )
        with self._database.transaction() as session:
            rows = session.execute(statement).all()
        for line, data in rows:
            if data is not None:
                yield line, self.decrypt(batch.reference, line, data)

    def repeated(self, batch: Batch, column: str) -> Iterator[tuple[int, int]]:
        """Lines that have the same as another in an index, each with the first other line that has it.

        :param column: ``number_index`` or ``content_index``.
        """
        index: sa.ColumnElement[bytes] = sa.column(column)
        lines = sa.func.array_agg(sa.text("line ORDER BY line"))
        statement = (
            sa.select(lines)
            .select_from(BatchLineRow.__table__)
            .where(BatchLineRow.batch_id == batch.id, index.is_not(None))
            .group_by(index)
            .having(sa.func.count() > 1)
        )
        with self._database.transaction() as session:
            for (found,) in session.execute(statement.execution_options(yield_per=_PAGE)):
                for line in found:
                    yield line, found[1] if line == found[0] else found[0]

    def mapping(self, batch: Batch) -> dict[str, Any] | None:
        """The mapping that an import was read with."""
        with self._database.transaction() as session:
            return session.get_one(BatchRow, batch.id).mapping

    def decrypt(self, reference: str, line: int, data: bytes) -> dict[str, Any]:
        """What a line says."""
        said: dict[str, Any] = json.loads(self._vault.decrypt(data, context=_context(reference, line)))
        return said

    def _encrypt(self, batch: Batch, line: int, data: Mapping[str, Any]) -> bytes:
        text = json.dumps(data, ensure_ascii=False).encode()
        return self._vault.encrypt(text, context=_context(batch.reference, line))

    def _lines(self, batch: Batch, states: Sequence[LineState], after: int = 0) -> Iterator[BatchLineRow]:
        while True:
            with self._database.transaction() as session:
                rows = list(
                    session.scalars(
                        sa.select(BatchLineRow)
                        .where(
                            BatchLineRow.batch_id == batch.id, BatchLineRow.line > after, BatchLineRow.state.in_(states)
                        )
                        .order_by(BatchLineRow.line)
                        .limit(_PAGE)
                    )
                )
            yield from rows
            if len(rows) < _PAGE:
                return
            after = rows[-1].line


def findings_json(problems: Sequence[FieldProblem]) -> list[dict[str, str]]:
    """Problems as they are kept with a line."""
    return [{"path": each.path, "code": each.code, "zh": each.zh, "en": each.en} for each in problems]


def problems_of(findings: Sequence[Mapping[str, str]] | None) -> tuple[FieldProblem, ...]:
    """The problems that :func:`findings_json` kept."""
    return tuple(FieldProblem(**each) for each in findings or ())


def _context(reference: str, line: int) -> str:
    """Binds the encrypted line to its place, so that lines cannot be swapped."""
    return f"batch.data:{reference}:{line}"


def _forget(session: Session, batch_id: int) -> None:
    session.execute(
        sa.update(BatchLineRow)
        .where(BatchLineRow.batch_id == batch_id, BatchLineRow.data.is_not(None))
        .values(data=None)
    )


def _moved(session: Session, reference: str, act: BatchAct, issuer_code: str | None) -> BatchRow:
    row = _row(session, reference, issuer_code, lock=True)
    state = BatchState(row.state)
    after = NEXT_STATE.get((state, act))
    if after is None:
        raise BatchActRefusedError(state=state.value, state_zh=state.zh, act=act.value, act_zh=act.zh)
    row.state, row.state_reason = after, None
    return row


def _row(session: Session, reference: str, issuer_code: str | None, *, lock: bool = False) -> BatchRow:
    statement = sa.select(BatchRow).where(BatchRow.reference == reference)
    if lock:
        statement = statement.with_for_update()
    row = session.scalar(statement)
    if row is None or issuer_code not in (None, row.issuer_code):
        raise BatchUnknownError
    return row


def _counts(session: Session, batch_ids: Sequence[int]) -> dict[int, dict[LineState, int]]:
    found: dict[int, dict[LineState, int]] = defaultdict(dict)
    statement = (
        sa.select(BatchLineRow.batch_id, BatchLineRow.state, sa.func.count())
        .where(BatchLineRow.batch_id.in_(batch_ids))
        .group_by(BatchLineRow.batch_id, BatchLineRow.state)
    )
    for batch_id, state, count in session.execute(statement):
        found[batch_id][LineState(state)] = count
    return found


def _batch(row: BatchRow, counts: Mapping[LineState, int]) -> Batch:
    return Batch(
        id=row.id,
        reference=row.reference,
        kind=BatchKind(row.kind),
        type_slug=row.type_slug,
        issuer_code=row.issuer_code,
        issue_date=row.issue_date,
        sealed=row.sealed,
        actor=row.actor,
        file_name=row.file_name,
        state=BatchState(row.state),
        state_reason=row.state_reason,
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        cancelled_by=row.cancelled_by,
        cancellation_reason=row.cancellation_reason,
        counts=dict(counts),
    )
