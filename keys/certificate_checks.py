"""Checking certificates of any algorithm that we know, SM2 among them (GB/T 20518-2018, RFC 5280).

The X.509 library reads certificates with SM2 keys but cannot use those keys; what needs the key goes through here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from cryptography.x509.oid import ExtendedKeyUsageOID

from keys import _der, sm2
from keys.errors import CertificateUnreadableError, Sm2KeyInvalidError

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)

_LARGEST: Final = 64 * 1024
_LONGEST: Final = 8
"""Certificates in a path, both ends counted."""
_RSA_BITS: Final = range(2048, 16384 + 1)
"""Shorter ones can be factored, longer ones keep whoever checks them busy."""


class PathProblem(StrEnum):
    """Why no path leads from a certificate to an anchor."""

    UNTRUSTED = "untrusted"
    """No certificate at hand issued it."""
    NOT_VALID_THEN = "not_valid_then"
    """A certificate on the path was outside its validity."""
    NOT_AN_AUTHORITY = "not_an_authority"
    """An issuer on the path may not issue certificates, or not at this depth."""
    WEAK = "weak"
    """A key on the path is too short, or a signature over too short a digest, for anybody to rely on."""


def load_certificate(data: bytes) -> x509.Certificate:
    """A certificate from its DER.

    :raises CertificateUnreadableError: it is not one, has trailing bytes, or is larger than any certificate.
    """
    if len(data) > _LARGEST:
        raise CertificateUnreadableError
    try:
        certificate = x509.load_der_x509_certificate(data)
        public_key_info(certificate)
        # names and dates are decoded late; what does not decode is found here
        _ = (certificate.subject.rfc4514_string(), certificate.issuer.rfc4514_string(), certificate.serial_number)
        _ = (certificate.not_valid_before_utc, certificate.not_valid_after_utc)
    except Exception:  # the library has many kinds of errors for broken certificates
        raise CertificateUnreadableError from None
    return certificate


def public_key_info(certificate: x509.Certificate) -> bytes:
    """The SubjectPublicKeyInfo as it stands in a certificate, whatever its algorithm.

    :raises keys.strict_der.DerError: the certificate is not DER.
    """
    fields = _der.Reader(_der.Reader(certificate.tbs_certificate_bytes).read(_der.SEQUENCE))
    if fields.peek() == 0xA0:
        fields.read(0xA0)
    fields.read(_der.INTEGER)
    for _ in ("signature", "issuer", "validity", "subject"):
        fields.read(_der.SEQUENCE)
    return fields.read_whole(_der.SEQUENCE)


def sm2_key_of(certificate: x509.Certificate) -> sm2.Sm2PublicKey:
    """The SM2 public key of a certificate.

    :raises Sm2KeyInvalidError: it holds another kind of key, or none that is on the curve.
    """
    return sm2.public_key(public_key_info(certificate))


def is_gm(certificate: x509.Certificate) -> bool:
    """Whether a certificate is signed with SM2-with-SM3."""
    return certificate.signature_algorithm_oid.dotted_string == sm2.SM2_WITH_SM3


def is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether the names fit and the issuer's key made the signature; dates and rights are not looked at."""
    if certificate.issuer != issuer.subject:
        return False
    try:
        if is_gm(certificate):
            return sm2_key_of(issuer).verify(certificate.signature, certificate.tbs_certificate_bytes)
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, UnsupportedAlgorithm, Sm2KeyInvalidError, ValueError, TypeError):
        return False
    return True


def has_strong_signature(certificate: x509.Certificate) -> bool:
    """Whether what it is signed with counts: SM2 with SM3, or another algorithm with a digest of the SHA-2 family."""
    if is_gm(certificate):
        return True
    try:
        return isinstance(certificate.signature_hash_algorithm, (SHA256, SHA384, SHA512))
    except (ValueError, UnsupportedAlgorithm):
        return False


def has_strong_key(certificate: x509.Certificate) -> bool:
    """Whether its key counts: SM2, ECDSA on a curve of NIST from 256 bits, RSA of 2,048 to 16,384 bits."""
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size in _RSA_BITS
    if isinstance(key, ec.EllipticCurvePublicKey):
        return isinstance(key.curve, (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1))
    try:
        sm2_key_of(certificate)
    except Sm2KeyInvalidError:
        return False
    return True


def is_valid_at(certificate: x509.Certificate, at: datetime) -> bool:
    """Whether a moment is within a certificate's dates, both included (RFC 5280 4.1.2.5)."""
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc


def may_sign_data(certificate: x509.Certificate) -> bool:
    """Whether its key usage lets it sign data; a certificate without key usage may (RFC 5280 4.2.1.3).

    One whose extensions cannot be read may not.
    """
    extensions = _extensions(certificate)
    if extensions is None:
        return False
    usage = _find(extensions, x509.KeyUsage)
    return usage is None or usage.digital_signature or usage.content_commitment


def has_limited_purposes(certificate: x509.Certificate) -> bool:
    """Whether an extended key usage limits a certificate to some purposes (RFC 5280 4.2.1.12), none of which is the
    making of seals: there is no identifier for that.
    """
    extensions = _extensions(certificate)
    purposes = None if extensions is None else _find(extensions, x509.ExtendedKeyUsage)
    return purposes is not None and ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE not in purposes


def path_problem(
    certificate: x509.Certificate,
    anchors: Sequence[x509.Certificate],
    others: Sequence[x509.Certificate] = (),
    *,
    at: datetime,
) -> PathProblem | None:
    """Why :func:`find_path` finds no path; nothing where it does."""
    found = find_path(certificate, anchors, others, at=at)
    return found if isinstance(found, PathProblem) else None


def find_path(
    certificate: x509.Certificate,
    anchors: Sequence[x509.Certificate],
    others: Sequence[x509.Certificate] = (),
    *,
    at: datetime,
) -> tuple[x509.Certificate, ...] | PathProblem:
    """Look for a path from a certificate to an anchor that was valid at a moment; both ends are in it.

    Signatures, the strength of them and of all keys, names, dates, basic constraints and the issuers' key usage are
    checked (RFC 5280 6.1); nobody relies on the signature that an anchor puts on itself. Revocation is not checked, nor
    are policies and name constraints: a name constraint on the path refuses it.

    :param others: certificates that may stand in between.
    """
    return _search((certificate,), anchors, others, at)


def _search(
    path: tuple[x509.Certificate, ...],
    anchors: Sequence[x509.Certificate],
    others: Sequence[x509.Certificate],
    at: datetime,
) -> tuple[x509.Certificate, ...] | PathProblem:
    here = path[-1]
    anchored = here in anchors
    if not is_valid_at(here, at):
        return PathProblem.NOT_VALID_THEN
    if not has_strong_key(here) or not (anchored or has_strong_signature(here)):
        return PathProblem.WEAK
    if anchored:
        return path
    problem = PathProblem.UNTRUSTED
    if len(path) == _LONGEST:
        return problem
    for issuer in (*anchors, *others):
        if issuer in path or not is_issued_by(here, issuer):
            continue
        if not _may_issue(issuer, below=len(path) - 1):
            problem = PathProblem.NOT_AN_AUTHORITY
            continue
        found = _search((*path, issuer), anchors, others, at)
        if not isinstance(found, PathProblem):
            return found
        if problem is PathProblem.UNTRUSTED:
            problem = found
    return problem


def _may_issue(issuer: x509.Certificate, *, below: int) -> bool:
    extensions = _extensions(issuer)
    if extensions is None or _find(extensions, x509.NameConstraints) is not None:
        return False
    constraints = _find(extensions, x509.BasicConstraints)
    if constraints is None or not constraints.ca:
        return False
    if constraints.path_length is not None and constraints.path_length < below:
        return False
    usage = _find(extensions, x509.KeyUsage)
    return usage is None or usage.key_cert_sign


def _extensions(certificate: x509.Certificate) -> x509.Extensions | None:
    """The extensions, or nothing where they cannot be read."""
    try:
        return certificate.extensions
    except Exception:  # the library has many kinds of errors for broken extensions
        return None


def _find(extensions: x509.Extensions, kind: type[_Extension]) -> _Extension | None:
    return next((each.value for each in extensions if isinstance(each.value, kind)), None)
