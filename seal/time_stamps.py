"""Where seals get their time stamps (RFC 3161) from, and the check that the answer fits the question."""

from __future__ import annotations

import secrets
import time
from datetime import datetime
from functools import lru_cache
from typing import Protocol

from asn1crypto import cms, tsp
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from keys import CertificateAuthority, TimestampAuthority
from keys.der import integer, octet_string, oid, sequence
from seal.errors import TimeStampError
from store.measures import TIME_STAMP_SECONDS
from store.traces import span

_VERSION = integer(1)
_SHA256 = sequence(oid("2.16.840.1.101.3.4.2.1"))
_CERT_REQ = b"\x01\x01\xff"
_SIZE_WITHOUT_CERTIFICATES = 1536


class TimeStampSource(Protocol):
    """Gives time-stamp tokens over data."""

    @property
    def size(self) -> int:
        """An upper bound of a token's size in bytes."""
        ...

    @property
    def certificates(self) -> tuple[x509.Certificate, ...]:
        """What tokens are signed with now, where it is known and its revocation can be asked for."""
        ...

    def stamp(self, digest: bytes) -> bytes:
        """A token (DER ContentInfo) over a SHA-256 digest.

        :raises TimeStampError: none could be had, or the answer was to another question.
        """
        ...

    def probe(self) -> None:
        """See whether a token could be had.

        :raises TimeStampError: none could.
        """
        ...


class MeasuredTimeStamps:
    """Another source, whose time is taken."""

    def __init__(self, source: TimeStampSource) -> None:
        self._source = source

    @property
    def size(self) -> int:
        return self._source.size

    @property
    def certificates(self) -> tuple[x509.Certificate, ...]:
        return self._source.certificates

    def stamp(self, digest: bytes) -> bytes:
        started = time.perf_counter()
        outcome = "failed"
        try:
            with span("time stamp"):
                token = self._source.stamp(digest)
            outcome = "stamped"
        finally:
            TIME_STAMP_SECONDS.labels(outcome).observe(time.perf_counter() - started)
        return token

    def probe(self) -> None:
        self._source.probe()


class InternalTimeStamps:
    """Time stamps of our own authority, asked in the same process through the same protocol as any other."""

    def __init__(self, timestamps: TimestampAuthority, authority: CertificateAuthority) -> None:
        self._timestamps = timestamps
        self._size_with = lru_cache(maxsize=8)(
            lambda certificate: sum(len(each.public_bytes(Encoding.DER)) for each in authority.chain(certificate))
        )

    @property
    def size(self) -> int:
        return self._size_with(self._timestamps.certificate) + _SIZE_WITHOUT_CERTIFICATES

    @property
    def certificates(self) -> tuple[x509.Certificate, ...]:
        return (self._timestamps.certificate,)

    def stamp(self, digest: bytes) -> bytes:
        nonce = secrets.randbits(64)
        response = self._timestamps.respond(time_stamp_request(digest, nonce))
        return checked_token(response, digest=digest, nonce=nonce)

    def probe(self) -> None:
        self.stamp(secrets.token_bytes(32))


def time_stamp_request(digest: bytes, nonce: int) -> bytes:
    """A request (DER TimeStampReq) for a token over a SHA-256 digest, with the authority's certificates in it."""
    return sequence(_VERSION, sequence(_SHA256, octet_string(digest)), integer(nonce), _CERT_REQ)


def checked_token(response: bytes, *, digest: bytes, nonce: int) -> bytes:
    """The token of a time-stamp response, once it is sure to answer the request (RFC 3161, 2.2 and 2.4.2).

    :raises TimeStampError: the response is no token, or not for this digest and nonce.
    """
    try:
        parsed = tsp.TimeStampResp.load(response, strict=True)
        status = parsed["status"]["status"].native
        if status not in {"granted", "granted_with_mods"}:
            raise TimeStampError(problem=status)
        token = parsed["time_stamp_token"]
        info = token["content"]["encap_content_info"]["content"].parsed
        imprint = info["message_imprint"]
        answered = (imprint["hash_algorithm"]["algorithm"].native, imprint["hashed_message"].native)
        if answered != ("sha256", digest) or info["nonce"].native != nonce:
            raise TimeStampError(problem="the answer is to another request")
        return bytes(token.dump())
    except (ValueError, KeyError, TypeError) as error:
        raise TimeStampError(problem="the answer is not a time-stamp response") from error


def time_of(token: bytes) -> datetime:
    """The time that a token of :func:`checked_token` states."""
    info = cms.ContentInfo.load(token)["content"]["encap_content_info"]["content"].parsed
    at: datetime = info["gen_time"].native
    return at
