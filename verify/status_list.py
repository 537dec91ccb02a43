"""Reading a status list without asking anybody (draft-ietf-oauth-status-list, 8.3).

A pure function of the list's bytes, trust anchors and a moment. The list is signed by a certificate for status lists
that leads to an anchor; it names its own address, which has to be the one that the licence names.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from jose import jws
from jose.backends import ECKey
from jose.exceptions import JOSEError

from verify.anchors import TrustAnchors
from verify.certificates import load_certificate
from verify.chains import Chain, find_chain
from verify.reasons import reason
from verify.verdict import Reason

_TYPE: Final = "statuslist+jwt"
_ALGORITHM: Final = "ES256"
_SIGNING: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.30")
_COMPACT: Final = re.compile(rb"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_LARGEST: Final = 32 * 1024 * 1024
_LARGEST_BITS: Final = 16 * 1024 * 1024
_MOST_CERTIFICATES: Final = 8
_CLOCK_TOLERANCE: Final = timedelta(minutes=5)
_CODES: Final = {0: "status.valid", 1: "status.invalid", 2: "status.suspended", 3: "status.over"}


@dataclass(frozen=True, slots=True)
class StatusReference:
    """Where a licence says that its status is found."""

    uri: str
    index: int

    @classmethod
    def of(cls, licence_data: bytes | None) -> StatusReference | None:
        """The reference in a licence's embedded data, which may be anything."""
        try:
            found = json.loads(licence_data or b"")["status"]["status_list"]
            uri, index = found["uri"], found["idx"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return None
        return cls(uri, index) if isinstance(uri, str) and type(index) is int and index >= 0 else None


@dataclass(frozen=True, slots=True)
class _List:
    uri: str
    issued_at: datetime
    expires_at: datetime
    bits: int
    statuses: bytes


class _BadListError(Exception):
    """The list cannot be relied on, for a coded reason."""

    def __init__(self, found: Reason) -> None:
        self.reason = found
        super().__init__(found.code)


def status_in(data: bytes, reference: StatusReference, anchors: TrustAnchors, *, now: datetime) -> Reason:
    """What a status list says of a licence, or why it says nothing that counts.

    :param data: a list as it was fetched: a JWT in compact form.
    """
    try:
        found = _read(data.strip(), anchors, now)
    except _BadListError as error:
        return error.reason
    if found.uri != reference.uri:
        return reason("status.other", uri=reference.uri)
    if now >= found.expires_at:
        return reason("status.stale", until=found.expires_at)
    per_byte = 8 // found.bits
    place, offset = divmod(reference.index, per_byte)
    if place >= len(found.statuses):
        return reason("status.malformed", detail="idx")
    value = found.statuses[place] >> (offset * found.bits) & ((1 << found.bits) - 1)
    return reason(_CODES.get(value, "status.over"), at=found.issued_at)


def statuses_of(data: bytes, uri: str, anchors: TrustAnchors, *, now: datetime) -> bytes | Reason:
    """All statuses of a list, packed as it has them, or why it says nothing that counts; its age is not looked at."""
    try:
        found = _read(data.strip(), anchors, now)
    except _BadListError as error:
        return error.reason
    return found.statuses if found.uri == uri else reason("status.other", uri=uri)


def _read(data: bytes, anchors: TrustAnchors, now: datetime) -> _List:
    if len(data) > _LARGEST or not _COMPACT.fullmatch(data):
        raise _malformed("form")
    header = _object(data.split(b".")[0], "header")
    if header.get("typ") != _TYPE or header.get("alg") != _ALGORITHM or "crit" in header:
        raise _malformed("header")
    key = _trusted_key(header.get("x5c"), anchors, now)
    try:
        payload = jws.verify(data.decode("ascii"), ECKey(key, _ALGORITHM), algorithms=[_ALGORITHM])
    except (JOSEError, ValueError):
        raise _BadListError(reason("status.untrusted")) from None
    return _claims(_json(payload, "claims"), now)


def _claims(claims: dict[str, Any], now: datetime) -> _List:
    uri, issued, expires = claims.get("sub"), claims.get("iat"), claims.get("exp")
    content = claims.get("status_list")
    if not isinstance(uri, str) or not isinstance(content, dict):
        raise _malformed("claims")
    issued_at, expires_at = _moment(issued), _moment(expires)
    if issued_at > now + _CLOCK_TOLERANCE:
        raise _malformed("iat")
    bits, packed = content.get("bits"), content.get("lst")
    if type(bits) is not int or bits not in (1, 2, 4, 8) or not isinstance(packed, str):
        raise _malformed("status_list")
    return _List(uri, issued_at, expires_at, bits, _unpacked(packed))


def _unpacked(packed: str) -> bytes:
    inflate = zlib.decompressobj()
    try:
        compressed = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
        statuses = inflate.decompress(compressed, _LARGEST_BITS)
    except (ValueError, zlib.error):
        raise _malformed("lst") from None
    if not inflate.eof:
        raise _malformed("lst")
    return statuses


def _trusted_key(encoded: object, anchors: TrustAnchors, now: datetime) -> ec.EllipticCurvePublicKey:
    """The key of the certificate that signed, if it is one for status lists and leads to an anchor."""
    if not isinstance(encoded, list) or not 0 < len(encoded) <= _MOST_CERTIFICATES:
        raise _BadListError(reason("status.untrusted"))
    try:
        chain = _decoded(encoded)
        signer = load_certificate(chain[0])
        usages = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        key = signer.public_key()
        found = find_chain(chain[0], frozenset(chain[1:]), anchors)
    except (ValueError, UnsupportedAlgorithm, x509.ExtensionNotFound):
        raise _BadListError(reason("status.untrusted")) from None
    if (
        not isinstance(found, Chain)
        or found.fault_at(now) is not None
        or list(usages) != [_SIGNING]
        or not isinstance(key, ec.EllipticCurvePublicKey)
        or not isinstance(key.curve, ec.SECP256R1)
    ):
        raise _BadListError(reason("status.untrusted"))
    return key


def _decoded(encoded: Sequence[object]) -> list[bytes]:
    if not all(isinstance(each, str) for each in encoded):
        raise ValueError("x5c")
    return [base64.b64decode(str(each), validate=True) for each in encoded]


def _object(part: bytes, what: str) -> dict[str, Any]:
    try:
        decoded = base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except ValueError:
        raise _malformed(what) from None
    return _json(decoded, what)


def _json(data: bytes, what: str) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise _malformed(what) from None
    if not isinstance(value, dict):
        raise _malformed(what)
    return value


def _moment(seconds: object) -> datetime:
    if type(seconds) is not int or not 0 <= seconds < 253_402_300_800:
        raise _malformed("claims")
    return datetime.fromtimestamp(seconds, UTC)


def _malformed(detail: str) -> _BadListError:
    return _BadListError(reason("status.malformed", detail=detail))
