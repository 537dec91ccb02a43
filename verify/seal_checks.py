"""Checking a seal signature of GB/T 38540 (电子签章) against the trust list, what was revoked, and the time proven.

:mod:`seal.ses_signature` checks the structure itself; what it finds becomes reasons here. Where the signature stands,
in a PDF or by itself, is for the callers to weigh.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from keys.certificate_checks import PathProblem, find_path, is_valid_at
from seal.esl_checks import SignatureState
from seal.findings import Severity
from seal.ses_signature import SesCheck, SesSignature, check_ses_signature
from verify.certificates import load_certificate
from verify.reasons import Text, reason
from verify.seal_revocation import word_on
from verify.timestamps import CLOCK_TOLERANCE
from verify.trust import SealMakerTrust
from verify.verdict import (
    Changes,
    Coverage,
    Reason,
    SealDataReport,
    SignatureKind,
    SignatureReport,
    main_reason,
    worst,
)

_Certificates = tuple[x509.Certificate, ...]

_REASONS: Final = {
    "ses.signature_invalid": "ses.invalid",
    "ses.algorithm_unsupported": "ses.unsupported",
    "ses.certificate_not_valid_when_signed": "ses.certificate_out_of_bounds",
    "ses.key_usage": "ses.wrong_usage",
    "ses.signer_not_listed": "ses.signer_not_listed",
    "ses.signer_untrusted": "ses.untrusted",
    "ses.seal_not_valid_when_signed": "ses.seal_expired",
    "ses.signed_in_the_future": "ses.time",
    "ses.time_unknown": "ses.time",
    "ses.digest_differs": "ses.hash_mismatch",
    "esl.maker_signature_invalid": "ses.seal_invalid",
    "esl.maker_algorithm_unsupported": "ses.unsupported",
    "esl.maker_key_usage": "ses.wrong_usage",
    "esl.maker_untrusted": "ses.maker_untrusted",
    "esl.dates_reversed": "ses.seal_expired",
}
"""What a finding makes of the signature; other errors make it malformed, other warnings nothing."""


@dataclass(frozen=True, slots=True)
class CheckedSeal:
    """A seal signature and what was found out about it; it holds where no reason speaks against it."""

    signature: SesSignature
    check: SesCheck
    signer_path: _Certificates
    """From the signer to the anchor; empty where it leads to none."""
    maker_path: _Certificates
    reasons: tuple[Reason, ...]

    @property
    def intact(self) -> bool:
        """Whether the signature is the signer's, over these data."""
        matches = any(each.code == "ses.digest_matches" for each in self.check.findings)
        return self.check.signature is SignatureState.VALID and matches


def check_seal(
    signature: SesSignature,
    digest: bytes,
    makers: SealMakerTrust,
    *,
    now: datetime,
    proven: datetime | None = None,
    intermediates: Iterable[bytes] = (),
) -> CheckedSeal:
    """Check a seal signature over data with an SM3 digest.

    :param proven: when it is proven to have existed; now counts where nothing proves it.
    :param intermediates: certificates that may complete a chain, DER.
    """
    at = signature.signed_at or now
    anchors, others = _anchors(makers, at), _loaded((*makers.authorities, *intermediates))
    check = check_ses_signature(signature, digest, now=now, anchors=anchors, others=others)
    signer_path = _path(check.signer, anchors, others, at)
    maker_path = _path(check.seal.maker, anchors, others, signature.esl.created_at)
    moment = proven or now
    faults = (
        *_findings(check),
        *_times(signature, check, moment),
        *_revocation(signer_path, makers, moment, moment),
        *_revocation(maker_path, makers, moment, signature.esl.created_at),
    )
    return CheckedSeal(signature, check, signer_path, maker_path, tuple(dict.fromkeys(faults)))


def malformed(zh: str, en: str) -> Reason:
    """The reason of a seal signature that is not as it has to be."""
    return reason("ses.malformed", detail=Text(zh.rstrip("。"), en.rstrip(".")))


def seal_report(
    name: str,
    checked: CheckedSeal | None,
    against: Iterable[Reason],
    *,
    coverage: Coverage,
    changes: Changes,
    subfilter: str | None = None,
    proven: datetime | None = None,
) -> SignatureReport:
    """The report on a seal signature.

    :param checked: nothing where it cannot be read.
    :param against: what speaks against it where it stands, besides what ``checked`` says.
    """
    faults = tuple(dict.fromkeys((*against, *(checked.reasons if checked else ()))))
    reasons = faults
    if not faults and checked is not None:
        reasons = (reason("ses.valid", at=checked.signature.signed_at),)
    chief = main_reason(reasons)
    signer = checked.check.signer if checked else None
    intact = checked is not None and checked.intact
    return SignatureReport(
        field_name=name,
        kind=SignatureKind.SES,
        indication=worst(item.indication for item in reasons),
        sub_indication=chief.sub_indication if chief else None,
        reasons=reasons,
        intact=intact,
        trusted=not faults,
        coverage=coverage,
        changes=changes,
        subfilter=subfilter,
        signer_subject=signer.subject.rfc4514_string() if signer else None,
        signer_serial=f"{signer.serial_number:x}" if signer else None,
        signer_sha256=hashlib.sha256(checked.signature.certificate).hexdigest() if checked and signer else None,
        chain=_subjects(checked.signer_path) if checked else (),
        claimed_time=checked.signature.signed_at if checked else None,
        proven_time=proven if intact else None,
        digest_algorithm="sm3" if checked else None,
        signature_algorithm="sm2-sm3" if intact else None,
        seal_data=_seal_data(checked) if checked else None,
    )


def _findings(check: SesCheck) -> Iterator[Reason]:
    for item in (*check.findings, *check.seal.findings):
        if item.code in _REASONS:
            yield reason(_REASONS[item.code])
        elif item.severity is Severity.ERROR:
            yield malformed(item.message_zh, item.message_en)


def _times(signature: SesSignature, check: SesCheck, moment: datetime) -> Iterator[Reason]:
    if check.signer is not None and not is_valid_at(check.signer, moment):
        yield reason("ses.certificate_out_of_bounds")
    if signature.signed_at is not None and signature.signed_at > moment + CLOCK_TOLERANCE:
        yield reason("ses.time")


def _revocation(path: _Certificates, makers: SealMakerTrust, moment: datetime, made: datetime) -> Iterator[Reason]:
    """What the authorities say of a path.

    :param made: when its first certificate was used: one that was replaced in good order counts for what is older.
    """
    for certificate, issuer in pairwise(path):
        word = word_on(certificate, issuer, makers.crls)
        if word is None:
            if not makers.complete:
                yield reason("ses.revocation_unknown")
        elif word.revoked_by(made if word.orderly and certificate is path[0] else moment):
            yield reason("ses.revoked", at=word.since)


def _anchors(makers: SealMakerTrust, at: datetime) -> list[x509.Certificate]:
    found = []
    for certificate in makers.anchors.certificates:
        since, until = makers.anchors.period(certificate.public_bytes(Encoding.DER))
        if (since is None or since <= at) and (until is None or at <= until):
            found.append(certificate)
    return found


def _loaded(encoded: Iterable[bytes]) -> list[x509.Certificate]:
    found = []
    for each in encoded:
        try:
            found.append(load_certificate(each))
        except ValueError:
            continue
    return found


def _path(
    certificate: x509.Certificate | None,
    anchors: Sequence[x509.Certificate],
    others: Sequence[x509.Certificate],
    at: datetime,
) -> _Certificates:
    if certificate is None:
        return ()
    found = find_path(certificate, anchors, others, at=at)
    return () if isinstance(found, PathProblem) else found


def _subjects(path: _Certificates) -> tuple[str, ...]:
    return tuple(each.subject.rfc4514_string() for each in path)


def _seal_data(checked: CheckedSeal) -> SealDataReport:
    signature, check = checked.signature, checked.check
    esl, maker = signature.esl, check.seal.maker
    return SealDataReport(
        version=signature.version,
        id=esl.id,
        name=esl.name,
        kind=esl.kind,
        valid_from=esl.valid_from,
        valid_until=esl.valid_until,
        maker_subject=maker.subject.rfc4514_string() if maker else None,
        maker_chain=_subjects(checked.maker_path),
        document_digest=signature.digest.hex(),
        findings=tuple(item.code for item in (*check.findings, *check.seal.findings)),
    )
