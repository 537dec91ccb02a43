"""Making a certificate and entering it into the books."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy.orm import Session

from keys._tables import CertificateRow
from keys._x509 import CertificateBody, Issuer, make_certificate, subject_of
from keys.certificate_checks import is_issued_by
from keys.certificates import CertificateRecord, CertificateState
from keys.custody import KeyCustody, KeyInfo
from keys.errors import IssuerExpiredError, KeyDamagedError
from keys.profiles import AuthorityUrls, CertificateProfile, ProfileRules
from store.clock import Clock

UrlsBelow = Callable[[x509.Certificate], AuthorityUrls]
"""The addresses that the certificates name which an authority issues."""

_BACKDATED: Final = timedelta(minutes=5)
"""Relying parties whose clock is a little behind accept a new certificate at once."""


def issuer_of(custody: KeyCustody, record: CertificateRecord) -> Issuer:
    """An authority as one that signs certificates and lists."""
    key = custody.info(record.key_id)
    return Issuer(subject_of(record.certificate), key.public_key, key.algorithm, partial(custody.sign, key.id))


class Certifier:
    """Certifies keys, for whom and under whom its callers have decided."""

    def __init__(self, custody: KeyCustody, clock: Clock, urls: UrlsBelow | None) -> None:
        self._custody = custody
        self._clock = clock
        self._urls = urls

    def certify(
        self,
        session: Session,
        key: KeyInfo,
        profile: CertificateProfile,
        name: bytes,
        issuer: CertificateRecord | None,
    ) -> CertificateRecord:
        """Have a certificate signed by an authority, or by the key itself, and enter it.

        :param name: the subject, in DER.
        :raises IssuerExpiredError: the authority's certificate is not valid now.
        :raises KeyDamagedError: the custody's signature is not that of the authority's key.
        """
        now = self._clock.now().replace(microsecond=0)
        not_before, not_after = now - _BACKDATED, _end_of(now, profile.rules)
        urls = None
        if issuer is None:
            signer = Issuer(name, key.public_key, key.algorithm, partial(self._custody.sign, key.id))
        else:
            if not issuer.not_before <= now < issuer.not_after:
                raise IssuerExpiredError
            not_before, not_after = max(not_before, issuer.not_before), min(not_after, issuer.not_after)
            signer = issuer_of(self._custody, issuer)
            if self._urls is not None and not profile.rules.by_root:
                urls = self._urls(issuer.certificate)
        certificate = make_certificate(
            CertificateBody(name, key.public_key, not_before, not_after, profile.rules, urls), signer
        )
        # a custody that signs with another key than it says must be found out here, not by a relying party
        if not is_issued_by(certificate, certificate if issuer is None else issuer.certificate):
            raise KeyDamagedError(key_id=key.id if issuer is None else issuer.key_id)
        row = CertificateRow(
            key_id=key.id,
            issuer_id=None if issuer is None else issuer.id,
            profile=profile.value,
            serial=f"{certificate.serial_number:x}",
            der=certificate.public_bytes(Encoding.DER),
            not_before=not_before,
            not_after=not_after,
            state=CertificateState.ACTIVE.value,
            created_at=self._clock.now(),
        )
        session.add(row)
        session.flush()
        return CertificateRecord.of(row)


def _end_of(start: datetime, rules: ProfileRules) -> datetime:
    return start + timedelta(days=rules.days) if rules.days is not None else _years_after(start, rules.years)


def _years_after(start: datetime, years: int) -> datetime:
    """The same day of a later year; 29 February counts as the 28th."""
    day = 28 if (start.month, start.day) == (2, 29) else start.day
    return start.astimezone(UTC).replace(year=start.year + years, day=day)
