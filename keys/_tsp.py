"""Messages of the time-stamp protocol: reading requests that anyone may send, writing answers (RFC 3161).

Requests are read as strict DER and answers are put together from parts that are encoded once, since this is what every
sealing waits for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Final

from keys import _der, der
from keys.profiles import TIMESTAMP_POLICY

MAXIMUM_REQUEST: Final = 8192
"""A request with a SHA-512 imprint and a long nonce has under 200 bytes."""

CONTENT_TYPE: Final = "1.2.840.113549.1.9.16.1.4"
"""id-ct-TSTInfo."""


class Failure(IntEnum):
    """PKIFailureInfo, RFC 3161 2.4.2."""

    BAD_ALGORITHM = 0
    BAD_REQUEST = 2
    BAD_DATA_FORMAT = 5
    TIME_NOT_AVAILABLE = 14
    UNACCEPTED_POLICY = 15
    UNACCEPTED_EXTENSION = 16
    SYSTEM_FAILURE = 25


_TEXTS: Final = {
    Failure.BAD_ALGORITHM: ("不支持该摘要算法", "the hash algorithm is not supported; use SHA-256, SHA-384 or SHA-512"),
    Failure.BAD_REQUEST: ("不支持该请求版本", "only requests of version 1 are answered"),
    Failure.BAD_DATA_FORMAT: (
        "请求格式错误",
        "the request is not a valid DER TimeStampReq",
    ),
    Failure.TIME_NOT_AVAILABLE: ("可信时间暂不可用", "no trusted time is available now"),
    Failure.UNACCEPTED_POLICY: ("不支持所请求的策略", f"the only policy is {TIMESTAMP_POLICY}"),
    Failure.UNACCEPTED_EXTENSION: ("不支持请求中的扩展", "extensions are not supported"),
    Failure.SYSTEM_FAILURE: ("时间戳服务暂不可用", "the time-stamping authority is not available now"),
}


class RefusalError(Exception):
    """A request that gets a rejection instead of a token."""

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(failure.name)


@dataclass(frozen=True, slots=True)
class TimestampQuery:
    """An acceptable request; ``imprint`` and ``nonce`` are the DER elements, to be repeated as they came."""

    imprint: bytes
    nonce: bytes
    wants_certificates: bool


_POLICY: Final = der.oid(TIMESTAMP_POLICY)
_SHA256: Final = der.oid("2.16.840.1.101.3.4.2.1")
_DIGEST_SIZES: Final = {
    _SHA256: 32,
    der.oid("2.16.840.1.101.3.4.2.2"): 48,
    der.oid("2.16.840.1.101.3.4.2.3"): 64,
}
_EXTENSIONS: Final = 0xA0


def read_query(request: bytes) -> TimestampQuery:
    """Read a TimeStampReq (RFC 3161 2.4.1).

    :raises RefusalError: it is malformed, or asks for what we do not do.
    """
    try:
        return _read_query(request)
    except _der.DerError as error:
        raise RefusalError(Failure.BAD_DATA_FORMAT) from error


def _read_query(request: bytes) -> TimestampQuery:
    if len(request) > MAXIMUM_REQUEST:
        raise _der.DerError("too long")
    outer = _der.Reader(request)
    fields = _der.Reader(outer.read(_der.SEQUENCE))
    outer.end()
    version = fields.read(_der.INTEGER)
    imprint = fields.read_whole(_der.SEQUENCE)
    policy = fields.read_whole(_der.OBJECT_IDENTIFIER) if fields.peek() == _der.OBJECT_IDENTIFIER else None
    nonce = b""
    if fields.peek() == _der.INTEGER:
        nonce = fields.read_whole(_der.INTEGER)
        _der.check_integer(_der.Reader(nonce).read(_der.INTEGER))
    flag = fields.read(_der.BOOLEAN) if fields.peek() == _der.BOOLEAN else b"\x00"
    extended = fields.peek() == _EXTENSIONS
    if extended:
        fields.read(_EXTENSIONS)
    fields.end()
    # a request is judged only after all of it was read, so that a broken one is called broken
    if len(flag) != 1:
        raise _der.DerError("a boolean is not one byte")
    if version != b"\x01":
        raise RefusalError(Failure.BAD_REQUEST)
    _check_imprint(imprint)
    if policy is not None and policy != _POLICY:
        raise RefusalError(Failure.UNACCEPTED_POLICY)
    if extended:
        raise RefusalError(Failure.UNACCEPTED_EXTENSION)
    return TimestampQuery(imprint, nonce, flag != b"\x00")


def _check_imprint(imprint: bytes) -> None:
    fields = _der.Reader(_der.Reader(imprint).read(_der.SEQUENCE))
    algorithm = _der.Reader(fields.read(_der.SEQUENCE))
    digest = fields.read(_der.OCTET_STRING)
    fields.end()
    size = _DIGEST_SIZES.get(algorithm.read_whole(_der.OBJECT_IDENTIFIER))
    if size is None:
        raise RefusalError(Failure.BAD_ALGORITHM)
    # parameters are absent or NULL (RFC 5754 2)
    if algorithm.peek() is not None and algorithm.read(_der.NULL):
        raise _der.DerError("NULL has contents")
    algorithm.end()
    if len(digest) != size:
        raise _der.DerError("the imprint's length is not its algorithm's")


def rejection(failure: Failure) -> bytes:
    """A TimeStampResp without a token, with the reason in Chinese and English."""
    texts = der.sequence(*(_der.utf8_string(text) for text in _TEXTS[failure]))
    return der.sequence(der.sequence(der.integer(2), texts, _der.named_bit(failure)))


_VERSION_AND_POLICY: Final = der.integer(1) + _POLICY
_ACCURACY: Final = der.sequence(der.integer(1))


def token_info(query: TimestampQuery, serial: int, at: datetime) -> bytes:
    """A TSTInfo (RFC 3161 2.4.2): whole seconds, accuracy one second, no ordering."""
    return der.sequence(
        _VERSION_AND_POLICY, query.imprint, der.integer(serial), _der.generalized_time(at), _ACCURACY, query.nonce
    )


_GRANTED: Final = der.sequence(der.integer(0))
_CONTENT_TYPE: Final = der.oid(CONTENT_TYPE)
_SIGNED_DATA: Final = der.oid("1.2.840.113549.1.7.2")
_SHA256_ALGORITHM: Final = der.sequence(_SHA256)
_HEAD: Final = der.integer(3) + der.set_of((_SHA256_ALGORITHM,))
_ATTRIBUTE_CONTENT_TYPE: Final = der.sequence(der.oid("1.2.840.113549.1.9.3"), der.set_of((_CONTENT_TYPE,)))
_MESSAGE_DIGEST: Final = der.oid("1.2.840.113549.1.9.4")
_SIGNING_CERTIFICATE: Final = der.oid("1.2.840.113549.1.9.16.2.47")
_IMPLICIT_SET: Final = 0xA0


@dataclass(frozen=True, slots=True)
class SignerParts:
    """What is the same in every token of one signer, encoded.

    ``identity`` is the version, the SignerIdentifier and the digest algorithm of its SignerInfo.
    """

    certificates: bytes
    identity: bytes
    signing_certificate: bytes
    algorithm: bytes

    @classmethod
    def of(
        cls, *, certificates: list[bytes], issuer: bytes, serial: int, digest: bytes, algorithm: bytes
    ) -> SignerParts:
        """Encode them.

        :param certificates: the DER of the signer's certificate and those above it but the root.
        :param issuer: the DER of the name of its issuer.
        :param digest: SHA-256 of the signer's certificate.
        :param algorithm: AlgorithmIdentifier of its signatures.
        """
        return cls(
            certificates=der.set_of(certificates, tag=_IMPLICIT_SET),
            identity=der.integer(1) + der.sequence(issuer, der.integer(serial)) + _SHA256_ALGORITHM,
            # ESSCertIDv2 of RFC 5035 with its default hash algorithm, SHA-256, left out (RFC 5816 2.2.1)
            signing_certificate=der.sequence(
                _SIGNING_CERTIFICATE,
                der.set_of((der.sequence(der.sequence(der.sequence(der.octet_string(digest)))),)),
            ),
            algorithm=algorithm,
        )

    def attributes(self, digest: bytes) -> bytes:
        """The signed attributes as a SET, which is what is signed (RFC 5652 5.4).

        :param digest: SHA-256 of the TSTInfo.
        """
        message_digest = der.sequence(_MESSAGE_DIGEST, der.set_of((der.octet_string(digest),)))
        return der.set_of((_ATTRIBUTE_CONTENT_TYPE, message_digest, self.signing_certificate))


def granted(query: TimestampQuery, info: bytes, attributes: bytes, signature: bytes, parts: SignerParts) -> bytes:
    """A TimeStampResp with its token, a CMS SignedData of version 3 (RFC 5652 5.1)."""
    signer = der.sequence(
        parts.identity,
        bytes((_IMPLICIT_SET,)) + attributes[1:],
        parts.algorithm,
        der.octet_string(signature),
    )
    signed_data = der.sequence(
        _HEAD,
        der.sequence(_CONTENT_TYPE, der.explicit(0, der.octet_string(info))),
        parts.certificates if query.wants_certificates else b"",
        der.set_of((signer,)),
    )
    return der.sequence(_GRANTED, der.sequence(_SIGNED_DATA, der.explicit(0, signed_data)))
