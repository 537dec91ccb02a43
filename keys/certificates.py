"""Certificates in the books: what was issued, for which key, under which issuer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

import sqlalchemy as sa
from cryptography import x509
from sqlalchemy.orm import Session

from keys._tables import CertificateRow
from keys.custody import KeyInfo
from keys.profiles import CertificateProfile


class CertificateState(StrEnum):
    """Whether a certificate still stands; its dates are another matter."""

    ACTIVE = "active"
    RETIRED = "retired"
    """A newer one took its place: it signs no more, and what it signed stays good."""
    REVOKED = "revoked"

    @property
    def zh(self) -> str:
        """As an official names it."""
        return {"active": "有效", "retired": "已停用", "revoked": "已被吊销"}[self.value]


@dataclass(frozen=True, slots=True)
class CertificateRecord:
    """A certificate that was issued here and its place in the books."""

    id: int
    key_id: int
    issuer_id: int | None
    profile: CertificateProfile
    certificate: x509.Certificate
    state: CertificateState
    created_at: datetime
    foreign_issuer_id: int | None = None
    """The authority outside that issued it, where none of ours did."""

    @classmethod
    def of(cls, row: CertificateRow) -> Self:
        """The record of a row."""
        return cls(
            row.id,
            row.key_id,
            row.issuer_id,
            CertificateProfile(row.profile),
            x509.load_der_x509_certificate(row.der),
            CertificateState(row.state),
            row.created_at,
            row.foreign_issuer_id,
        )

    @property
    def serial(self) -> str:
        """The serial number in lower-case hexadecimal."""
        return f"{self.certificate.serial_number:x}"

    @property
    def not_before(self) -> datetime:
        return self.certificate.not_valid_before_utc

    @property
    def not_after(self) -> datetime:
        return self.certificate.not_valid_after_utc


@dataclass(frozen=True, slots=True)
class KeyOverview:
    """A key and the certificates it has had, oldest first."""

    key: KeyInfo
    certificates: tuple[CertificateRecord, ...]


def held_state(session: Session, certificate_id: int) -> CertificateState:
    """The state of a certificate, which nobody changes until the caller's transaction ends.

    :raises sqlalchemy.exc.NoResultFound: there is no such certificate.
    """
    row = sa.select(CertificateRow.state).where(CertificateRow.id == certificate_id)
    return CertificateState(session.scalars(row.with_for_update(read=True)).one())
