"""Tables of the package; rows never leave it."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from store.database import APPEND_ONLY, OBJECT, Base, encrypted
from trust._type_tables import TypeVersionRow


class LicenceRow(Base):
    """One version of one licence. Personal data are in ``data`` only, encrypted."""

    __tablename__ = "licence"
    __table_args__ = (
        sa.CheckConstraint("state IN ('valid', 'suspended', 'revoked', 'cancelled', 'superseded')", name="state"),
        sa.CheckConstraint("(state = 'superseded') = (superseded_by IS NOT NULL)", name="superseded"),
        sa.CheckConstraint("holder_code_type IN ('citizen_id', 'uscc')", name="holder_code_type"),
        sa.CheckConstraint("origin IN ('issued', 'imported')", name="origin"),
        sa.CheckConstraint(
            "(pdf_digest IS NULL) = (seal_use_id IS NULL) AND (origin = 'imported' OR pdf_digest IS NOT NULL)",
            name="sealed",
        ),
        sa.CheckConstraint("origin = 'imported' OR scan_digest IS NULL", name="scan"),
        sa.ForeignKeyConstraint(["type_slug", "type_version"], [TypeVersionRow.slug, TypeVersionRow.version]),
        sa.Index(
            "uq_licence_live_number",
            "type_slug",
            "number_index",
            unique=True,
            postgresql_where=sa.text("state IN ('valid', 'suspended')"),
        ),
        sa.UniqueConstraint("status_list", "status_index"),
        sa.Index("ix_licence_status_decided", "status_list", postgresql_where=sa.text("state <> 'valid'")),
        sa.Index("ix_licence_status_until", "status_list", "valid_until"),
        sa.Index("ix_licence_status_from", "status_list", "valid_from"),
        sa.Index("ix_licence_unlogged", "id", postgresql_where=sa.text("NOT logged")),
        sa.Index("ix_licence_ending", "issuer_code", "valid_until", "id"),
    )

    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    identifier: Mapped[str] = mapped_column(unique=True)
    type_slug: Mapped[str]
    type_version: Mapped[int]
    number_index: Mapped[bytes] = mapped_column(index=True)
    holder_index: Mapped[bytes] = mapped_column(index=True)
    holder_code_type: Mapped[str]
    issuer_code: Mapped[str] = mapped_column(sa.String(18), index=True)
    issuer_name: Mapped[str]
    issue_date: Mapped[date] = mapped_column(sa.Date)
    valid_from: Mapped[date] = mapped_column(sa.Date)
    valid_until: Mapped[date | None] = mapped_column(sa.Date)
    state: Mapped[str]
    state_since: Mapped[datetime]
    state_reason: Mapped[str | None]
    data: Mapped[bytes] = mapped_column(info=encrypted("licence.data:{identifier}"))
    origin: Mapped[str] = mapped_column(server_default="issued")
    scan_digest: Mapped[str | None] = mapped_column(sa.String(64), info=OBJECT)
    pdf_digest: Mapped[str | None] = mapped_column(sa.String(64), unique=True, info=OBJECT)
    proof_until: Mapped[datetime | None] = mapped_column(index=True)
    seal_use_id: Mapped[int | None] = mapped_column(sa.ForeignKey("seal_use.id"))
    issued_by: Mapped[str]
    issued_at: Mapped[datetime]
    logged: Mapped[bool]
    """Whether the ledger has an entry about it; those from before the ledger are entered afterwards."""
    status_list: Mapped[int]
    status_index: Mapped[int]
    revision: Mapped[int] = mapped_column(server_default="1")
    region_code: Mapped[str] = mapped_column(sa.String(12), index=True)
    supersedes: Mapped[str | None] = mapped_column(sa.ForeignKey("licence.identifier"), unique=True)
    superseded_by: Mapped[str | None] = mapped_column(
        # the version that takes over is entered after the one before it has let go of the number
        sa.ForeignKey("licence.identifier", deferrable=True, initially="DEFERRED"),
        unique=True,
    )


class LicencePdfRow(Base):
    """Append-only: every file that a licence was given as. Each stays good evidence; the newest lasts longest."""

    __tablename__ = "licence_pdf"
    __table_args__ = ({"info": APPEND_ONLY},)

    digest: Mapped[str] = mapped_column(sa.String(64), primary_key=True, info=OBJECT)
    licence_id: Mapped[int] = mapped_column(sa.ForeignKey("licence.id"), index=True)
    at: Mapped[datetime]


class LicenceEventRow(Base):
    """Append-only: everything that was done to a licence."""

    __tablename__ = "licence_event"
    __table_args__ = ({"info": APPEND_ONLY},)

    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    licence_id: Mapped[int] = mapped_column(sa.ForeignKey("licence.id"), index=True)
    act: Mapped[str]
    state: Mapped[str]
    actor: Mapped[str]
    reason: Mapped[str]
    legal_basis: Mapped[str | None]
    at: Mapped[datetime]


class StatusSeatRow(Base):
    """A place in a status list that is taken."""

    __tablename__ = "status_seat"

    list: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class StatusListRow(Base):
    """A status list as it was last signed."""

    __tablename__ = "status_list"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    digest: Mapped[bytes]
    """SHA-256 of its bits."""
    token: Mapped[bytes]
    made_at: Mapped[datetime]
    looked_at: Mapped[datetime]
