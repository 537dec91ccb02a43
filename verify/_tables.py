"""Tables of the package; rows never leave it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from store.database import APPEND_ONLY, Base


class CheckRecordRow(Base):
    """Append-only: a check and its answer."""

    __tablename__ = "check_record"
    __table_args__ = ({"info": APPEND_ONLY},)

    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    checked_by: Mapped[str]
    evidence: Mapped[str]
    identifier: Mapped[str | None] = mapped_column(index=True)
    document_digest: Mapped[str | None] = mapped_column(sa.String(64))
    verdict: Mapped[str]
    reason_codes: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    purpose: Mapped[str | None]
    reference: Mapped[str | None] = mapped_column(sa.String(32), index=True)
    """Number of the receipt; several checks of one batch have the same."""
    body_code: Mapped[str | None] = mapped_column(sa.String(18))
    service_item: Mapped[str | None]
    service_item_version: Mapped[int | None]
    case_number: Mapped[str | None]
    basis: Mapped[str | None]
    """What the look rested on; null for checks from before that was noted."""
    consent_number: Mapped[str | None] = mapped_column(sa.String(32))
    agreed_by: Mapped[str | None]
    """Who showed the licence, where it was shown."""
    quiet: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    """The law keeps it from the holder."""


class ServiceItemRow(Base):
    """Append-only: one version of a service item."""

    __tablename__ = "service_item"
    __table_args__ = (sa.UniqueConstraint("code", "version"), {"info": APPEND_ONLY})

    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(64))
    version: Mapped[int]
    definition: Mapped[dict[str, Any]] = mapped_column(JSONB)
    published_by: Mapped[str]
    published_at: Mapped[datetime]


class TrustAnchorRow(Base):
    """A certificate that an administrator decided to rely on, and for what. A removed one stays on record."""

    __tablename__ = "trust_anchor"
    __table_args__ = (
        sa.CheckConstraint("cardinality(purposes) > 0", name="purposes"),
        sa.CheckConstraint("trusted_until > trusted_since", name="period"),
        sa.CheckConstraint(
            "(removed_by IS NULL) = (removed_at IS NULL) AND (removed_by IS NULL) = (removal_reason IS NULL)",
            name="removed",
        ),
        sa.Index(
            "uq_trust_anchor_fingerprint", "fingerprint", unique=True, postgresql_where=sa.text("removed_at IS NULL")
        ),
    )

    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(sa.String(64))
    der: Mapped[bytes]
    purposes: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    trusted_since: Mapped[datetime | None]
    trusted_until: Mapped[datetime | None]
    reason: Mapped[str]
    added_by: Mapped[str]
    added_at: Mapped[datetime]
    removed_by: Mapped[str | None]
    removed_at: Mapped[datetime | None]
    removal_reason: Mapped[str | None]
