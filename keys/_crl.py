"""Putting certificate revocation lists together (RFC 5280 5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cryptography import x509

from keys import _der, der
from keys._x509 import SIGNATURE_ALGORITHMS, Issuer, encode_extension, key_identifier, signed
from keys.revocation import Revocation, RevocationReason

_REASON: Final = der.oid("2.5.29.21")
_INVALIDITY_DATE: Final = der.oid("2.5.29.24")
_EXPIRED_ON_LIST: Final = der.oid("2.5.29.60")


def make_list(
    issuer: Issuer,
    revocations: Sequence[Revocation],
    *,
    number: int,
    this_update: datetime,
    next_update: datetime,
    complete_since: datetime,
) -> bytes:
    """Have a full list signed, in DER.

    :param complete_since: the list names what was revoked among all certificates that ended after this moment
        (expiredCertsOnCRL, ITU-T X.509 9.5.2.8).
    """
    extensions = (
        encode_extension(x509.AuthorityKeyIdentifier(key_identifier(issuer.public_key), None, None)),
        encode_extension(x509.CRLNumber(number)),
        der.sequence(_EXPIRED_ON_LIST, der.octet_string(_der.generalized_time(complete_since))),
    )
    # an empty list is left out (RFC 5280 5.1.2.6)
    entries = (der.sequence(*(_entry(each) for each in revocations)),) if revocations else ()
    to_be_signed = der.sequence(
        der.integer(1),
        SIGNATURE_ALGORITHMS[issuer.algorithm],
        issuer.name,
        _der.x509_time(this_update),
        _der.x509_time(next_update),
        *entries,
        der.explicit(0, der.sequence(*extensions)),
    )
    return signed(to_be_signed, issuer)


def _entry(revocation: Revocation) -> bytes:
    extensions = []
    # no reason stands for the unspecified one (RFC 5280 5.3.1)
    if revocation.reason is not RevocationReason.UNSPECIFIED:
        extensions.append(der.sequence(_REASON, der.octet_string(_der.enumerated(revocation.reason.number))))
    if revocation.invalid_since is not None:
        extensions.append(invalidity_date(revocation.invalid_since))
    return der.sequence(
        der.integer(revocation.serial),
        _der.x509_time(revocation.revoked_at),
        *((der.sequence(*extensions),) if extensions else ()),
    )


def invalidity_date(since: datetime) -> bytes:
    """The extension that tells since when a key was, or may have been, compromised (RFC 5280 5.3.2)."""
    return der.sequence(_INVALIDITY_DATE, der.octet_string(_der.generalized_time(since)))
