"""What the lists of SM2 authorities say of the certificates of seal makers and their signers (RFC 5280, 5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from cryptography import x509

from keys.crl import is_signed_by

_ORDERLY: Final = frozenset(
    {x509.ReasonFlags.affiliation_changed, x509.ReasonFlags.superseded, x509.ReasonFlags.cessation_of_operation}
)


@dataclass(frozen=True, slots=True)
class Word:
    """What a list says of a certificate.

    ``since``: from when on it counts for nothing; nothing where it stands. ``orderly``: its key was not in other hands.
    """

    since: datetime | None = None
    orderly: bool = False

    def revoked_by(self, at: datetime) -> bool:
        """Whether it was revoked at a moment."""
        return self.since is not None and self.since <= at


def word_on(certificate: x509.Certificate, issuer: x509.Certificate, lists: Iterable[bytes]) -> Word | None:
    """What its issuer's list says of a certificate; nothing where none of the lists is the issuer's.

    :param lists: revocation lists, DER.
    """
    for encoded in lists:
        parsed = _parsed(encoded)
        if parsed is None or parsed.issuer != issuer.subject or not is_signed_by(encoded, issuer):
            continue
        entry = parsed.get_revoked_certificate_by_serial_number(certificate.serial_number)
        return Word() if entry is None else _word(entry)
    return None


def _word(entry: x509.RevokedCertificate) -> Word:
    since, orderly = entry.revocation_date_utc, False
    for extension in entry.extensions:
        if isinstance(extension.value, x509.InvalidityDate):
            since = min(since, extension.value.invalidity_date_utc)
        elif isinstance(extension.value, x509.CRLReason):
            orderly = extension.value.reason in _ORDERLY
    return Word(since, orderly)


@lru_cache(maxsize=64)
def _parsed(encoded: bytes) -> x509.CertificateRevocationList | None:
    try:
        return x509.load_der_x509_crl(encoded)
    except ValueError:
        return None
