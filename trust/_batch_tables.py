"""Tables of batches; rows never leave the package."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from store.database import Base, encrypted


class BatchRow(Base):
    """A file of licences to issue or to import."""

    __tablename__ = "batch"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('issue', 'import')", name="kind"),
        sa.CheckConstraint(
            "state IN ('loading', 'ready', 'refused', 'checked', 'running', 'paused', 'cancelled', 'done')",
            name="state",
        ),
        sa.CheckConstraint("(cancelled_by IS NULL) = (cancellation_reason IS NULL)", name="cancelled_for_a_reason"),
        sa.Index("ix_batch_running", "id", postgresql_where=sa.text("state = 'running'")),
    )

    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    reference: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    type_slug: Mapped[str]
    issuer_code: Mapped[str | None] = mapped_column(sa.String(18), index=True)
    issue_date: Mapped[date | None] = mapped_column(sa.Date)
    sealed: Mapped[bool]
    actor: Mapped[str]
    file_name: Mapped[str]
    state: Mapped[str]
    state_reason: Mapped[str | None]
    mapping: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    mends_id: Mapped[int | None] = mapped_column(sa.ForeignKey("batch.id"))
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    cancelled_by: Mapped[str | None]
    cancellation_reason: Mapped[str | None]


class BatchLineRow(Base):
    """One line of a batch. What it says is in ``data`` only, encrypted, and only until it is done."""

    __tablename__ = "batch_line"
    __table_args__ = (
        sa.CheckConstraint(
            "state IN ('waiting', 'issued', 'existing', 'failed', 'unsound', 'mended', 'cancelled')", name="state"
        ),
        sa.Index(
            "ix_batch_line_waiting",
            "batch_id",
            "attempts",
            "line",
            postgresql_where=sa.text("state = 'waiting'"),
        ),
    )

    batch_id: Mapped[int] = mapped_column(sa.ForeignKey("batch.id"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str]
    data: Mapped[bytes | None] = mapped_column(info=encrypted("batch.data:{batch_id.reference}:{line}"))
    number_index: Mapped[bytes | None]
    holder_index: Mapped[bytes | None]
    name_index: Mapped[bytes | None]
    content_index: Mapped[bytes | None]
    """Blind indices of number, holder, holder's name and the whole, to find duplicates and contradictions."""
    findings: Mapped[list[dict[str, str]] | None] = mapped_column(JSONB(none_as_null=True))
    """What is wrong with the line, or why it failed; never a value of it."""
    mends_line: Mapped[int | None]
    claim: Mapped[str | None]
    claim_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(server_default="0")
    identifier: Mapped[str | None]
    done_at: Mapped[datetime | None]
