"""Tables of the package; rows never leave it."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from store.database import APPEND_ONLY, Base


class OrganisationRow(Base):
    __tablename__ = "organisation"

    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(18), unique=True)
    name_zh: Mapped[str]
    name_en: Mapped[str]
    region_code: Mapped[str] = mapped_column(sa.String(6))
    created_at: Mapped[datetime]


class SealRow(Base):
    __tablename__ = "seal"
    __table_args__ = (
        sa.CheckConstraint("state IN ('applied', 'active', 'frozen', 'cancelled', 'rejected')", name="state"),
        sa.CheckConstraint(
            "state IN ('applied', 'rejected') OR certificate_id IS NOT NULL", name="made_with_certificate"
        ),
        sa.Index("ix_seal_licence_types", "licence_types", postgresql_using="gin"),
    )

    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    number: Mapped[str] = mapped_column(sa.String(13), unique=True)
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"), index=True)
    name: Mapped[str]
    purpose: Mapped[str | None]
    diameter_mm: Mapped[float] = mapped_column(sa.Double)
    licence_types: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    state: Mapped[str]
    artwork_svg: Mapped[str | None]
    artwork_digest: Mapped[str | None] = mapped_column(sa.String(64))
    key_id: Mapped[int | None] = mapped_column(sa.ForeignKey("signing_key.id"))
    certificate_id: Mapped[int | None] = mapped_column(sa.ForeignKey("certificate.id"))
    created_at: Mapped[datetime]

    organisation: Mapped[OrganisationRow] = relationship(lazy="joined", innerjoin=True)


class SealRequestRow(Base):
    """A move that waits for, or has had, the word of a second officer."""

    __tablename__ = "seal_request"
    __table_args__ = (
        sa.CheckConstraint("decided_by IS NULL OR decided_by <> requested_by", name="two_officers"),
        sa.Index(
            "uq_seal_request_open", "seal_id", "move", unique=True, postgresql_where=sa.text("decided_at IS NULL")
        ),
    )

    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    seal_id: Mapped[int] = mapped_column(sa.ForeignKey("seal.id"))
    move: Mapped[str]
    requested_by: Mapped[str]
    requested_at: Mapped[datetime]
    reason: Mapped[str]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    approved: Mapped[bool | None]


class SealEventRow(Base):
    """Append-only history of a seal's states."""

    __tablename__ = "seal_event"
    __table_args__ = ({"info": APPEND_ONLY},)

    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    seal_id: Mapped[int] = mapped_column(sa.ForeignKey("seal.id"), index=True)
    move: Mapped[str]
    state: Mapped[str]
    officer: Mapped[str]
    second_officer: Mapped[str | None]
    reason: Mapped[str]
    at: Mapped[datetime]


class SealUseRow(Base):
    """Append-only: somebody asked to put a seal on a document."""

    __tablename__ = "seal_use"
    __table_args__ = (sa.Index("ix_seal_use_seal_time", "seal_id", "at"), {"info": APPEND_ONLY})

    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    seal_id: Mapped[int] = mapped_column(sa.ForeignKey("seal.id"))
    caller: Mapped[str]
    document_type: Mapped[str]
    document_identifier: Mapped[str] = mapped_column(index=True)
    unsealed_digest: Mapped[str] = mapped_column(sa.String(64))
    at: Mapped[datetime]


class SealUseOutcomeRow(Base):
    """Append-only: how a use ended. A use without an outcome was cut short; nothing it made was released."""

    __tablename__ = "seal_use_outcome"
    __table_args__ = (
        sa.CheckConstraint("result IN ('sealed', 'refused', 'failed')", name="result"),
        {"info": APPEND_ONLY},
    )

    use_id: Mapped[int] = mapped_column(sa.ForeignKey("seal_use.id"), primary_key=True)
    result: Mapped[str]
    reason_code: Mapped[str | None]
    sealed_digest: Mapped[str | None] = mapped_column(sa.String(64), index=True)
    at: Mapped[datetime]
