"""Judging an offline presentation (离线亮证) by its text, a trust anchor and a moment, and nothing else.

A pure function, as :mod:`verify.offline` is. Chains of certificates are found once for the same certificates and
anchors (:func:`verify.chains.find_chain`); the signature, the usage and every moment are looked at each time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec

from keys import base45
from keys.cose import CoseError, Sign1
from keys.profiles import PRESENTATION_SIGNING
from trust.offline_credential import PREFIX, CredentialError, OfflineCredential
from trust.register import local_date
from verify.anchors import TrustAnchors
from verify.certificates import load_certificate
from verify.chains import Chain, find_chain
from verify.crl import statement_in
from verify.reasons import reason
from verify.statements import Status
from verify.status_list import StatusReference, status_in
from verify.verdict import Indication, LicenceSummary, Reason, Verdict, verdict

NOT_CHECKED: Final = "offline.status_not_checked"
_LONGEST: Final = 1853
"""Characters of the alphanumeric mode in a QR code of version 25 at the lowest correction (ISO/IEC 18004, table 7)."""
_OWN: Final = len(PREFIX) + 3 * 240
"""Up to here, 480 bytes, a text holds nothing but its signer's certificate, which has no less."""
_AHEAD: Final = timedelta(minutes=1)
"""How far behind the clock of a checker without a network may be; nothing is given on expiry."""


@dataclass(frozen=True, slots=True)
class OfflineCheck:
    """A verdict, and what the presentation says once its signature was found to be good."""

    verdict: Verdict
    credential: OfflineCredential | None


class _NotGoodError(Exception):
    """The presentation is not good, for a coded reason."""

    def __init__(self, found: Reason) -> None:
        self.reason = found
        super().__init__(found.code)


def check_offline_presentation(
    text: str,
    anchors: TrustAnchors,
    status_list: bytes | None = None,
    *,
    crls: Iterable[bytes] = (),
    now: datetime,
) -> OfflineCheck:
    """Check what a holder shows where there is no network.

    Without a status list the verdict rests on the register as it was when the presentation was made, minutes ago, and
    says so.

    :param text: what the QR code says.
    :param status_list: the list that the presentation names, as it was saved before.
    :param crls: revocation lists, DER, where there are any. What the signer's issuer has revoked counts for nothing,
        since when ever: a presentation is minutes old.
    """
    try:
        credential = _signed(text, anchors, crls, now)
    except _NotGoodError as error:
        return OfflineCheck(verdict([error.reason], checked_at=now), None)
    reasons = [_time(credential, now)]
    if status_list is None:
        reasons.append(reason(NOT_CHECKED, at=credential.issued_at))
    else:
        place = StatusReference(credential.status_uri, credential.status_index)
        reasons.append(status_in(status_list, place, anchors, now=now))
    passed = all(each.indication is Indication.TOTAL_PASSED for each in reasons)
    summary = _summary(credential, "valid" if passed else "unknown")
    return OfflineCheck(verdict(reasons, checked_at=now, licence=summary), credential)


def _signed(text: str, anchors: TrustAnchors, crls: Iterable[bytes], now: datetime) -> OfflineCredential:
    """What a text says, if somebody signed it who may."""
    if len(text) > _LONGEST or not text.startswith(PREFIX):
        raise _unreadable("form")
    try:
        message = Sign1.parse(_shared(text[len(PREFIX) : _OWN]) + base45.decode(text[_OWN:]))
    except base45.Base45Error:
        raise _unreadable("Base45") from None
    except CoseError as error:
        raise _unreadable(f"COSE: {error}") from None
    signer, *between = message.chain
    key = _key_of(signer)
    if key is None:
        raise _NotGoodError(reason("offline.wrong_certificate"))
    chain = find_chain(signer, frozenset(between), anchors)
    if not isinstance(chain, Chain) or chain.fault_at(now) is not None:
        raise _NotGoodError(reason("offline.untrusted"))
    issuer = chain.certificates[min(1, len(chain.certificates) - 1)]
    for each in crls:
        if _is_revoked(each, signer, issuer):
            raise _NotGoodError(reason("offline.certificate_revoked"))
    if not message.is_signed_by(key):
        raise _NotGoodError(reason("offline.forged"))
    try:
        return OfflineCredential.from_cbor(message.payload)
    except CredentialError as error:
        raise _unreadable(str(error)) from None


@lru_cache(maxsize=64)
def _shared(text: str) -> bytes:
    """The bytes of the first part of a text, which is the same in all that one signer signs: its certificate."""
    return base45.decode(text)


@lru_cache(maxsize=64)
def _key_of(encoded: bytes) -> ec.EllipticCurvePublicKey | None:
    """The key of a certificate, if that is one for offline presentations and for nothing else."""
    try:
        certificate = load_certificate(encoded)
        key = certificate.public_key()
        extensions = certificate.extensions
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
        purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        constraints = extensions.get_extension_for_class(x509.BasicConstraints).value
    except (ValueError, UnsupportedAlgorithm, x509.ExtensionNotFound):
        return None
    if list(purposes) != [PRESENTATION_SIGNING] or not usage.digital_signature or constraints.ca:
        return None
    return key if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1) else None


def _is_revoked(crl: bytes, certificate: bytes, issuer: bytes) -> bool:
    found = statement_in(crl, certificate, issuer)
    return found is not None and found.status is Status.REVOKED


def _time(credential: OfflineCredential, now: datetime) -> Reason:
    if credential.issued_at > now + _AHEAD:
        return reason("offline.not_yet_valid")
    if now >= credential.expires_at:
        return reason("offline.expired", at=credential.expires_at)
    today = local_date(now)
    # a licence can run out at midnight within the minutes for which it is shown
    if today < credential.valid_from or (credential.valid_until is not None and today > credential.valid_until):
        return reason("offline.licence_over")
    return reason("offline.valid", until=credential.expires_at)


def _summary(credential: OfflineCredential, status: str) -> LicenceSummary:
    return LicenceSummary(
        identifier=credential.identifier,
        type_code=credential.type_code,
        title_zh=credential.name_zh,
        title_en=credential.name_en,
        issuer=credential.issuer,
        holder_masked=credential.holder_masked,
        status=status,
        valid_from=credential.valid_from,
        valid_until=credential.valid_until,
    )


def _unreadable(detail: str) -> _NotGoodError:
    return _NotGoodError(reason("offline.unreadable", detail=detail))
