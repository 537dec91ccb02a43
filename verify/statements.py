"""What an authority says about a certificate: it stands, it was revoked, or it is not known there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final, Literal

from verify import der

CERTIFICATE_HOLD: Final = 6
"""CRLReason of a revocation that may be lifted again."""

ORDERLY: Final = frozenset({0, 3, 4, 5})
"""CRLReasons after which a time-stamp authority's earlier tokens stay good (RFC 3161, 4.1), where one is stated."""

_TIME: Final = re.compile(rb"[0-9]{14}Z")
_REASONS: Final = {
    0: "unspecified",
    1: "keyCompromise",
    2: "cACompromise",
    3: "affiliationChanged",
    4: "superseded",
    5: "cessationOfOperation",
    CERTIFICATE_HOLD: "certificateHold",
    9: "privilegeWithdrawn",
    10: "aACompromise",
}


class Status(StrEnum):
    """Status of a certificate (RFC 6960, 2.2)."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement about one certificate, signed by who may make it."""

    source: Literal["ocsp", "crl"]
    status: Status
    produced_at: datetime
    this_update: datetime
    """The moment of which it is true."""
    next_update: datetime | None
    signer_from: datetime
    signer_until: datetime
    """When the certificate of who signed it is valid."""
    ended_since: datetime | None = None
    """It also speaks for certificates that ended after this moment."""
    revoked_at: datetime | None = None
    invalid_since: datetime | None = None
    """Since when the key was in other hands (RFC 5280, 5.3.2)."""
    reason: int | None = None

    @property
    def effective(self) -> datetime | None:
        """From when on the certificate is not to be relied upon."""
        return min((at for at in (self.revoked_at, self.invalid_since) if at is not None), default=None)

    @property
    def reason_name(self) -> str | None:
        """Name of the CRLReason (RFC 5280, 5.3.1)."""
        return None if self.reason is None else _REASONS.get(self.reason, str(self.reason))


@dataclass(frozen=True, slots=True)
class Identity:
    """The parts of a certificate by which others name it, as they stand in it."""

    subject: bytes
    issuer: bytes
    serial: int
    key_bits: bytes
    """The contents of subjectPublicKey, without the count of unused bits."""


@lru_cache(maxsize=1024)
def identity_of(certificate: bytes) -> Identity:
    """By what a certificate is named.

    :raises der.DerError: it is no certificate.
    """
    body = der.Fields(der.Fields(der.read_all(certificate)).take(der.SEQUENCE))
    body.optional(0xA0)
    serial = int.from_bytes(body.take(der.INTEGER).contents, "big", signed=True)
    body.take(der.SEQUENCE)
    issuer = body.take(der.SEQUENCE).raw
    body.take(der.SEQUENCE)
    subject = body.take(der.SEQUENCE).raw
    key = der.Fields(body.take(der.SEQUENCE))
    key.take(der.SEQUENCE)
    return Identity(subject, issuer, serial, key.take(der.BIT_STRING).contents[1:])


def time_of(element: der.Element) -> datetime:
    """Value of a GeneralizedTime in whole seconds (RFC 5280, 4.1.2.5.2).

    :raises der.DerError: it is none.
    """
    contents = element.expect(der.GENERALIZED_TIME).contents
    if not _TIME.fullmatch(contents):
        raise der.DerError("a time that is none")
    try:
        return datetime.strptime(contents.decode(), "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise der.DerError("a time that is none") from error


def time_in(value: bytes | None) -> datetime | None:
    """The GeneralizedTime that is an extension's value; nothing where it cannot be read."""
    try:
        return None if value is None else time_of(der.read_all(value))
    except der.DerError:
        return None
