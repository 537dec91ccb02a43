"""Tables of the package; rows never leave it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from seal.kinds import SealKind, SealOwnerKind
from seal.states import TWO_OFFICERS, Move, SealState
from store.database import APPEND_ONLY, Base, encrypted


def _one_of(column: str, values: Iterable[str]) -> str:
    """A check that a column holds one of some words, in an order that does not change."""
    words = ", ".join(f"'{word}'" for word in sorted(values))
    return f"{column} IN ({words})"


class OrganisationRow(Base):
    """A body in the tree of bodies."""

    __tablename__ = "organisation"
    __table_args__ = (
        sa.CheckConstraint(_one_of("kind", [SealOwnerKind.DEPARTMENT, SealOwnerKind.COMPANY]), name="kind"),
        sa.CheckConstraint("parent_id <> id", name="own_parent"),
    )

    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(18), unique=True)
    kind: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str]
    region_code: Mapped[str] = mapped_column(sa.String(12))
    parent_id: Mapped[int | None] = mapped_column(sa.ForeignKey("organisation.id"), index=True)
    created_at: Mapped[datetime]

    parent: Mapped[OrganisationRow | None] = relationship(remote_side="OrganisationRow.id", lazy="joined", join_depth=1)


class PersonRow(Base):
    """A person who owns a signature; who it is rests encrypted."""

    __tablename__ = "seal_person"

    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    reference: Mapped[str] = mapped_column(sa.String(20), unique=True)
    region_code: Mapped[str] = mapped_column(sa.String(12))
    code_index: Mapped[bytes] = mapped_column(unique=True)
    code_encrypted: Mapped[bytes] = mapped_column(info=encrypted("seal_person.code:{reference}"))
    name_encrypted: Mapped[bytes] = mapped_column(info=encrypted("seal_person.name:{reference}"))
    created_at: Mapped[datetime]


class SealRow(Base):
    """A seal and where it is in its life."""

    __tablename__ = "seal"
    __table_args__ = (
        sa.CheckConstraint(_one_of("state", SealState), name="state"),
        sa.CheckConstraint(_one_of("kind", SealKind), name="kind"),
        sa.CheckConstraint("(organisation_id IS NULL) <> (person_id IS NULL)", name="one_owner"),
        sa.CheckConstraint("(name IS NULL) <> (name_encrypted IS NULL)", name="one_name"),
        sa.CheckConstraint(
            "state IN ('applied', 'rejected') OR (reviewed_by IS NOT NULL AND lower(reviewed_by) <> lower(applied_by))",
            name="reviewed_by_another",
        ),
        sa.CheckConstraint(
            "state IN ('applied', 'rejected', 'reviewed', 'cancelled')"
            " OR (key_id IS NOT NULL AND certificate_id IS NOT NULL AND valid_until IS NOT NULL)",
            name="made_with_certificate",
        ),
        sa.CheckConstraint(
            "state NOT IN ('registered', 'active', 'frozen', 'changed') OR registered_at IS NOT NULL",
            name="registered_before_use",
        ),
        sa.CheckConstraint("supersedes_id <> id", name="own_successor"),
        sa.Index(
            "uq_seal_successor",
            "supersedes_id",
            unique=True,
            postgresql_where=sa.text("state NOT IN ('rejected', 'cancelled')"),
        ),
        sa.Index("ix_seal_expiring", "valid_until", postgresql_where=sa.text("state IN ('active', 'frozen')")),
    )

    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    number: Mapped[str] = mapped_column(sa.String(13), unique=True)
    organisation_id: Mapped[int | None] = mapped_column(sa.ForeignKey("organisation.id"), index=True)
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("seal_person.id"), index=True)
    kind: Mapped[str]
    name: Mapped[str | None]
    name_encrypted: Mapped[bytes | None] = mapped_column(info=encrypted("seal.name:{number}"))
    purpose: Mapped[str | None]
    licence_types: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    """What it was applied for; what it may be used for is in its grants."""
    wanted_until: Mapped[datetime | None]
    algorithm: Mapped[str]
    state: Mapped[str]
    applied_by: Mapped[str]
    reviewed_by: Mapped[str | None]
    document: Mapped[str | None]
    supersedes_id: Mapped[int | None] = mapped_column(sa.ForeignKey("seal.id"))
    key_id: Mapped[int | None] = mapped_column(sa.ForeignKey("signing_key.id"))
    certificate_id: Mapped[int | None] = mapped_column(sa.ForeignKey("certificate.id"))
    valid_from: Mapped[datetime | None]
    valid_until: Mapped[datetime | None]
    registered_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    organisation: Mapped[OrganisationRow | None] = relationship(lazy="joined")
    person: Mapped[PersonRow | None] = relationship(lazy="joined")
    picture: Mapped[SealPictureRow] = relationship(lazy="joined", innerjoin=True)
    supersedes: Mapped[SealRow | None] = relationship(remote_side="SealRow.id")


class SealPictureRow(Base):
    """The artwork of a seal, encrypted: with the picture alone a paper could be forged."""

    __tablename__ = "seal_picture"
    __table_args__ = (sa.CheckConstraint("format IN ('svg', 'png')", name="format"),)

    seal_id: Mapped[int] = mapped_column(sa.ForeignKey("seal.id"), primary_key=True)
    format: Mapped[str]
    uploaded: Mapped[bool]
    digest: Mapped[str] = mapped_column(sa.String(64))
    width_mm: Mapped[float] = mapped_column(sa.Double)
    height_mm: Mapped[float] = mapped_column(sa.Double)
    data_encrypted: Mapped[bytes] = mapped_column(deferred=True, info=encrypted("seal_picture.data:{seal_id.number}"))


class SealCertificateRow(Base):
    """A key and certificate that a seal has, or had before another took over."""

    __tablename__ = "seal_certificate"
    __table_args__ = (
        sa.CheckConstraint("used_until IS NULL OR used_until >= used_from", name="period"),
        sa.Index("uq_seal_certificate_current", "seal_id", unique=True, postgresql_where=sa.text("used_until IS NULL")),
    )

    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    seal_id: Mapped[int] = mapped_column(sa.ForeignKey("seal.id"), index=True)
    key_id: Mapped[int] = mapped_column(sa.ForeignKey("signing_key.id"))
    certificate_id: Mapped[int] = mapped_column(sa.ForeignKey("certificate.id"), unique=True)
    serial: Mapped[str]
    not_before: Mapped[datetime]
    not_after: Mapped[datetime]
    used_from: Mapped[datetime]
    used_until: Mapped[datetime | None]
    compromised_since: Mapped[datetime | None]


class SealRequestRow(Base):
    """A move that waits for, or has had, the word of a second officer."""

    __tablename__ = "seal_request"
    __table_args__ = (
        sa.CheckConstraint("decided_by IS NULL OR lower(decided_by) <> lower(requested_by)", name="two_officers"),
        sa.CheckConstraint(_one_of("move", [Move.REVIEW, Move.MAKE, Move.THAW, Move.ROTATE, Move.CANCEL]), name="move"),
        sa.CheckConstraint(
            "(decided_by IS NULL) = (decided_at IS NULL) AND (decided_by IS NULL) = (approved IS NULL)", name="decided"
        ),
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
    document: Mapped[str | None]
    compromised_since: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    approved: Mapped[bool | None]
    decision_reason: Mapped[str | None]


class SealEventRow(Base):
    """Append-only history of a seal's states."""

    __tablename__ = "seal_event"
    __table_args__ = (
        sa.CheckConstraint(_one_of("move", Move), name="move"),
        sa.CheckConstraint(
            f"NOT {_one_of('move', TWO_OFFICERS)}"
            " OR (second_officer IS NOT NULL AND lower(second_officer) <> lower(officer))",
            name="two_officers",
        ),
        {"info": APPEND_ONLY},
    )

    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    seal_id: Mapped[int] = mapped_column(sa.ForeignKey("seal.id"), index=True)
    move: Mapped[str]
    state: Mapped[str]
    officer: Mapped[str]
    second_officer: Mapped[str | None]
    reason: Mapped[str]
    document: Mapped[str | None]
    at: Mapped[datetime]


class SealGrantRow(Base):
    """Leave to use a seal. Without an organisation it is the owner's own; with a client, that client's alone."""

    __tablename__ = "seal_grant"
    __table_args__ = (
        sa.CheckConstraint("client_id IS NULL OR organisation_id IS NOT NULL", name="client_of_a_body"),
        sa.CheckConstraint("cardinality(licence_types) > 0", name="licence_types"),
        sa.CheckConstraint("daily_quota > 0", name="daily_quota"),
        sa.CheckConstraint("valid_until > valid_from", name="period"),
        sa.CheckConstraint("(revoked_at IS NULL) = (revoked_by IS NULL)", name="revoked"),
    )

    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    seal_id: Mapped[int] = mapped_column(sa.ForeignKey("seal.id"), index=True)
    organisation_id: Mapped[int | None] = mapped_column(sa.ForeignKey("organisation.id"), index=True)
    client_id: Mapped[str | None] = mapped_column(sa.String(64))
    licence_types: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    daily_quota: Mapped[int | None]
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime | None]
    purpose: Mapped[str]
    granted_by: Mapped[str]
    granted_at: Mapped[datetime]
    document: Mapped[str | None]
    revoked_by: Mapped[str | None]
    revoked_at: Mapped[datetime | None]
    revocation_reason: Mapped[str | None]

    organisation: Mapped[OrganisationRow | None] = relationship(lazy="joined")
    seal: Mapped[SealRow] = relationship()


class SealGrantDayRow(Base):
    """How often a grant with a quota was used on one day of China's calendar."""

    __tablename__ = "seal_grant_day"
    __table_args__ = (sa.CheckConstraint("uses >= 0", name="uses"),)

    grant_id: Mapped[int] = mapped_column(sa.ForeignKey("seal_grant.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    uses: Mapped[int]


class SealUseRow(Base):
    """Append-only: somebody asked to put a seal on a document."""

    __tablename__ = "seal_use"
    __table_args__ = (
        sa.Index("ix_seal_use_seal_time", "seal_id", "at"),
        sa.Index("ix_seal_use_seal_day", "seal_id", "day"),
        sa.Index("ix_seal_use_time", "at"),
        sa.Index("ix_seal_use_caller", "caller", "id"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    seal_id: Mapped[int] = mapped_column(sa.ForeignKey("seal.id"))
    grant_id: Mapped[int | None] = mapped_column(sa.ForeignKey("seal_grant.id"))
    caller: Mapped[str]
    organisation_code: Mapped[str | None] = mapped_column(sa.String(18))
    client_id: Mapped[str | None] = mapped_column(sa.String(64))
    document_type: Mapped[str]
    document_identifier: Mapped[str] = mapped_column(index=True)
    unsealed_digest: Mapped[str] = mapped_column(sa.String(64))
    purpose: Mapped[str | None]
    at: Mapped[datetime]
    day: Mapped[date]


class SealUseOutcomeRow(Base):
    """Append-only: how a use ended. A use without an outcome was cut short; nothing it made was released."""

    __tablename__ = "seal_use_outcome"
    __table_args__ = (
        sa.CheckConstraint("result IN ('sealed', 'refused', 'failed')", name="result"),
        sa.CheckConstraint("(result = 'sealed') = (sealed_digest IS NOT NULL)", name="sealed_digest"),
        sa.CheckConstraint("(result = 'sealed') = (reason_code IS NULL)", name="reason_code"),
        {"info": APPEND_ONLY},
    )

    use_id: Mapped[int] = mapped_column(sa.ForeignKey("seal_use.id"), primary_key=True)
    result: Mapped[str]
    reason_code: Mapped[str | None]
    sealed_digest: Mapped[str | None] = mapped_column(sa.String(64), index=True)
    at: Mapped[datetime]
