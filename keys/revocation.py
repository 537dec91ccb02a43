"""Revocation (撤销): that a certificate is not to be relied upon any more, why, and since when.

It is for good. There is no hold (RFC 5280's certificateHold) because one that is lifted leaves no trace in later lists:
whether a seal was set during the hold could not be told from the evidence inside a document. What has to rest for a
while is the seal, which is frozen (冻结) in its own register.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Self

import sqlalchemy as sa
from sqlalchemy.orm import Session

from keys._books import row_to_change
from keys._tables import CertificateRow, RevocationRow
from keys.certificates import CertificateState
from keys.errors import AlreadyRevokedError, AnchorFixedError, CertificateUnknownError, InvalidSinceError


class RevocationReason(StrEnum):
    """Why a certificate was revoked (RFC 5280 5.3.1)."""

    UNSPECIFIED = "unspecified"
    KEY_COMPROMISE = "keyCompromise"
    """Somebody else had, or may have had, the use of the key."""
    CA_COMPROMISE = "cACompromise"
    """The same, of an authority's key."""
    AFFILIATION_CHANGED = "affiliationChanged"
    """The name or another word about the subject is no longer true."""
    SUPERSEDED = "superseded"
    CESSATION_OF_OPERATION = "cessationOfOperation"
    """The body was dissolved, or the seal cancelled."""
    PRIVILEGE_WITHDRAWN = "privilegeWithdrawn"

    @property
    def number(self) -> int:
        """The CRLReason."""
        return _NUMBERS[self]

    @property
    def is_compromise(self) -> bool:
        """Whether signatures made before the revocation are in doubt as well."""
        return self in _COMPROMISES


_NUMBERS: Final = {
    RevocationReason.UNSPECIFIED: 0,
    RevocationReason.KEY_COMPROMISE: 1,
    RevocationReason.CA_COMPROMISE: 2,
    RevocationReason.AFFILIATION_CHANGED: 3,
    RevocationReason.SUPERSEDED: 4,
    RevocationReason.CESSATION_OF_OPERATION: 5,
    RevocationReason.PRIVILEGE_WITHDRAWN: 9,
}
_COMPROMISES: Final = {RevocationReason.KEY_COMPROMISE, RevocationReason.CA_COMPROMISE}


@dataclass(frozen=True, slots=True)
class Revocation:
    """The record of one revocation.

    ``revoked_at`` is when it was entered here, ``invalid_since`` from when on the key was, or may have been, in other
    hands (invalidityDate, RFC 5280 5.3.2); both in whole seconds.
    """

    certificate_id: int
    serial: int
    reason: RevocationReason
    revoked_at: datetime
    invalid_since: datetime | None
    actor: str

    @classmethod
    def of(cls, row: RevocationRow) -> Self:
        """The record of a row."""
        return cls(
            row.certificate_id,
            int(row.serial, 16),
            RevocationReason(row.reason),
            row.revoked_at,
            row.invalid_since,
            row.actor,
        )


def revoke(
    session: Session,
    certificate_id: int,
    reason: RevocationReason,
    *,
    actor: str,
    at: datetime,
    invalid_since: datetime | None = None,
) -> Revocation:
    """Enter a revocation within the caller's transaction; see :meth:`keys.CertificateAuthority.revoke`."""
    row = row_to_change(session, certificate_id)
    if row is None:
        raise CertificateUnknownError
    if row.issuer_id is None:
        raise AnchorFixedError
    if row.state == CertificateState.REVOKED.value:
        raise AlreadyRevokedError
    at = at.replace(microsecond=0)
    if invalid_since is not None:
        invalid_since = invalid_since.replace(microsecond=0)
        if not reason.is_compromise or not row.not_before <= invalid_since <= at:
            raise InvalidSinceError
    row.state = CertificateState.REVOKED.value
    entered = RevocationRow(
        certificate_id=row.id,
        issuer_id=row.issuer_id,
        serial=row.serial,
        reason=reason.value,
        revoked_at=at,
        invalid_since=invalid_since,
        actor=actor,
    )
    session.add(entered)
    session.flush()
    return Revocation.of(entered)


def revocation_of(session: Session, certificate_id: int) -> Revocation | None:
    """The revocation of a certificate, if it was revoked."""
    row = session.get(RevocationRow, certificate_id)
    return None if row is None else Revocation.of(row)


def compromised_keys(session: Session) -> frozenset[int]:
    """The numbers of keys that somebody else may have: a certificate of theirs was revoked for that."""
    rows = (
        sa.select(CertificateRow.key_id)
        .join(RevocationRow, RevocationRow.certificate_id == CertificateRow.id)
        .where(RevocationRow.reason.in_([each.value for each in _COMPROMISES]))
    )
    return frozenset(session.scalars(rows))


def revocations_by(session: Session, issuer_id: int) -> list[Revocation]:
    """What an authority has revoked, oldest first; certificates that have run out since are among them."""
    rows = (
        sa.select(RevocationRow)
        .where(RevocationRow.issuer_id == issuer_id)
        .order_by(RevocationRow.revoked_at, RevocationRow.certificate_id)
    )
    return [Revocation.of(row) for row in session.scalars(rows)]


def any_revoked(session: Session, serials: Iterable[int]) -> bool:
    """Whether any of some certificates was revoked; serial numbers here are unique across authorities."""
    rows = sa.select(RevocationRow.serial).where(RevocationRow.serial.in_([f"{each:x}" for each in serials]))
    return session.execute(rows.limit(1)).one_or_none() is not None


def statuses(session: Session, issuer_id: int, serials: Iterable[int]) -> dict[int, Revocation | None]:
    """The certificates that an authority issued under some serial numbers, each with its revocation if it has one."""
    rows = session.execute(
        sa.select(CertificateRow.serial, RevocationRow)
        .outerjoin(RevocationRow, RevocationRow.certificate_id == CertificateRow.id)
        .where(CertificateRow.issuer_id == issuer_id, CertificateRow.serial.in_([f"{each:x}" for each in serials]))
    )
    return {int(serial, 16): None if row is None else Revocation.of(row) for serial, row in rows}
