"""Tables of the package; rows never leave it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from store.database import APPEND_ONLY, Base


class JobRow(Base):
    __tablename__ = "outbox"
    __table_args__ = (
        sa.UniqueConstraint("topic", "key"),
        sa.Index(
            "ix_outbox_waiting", "next_attempt_at", postgresql_where=sa.text("done_at IS NULL AND dead_at IS NULL")
        ),
        sa.Index("ix_outbox_done_at", "done_at", postgresql_where=sa.text("done_at IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    topic: Mapped[str]
    key: Mapped[str | None]
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(server_default="0")
    next_attempt_at: Mapped[datetime]
    """When the job may be claimed: for one that is claimed, when its claim runs out."""
    last_error: Mapped[str | None]
    done_at: Mapped[datetime | None]
    dead_at: Mapped[datetime | None]


class LedgerEntryRow(Base):
    """Append-only: what was entered in the ledger, in the transaction of what it tells of."""

    __tablename__ = "ledger_entry"
    __table_args__ = (sa.UniqueConstraint("subject", "number"), {"info": APPEND_ONLY})

    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    subject: Mapped[str]
    number: Mapped[int]
    opening: Mapped[bytes]
    """What the entry's digest was made of; never published."""
    data: Mapped[bytes]
    """The leaf, as it is published."""


class LedgerWaitingRow(Base):
    """An entry that has no place in the ledger yet."""

    __tablename__ = "ledger_waiting"

    entry_id: Mapped[int] = mapped_column(sa.ForeignKey("ledger_entry.id"), primary_key=True, autoincrement=False)


class LedgerLeafRow(Base):
    """Append-only: the place of an entry in the ledger."""

    __tablename__ = "ledger_leaf"
    __table_args__ = ({"info": APPEND_ONLY},)

    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(sa.ForeignKey("ledger_entry.id"), unique=True)
    hash: Mapped[bytes]


class LedgerNodeRow(Base):
    """Append-only: the hash over a full tile of the level below; level 1 stands over the leaves."""

    __tablename__ = "ledger_node"
    __table_args__ = ({"info": APPEND_ONLY},)

    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hash: Mapped[bytes]


class LedgerHeadRow(Base):
    """Append-only: the size and root of the ledger after each batch."""

    __tablename__ = "ledger_head"
    __table_args__ = ({"info": APPEND_ONLY},)

    size: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    root: Mapped[bytes]
    at: Mapped[datetime]


class OnceRow(Base):
    """A request that its caller may repeat, and what came of it."""

    __tablename__ = "once"

    scope: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(sa.String(64))
    result: Mapped[str]
    at: Mapped[datetime]


class ScheduledJobRow(Base):
    """The last run of a scheduled job, and when the next one is due."""

    __tablename__ = "scheduled_job"

    name: Mapped[str] = mapped_column(primary_key=True)
    due_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    """NULL while it runs, and where its process died in the middle."""
    succeeded_at: Mapped[datetime | None]
    done: Mapped[int | None]
    error: Mapped[str | None]
    by: Mapped[str | None]
