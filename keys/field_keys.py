"""Changing the data key of encrypted fields (数据密钥轮换) while processes read and write them.

Three steps, each of which can be repeated: a new data key takes over (:meth:`FieldKeys.make`); what rests under earlier
ones is encrypted again in small transactions (:meth:`FieldKeys.reencrypt`); an earlier one that nothing uses any more
is retired (:meth:`FieldKeys.retire`). A retired key's wrapped material is destroyed, its row stays as evidence, and a
trigger (migration 0026) refuses whatever a process that missed all of that would still write under it.

Back-ups from before hold the fields as they were and the wrapped key that they need; they stay readable with the
key-encryption key of their time, and last as long as they are kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from keys._locks import take_turns
from keys._tables import DataKeyRow
from keys.encrypted_columns import EncryptedColumn, encrypted_columns
from keys.errors import DataKeyCurrentError, DataKeyInUseError, DataKeyUnknownError, VaultDamagedError
from keys.vault import LOOK_AGAIN_SECONDS, DataKeyPurpose, FieldVault, blob_header
from store.acting import crossing
from store.clock import Clock
from store.database import Database

_SETTLED: Final = timedelta(seconds=2 * LOOK_AGAIN_SECONDS)
_LOCK: Final = 0x595A444B
"""First number of the advisory lock of a data key, YZDK in ASCII; the trigger of migration 0026 takes it, shared."""
_BATCH: Final = 200
_PATIENCE: Final = 20
_PAUSE_SECONDS: Final = 0.25


@dataclass(frozen=True, slots=True)
class FieldKey:
    """A data key of fields."""

    id: int
    created_at: datetime
    retired_at: datetime | None
    current: bool
    """Whether fields are encrypted under it now."""
    fields: int
    """How many are."""


@dataclass(frozen=True, slots=True)
class Reencryption:
    """What came of encrypting again."""

    done: int
    remaining: int
    """How many fields still rest under an earlier key, because others held their rows or they do not decrypt."""
    damaged: tuple[str, ...]
    """Tables and columns with fields that do not decrypt."""


class FieldKeys:
    """The data keys of encrypted fields."""

    def __init__(self, database: Database, vault: FieldVault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock

    def all(self) -> list[FieldKey]:
        """All of them, retired ones too, oldest first. Counts every encrypted field, so it takes its time."""
        newest = self._vault.newest()
        with crossing(), self._database.transaction() as session:
            rows = session.scalars(
                sa.select(DataKeyRow).where(DataKeyRow.purpose == DataKeyPurpose.FIELD).order_by(DataKeyRow.id)
            ).all()
            used = _used(session)
        return [
            FieldKey(row.id, row.created_at, row.retired_at, row.id == newest, used.get(blob_header(row.id), 0))
            for row in rows
        ]

    def make(self) -> int:
        """Make a data key that takes over; returns its number."""
        return self._vault.make_key()

    def remaining(self) -> int:
        """How many fields rest under another key than the newest."""
        header = blob_header(self._vault.newest())
        with crossing(), self._database.transaction() as session:
            return sum(_count(session, each, each.header != header) for each in encrypted_columns())

    def reencrypt(self, *, batch: int = _BATCH, told: Callable[[int], object] = lambda _: None) -> Reencryption:
        """Encrypt under the newest key whatever rests under another.

        Each batch of rows is a transaction of its own, so that a run that was killed is simply begun again, and several
        may run at once. Rows that somebody else holds are passed over and come up again.

        :param batch: rows in one transaction.
        :param told: given the number of fields that are done, now and then.
        """
        done, patience = 0, _PATIENCE
        damaged: set[str] = set()
        while True:
            before = done
            for column in encrypted_columns():
                for count in self._pass(column, batch, damaged):
                    done += count
                    told(done)
            remaining = self.remaining()
            patience = patience - 1 if done == before else _PATIENCE
            if not remaining or not patience or damaged:
                return Reencryption(done, remaining, tuple(sorted(damaged)))
            time.sleep(_PAUSE_SECONDS)

    def retire(self, key_id: int) -> None:
        """Destroy an earlier key's wrapped material, and let nobody write under it.

        :raises DataKeyUnknownError: there is no such key, or it is retired already.
        :raises DataKeyCurrentError: it is the newest, or the newest has not been there for a minute yet.
        :raises DataKeyInUseError: fields are still encrypted under it.
        """
        with crossing(), self._database.transaction() as session:
            take_turns(session, "vault")
            row = session.get(DataKeyRow, key_id, with_for_update=True)
            if row is None or row.purpose != DataKeyPurpose.FIELD or row.retired_at is not None:
                raise DataKeyUnknownError(key_id=key_id)
            newest = session.scalars(
                sa.select(DataKeyRow)
                .where(DataKeyRow.purpose == DataKeyPurpose.FIELD)
                .order_by(DataKeyRow.id.desc())
                .limit(1)
            ).one()
            if newest.id == key_id or self._clock.now() - newest.created_at < _SETTLED:
                raise DataKeyCurrentError(key_id=key_id)
            # whoever has written under it by now is waited for, and whoever does so from here on waits
            session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.cast(_LOCK, sa.Integer), _number(key_id))))
            counts = {
                each.name: _count(session, each, each.header == blob_header(key_id)) for each in encrypted_columns()
            }
            if any(counts.values()):
                places = ", ".join(name for name, count in counts.items() if count)
                raise DataKeyInUseError(key_id=key_id, count=sum(counts.values()), places=places)
            row.wrapped, row.retired_at = None, self._clock.now()

    def _pass(self, column: EncryptedColumn, batch: int, damaged: set[str]) -> Iterator[int]:
        after: Sequence[Any] | None = None
        keys = len(column.key)
        while True:
            header = blob_header(self._vault.newest())
            with crossing(), self._database.transaction() as session:
                rows = session.execute(column.page(other_than=header, after=after, at_most=batch)).all()
                changed = []
                for row in rows:
                    try:
                        blob = self._again(row[keys], column.context(row[keys + 1 :]))
                    except VaultDamagedError:
                        damaged.add(column.name)
                        continue
                    changed.append({"blob": blob, **{f"key_{n}": value for n, value in enumerate(row[:keys])}})
                if changed:
                    session.connection().execute(column.replacing(), changed)
            if not rows:
                return
            yield len(changed)
            after = rows[-1][:keys]

    def _again(self, blob: bytes, context: str) -> bytes:
        return self._vault.encrypt(self._vault.decrypt(bytes(blob), context=context), context=context)


def _used(session: Session) -> dict[bytes, int]:
    """How many fields begin with each header."""
    found: dict[bytes, int] = {}
    for column in encrypted_columns():
        statement = sa.select(column.header, sa.func.count()).where(column.column.is_not(None)).group_by(column.header)
        for header, count in session.execute(statement):
            found[bytes(header)] = found.get(bytes(header), 0) + count
    return found


def _count(session: Session, column: EncryptedColumn, wanted: sa.ColumnElement[bool]) -> int:
    statement = sa.select(sa.func.count()).select_from(column.table).where(column.column.is_not(None), wanted)
    return session.execute(statement).scalar_one()


def _number(key_id: int) -> sa.ColumnElement[int]:
    return sa.cast(key_id & 0x7FFFFFFF, sa.Integer)
