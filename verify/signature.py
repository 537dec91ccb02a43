"""Checking one signature: its CMS, its time stamp, its certificate at the time that is proven."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from verify import cms
from verify.algorithms import digest_of
from verify.chains import Chain, find_chain, has_broken_certificate
from verify.file_evidence import embedded_evidence
from verify.limits import DEFAULT_LIMITS
from verify.reasons import Text, reason
from verify.revocation import RevocationFinding, Use
from verify.signer import Demands, Fault, FaultKind, SignerCheck, check_signer
from verify.timestamps import CheckedTimeStamp, check_time_stamp, is_canonical
from verify.trust import Trust
from verify.usage import may_sign_documents
from verify.verdict import Indication, Reason

_SIMPLE = {
    FaultKind.CERTIFICATE_MISSING: "signature.certificate_missing",
    FaultKind.CERTIFICATE_SWAPPED: "signature.certificate_swapped",
    FaultKind.HASH: "signature.hash_mismatch",
    FaultKind.SIGNATURE: "signature.invalid",
}


@dataclass(frozen=True, slots=True)
class CheckedSignature:
    """What was found out about a signature; it holds where no reason speaks against it."""

    reasons: tuple[Reason, ...]
    intact: bool = False
    trusted: bool = False
    signer: SignerCheck | None = None
    chain: Chain | None = None
    time_stamp: CheckedTimeStamp | None = None
    revocation: RevocationFinding = field(default_factory=RevocationFinding)


def check_signature(
    contents: bytes,
    document_digest: Callable[[str], bytes],
    trust: Trust,
    *,
    strict: bool,
    pades: bool,
    moment: datetime,
) -> CheckedSignature:
    """Check a detached CMS signature over a document.

    :param contents: the CMS structure, without padding.
    :param document_digest: digest of the bytes that it covers, by the algorithm's name in :mod:`hashlib`.
    :param strict: the rules for licences: canonical form, a time stamp that holds.
    :param pades: ``ETSI.CAdES.detached``; otherwise ``adbe.pkcs7.detached``, which may lack signed attributes.
    :param moment: when the time stamp's certificate has to be valid (see :func:`check_time_stamp`).
    """
    try:
        data = cms.read_signed_data(contents, strict=strict)
    except ValueError:
        return CheckedSignature((_malformed("不是 CMS 签名数据", "it is no CMS SignedData"),))
    if data.content is not None:
        return CheckedSignature((_malformed("签名中夹带了内容", "it carries content of its own"),))
    demands = Demands(
        cms.DATA, strict=strict, attributes=strict or pades, reference=strict or pades, old_reference=not strict
    )
    signer = check_signer(data, document_digest, demands)
    if signer.fault is not None or signer.certificate is None:
        return CheckedSignature((_reason_of(signer.fault),), signer=signer)
    stamp, reasons = _check_stamp(data, trust, strict=strict, moment=moment)
    proven = stamp.proven if stamp else None
    found = find_chain(signer.certificate, trust.pool(data.certificates), trust.anchors)
    chain = found if isinstance(found, Chain) else None
    # that a later time stamp covers the signature proves its age as well as its own time stamp does
    use = Use(proven or moment, proven is not None or moment < trust.now, proven or moment)
    faults = [_trust_fault(signer.certificate, found, use.moment, strict=strict)]
    if not strict:
        faults.append(_content_fault(data, trust))
    elif chain is not None:
        faults.append(_form_fault(data, chain))
    revocation = RevocationFinding()
    if chain is not None:
        words = trust.revocation.with_more(embedded_evidence(data, signed=use.moment, known=moment))
        revocation = words.check(chain, use, now=trust.now, pool=trust.pool(data.certificates))
        faults.extend(revocation.faults)
    against = [fault for fault in faults if fault is not None]
    return CheckedSignature(
        reasons=(*against, *reasons),
        intact=True,
        trusted=not against,
        signer=signer,
        chain=chain,
        time_stamp=stamp,
        revocation=revocation,
    )


def _check_stamp(
    data: cms.SignedData, trust: Trust, *, strict: bool, moment: datetime
) -> tuple[CheckedTimeStamp | None, list[Reason]]:
    """The signature's time stamp, and what speaks against the signature because of it."""
    signer = data.signers[0]
    tokens = signer.unsigned_attributes.get(cms.TIME_STAMP, ())
    if not tokens:
        return None, [reason("seal.time_stamp_missing")] if strict else []
    if strict and len(tokens) > 1:
        return None, [_not_canonical("有多个时间戳", "it has several time stamps")]
    checked = [
        check_time_stamp(token, lambda name: digest_of(name, signer.signature), trust, strict=strict, moment=moment)
        for token in tokens[:4]
    ]
    stamp = next((item for item in checked if item.proven), checked[0])
    if stamp.fault is None:
        return stamp, []
    if not strict and stamp.fault.indication is not Indication.TOTAL_FAILED:
        # a foreign authority that we do not know takes nothing from the signature but the proof of its time
        return stamp, [reason("timestamp.not_trusted")]
    return stamp, [stamp.fault]


def _trust_fault(certificate: bytes, found: Chain | Reason, moment: datetime, *, strict: bool) -> Reason | None:
    if isinstance(found, Reason):
        return found
    if not may_sign_documents(certificate, strict=strict) or (strict and len(found.certificates) < 2):
        return reason("certificate.wrong_usage")
    return found.fault_at(moment)


def _content_fault(data: cms.SignedData, trust: Trust) -> Reason | None:
    """What a foreign signature carries besides what it protects."""
    if len(data.certificates) > DEFAULT_LIMITS.certificates:
        return _malformed("证书过多", "it has too many certificates")
    if has_broken_certificate(frozenset(data.certificates), trust.intermediates, trust.anchors):
        return _not_canonical("其中的证书被改动过", "a certificate in it was changed")
    if set(data.signers[0].unsigned_attributes) - cms.KNOWN_UNSIGNED:
        return reason("signature.unknown_content", detail=Text("未知的未签名属性", "an unknown unsigned attribute"))
    return None


def _form_fault(data: cms.SignedData, chain: Chain) -> Reason | None:
    if set(data.signers[0].unsigned_attributes) - {cms.TIME_STAMP}:
        return _not_canonical("有时间戳以外的未签名属性", "it has unsigned attributes other than a time stamp")
    if not is_canonical(data, chain):
        return _not_canonical(
            "版本、算法列表、证书或编码与规定不符",
            "versions, algorithms, certificates or encoding differ from the rule",
        )
    return None


def _reason_of(fault: Fault | None) -> Reason:
    if fault is None:
        return _malformed("缺少签名者", "its signer is missing")
    if fault.kind in _SIMPLE:
        return reason(_SIMPLE[fault.kind])
    if fault.kind is FaultKind.SEVERAL_SIGNERS:
        return reason("signature.several_signers", count=fault.detail)
    if fault.kind is FaultKind.WEAK_ALGORITHM:
        return reason("signature.weak_algorithm", algorithm=fault.detail)
    if fault.kind is FaultKind.WEAK_KEY:
        return reason("signature.weak_key", key=fault.detail)
    code = "signature.attributes" if fault.kind is FaultKind.ATTRIBUTES else "signature.malformed"
    return reason(code, detail=fault.detail)


def _malformed(zh: str, en: str) -> Reason:
    return reason("signature.malformed", detail=Text(zh, en))


def _not_canonical(zh: str, en: str) -> Reason:
    return reason("signature.not_canonical", detail=Text(zh, en))
