"""Tables of the package; rows never leave it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from store.database import Base


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
