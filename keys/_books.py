"""Looking certificates up in the books."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from keys._tables import CertificateRow, SigningKeyRow
from keys.certificates import CertificateRecord, CertificateState
from keys.custody import KeyAlgorithm, KeyPurpose
from keys.profiles import CertificateProfile

_AUTHORITIES = [profile.value for profile in CertificateProfile if profile.rules.authority]


def newest_authority(session: Session, profile: CertificateProfile, *, gm: bool) -> CertificateRecord | None:
    """The newest active certificate of an authority, of those of SM2 or of the others."""
    of_sm2 = SigningKeyRow.algorithm == KeyAlgorithm.SM2.value
    return _newest(session, CertificateRow.profile == profile.value, of_sm2 if gm else ~of_sm2)


def newest_for(session: Session, purpose: KeyPurpose) -> CertificateRecord | None:
    """The newest active certificate for keys of a purpose; two purposes share a profile, so the key decides."""
    return _newest(session, SigningKeyRow.purpose == purpose.value)


def newest_responder(session: Session, issuer_id: int) -> CertificateRecord | None:
    """The newest active certificate with which an authority lets its status answers be signed."""
    by_issuer = CertificateRow.issuer_id == issuer_id
    return _newest(session, CertificateRow.profile == CertificateProfile.OCSP.value, by_issuer)


def all_authorities(session: Session) -> list[CertificateRecord]:
    """Every root and issuing authority that there ever was, oldest first."""
    rows = sa.select(CertificateRow).where(CertificateRow.profile.in_(_AUTHORITIES)).order_by(CertificateRow.id)
    return [CertificateRecord.of(row) for row in session.scalars(rows)]


def row_to_change(session: Session, certificate_id: int) -> CertificateRow | None:
    """A certificate's row as it is now, held until the end of the transaction."""
    return session.get(CertificateRow, certificate_id, with_for_update=True, populate_existing=True)


def _newest(session: Session, *conditions: sa.ColumnElement[bool]) -> CertificateRecord | None:
    row = session.scalar(
        sa.select(CertificateRow)
        .join(SigningKeyRow, SigningKeyRow.id == CertificateRow.key_id)
        .where(CertificateRow.state == CertificateState.ACTIVE.value, *conditions)
        .order_by(CertificateRow.id.desc())
        .limit(1)
    )
    return None if row is None else CertificateRecord.of(row)
