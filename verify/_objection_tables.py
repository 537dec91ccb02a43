"""Tables of objections; rows never leave the package."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from store.database import Base, encrypted


class ObjectionRow(Base):
    """What a holder says against a check, and what was answered."""

    __tablename__ = "objection"
    __table_args__ = (
        sa.CheckConstraint("state IN ('open', 'answered')", name="state"),
        sa.CheckConstraint(
            "(state = 'answered') = (answer IS NOT NULL AND answered_at IS NOT NULL AND answered_by IS NOT NULL)",
            name="answered",
        ),
        sa.UniqueConstraint("check_id", "holder_index"),
    )

    id: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    check_id: Mapped[int] = mapped_column(sa.ForeignKey("check_record.id"))
    holder_index: Mapped[bytes] = mapped_column(index=True)
    body_code: Mapped[str | None] = mapped_column(sa.String(18), index=True)
    """Of the body that checked; null where nobody had to say who he is."""
    text: Mapped[bytes] = mapped_column(info=encrypted("objection.text:{id}"))
    """Encrypted."""
    state: Mapped[str]
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime]
    answer: Mapped[bytes | None] = mapped_column(info=encrypted("objection.answer:{id}"))
    """Encrypted."""
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str | None]
