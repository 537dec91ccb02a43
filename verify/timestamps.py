"""Time-stamp tokens (RFC 3161, RFC 5816): does one prove that these bytes existed at that time?"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from verify import cms, der
from verify.algorithms import AlgorithmIdentifier, WeakAlgorithmError, digest_of
from verify.chains import Chain, find_chain, has_broken_certificate
from verify.file_evidence import embedded_evidence
from verify.limits import DEFAULT_LIMITS
from verify.reasons import Text, reason
from verify.revocation import RevocationFinding, Use
from verify.signer import Demands, Fault, FaultKind, SignerCheck, check_signer
from verify.trust import Trust
from verify.usage import may_stamp_time
from verify.verdict import Reason

CLOCK_TOLERANCE: Final = timedelta(minutes=5)
"""How far the authority's clock may be ahead of the checker's."""

_TIME = re.compile(rb"([0-9]{14})(?:\.([0-9]{1,9}))?Z")


@dataclass(frozen=True, slots=True)
class TimeStampInfo:
    """What a token says (RFC 3161, 2.4.2)."""

    imprint_algorithm: AlgorithmIdentifier
    imprint: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class CheckedTimeStamp:
    """What was found out about a token."""

    fault: Reason | None
    """Why it proves nothing, if so."""
    at: datetime | None = None
    """The time that it gives, proven or not."""
    intact: bool = False
    """It is over these bytes, and the signature on it is right."""
    signer: SignerCheck | None = None
    chain: Chain | None = None
    revocation: RevocationFinding = field(default_factory=RevocationFinding)

    @property
    def proven(self) -> datetime | None:
        """The time that it proves."""
        return self.at if self.fault is None else None


def check_time_stamp(
    token: bytes, stamped: Callable[[str], bytes], trust: Trust, *, strict: bool, moment: datetime
) -> CheckedTimeStamp:
    """Check a token.

    :param stamped: digest of the bytes that it should be over, by the algorithm's name in :mod:`hashlib`.
    :param strict: hold it to its one canonical form.
    :param moment: when the authority's certificate has to be valid: now, or when a later time stamp proves that this
        one existed.
    """
    try:
        data = cms.read_signed_data(token, strict=strict)
        info = _read_info(data.content)
        expected = stamped(info.imprint_algorithm.digest)
    except WeakAlgorithmError as weak:
        return CheckedTimeStamp(reason("timestamp.weak", algorithm=str(weak)))
    except ValueError:
        return CheckedTimeStamp(_malformed("不是 RFC 3161 时间戳", "it is no RFC 3161 token"))
    if not hmac.compare_digest(info.imprint, expected):
        return CheckedTimeStamp(reason("timestamp.other_data"), info.at)
    content = data.content or b""
    demands = Demands(cms.TST_INFO, strict=strict, attributes=True, reference=True, old_reference=True)
    signer = check_signer(data, lambda name: digest_of(name, content), demands)
    if signer.fault is not None or signer.certificate is None:
        return CheckedTimeStamp(_reason_of(signer.fault), info.at, signer=signer)
    fault, chain = _trusted(data, signer.certificate, trust, strict=strict, moment=moment)
    if fault is None and info.at > trust.now + CLOCK_TOLERANCE:
        fault = reason("timestamp.in_the_future", at=info.at)
    checked = CheckedTimeStamp(fault, info.at, intact=True, signer=signer, chain=chain)
    return checked if fault is not None or chain is None else _unless_revoked(checked, chain, data, trust, moment)


def _unless_revoked(
    checked: CheckedTimeStamp, chain: Chain, data: cms.SignedData, trust: Trust, moment: datetime
) -> CheckedTimeStamp:
    words = trust.revocation.with_more(embedded_evidence(data, signed=moment, known=moment))
    use = Use(moment, moment < trust.now, min(checked.at or moment, moment), stamp=True)
    found = words.check(chain, use, now=trust.now, pool=trust.pool(data.certificates))
    return replace(checked, fault=found.faults[0] if found.faults else None, revocation=found)


def _trusted(
    data: cms.SignedData, certificate: bytes, trust: Trust, *, strict: bool, moment: datetime
) -> tuple[Reason | None, Chain | None]:
    unusable = _certificate_fault(data, certificate, trust, strict=strict)
    if unusable is not None:
        return unusable, None
    found = find_chain(certificate, trust.pool(data.certificates), trust.time_stamp_anchors)
    if isinstance(found, Reason):
        weak = found.code == "certificate.chain_weak"
        where = Text("证书链", "in its certificate chain")
        return reason("timestamp.weak", algorithm=where) if weak else reason("timestamp.untrusted"), None
    fault = found.fault_at(moment)
    if fault is not None:
        untrusted = fault.code == "certificate.anchor_not_trusted_then"
        return reason("timestamp.untrusted" if untrusted else "timestamp.certificate_out_of_bounds"), found
    if strict and (data.signers[0].unsigned_attributes or not is_canonical(data, found)):
        return _malformed("含有不受签名保护的内容", "it holds what its signature does not protect"), found
    return None, found


def _certificate_fault(data: cms.SignedData, certificate: bytes, trust: Trust, *, strict: bool) -> Reason | None:
    if not may_stamp_time(certificate):
        return reason("timestamp.wrong_usage")
    if len(data.certificates) > DEFAULT_LIMITS.certificates:
        return _malformed("证书过多", "it has too many certificates")
    embedded = frozenset(data.certificates)
    if not strict and has_broken_certificate(embedded, trust.intermediates, trust.time_stamp_anchors):
        return _malformed("其中的证书被改动过", "a certificate in it was changed")
    return None


def is_canonical(data: cms.SignedData, chain: Chain) -> bool:
    """Whether a SignedData is written in the one form there is for what was proven about it.

    It embeds the chain, with or without the anchor, and nothing else.
    """
    path = chain.certificates
    embedded = next((part for part in (path[:-1], path) if set(part) == set(data.certificates)), None)
    try:
        return bool(embedded) and embedded is not None and cms.canonical(data, embedded) == data.raw
    except ValueError:
        return False


def _read_info(content: bytes | None) -> TimeStampInfo:
    fields = der.Fields(der.read_all(content or b""))
    if der.integer(fields.take(der.INTEGER)) != 1:
        raise der.DerError("another version of TSTInfo")
    der.oid(fields.take(der.OID))
    imprint = der.Fields(fields.take(der.SEQUENCE))
    algorithm, digest = AlgorithmIdentifier.of(imprint.take(der.SEQUENCE)), der.octets(imprint.take(der.OCTET_STRING))
    imprint.end()
    fields.take(der.INTEGER)
    time = _TIME.fullmatch(fields.take(der.GENERALIZED_TIME).contents)
    if time is None:
        raise der.DerError("a time that is none")
    at = datetime.strptime(time[1].decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    fraction = (time[2] or b"0").ljust(6, b"0")[:6]
    return TimeStampInfo(algorithm, digest, at.replace(microsecond=int(fraction)))


def _reason_of(fault: Fault | None) -> Reason:
    if fault is not None and fault.kind in (FaultKind.WEAK_ALGORITHM, FaultKind.WEAK_KEY):
        return reason("timestamp.weak", algorithm=fault.detail)
    if fault is not None and fault.kind is FaultKind.CERTIFICATE_MISSING:
        return reason("timestamp.untrusted")
    if fault is not None and fault.kind in (FaultKind.HASH, FaultKind.SIGNATURE, FaultKind.CERTIFICATE_SWAPPED):
        return reason("timestamp.invalid")
    detail = fault.detail if fault is not None and fault.detail else Text("缺少签名者或证书", "its signer is missing")
    return reason("timestamp.malformed", detail=detail)


def _malformed(zh: str, en: str) -> Reason:
    return reason("timestamp.malformed", detail=Text(zh, en))
