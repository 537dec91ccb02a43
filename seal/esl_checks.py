"""Checking seal data (GB/T 38540-2020): the maker's signature, the maker's certificate, the dates.

Each question is answered by itself, so that a genuine seal whose time is over shows as just that. Whether the seal was
revoked or frozen its maker's register says, not its data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from cryptography import x509

from keys.certificate_checks import (
    is_valid_at,
    load_certificate,
    may_sign_data,
    path_problem,
    sm2_key_of,
)
from keys.errors import CertificateUnreadableError, Sm2KeyInvalidError
from keys.sm2 import SM2_WITH_SM3, encode_signature
from seal.esl import Esl
from seal.findings import Finding, Severity, finding

SM2_SIGNATURES: Final = frozenset({SM2_WITH_SM3, "1.2.156.10197.1.301.1"})
"""SM2-with-SM3, and the identifier of SM2 signatures as such (GM/T 0006-2012), by which writers mean the same."""

_NUMBER_BYTES: Final = 32
_MAGIC: Final = {
    "PNG": b"\x89PNG\r\n\x1a\n",
    "JPG": b"\xff\xd8\xff",
    "JPEG": b"\xff\xd8\xff",
    "GIF": b"GIF8",
    "BMP": b"BM",
    "OFD": b"PK\x03\x04",
}


class SignatureState(StrEnum):
    """What became of a signature."""

    VALID = "valid"
    INVALID = "invalid"
    UNSUPPORTED = "unsupported"
    """Its algorithm or key is not SM2."""
    UNREADABLE = "unreadable"
    """The certificate beside it cannot be read."""


@dataclass(frozen=True, slots=True)
class EslCheck:
    """What checking seal data came to.

    ``maker`` is the maker's certificate, where it can be read.
    """

    signature: SignatureState
    maker: x509.Certificate | None
    findings: tuple[Finding, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing speaks against relying on the seal, its age left aside."""
        return all(each.severity is not Severity.ERROR for each in self.findings)


def check_esl(
    esl: Esl,
    *,
    at: datetime,
    anchors: Sequence[x509.Certificate] | None = None,
    others: Sequence[x509.Certificate] = (),
) -> EslCheck:
    """Check seal data.

    :param at: the moment at which seal and maker's certificate should be valid.
    :param anchors: roots that are trusted to certify seal makers; nothing leaves the chain unchecked, and says so.
    :param others: certificates that may stand between maker and root.
    """
    state, maker = verify(esl.maker_certificate, esl.signature_algorithm, esl.signature, esl.signed_part)
    codes = [_SIGNATURE_CODES[state]]
    if maker is not None:
        codes += _maker_codes(esl, maker, at)
        # as of the making: an old seal is not worse for its maker's certificate having run out since
        codes.append("esl.maker_" + trust_code(maker, anchors, others, esl.created_at))
    codes += _seal_codes(esl, at)
    return EslCheck(state, maker, tuple(finding(code) for code in codes))


_SIGNATURE_CODES: Final = {
    SignatureState.VALID: "esl.maker_signature_valid",
    SignatureState.INVALID: "esl.maker_signature_invalid",
    SignatureState.UNSUPPORTED: "esl.maker_algorithm_unsupported",
    SignatureState.UNREADABLE: "esl.maker_certificate_unreadable",
}


def verify(
    certificate: bytes, algorithm: str, signature: bytes, signed: bytes
) -> tuple[SignatureState, x509.Certificate | None]:
    """Verify a signature of seal data or with a seal, and read the certificate beside it; for this package."""
    try:
        loaded = load_certificate(certificate)
    except CertificateUnreadableError:
        return SignatureState.UNREADABLE, None
    if algorithm not in SM2_SIGNATURES:
        return SignatureState.UNSUPPORTED, loaded
    try:
        key = sm2_key_of(loaded)
    except Sm2KeyInvalidError:
        return SignatureState.UNSUPPORTED, loaded
    return SignatureState.VALID if key.verify(_encoded(signature), signed) else SignatureState.INVALID, loaded


def _encoded(signature: bytes) -> bytes:
    """A signature as GB/T 35276 has it, also where its two numbers stand side by side (as hardware gives them)."""
    if len(signature) != 2 * _NUMBER_BYTES:
        return signature
    numbers = (int.from_bytes(half, "big") for half in (signature[:_NUMBER_BYTES], signature[_NUMBER_BYTES:]))
    return encode_signature(*numbers)


def trust_code(
    certificate: x509.Certificate,
    anchors: Sequence[x509.Certificate] | None,
    others: Sequence[x509.Certificate],
    at: datetime,
) -> str:
    """The end of the code that says whether a certificate is trusted; for this package."""
    if anchors is None:
        return "trust_not_checked"
    return "trusted" if path_problem(certificate, anchors, others, at=at) is None else "untrusted"


def _maker_codes(esl: Esl, maker: x509.Certificate, at: datetime) -> list[str]:
    codes = []
    if at > maker.not_valid_after_utc:
        codes.append("esl.maker_certificate_expired")
    elif at < maker.not_valid_before_utc:
        codes.append("esl.maker_certificate_not_yet_valid")
    if not is_valid_at(maker, esl.created_at):
        codes.append("esl.maker_certificate_not_valid_when_made")
    if not may_sign_data(maker):
        codes.append("esl.maker_key_usage")
    return codes


def _seal_codes(esl: Esl, at: datetime) -> list[str]:
    found = {
        "esl.dates_reversed": esl.valid_until < esl.valid_from,
        "esl.expired": at > esl.valid_until,
        "esl.not_yet_valid": at < esl.valid_from,
        "esl.form_differs": esl.form != (1 if esl.version < 4 else esl.version),
        "esl.version_unsettled": esl.form == 5,
        "esl.time_stamp_not_checked": esl.time_stamp is not None,
        "esl.critical_extension": any(extension.critical for extension in esl.extensions),
        "esl.picture_differs": not _is_of(esl.picture.format, esl.picture.data),
        "esl.no_users": not esl.certificates and not esl.certificate_digests,
    }
    return [code for code, holds in found.items() if holds]


def _is_of(name: str, data: bytes) -> bool:
    """Whether a picture starts as its format does; formats that are not known are taken at their word."""
    if name.upper() == "SVG":
        return b"<svg" in data[:4096]
    return data.startswith(_MAGIC.get(name.upper(), b""))
