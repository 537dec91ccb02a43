"""Tables of consent; rows never leave the package."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from store.database import APPEND_ONLY, Base


class ConsentRow(Base):
    """What a holder agreed to, and how often it was made use of."""

    __tablename__ = "consent"
    __table_args__ = (
        sa.CheckConstraint("uses >= 0 AND uses <= max_uses", name="within_what_was_agreed"),
        sa.CheckConstraint("until > given_at", name="period"),
        sa.Index("ix_consent_body_code_service_item", "body_code", "service_item", "holder_index"),
    )

    id: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    holder_index: Mapped[bytes] = mapped_column(index=True)
    body_code: Mapped[str] = mapped_column(sa.String(18))
    service_item: Mapped[str] = mapped_column(sa.String(64))
    licences: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """The fields that may be told, by identifier; null for all."""
    max_uses: Mapped[int]
    uses: Mapped[int] = mapped_column(default=0)
    given_at: Mapped[datetime]
    until: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class ConsentUseRow(Base):
    """Append-only: one use of a consent."""

    __tablename__ = "consent_use"
    __table_args__ = (sa.UniqueConstraint("consent_id", "number"), {"info": APPEND_ONLY})

    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    consent_id: Mapped[str] = mapped_column(sa.ForeignKey("consent.id"))
    number: Mapped[int]
    case_number: Mapped[str]
    at: Mapped[datetime]


class ConsentRequestRow(Base):
    """What a department asked a holder to agree to, and what came of it."""

    __tablename__ = "consent_request"
    __table_args__ = (
        sa.CheckConstraint("state IN ('open', 'agreed', 'partly_agreed', 'refused')", name="state"),
        sa.CheckConstraint("(state = 'open') = (answered_at IS NULL)", name="answered"),
        sa.CheckConstraint("(consent_id IS NOT NULL) = (state IN ('agreed', 'partly_agreed'))", name="consent"),
        sa.Index("ix_consent_request_body_code", "body_code", "holder_index"),
    )

    id: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    holder_index: Mapped[bytes] = mapped_column(index=True)
    client_id: Mapped[str] = mapped_column(sa.String(64))
    body_code: Mapped[str] = mapped_column(sa.String(18))
    service_item: Mapped[str] = mapped_column(sa.String(64))
    case_number: Mapped[str]
    purpose: Mapped[str]
    wanted: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """The fields asked for, by licence type."""
    max_uses: Mapped[int]
    days: Mapped[int]
    state: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    consent_id: Mapped[str | None] = mapped_column(sa.ForeignKey("consent.id"))


class ConsentRecordRow(Base):
    """Append-only: the signed record of what a holder decided."""

    __tablename__ = "consent_record"
    __table_args__ = (sa.UniqueConstraint("subject", "act"), {"info": APPEND_ONLY})

    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    subject: Mapped[str] = mapped_column(sa.String(32))
    """Number of the consent; of the request, where that was refused."""
    act: Mapped[str]
    by: Mapped[str]
    at: Mapped[datetime]
    statement: Mapped[str]
    """A JWS."""
