"""Retention (留存): what is deleted once it has been of no use for long enough."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from store._tables import JobRow, OnceRow
from store.clock import Clock
from store.database import Base, Database

_AT_ONCE: Final = 5000


@dataclass(frozen=True)
class Retention:
    """Rows of one kind that go after some time."""

    name: str
    zh: str
    """What they are, in Chinese."""
    en: str
    kept: timedelta
    """For how long after they were of use last."""
    table: type[Base]
    over: Callable[[datetime], sa.ColumnElement[bool]]
    """Which rows were of no use any more at a moment."""
    values: Mapping[str, None] = field(default_factory=dict)
    """Columns that are emptied; where there are none, the row is deleted."""


DONE_JOBS: Final = Retention(
    "outbox",
    "已完成的后台任务",
    "jobs that were done",
    timedelta(days=30),
    JobRow,
    lambda at: JobRow.done_at < at,
)
ONCE_KEYS: Final = Retention(
    "idempotency-keys",
    "幂等键",
    "idempotency keys",
    timedelta(days=90),
    OnceRow,
    lambda at: OnceRow.at < at,
)


def forget(database: Database, retention: Retention, clock: Clock) -> int:
    """Delete, or empty, what was kept for long enough, in short transactions; tell how many rows that was.

    :raises DatabaseUnavailableError: the database cannot be reached.
    """
    columns = sa.inspect(retention.table).primary_key
    over = retention.over(clock.now() - retention.kept)
    page = sa.select(*columns).where(over).limit(_AT_ONCE).with_for_update(skip_locked=True)
    chosen = sa.tuple_(*columns).in_(page)
    statement = (
        sa.update(retention.table).where(chosen).values(**retention.values)
        if retention.values
        else sa.delete(retention.table).where(chosen)
    )
    total = 0
    while True:
        with database.transaction() as session:
            done = session.execute(
                statement.returning(*columns), execution_options={"synchronize_session": False}
            ).all()
        total += len(done)
        if len(done) < _AT_ONCE:
            return total
