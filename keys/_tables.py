"""Tables of this package."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from store.database import APPEND_ONLY, Base


class KekRow(Base):
    """How the one key-encryption key is derived and recognised; never the key."""

    __tablename__ = "key_encryption_key"
    __table_args__ = (sa.CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    source: Mapped[str]
    salt: Mapped[bytes]
    scrypt_n: Mapped[int | None]
    scrypt_r: Mapped[int | None]
    scrypt_p: Mapped[int | None]
    check_value: Mapped[bytes]
    created_at: Mapped[datetime]


class SigningKeyRow(Base):
    """A private key, wrapped here or held by a token, and what it is for."""

    __tablename__ = "signing_key"
    __table_args__ = (sa.CheckConstraint("(location = 'soft') = (wrapped IS NOT NULL)", name="location"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    algorithm: Mapped[str]
    purpose: Mapped[str] = mapped_column(index=True)
    label: Mapped[str]
    public_key: Mapped[bytes] = mapped_column(unique=True)
    location: Mapped[str]
    wrapped: Mapped[bytes | None]
    created_at: Mapped[datetime]


class ForeignCertificateRow(Base):
    """A certificate of an authority outside of this installation, above certificates that were brought in."""

    __tablename__ = "foreign_certificate"

    id: Mapped[int] = mapped_column(primary_key=True)
    issuer_id: Mapped[int | None] = mapped_column(sa.ForeignKey("foreign_certificate.id"))
    fingerprint: Mapped[bytes] = mapped_column(unique=True)
    der: Mapped[bytes]
    created_at: Mapped[datetime]


class CertificateRow(Base):
    """A certificate for one of our keys: issued here, or by an authority outside (``foreign_issuer_id``)."""

    __tablename__ = "certificate"
    __table_args__ = (
        sa.CheckConstraint("state IN ('active', 'retired', 'revoked')", name="state"),
        sa.CheckConstraint("issuer_id IS NULL OR foreign_issuer_id IS NULL", name="one_issuer"),
        # other authorities number as they like
        sa.Index("uq_certificate_serial", "serial", unique=True, postgresql_where=sa.text("foreign_issuer_id IS NULL")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key_id: Mapped[int] = mapped_column(sa.ForeignKey("signing_key.id"), index=True)
    issuer_id: Mapped[int | None] = mapped_column(sa.ForeignKey("certificate.id"), index=True)
    foreign_issuer_id: Mapped[int | None] = mapped_column(sa.ForeignKey("foreign_certificate.id"), index=True)
    profile: Mapped[str] = mapped_column(index=True)
    serial: Mapped[str]
    der: Mapped[bytes]
    not_before: Mapped[datetime]
    not_after: Mapped[datetime]
    state: Mapped[str]
    created_at: Mapped[datetime]


class RevocationRow(Base):
    """That a certificate was revoked, for good. ``issuer_id`` is the authority whose lists name it."""

    __tablename__ = "certificate_revocation"
    __table_args__ = (
        sa.CheckConstraint("invalid_since <= revoked_at", name="invalid_first"),
        {"info": APPEND_ONLY},
    )

    certificate_id: Mapped[int] = mapped_column(sa.ForeignKey("certificate.id"), primary_key=True, autoincrement=False)
    issuer_id: Mapped[int] = mapped_column(sa.ForeignKey("certificate.id"), index=True)
    serial: Mapped[str] = mapped_column(unique=True)
    reason: Mapped[str]
    revoked_at: Mapped[datetime]
    invalid_since: Mapped[datetime | None]
    actor: Mapped[str]


class RevocationListRow(Base):
    """A certificate revocation list as it was published; ``entries`` counts the certificates on it."""

    __tablename__ = "revocation_list"
    __table_args__ = ({"info": APPEND_ONLY},)

    issuer_id: Mapped[int] = mapped_column(sa.ForeignKey("certificate.id"), primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    this_update: Mapped[datetime]
    next_update: Mapped[datetime]
    entries: Mapped[int]
    der: Mapped[bytes]


class DataKeyRow(Base):
    """A symmetric key, wrapped, that encrypts fields or indexes them. A retired one left its row and nothing else."""

    __tablename__ = "data_key"
    __table_args__ = (sa.CheckConstraint("(wrapped IS NULL) = (retired_at IS NOT NULL)", name="retired"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    purpose: Mapped[str] = mapped_column(index=True)
    wrapped: Mapped[bytes | None]
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]


class TimestampClockRow(Base):
    """The latest time that any process of the time-stamping authority is known to have issued."""

    __tablename__ = "timestamp_clock"
    __table_args__ = (sa.CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last_time: Mapped[datetime]
