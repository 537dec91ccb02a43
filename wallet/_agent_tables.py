"""Tables of those who act for a holder; rows never leave the package."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from store.database import APPEND_ONLY, Base, encrypted


class NamedPersonRow(Base):
    """Append-only: who the person is that a licence names by name only, as its issuer says. The last one counts."""

    __tablename__ = "named_person"
    __table_args__ = ({"info": APPEND_ONLY},)

    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    identifier: Mapped[str] = mapped_column(sa.ForeignKey("licence.identifier"), index=True)
    person_index: Mapped[bytes] = mapped_column(index=True)
    confirmed_by: Mapped[str]
    confirmed_at: Mapped[datetime]


class AgentRow(Base):
    """Whom a body lets act for it, and within which limits; NULL in a list of limits: none."""

    __tablename__ = "wallet_agent"
    __table_args__ = (
        sa.CheckConstraint("cardinality(acts) > 0", name="acts"),
        sa.CheckConstraint("until > appointed_at", name="period"),
        sa.CheckConstraint("(dismissed_at IS NULL) = (dismissed_by IS NULL)", name="dismissed_by_somebody"),
    )

    number: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    holder_index: Mapped[bytes] = mapped_column(index=True)
    person_index: Mapped[bytes] = mapped_column(index=True)
    names: Mapped[bytes] = mapped_column(info=encrypted("wallet_agent:{number}"))
    """Of the agent and of the legal representative of that time, encrypted."""
    acts: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    licence_types: Mapped[list[str] | None] = mapped_column(ARRAY(sa.Text))
    service_items: Mapped[list[str] | None] = mapped_column(ARRAY(sa.Text))
    purpose: Mapped[str]
    until: Mapped[datetime]
    appointed_at: Mapped[datetime]
    appointed_by: Mapped[str]
    dismissed_at: Mapped[datetime | None]
    dismissed_by: Mapped[str | None]


class ActingRow(Base):
    """Append-only: what somebody did for a holder."""

    __tablename__ = "acting_record"
    __table_args__ = ({"info": APPEND_ONLY},)

    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    holder_index: Mapped[bytes] = mapped_column(index=True)
    by: Mapped[str]
    name: Mapped[bytes] = mapped_column(info=encrypted("acting_record:{holder_index}"))
    """Encrypted."""
    act: Mapped[str]
    subject: Mapped[str | None]
    at: Mapped[datetime]
