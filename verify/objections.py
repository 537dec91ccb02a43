"""Objections (异议): a holder says that a check should not have been, and the body that made it answers.

The operator sees all of them, and answers where nobody had to say who checked. What people write may be personal and
rests encrypted.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from keys import FieldVault
from store.clock import Clock
from store.database import Database
from trust import HolderIndex
from verify._objection_tables import ObjectionRow
from verify._tables import CheckRecordRow
from verify.looks import Look, look_of
from verify.objection_errors import (
    ObjectionAnsweredError,
    ObjectionMadeError,
    ObjectionTextError,
    ObjectionUnknownError,
)

ANSWER_WITHIN: Final = timedelta(days=15)
"""Personal Information Protection Law, article 50: requests are answered in time; fifteen days are this service's."""
_LONGEST: Final = 1000
_MOST_LISTED: Final = 500
_NUMBER: Final = re.compile(r"[0-9a-f]{32}")


class ObjectionState(StrEnum):
    """What became of an objection."""

    OPEN = "open"
    ANSWERED = "answered"


@dataclass(frozen=True)
class Objection:
    """One objection."""

    number: str
    look: Look
    """The check that it is against."""
    text: str
    state: ObjectionState
    opened_at: datetime
    due_at: datetime
    answer: str | None
    answered_at: datetime | None
    answered_by: str | None


@dataclass(frozen=True)
class ObjectionFigures:
    """How objections are dealt with."""

    counts: dict[ObjectionState, int]
    overdue: int
    mean_hours_to_answer: float | None


class Objections:
    """The objections to all checks."""

    def __init__(self, database: Database, vault: FieldVault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock

    def open(self, holder: HolderIndex, look: Look, text: str) -> Objection:
        """Object to a check of one's licence.

        :param look: as the holder was shown it.
        :raises ObjectionMadeError: the holder did so before.
        :raises ObjectionTextError: the text is empty, too long, or has control characters.
        """
        text = _checked(text)
        now, number = self._clock.now(), secrets.token_hex(16)
        row = ObjectionRow(
            id=number,
            check_id=look.number,
            holder_index=holder.value,
            body_code=look.body_code,
            text=self._vault.encrypt(text.encode(), context=_context(number, "text")),
            state=ObjectionState.OPEN,
            opened_at=now,
            due_at=now + ANSWER_WITHIN,
        )
        try:
            with self._database.transaction() as session:
                session.add(row)
        except IntegrityError as error:
            raise ObjectionMadeError from error
        return self._objection(row, look)

    def of_holder(self, holder: HolderIndex, *, at_most: int | None = _MOST_LISTED) -> list[Objection]:
        """What a holder objected to, newest first.

        :param at_most: None for all, however many.
        """
        return self._list(ObjectionRow.holder_index == holder.value, at_most=at_most)

    def received(self, body_code: str, *, state: ObjectionState | None = None) -> list[Objection]:
        """What was objected to of a body's checks, newest first."""
        return self._list(ObjectionRow.body_code == body_code, _in(state))

    def received_one(self, number: str, body_code: str) -> Objection:
        """One of those to a body's checks.

        :raises ObjectionUnknownError: there is none, or none to this body's checks.
        """
        found = self._list(ObjectionRow.id == number, ObjectionRow.body_code == body_code)
        if not found:
            raise ObjectionUnknownError
        return found[0]

    def all(self, *, state: ObjectionState | None = None) -> list[Objection]:
        """What was objected to, for the operator, newest first."""
        return self._list(_in(state))

    def answer(self, number: str, text: str, *, actor: str, body_code: str | None = None) -> Objection:
        """Answer an objection.

        :param body_code: of the body that answers; None where the operator does.
        :raises ObjectionUnknownError: there is none, or none to this body's checks.
        :raises ObjectionAnsweredError: it was answered before.
        :raises ObjectionTextError: the text is empty, too long, or has control characters.
        """
        text = _checked(text)
        with self._database.transaction() as session:
            row = session.get(ObjectionRow, number, with_for_update=True) if _NUMBER.fullmatch(number) else None
            if row is None or (body_code is not None and row.body_code != body_code):
                raise ObjectionUnknownError
            if row.state != ObjectionState.OPEN:
                raise ObjectionAnsweredError
            row.state, row.answered_at, row.answered_by = ObjectionState.ANSWERED, self._clock.now(), actor
            row.answer = self._vault.encrypt(text.encode(), context=_context(number, "answer"))
            return self._objection(row, look_of(session.get_one(CheckRecordRow, row.check_id)))

    def figures(self, body_code: str | None = None) -> ObjectionFigures:
        """How a body deals with objections; all bodies together where none is named."""
        table, now = ObjectionRow, self._clock.now()
        wanted = sa.true() if body_code is None else table.body_code == body_code
        late = sa.func.count().filter(table.state == ObjectionState.OPEN, table.due_at < now)
        taken = sa.func.avg(sa.func.extract("epoch", table.answered_at - table.opened_at))
        with self._database.transaction() as session:
            found = session.execute(sa.select(table.state, sa.func.count()).where(wanted).group_by(table.state)).all()
            overdue, seconds = session.execute(sa.select(late, taken).where(wanted)).one()
        counts = dict.fromkeys(ObjectionState, 0) | {ObjectionState(state): count for state, count in found}
        return ObjectionFigures(counts, overdue, round(float(seconds) / 3600, 1) if seconds is not None else None)

    def _list(self, *wanted: sa.ColumnElement[bool], at_most: int | None = _MOST_LISTED) -> list[Objection]:
        statement = (
            sa.select(ObjectionRow, CheckRecordRow)
            .join(CheckRecordRow, CheckRecordRow.id == ObjectionRow.check_id)
            .where(*wanted)
            .order_by(ObjectionRow.opened_at.desc())
            .limit(at_most)
        )
        with self._database.transaction() as session:
            return [self._objection(row, look_of(check)) for row, check in session.execute(statement)]

    def _objection(self, row: ObjectionRow, look: Look) -> Objection:
        answer = row.answer
        return Objection(
            number=row.id,
            look=look,
            text=self._vault.decrypt(row.text, context=_context(row.id, "text")).decode(),
            state=ObjectionState(row.state),
            opened_at=row.opened_at,
            due_at=row.due_at,
            answer=None if answer is None else self._vault.decrypt(answer, context=_context(row.id, "answer")).decode(),
            answered_at=row.answered_at,
            answered_by=row.answered_by,
        )


def _in(state: ObjectionState | None) -> sa.ColumnElement[bool]:
    return sa.true() if state is None else ObjectionRow.state == state


def _context(number: str, what: str) -> str:
    return f"objection.{what}:{number}"


def _checked(text: str) -> str:
    text = unicodedata.normalize("NFC", text).strip()
    if not 1 <= len(text) <= _LONGEST or any(
        unicodedata.category(char).startswith("C") and char != "\n" for char in text
    ):
        raise ObjectionTextError
    return text
