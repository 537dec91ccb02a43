"""Tables of this package."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from store.database import Base


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
    """A private key, wrapped, and what it is for."""

    __tablename__ = "signing_key"

    id: Mapped[int] = mapped_column(primary_key=True)
    algorithm: Mapped[str]
    purpose: Mapped[str] = mapped_column(index=True)
    label: Mapped[str]
    public_key: Mapped[bytes] = mapped_column(unique=True)
    wrapped: Mapped[bytes]
    created_at: Mapped[datetime]


class CertificateRow(Base):
    """A certificate that was issued here."""

    __tablename__ = "certificate"

    id: Mapped[int] = mapped_column(primary_key=True)
    key_id: Mapped[int] = mapped_column(sa.ForeignKey("signing_key.id"), index=True)
    issuer_id: Mapped[int | None] = mapped_column(sa.ForeignKey("certificate.id"))
    profile: Mapped[str] = mapped_column(index=True)
    serial: Mapped[str] = mapped_column(unique=True)
    der: Mapped[bytes]
    not_before: Mapped[datetime]
    not_after: Mapped[datetime]
    state: Mapped[str]
    created_at: Mapped[datetime]


class DataKeyRow(Base):
    """A symmetric key, wrapped, that encrypts fields or indexes them."""

    __tablename__ = "data_key"

    id: Mapped[int] = mapped_column(primary_key=True)
    purpose: Mapped[str] = mapped_column(index=True)
    wrapped: Mapped[bytes]
    created_at: Mapped[datetime]


class TimestampClockRow(Base):
    """The latest time that any process of the time-stamping authority is known to have issued."""

    __tablename__ = "timestamp_clock"
    __table_args__ = (sa.CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last_time: Mapped[datetime]
