"""Messages of the status protocol: reading requests that anyone may send, writing answers (RFC 6960, RFC 5019)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Final

from keys import _der, der
from keys._crl import invalidity_date
from keys.revocation import Revocation, RevocationReason

MAXIMUM_REQUEST: Final = 8192
"""Sixteen certificates asked about with SHA-256 come to less than two thousand bytes; the rest is for a signature."""

MAXIMUM_CERTIFICATES: Final = 16
"""Asked about in one request."""

MAXIMUM_NONCE: Final = 32
"""Bytes (RFC 8954 2.1)."""


class Failure(IntEnum):
    """OCSPResponseStatus of the answers that are not signed, RFC 6960 4.2.1."""

    MALFORMED_REQUEST = 1
    INTERNAL_ERROR = 2
    TRY_LATER = 3
    UNAUTHORIZED = 6


class RefusalError(Exception):
    """A request that gets no signed answer."""

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(failure.name)


@dataclass(frozen=True, slots=True)
class CertificateId:
    """A CertID: ``encoded`` is repeated as it came, ``issuer`` is the hash function and the hashes of name and key."""

    encoded: bytes
    issuer: tuple[str, bytes, bytes]
    serial: int


@dataclass(frozen=True, slots=True)
class StatusQuery:
    """An acceptable request; ``nonce`` is the value of its extension, in DER, or nothing."""

    certificates: tuple[CertificateId, ...]
    nonce: bytes | None


@dataclass(frozen=True, slots=True)
class Status:
    """What is said about one certificate; ``known`` ones are good unless they were revoked."""

    certificate: CertificateId
    known: bool
    revocation: Revocation | None


_HASHES: Final = {
    # identifiers of an issuer, nothing rests on their being hard to collide (RFC 6960 4.1.1, RFC 5019 2.1.1)
    der.oid("1.3.14.3.2.26"): ("sha1", 20),
    der.oid("2.16.840.1.101.3.4.2.1"): ("sha256", 32),
}
_SHA256: Final = der.sequence(der.oid("2.16.840.1.101.3.4.2.1"), der.null())
_NONCE: Final = der.oid("1.3.6.1.5.5.7.48.1.2")
_ARCHIVE_CUTOFF: Final = der.oid("1.3.6.1.5.5.7.48.1.6")
_BASIC: Final = der.oid("1.3.6.1.5.5.7.48.1.1")
_TAGS: Final = tuple(0xA0 | number for number in range(3))


def read_query(request: bytes) -> StatusQuery:
    """Read an OCSPRequest (RFC 6960 4.1.1). A signature on it is not looked at: everybody may ask.

    :raises RefusalError: it is malformed, asks for too much, or names issuers by a hash that we do not know.
    """
    try:
        return _read_query(request)
    except _der.DerError as error:
        raise RefusalError(Failure.MALFORMED_REQUEST) from error


def _read_query(request: bytes) -> StatusQuery:
    if len(request) > MAXIMUM_REQUEST:
        raise _der.DerError("too long")
    outer = _der.Reader(request)
    signed = _der.Reader(outer.read(_der.SEQUENCE))
    outer.end()
    fields = _der.Reader(signed.read(_der.SEQUENCE))
    if signed.peek() == _TAGS[0]:
        signed.read(_TAGS[0])
    signed.end()
    # the default is written by some although it should be left out
    if fields.peek() == _TAGS[0] and fields.read(_TAGS[0]) != der.integer(0):
        raise _der.DerError("another version")
    if fields.peek() == _TAGS[1]:
        fields.read(_TAGS[1])
    requests = _der.Reader(fields.read(_der.SEQUENCE))
    nonce = None
    if fields.peek() == _TAGS[2]:
        nonce = _read_extensions(fields.read(_TAGS[2]), nonce_allowed=True)
    fields.end()
    found: list[CertificateId] = []
    while requests.peek() is not None:
        if len(found) == MAXIMUM_CERTIFICATES:
            raise _der.DerError("too many certificates")
        found.append(_read_request(_der.Reader(requests.read(_der.SEQUENCE))))
    if not found:
        raise _der.DerError("no certificate")
    return StatusQuery(tuple(found), nonce)


def _read_request(fields: _der.Reader) -> CertificateId:
    encoded = fields.read_whole(_der.SEQUENCE)
    if fields.peek() == _TAGS[0]:
        _read_extensions(fields.read(_TAGS[0]), nonce_allowed=False)
    fields.end()
    identity = _der.Reader(_der.Reader(encoded).read(_der.SEQUENCE))
    algorithm = _der.Reader(identity.read(_der.SEQUENCE))
    name, key = identity.read(_der.OCTET_STRING), identity.read(_der.OCTET_STRING)
    serial = identity.read(_der.INTEGER)
    identity.end()
    _der.check_integer(serial)
    known = _HASHES.get(algorithm.read_whole(_der.OBJECT_IDENTIFIER))
    if algorithm.peek() is not None and algorithm.read(_der.NULL):
        raise _der.DerError("NULL has contents")
    algorithm.end()
    if known is None:
        raise RefusalError(Failure.UNAUTHORIZED)
    function, size = known
    if len(name) != size or len(key) != size:
        raise _der.DerError("a hash is not as long as its function's")
    return CertificateId(encoded, (function, name, key), int.from_bytes(serial, "big", signed=True))


def _read_extensions(encoded: bytes, *, nonce_allowed: bool) -> bytes | None:
    """The nonce, if there is one; others are passed over unless they are critical (RFC 6960 4.4)."""
    outer = _der.Reader(encoded)
    extensions = _der.Reader(outer.read(_der.SEQUENCE))
    outer.end()
    nonce = None
    while extensions.peek() is not None:
        fields = _der.Reader(extensions.read(_der.SEQUENCE))
        kind = fields.read_whole(_der.OBJECT_IDENTIFIER)
        critical = fields.peek() == _der.BOOLEAN and fields.read(_der.BOOLEAN) != b"\x00"
        value = fields.read(_der.OCTET_STRING)
        fields.end()
        if kind == _NONCE and nonce_allowed:
            if nonce is not None:
                raise _der.DerError("two nonces")
            nonce = value
            _check_nonce(nonce)
        elif critical:
            raise _der.DerError("a critical extension that is not known")
    return nonce


def _check_nonce(value: bytes) -> None:
    inner = _der.Reader(value)
    if not 1 <= len(inner.read(_der.OCTET_STRING)) <= MAXIMUM_NONCE:
        raise _der.DerError("a nonce has 1 to 32 bytes")
    inner.end()


def certificate_id(name_hash: bytes, key_hash: bytes, serial: int) -> CertificateId:
    """The CertID, by SHA-256, of a certificate that we answer for unasked."""
    encoded = der.sequence(_SHA256, der.octet_string(name_hash), der.octet_string(key_hash), der.integer(serial))
    return CertificateId(encoded, ("sha256", name_hash, key_hash), serial)


def failure(status: Failure) -> bytes:
    """An OCSPResponse without an answer."""
    return der.sequence(_der.enumerated(status))


def to_be_signed(
    responder: bytes,
    statuses: Sequence[Status],
    *,
    produced_at: datetime,
    next_update: datetime,
    archive_cutoff: datetime,
    nonce: bytes | None,
) -> bytes:
    """A ResponseData (RFC 6960 4.2.1), whose answers are all true of the moment that it is made.

    :param responder: the responder's name, in DER.
    :param archive_cutoff: certificates that ended after this moment are answered for (RFC 6960 4.4.4).
    """
    at = _der.generalized_time(produced_at)
    cutoff = der.sequence(_ARCHIVE_CUTOFF, der.octet_string(_der.generalized_time(archive_cutoff)))
    until = der.explicit(0, _der.generalized_time(next_update))
    answers = der.sequence(
        *(
            der.sequence(
                each.certificate.encoded,
                _status(each),
                at,
                until,
                der.explicit(1, der.sequence(*_invalidity(each.revocation), cutoff)),
            )
            for each in statuses
        )
    )
    echoed = b"" if nonce is None else der.explicit(1, der.sequence(der.sequence(_NONCE, der.octet_string(nonce))))
    return der.sequence(der.explicit(1, responder), at, answers, echoed)


def _status(status: Status) -> bytes:
    if not status.known:
        return der.tlv(0x82)
    if status.revocation is None:
        return der.tlv(0x80)
    reason = status.revocation.reason
    why = b"" if reason is RevocationReason.UNSPECIFIED else der.explicit(0, _der.enumerated(reason.number))
    return der.explicit(1, _der.generalized_time(status.revocation.revoked_at), why)


def _invalidity(revocation: Revocation | None) -> list[bytes]:
    since = None if revocation is None else revocation.invalid_since
    return [] if since is None else [invalidity_date(since)]


def response(data: bytes, algorithm: bytes, signature: bytes, certificate: bytes) -> bytes:
    """An OCSPResponse with a BasicOCSPResponse.

    :param data: the ResponseData that was signed.
    :param certificate: the responder's, in DER.
    """
    basic = der.sequence(data, algorithm, _der.bit_string(signature), der.explicit(0, der.sequence(certificate)))
    return der.sequence(_der.enumerated(0), der.explicit(0, der.sequence(_BASIC, der.octet_string(basic))))
