"""Making a seal (制章): its key and certificate, its seal data, and what takes over from them (更换密钥)."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from keys import (
    CertificateAuthority,
    CertificateProfile,
    FieldVault,
    KeyAlgorithm,
    KeyCustody,
    KeyPurpose,
    RevocationReason,
    Subject,
)
from keys.errors import AlreadyRevokedError
from seal._tables import SealCertificateRow, SealRow
from seal.seal_data import SealDataMaker
from seal.seals import name_on
from store.clock import Clock


class SealMaker:
    """Gives seals their keys and certificates, and takes them back."""

    def __init__(
        self,
        custody: KeyCustody,
        authority: CertificateAuthority,
        vault: FieldVault,
        clock: Clock,
    ) -> None:
        self._custody = custody
        self._authority = authority
        self._vault = vault
        self._clock = clock
        self._data = SealDataMaker(custody, authority, vault, clock)

    def make(self, session: Session, seal: SealRow) -> None:
        """Give a seal a new key and certificate, from now on and until the seal's or the certificate's end; with them,
        a body's seal gets its data of GB/T 38540 (:mod:`seal.seal_data`).
        """
        now = self._clock.now()
        subject = self._subject(seal)
        key = self._custody.generate(
            session, algorithm=KeyAlgorithm(seal.algorithm), purpose=KeyPurpose.SEAL, label=f"seal {seal.number}"
        )
        record = self._authority.issue(session, key.id, CertificateProfile.SEAL, subject)
        session.add(
            SealCertificateRow(
                seal_id=seal.id,
                key_id=key.id,
                certificate_id=record.id,
                serial=record.serial,
                not_before=record.not_before,
                not_after=record.not_after,
                used_from=now,
                used_until=None,
                compromised_since=None,
            )
        )
        seal.key_id, seal.certificate_id = key.id, record.id
        seal.valid_from = seal.valid_from or now
        seal.valid_until = min(seal.wanted_until or record.not_after, record.not_after)
        session.flush()
        self._data.make(session, seal, subject)

    def rotate(self, session: Session, seal: SealRow, *, actor: str, compromised_since: datetime | None) -> None:
        """A new key and certificate. Those before stay listed and valid, so that what they sealed goes on verifying,
        unless the key may have been in other hands: then the certificate is revoked.
        """
        old = self._retire(session, seal, compromised_since)
        reason = RevocationReason.KEY_COMPROMISE if compromised_since is not None else None
        self._data.end(session, seal, actor=actor, reason=reason, invalid_since=compromised_since)
        self.make(session, seal)
        if compromised_since is not None:
            self._revoke_retired(session, old, RevocationReason.KEY_COMPROMISE, actor, compromised_since)

    def end(self, session: Session, seal: SealRow, *, actor: str, compromised_since: datetime | None) -> None:
        """Retire the certificates of a seal that is cancelled, and revoke them."""
        reason = RevocationReason.CESSATION_OF_OPERATION
        if compromised_since is not None:
            reason = RevocationReason.KEY_COMPROMISE
        self._data.end(session, seal, actor=actor, reason=reason, invalid_since=compromised_since)
        self._revoke_retired(session, self._retire(session, seal, compromised_since), reason, actor, compromised_since)

    def _retire(self, session: Session, seal: SealRow, compromised_since: datetime | None) -> SealCertificateRow | None:
        """End the use of the present certificate; a seal that was never made has none."""
        current = session.scalar(
            sa.select(SealCertificateRow).where(
                SealCertificateRow.seal_id == seal.id, SealCertificateRow.used_until.is_(None)
            )
        )
        if current is not None:
            current.used_until = max(self._clock.now(), current.used_from)
            current.compromised_since = compromised_since
            session.flush()
        return current

    def _revoke_retired(
        self,
        session: Session,
        certificate: SealCertificateRow | None,
        reason: RevocationReason,
        actor: str,
        since: datetime | None,
    ) -> None:
        if certificate is None:
            return
        if since is not None:
            since = max(since, certificate.not_before)
        with suppress(AlreadyRevokedError):  # by an administrator of certificates, which is as good
            self._authority.revoke(session, certificate.certificate_id, reason, actor=actor, invalid_since=since)

    def _subject(self, seal: SealRow) -> Subject:
        name = name_on(seal, self._vault)
        if seal.organisation is not None:
            body = seal.organisation
            return Subject(
                common_name=f"{name}（{seal.purpose}）" if seal.purpose else name,
                organisation=body.name_zh,
                organisation_identifier=Subject.credit_code_identifier(body.code),
            )
        reference = seal.person.reference if seal.person is not None else seal.number
        return Subject(common_name=name, organisation=None, serial_number=reference)
