"""Revocation lists (证书撤销列表, RFC 5280, 5): whether a full list speaks for a certificate, and what it says.

A list counts if it is the certificate's issuer's own: named so and signed with the issuer's key, complete (no delta,
not for some reasons only), not on behalf of others, with a next update, and without an unknown critical extension.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from verify.algorithms import DIGESTS, WeakAlgorithmError, check_key
from verify.certificates import load_certificate
from verify.statements import Statement, Status, identity_of, time_in

LARGEST_LIST: Final = 20_000_000
"""Bytes."""

_KEPT: Final = 1_000_000
"""Lists up to this size are kept read: ours come with every file."""

_EXPIRED_ON_LIST: Final = "2.5.29.60"
_NUMBERS: Final = {
    x509.ReasonFlags.unspecified: 0,
    x509.ReasonFlags.key_compromise: 1,
    x509.ReasonFlags.ca_compromise: 2,
    x509.ReasonFlags.affiliation_changed: 3,
    x509.ReasonFlags.superseded: 4,
    x509.ReasonFlags.cessation_of_operation: 5,
    x509.ReasonFlags.certificate_hold: 6,
    x509.ReasonFlags.remove_from_crl: 8,
    x509.ReasonFlags.privilege_withdrawn: 9,
    x509.ReasonFlags.aa_compromise: 10,
}
_List = x509.CertificateRevocationList


def statement_in(encoded: bytes, certificate: bytes, issuer: bytes) -> Statement | None:
    """What a list says about a certificate; nothing where it does not count for it."""
    if len(encoded) > LARGEST_LIST:
        return None
    found = _kept_list(encoded, issuer) if len(encoded) <= _KEPT else _genuine_list(encoded, issuer)
    try:
        return None if found is None else _statement(found, certificate, issuer)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None


def _genuine_list(encoded: bytes, issuer: bytes) -> _List | None:
    """A list if it is one of an issuer's, and complete."""
    try:
        found = x509.load_der_x509_crl(encoded)
        above = load_certificate(issuer)
        key = above.public_key()
        check_key(key)
        digest = found.signature_hash_algorithm
        genuine = (
            found.issuer.public_bytes() == above.subject.public_bytes()
            and found.next_update_utc is not None
            and digest is not None
            and digest.name in DIGESTS.values()
            and _may_sign_lists(above)
            and all(_is_understood(extension) for extension in found.extensions)
            and found.is_signature_valid(key)  # type: ignore[arg-type]  # held to the list just above
        )
    except (ValueError, TypeError, UnsupportedAlgorithm, WeakAlgorithmError):
        return None
    return found if genuine else None


_kept_list = lru_cache(maxsize=32)(_genuine_list)


def _statement(found: _List, certificate: bytes, issuer: bytes) -> Statement | None:
    if identity_of(certificate).issuer != identity_of(issuer).subject or not _is_for(found, certificate):
        return None
    entry = found.get_revoked_certificate_by_serial_number(load_certificate(certificate).serial_number)
    above = load_certificate(issuer)
    reason, since = None, None
    for extension in entry.extensions if entry is not None else ():
        if isinstance(extension.value, x509.CRLReason):
            reason = _NUMBERS[extension.value.reason]
        elif isinstance(extension.value, x509.InvalidityDate):
            since = extension.value.invalidity_date_utc
    return Statement(
        source="crl",
        status=Status.GOOD if entry is None else Status.REVOKED,
        produced_at=found.last_update_utc,
        this_update=found.last_update_utc,
        next_update=found.next_update_utc,
        signer_from=above.not_valid_before_utc,
        signer_until=above.not_valid_after_utc,
        ended_since=_ended_since(found),
        revoked_at=None if entry is None else entry.revocation_date_utc,
        invalid_since=since,
        reason=reason,
    )


def _is_understood(extension: x509.Extension[x509.ExtensionType]) -> bool:
    value = extension.value
    if isinstance(value, x509.DeltaCRLIndicator):
        return False
    if isinstance(value, x509.IssuingDistributionPoint):
        partial = value.only_some_reasons is not None or value.only_contains_attribute_certs
        return not (value.indirect_crl or partial or value.relative_name)
    known = x509.AuthorityKeyIdentifier | x509.CRLNumber | x509.FreshestCRL | x509.IssuerAlternativeName
    return not extension.critical or isinstance(value, known)


def _is_for(found: _List, certificate: bytes) -> bool:
    """Whether a list that is for a part of the certificates is for this one (RFC 5280, 6.3.3, b)."""
    try:
        scope = found.extensions.get_extension_for_class(x509.IssuingDistributionPoint).value
    except x509.ExtensionNotFound:
        return True
    extensions = load_certificate(certificate).extensions
    try:
        authority = extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        authority = False
    if (scope.only_contains_user_certs and authority) or (scope.only_contains_ca_certs and not authority):
        return False
    if scope.full_name is None:
        return True
    try:
        points = extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return False
    return any(name in scope.full_name for point in points for name in point.full_name or ())


def _may_sign_lists(issuer: x509.Certificate) -> bool:
    try:
        return issuer.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
    except x509.ExtensionNotFound:
        return True


def _ended_since(found: _List) -> datetime | None:
    """The list also names what was revoked among certificates that ended after this (ITU-T X.509, 9.5.2.8)."""
    for extension in found.extensions:
        if extension.oid.dotted_string == _EXPIRED_ON_LIST and isinstance(extension.value, x509.UnrecognizedExtension):
            return time_in(extension.value.value)
    return None
