"""Tables of feedback; rows never leave the package."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from store.database import APPEND_ONLY, Base, encrypted


class FeedbackRow(Base):
    """Somebody's word that a licence's data are wrong, and what came of it. What people wrote is encrypted."""

    __tablename__ = "feedback"
    __table_args__ = (
        sa.CheckConstraint("state IN ('open', 'accepted', 'rejected', 'corrected')", name="state"),
        sa.CheckConstraint("(client_id IS NULL) <> (holder_index IS NULL)", name="raised_by_somebody"),
        sa.Index(
            "uq_feedback_pending",
            "identifier",
            "client_id",
            "holder_index",
            unique=True,
            postgresql_where=sa.text("state IN ('open', 'accepted')"),
            postgresql_nulls_not_distinct=True,
        ),
    )

    id: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    identifier: Mapped[str]
    issuer_code: Mapped[str] = mapped_column(sa.String(18), index=True)
    client_id: Mapped[str | None] = mapped_column(sa.String(64), index=True)
    holder_index: Mapped[bytes | None] = mapped_column(index=True)
    field: Mapped[str | None]
    text: Mapped[bytes] = mapped_column(info=encrypted("feedback.text:{id}"))
    state: Mapped[str]
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime]
    """When the issuer has to have answered or, once it accepted, corrected."""
    answer: Mapped[bytes | None] = mapped_column(info=encrypted("feedback.answer:{id}"))
    answered_at: Mapped[datetime | None]
    corrected_at: Mapped[datetime | None]
    corrected_by_licence: Mapped[str | None]


class FeedbackEventRow(Base):
    """Append-only: each step of a feedback."""

    __tablename__ = "feedback_event"
    __table_args__ = ({"info": APPEND_ONLY},)

    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    feedback_id: Mapped[str] = mapped_column(sa.ForeignKey("feedback.id"), index=True)
    state: Mapped[str]
    actor: Mapped[str]
    at: Mapped[datetime]
