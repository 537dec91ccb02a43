"""Status answers (证书状态应答, OCSP, RFC 6960): reading them strictly, and who may give them.

An answer counts for a certificate if it names exactly that one, by its issuer's name and key and its serial number, and
is signed by the issuer or by a responder that the same issuer itself certified to do so (id-kp-OCSPSigning).
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID

from verify import der
from verify.algorithms import DIGESTS, AlgorithmIdentifier, WeakAlgorithmError, scheme
from verify.certificates import load_certificate
from verify.statements import Identity, Statement, Status, identity_of, time_in, time_of

LARGEST_ANSWER: Final = 100_000
"""Bytes."""

_BASIC: Final = "1.3.6.1.5.5.7.48.1.1"
_NONCE: Final = "1.3.6.1.5.5.7.48.1.2"
_ARCHIVE_CUTOFF: Final = "1.3.6.1.5.5.7.48.1.6"
_INVALIDITY_DATE: Final = "2.5.29.24"
_ENUMERATED: Final = 0x0A
_BOOLEAN: Final = 0x01
_MOST_CERTIFICATES: Final = 8
_MOST_ANSWERS: Final = 64
# a CertID names what everybody knows; nothing rests on collisions being hard to find
_ID_HASHES: Final = {"1.3.14.3.2.26": "sha1", **DIGESTS}


@dataclass(frozen=True, slots=True)
class _Single:
    """What an answer says about one certificate."""

    hash_name: str
    issuer_name: bytes
    issuer_key: bytes
    serial: int
    status: Status
    this_update: datetime
    next_update: datetime | None
    revoked_at: datetime | None
    reason: int | None
    extensions: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Answer:
    """A BasicOCSPResponse, its signature not yet looked at."""

    encoded: bytes
    signed: bytes
    algorithm: AlgorithmIdentifier
    signature: bytes
    certificates: tuple[bytes, ...]
    responder_name: bytes | None
    responder_key: bytes | None
    produced_at: datetime
    singles: tuple[_Single, ...]


@dataclass(frozen=True, slots=True)
class Responder:
    """Who signed an answer, and may do so."""

    certificate: bytes
    needs_status: bool
    """It is a delegate without id-pkix-ocsp-nocheck: that it was not revoked itself has to be shown."""


@lru_cache(maxsize=512)
def read_answer(encoded: bytes) -> Answer | None:
    """Read an OCSPResponse, or a BasicOCSPResponse as CAdES embeds it; nothing where it is neither.

    One that says that there was an error is nothing either.
    """
    if len(encoded) > LARGEST_ANSWER:
        return None
    try:
        fields = der.read_all(encoded).expect(der.SEQUENCE).children()
        if fields and fields[0].tag == _ENUMERATED:
            return _read_basic(encoded, _unwrapped(encoded))
        return _read_basic(encoded, encoded)
    except (ValueError, WeakAlgorithmError):
        return None


def statement_about(answer: Answer, certificate: bytes, issuer: bytes, responder: Responder) -> Statement | None:
    """What an answer says about a certificate; the newest where it says several things, the worst where they tie."""
    named, above = identity_of(certificate), identity_of(issuer)
    fitting = [single for single in answer.singles if _names(single, named, above)]
    if not fitting:
        return None
    single = max(fitting, key=lambda item: (item.this_update, item.status is not Status.GOOD))
    signer = load_certificate(responder.certificate)
    return Statement(
        source="ocsp",
        status=single.status,
        produced_at=answer.produced_at,
        this_update=single.this_update,
        next_update=single.next_update,
        signer_from=signer.not_valid_before_utc,
        signer_until=signer.not_valid_after_utc,
        ended_since=time_in(single.extensions.get(_ARCHIVE_CUTOFF)),
        revoked_at=single.revoked_at,
        invalid_since=time_in(single.extensions.get(_INVALIDITY_DATE)),
        reason=single.reason,
    )


def is_about(answer: Answer, certificate: bytes, issuer: bytes) -> bool:
    """Whether an answer names a certificate."""
    named, above = identity_of(certificate), identity_of(issuer)
    return any(_names(single, named, above) for single in answer.singles)


@lru_cache(maxsize=1024)
def responder_of(encoded: bytes, issuer: bytes, pool: frozenset[bytes]) -> Responder | None:
    """Who signed an answer for what an issuer certified; nothing where the signature is wrong or nobody's who may.

    :param encoded: the answer.
    :param pool: further certificates among which the responder's may be.
    """
    answer = read_answer(encoded)
    if answer is None:
        return None
    tried = 0
    for candidate in (issuer, *answer.certificates, *sorted(pool)):
        if not _is_named(answer, candidate) or tried >= _MOST_CERTIFICATES:
            continue
        tried += 1
        if not _signed_by(answer, candidate):
            continue
        if candidate == issuer:
            return Responder(candidate, needs_status=False)
        if _is_delegate(candidate, issuer):
            return Responder(candidate, needs_status=not _has_no_check(candidate))
    return None


def _unwrapped(encoded: bytes) -> bytes:
    fields = der.Fields(der.read_all(encoded))
    if fields.take(_ENUMERATED).contents != b"\x00":
        raise der.DerError("an error instead of an answer")
    (wrapped,) = fields.take(0xA0).children()
    fields.end()
    inner = der.Fields(wrapped)
    if der.oid(inner.take(der.OID)) != _BASIC:
        raise der.DerError("another kind of answer")
    basic = inner.take(der.OCTET_STRING).contents
    inner.end()
    return basic


def _read_basic(encoded: bytes, basic: bytes) -> Answer:
    fields = der.Fields(der.read_all(basic))
    signed = fields.take(der.SEQUENCE)
    algorithm = AlgorithmIdentifier.of(fields.take(der.SEQUENCE))
    signature = fields.take(der.BIT_STRING).contents
    wrapped = fields.optional(0xA0)
    fields.end()
    certificates: tuple[bytes, ...] = ()
    if wrapped is not None:
        (listed,) = wrapped.children()
        certificates = tuple(item.raw for item in listed.expect(der.SEQUENCE).children())
    if signature[:1] != b"\x00" or len(certificates) > _MOST_CERTIFICATES:
        raise der.DerError("a broken answer")
    body = der.Fields(signed)
    version = body.optional(0xA0)
    if version is not None and der.integer(version.children()[0]) != 0:
        raise der.DerError("another version")
    name, key = body.optional(0xA1), body.optional(0xA2)
    if (name is None) is (key is None):
        raise der.DerError("no responder, or two")
    produced_at = time_of(body.take(der.GENERALIZED_TIME))
    answers = body.take(der.SEQUENCE).children()
    if not 1 <= len(answers) <= _MOST_ANSWERS:
        raise der.DerError("no answers, or too many")
    _extensions(body.optional(0xA1), known={_NONCE})
    body.end()
    return Answer(
        encoded=encoded,
        signed=signed.raw,
        algorithm=algorithm,
        signature=signature[1:],
        certificates=certificates,
        responder_name=name.contents if name is not None else None,
        responder_key=der.octets(key.children()[0]) if key is not None else None,
        produced_at=produced_at,
        singles=tuple(_read_single(item, produced_at) for item in answers),
    )


def _read_single(element: der.Element, produced_at: datetime) -> _Single:
    fields = der.Fields(element)
    named = der.Fields(fields.take(der.SEQUENCE))
    algorithm = AlgorithmIdentifier.of(named.take(der.SEQUENCE))
    issuer_name, issuer_key = der.octets(named.take(der.OCTET_STRING)), der.octets(named.take(der.OCTET_STRING))
    serial = int.from_bytes(named.take(der.INTEGER).contents, "big", signed=True)
    named.end()
    status, revoked_at, why = _read_status(fields.take_any())
    this_update = time_of(fields.take(der.GENERALIZED_TIME))
    until = fields.optional(0xA0)
    next_update = time_of(until.children()[0]) if until is not None else None
    extensions = _extensions(fields.optional(0xA1), known={_ARCHIVE_CUTOFF, _INVALIDITY_DATE})
    fields.end()
    if algorithm.oid not in _ID_HASHES or this_update > produced_at:
        raise der.DerError("an answer ahead of its time, or about a certificate named in an unknown way")
    if next_update is not None and next_update < this_update:
        raise der.DerError("an answer that ends before it begins")
    return _Single(
        _ID_HASHES[algorithm.oid],
        issuer_name,
        issuer_key,
        serial,
        status,
        this_update,
        next_update,
        revoked_at,
        why,
        extensions,
    )


def _read_status(element: der.Element) -> tuple[Status, datetime | None, int | None]:
    if element.tag == 0x80 and not element.contents:
        return Status.GOOD, None, None
    if element.tag == 0x82 and not element.contents:
        return Status.UNKNOWN, None, None
    fields = der.Fields(element, 0xA1)
    at = time_of(fields.take(der.GENERALIZED_TIME))
    why = fields.optional(0xA0)
    fields.end()
    if why is None:
        return Status.REVOKED, at, None
    (number,) = why.children()
    return Status.REVOKED, at, int.from_bytes(number.expect(_ENUMERATED).contents, "big")


def _extensions(wrapped: der.Element | None, *, known: set[str]) -> dict[str, bytes]:
    """Extensions by their identifier; one that is critical and not known makes the whole answer void."""
    if wrapped is None:
        return {}
    found: dict[str, bytes] = {}
    (listed,) = wrapped.children()
    for item in listed.expect(der.SEQUENCE).children():
        fields = der.Fields(item)
        kind = der.oid(fields.take(der.OID))
        flag = fields.optional(_BOOLEAN)
        value = fields.take(der.OCTET_STRING).contents
        fields.end()
        if kind in found or (kind not in known and flag is not None and flag.contents != b"\x00"):
            raise der.DerError("an extension twice, or a critical one that is not known")
        found[kind] = value
    return found


def _names(single: _Single, certificate: Identity, issuer: Identity) -> bool:
    if single.serial != certificate.serial:
        return False
    name = hashlib.new(single.hash_name, certificate.issuer, usedforsecurity=False).digest()
    key = hashlib.new(single.hash_name, issuer.key_bits, usedforsecurity=False).digest()
    return hmac.compare_digest(single.issuer_name, name) and hmac.compare_digest(single.issuer_key, key)


def _is_named(answer: Answer, certificate: bytes) -> bool:
    """Whether the answer says that it is this certificate's owner's."""
    try:
        identity = identity_of(certificate)
    except der.DerError:
        return False
    if answer.responder_name is not None:
        return answer.responder_name == identity.subject
    return answer.responder_key == hashlib.sha1(identity.key_bits, usedforsecurity=False).digest()


def _signed_by(answer: Answer, certificate: bytes) -> bool:
    for digest in DIGESTS.values():
        try:
            found = scheme(answer.algorithm, digest)
            return found.verify(load_certificate(certificate).public_key(), answer.signature, answer.signed)
        except WeakAlgorithmError:
            continue
        except (ValueError, TypeError, UnsupportedAlgorithm):
            return False
    return False


def _is_delegate(certificate: bytes, issuer: bytes) -> bool:
    """Whether a certificate is a responder's that an issuer itself certified (RFC 6960, 4.2.2.2)."""
    try:
        loaded, above = load_certificate(certificate), load_certificate(issuer)
        loaded.verify_directly_issued_by(above)
        purposes = loaded.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, x509.ExtensionNotFound):
        return False
    digest = loaded.signature_hash_algorithm
    if digest is None or digest.name not in DIGESTS.values() or ExtendedKeyUsageOID.OCSP_SIGNING not in purposes:
        return False
    for extension in loaded.extensions:
        if extension.critical and isinstance(extension.value, x509.UnrecognizedExtension):
            return False
        if isinstance(extension.value, x509.KeyUsage) and not extension.value.digital_signature:
            return False
    return True


def _has_no_check(certificate: bytes) -> bool:
    try:
        load_certificate(certificate).extensions.get_extension_for_class(x509.OCSPNoCheck)
    except x509.ExtensionNotFound:
        return False
    return True
