"""Feedback on licences (好差评、异议处理): an approver or the holder says what is wrong, and the issuer answers.

open → accepted or rejected with a reason → corrected. Each step has its time limit and stands on record; what people
write may be personal and rests encrypted.
"""

from __future__ import annotations

import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from keys import FieldVault
from store.acting import crossing
from store.clock import Clock
from store.database import Database
from trust import HolderIndex, Register
from verify._feedback_tables import FeedbackEventRow, FeedbackRow
from verify.feedback_errors import (
    FeedbackPendingError,
    FeedbackRefusedError,
    FeedbackStateError,
    FeedbackTextError,
    FeedbackUnknownError,
)
from verify.records import CheckRecords

ANSWER_WITHIN = timedelta(days=7)
"""Within which the issuer accepts or rejects."""
CORRECT_WITHIN = timedelta(days=15)
"""Within which it corrects what it accepted."""
_MOST_LISTED: Final = 500
_LONGEST = 1000


class FeedbackState(StrEnum):
    """What became of a feedback."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    CORRECTED = "corrected"


@dataclass(frozen=True)
class Raiser:
    """Who says that data are wrong: a client that checked them, or the holder."""

    client_id: str | None = None
    holder: HolderIndex | None = None

    @property
    def name(self) -> str:
        """For the record; a holder is not named."""
        return f"client:{self.client_id}" if self.client_id is not None else "holder"


@dataclass(frozen=True)
class FeedbackEntry:
    """One feedback."""

    id: str
    identifier: str
    issuer_code: str
    raised_by: str
    field: str | None
    """Of the licence, where one is meant."""
    text: str
    state: FeedbackState
    opened_at: datetime
    due_at: datetime
    answer: str | None
    answered_at: datetime | None
    corrected_at: datetime | None
    corrected_by_licence: str | None
    """Identifier of the licence with the right data."""


@dataclass(frozen=True)
class FeedbackFigures:
    """How a body deals with feedback."""

    counts: dict[FeedbackState, int]
    overdue: int
    mean_hours_to_answer: float | None


class Feedback:
    """The feedback on all licences."""

    def __init__(
        self, database: Database, vault: FieldVault, register: Register, records: CheckRecords, clock: Clock
    ) -> None:
        self._database = database
        self._vault = vault
        self._register = register
        self._records = records
        self._clock = clock

    def open(self, raiser: Raiser, identifier: str, text: str, *, field: str | None = None) -> FeedbackEntry:
        """Say that a licence's data are wrong.

        :raises FeedbackRefusedError: who says so has neither checked the licence nor holds it.
        :raises FeedbackPendingError: the same one said so before, and it is not settled.
        :raises FeedbackTextError: the text is empty, too long, or has control characters.
        :raises IdentifierInvalidError: it is no identifier.
        """
        text = _checked(text)
        with crossing():
            licence = self._register.find(identifier)
        if licence is None or not self._concerns(raiser, identifier, licence.holder_index):
            raise FeedbackRefusedError
        if field is not None and field not in licence.fields:
            raise FeedbackTextError
        now, number = self._clock.now(), secrets.token_hex(16)
        row = FeedbackRow(
            id=number,
            identifier=identifier,
            issuer_code=licence.issuer_code,
            client_id=raiser.client_id,
            holder_index=raiser.holder.value if raiser.holder is not None else None,
            field=field,
            text=self._vault.encrypt(text.encode(), context=_context(number, "text")),
            state=FeedbackState.OPEN,
            opened_at=now,
            due_at=now + ANSWER_WITHIN,
        )
        try:
            with self._database.transaction() as session:
                session.add(row)
                session.flush()
                self._note(session, row, raiser.name)
                return self._entry(row)
        except IntegrityError as error:
            raise FeedbackPendingError from error

    def raised_by(self, raiser: Raiser, *, at_most: int | None = _MOST_LISTED) -> list[FeedbackEntry]:
        """What somebody said, newest first, with the answers."""
        mine = (
            FeedbackRow.client_id == raiser.client_id
            if raiser.holder is None
            else FeedbackRow.holder_index == raiser.holder.value
        )
        return self._entries(mine, at_most=at_most)

    def received(self, issuer_code: str, *, state: FeedbackState | None = None) -> list[FeedbackEntry]:
        """What was said about a body's licences, newest first."""
        return self._entries(
            FeedbackRow.issuer_code == issuer_code, sa.true() if state is None else FeedbackRow.state == state
        )

    def accept(self, number: str, issuer_code: str, answer: str, *, actor: str) -> FeedbackEntry:
        """Agree that the data are wrong; they have to be corrected within :data:`CORRECT_WITHIN`.

        :raises FeedbackUnknownError: there is none for this body.
        :raises FeedbackStateError: it is not open.
        :raises FeedbackTextError: the answer is empty, too long, or has control characters.
        """
        return self._answer(number, issuer_code, answer, FeedbackState.ACCEPTED, actor)

    def reject(self, number: str, issuer_code: str, reason: str, *, actor: str) -> FeedbackEntry:
        """Say why the data are right. Raises like :meth:`accept`."""
        return self._answer(number, issuer_code, reason, FeedbackState.REJECTED, actor)

    def corrected(self, number: str, issuer_code: str, identifier: str, *, actor: str) -> FeedbackEntry:
        """Say which licence has the right data now.

        :param identifier: of a licence of this body.
        :raises FeedbackUnknownError: there is no such feedback or licence of this body.
        :raises FeedbackStateError: it was not accepted.
        """
        licence = self._register.find(identifier)
        if licence is None or licence.issuer_code != issuer_code:
            raise FeedbackUnknownError
        with self._database.transaction() as session:
            row = _row(session, number, issuer_code, FeedbackState.ACCEPTED)
            row.state, row.corrected_at = FeedbackState.CORRECTED, self._clock.now()
            row.corrected_by_licence = identifier
            self._note(session, row, actor)
            return self._entry(row)

    def figures(self, issuer_code: str) -> FeedbackFigures:
        """How a body deals with feedback (各部门办理情况)."""
        table, now = FeedbackRow, self._clock.now()
        of_body = table.issuer_code == issuer_code
        pending = table.state.in_([FeedbackState.OPEN, FeedbackState.ACCEPTED])
        late = sa.func.count().filter(pending, table.due_at < now)
        taken = sa.func.avg(sa.func.extract("epoch", table.answered_at - table.opened_at))
        with self._database.transaction() as session:
            found = session.execute(sa.select(table.state, sa.func.count()).where(of_body).group_by(table.state)).all()
            overdue, seconds = session.execute(sa.select(late, taken).where(of_body)).one()
        counts = dict.fromkeys(FeedbackState, 0) | {FeedbackState(state): count for state, count in found}
        return FeedbackFigures(counts, overdue, round(float(seconds) / 3600, 1) if seconds is not None else None)

    def _concerns(self, raiser: Raiser, identifier: str, holder: HolderIndex) -> bool:
        if raiser.client_id is not None:
            return self._records.has_checked(raiser.client_id, identifier)
        return raiser.holder == holder

    def _answer(self, number: str, issuer_code: str, text: str, state: FeedbackState, actor: str) -> FeedbackEntry:
        text = _checked(text)
        with self._database.transaction() as session:
            row = _row(session, number, issuer_code, FeedbackState.OPEN)
            now = self._clock.now()
            row.state, row.answered_at = state, now
            row.answer = self._vault.encrypt(text.encode(), context=_context(number, "answer"))
            if state is FeedbackState.ACCEPTED:
                row.due_at = now + CORRECT_WITHIN
            self._note(session, row, actor)
            return self._entry(row)

    def _note(self, session: Session, row: FeedbackRow, actor: str) -> None:
        event = FeedbackEventRow(feedback_id=row.id, state=row.state, actor=actor, at=self._clock.now())
        session.add(event)

    def _entries(self, *wanted: sa.ColumnElement[bool], at_most: int | None = _MOST_LISTED) -> list[FeedbackEntry]:
        statement = sa.select(FeedbackRow).where(*wanted).order_by(FeedbackRow.opened_at.desc()).limit(at_most)
        with self._database.transaction() as session:
            return [self._entry(row) for row in session.scalars(statement)]

    def _entry(self, row: FeedbackRow) -> FeedbackEntry:
        answer = row.answer
        return FeedbackEntry(
            id=row.id,
            identifier=row.identifier,
            issuer_code=row.issuer_code,
            raised_by=f"client:{row.client_id}" if row.client_id is not None else "holder",
            field=row.field,
            text=self._vault.decrypt(row.text, context=_context(row.id, "text")).decode(),
            state=FeedbackState(row.state),
            opened_at=row.opened_at,
            due_at=row.due_at,
            answer=None if answer is None else self._vault.decrypt(answer, context=_context(row.id, "answer")).decode(),
            answered_at=row.answered_at,
            corrected_at=row.corrected_at,
            corrected_by_licence=row.corrected_by_licence,
        )


def _row(session: Session, number: str, issuer_code: str, state: FeedbackState) -> FeedbackRow:
    row = session.get(FeedbackRow, number, with_for_update=True) if number.isalnum() else None
    if row is None or row.issuer_code != issuer_code:
        raise FeedbackUnknownError
    if row.state != state:
        raise FeedbackStateError(state=row.state)
    return row


def _context(number: str, what: str) -> str:
    return f"feedback.{what}:{number}"


def _checked(text: str) -> str:
    text = unicodedata.normalize("NFC", text).strip()
    if not 1 <= len(text) <= _LONGEST or any(
        unicodedata.category(char).startswith("C") and char != "\n" for char in text
    ):
        raise FeedbackTextError
    return text
