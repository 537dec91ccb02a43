"""Seal signatures of GB/T 38540 within a PDF (国密电子签章), in the binding that ``docs/gbt38540.md`` describes.

The signature and the seal in it are checked by :mod:`seal`; here they are held against the document, the trust list,
what was revoked, and the time that something else in the file proves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SM3, Hash
from cryptography.hazmat.primitives.serialization import Encoding

from keys.certificate_checks import PathProblem, find_path, has_limited_purposes, is_valid_at
from seal.errors import SealError
from seal.esl_checks import SignatureState
from seal.findings import Severity
from seal.ses_signature import SesCheck, SesSignature, check_ses_signature, read_ses_signature
from verify.certificates import load_certificate
from verify.document import Document
from verify.fields import SignatureField
from verify.reasons import Text, reason
from verify.seal_revocation import word_on
from verify.structure import SignedRange, StructureError, ends_revision, signed_range
from verify.timestamps import CLOCK_TOLERANCE
from verify.trust import Trust
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

_FILTER, _SUBFILTER = "GBT38540", "SES.V4"
_VERSION: Final = 4
_BEFORE_THE_SEAL: Final = timedelta(hours=1)
"""How much older a licence's seal signature may be than the seal over it."""

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
class Surroundings:
    """What else in the file bears on a seal signature.

    ``proven``: when it is proven to have existed, if something proves it. ``changes``: what came after it, and
    ``fault`` what speaks against that. ``seal``: the certificate of the seal that certifies a licence, DER, whose
    holder has to be the same. Licences are held to more.
    """

    proven: datetime | None
    changes: Changes
    fault: Reason | None
    seal: bytes | None = None
    licence: bool = True


def is_seal_signature(field: SignatureField) -> bool:
    """Whether a field holds seal data of GB/T 38540."""
    return field.subfilter.startswith("SES.")


def check_seal_signature(
    document: Document, field: SignatureField, trust: Trust, surroundings: Surroundings
) -> SignatureReport:
    """Check the seal signature of one field."""
    return _SealSignature(document, field, trust, surroundings).report()


class _SealSignature:
    def __init__(self, document: Document, field: SignatureField, trust: Trust, around: Surroundings) -> None:
        self._document = document
        self._field = field
        self._trust = trust
        self._around = around
        self._moment = around.proven or trust.now
        self._signature: SesSignature | None = None
        self._check: SesCheck | None = None
        self._signer_path: _Certificates = ()
        self._maker_path: _Certificates = ()

    def report(self) -> SignatureReport:
        against = tuple(dict.fromkeys(self._faults()))
        signature, check = self._signature, self._check
        reasons = against
        if not against and signature is not None:
            reasons = (reason("ses.valid", at=f"{signature.signed_at:%Y-%m-%d %H:%M:%S}Z"),)
        chief = main_reason(reasons)
        signer = check.signer if check else None
        codes = {item.code for item in check.findings} if check else set()
        intact = check is not None and check.signature is SignatureState.VALID and "ses.digest_matches" in codes
        return SignatureReport(
            field_name=self._field.name,
            kind=SignatureKind.SES,
            indication=worst(item.indication for item in reasons),
            sub_indication=chief.sub_indication if chief else None,
            reasons=reasons,
            intact=intact,
            trusted=not against,
            coverage=Coverage.PARTIAL,
            changes=self._around.changes,
            subfilter=self._field.subfilter,
            signer_subject=signer.subject.rfc4514_string() if signer else None,
            signer_serial=f"{signer.serial_number:x}" if signer else None,
            signer_sha256=hashlib.sha256(signature.certificate).hexdigest() if signature and signer else None,
            chain=_subjects(self._signer_path),
            claimed_time=signature.signed_at if signature else None,
            proven_time=self._around.proven if intact else None,
            digest_algorithm="sm3" if signature else None,
            signature_algorithm="sm2-sm3" if intact else None,
            seal_data=_seal_data(signature, check, self._maker_path) if signature and check else None,
        )

    def _faults(self) -> Iterator[Reason]:
        if self._field.value.get("Filter") != _FILTER or self._field.subfilter != _SUBFILTER:
            yield reason("signature.unsupported", subfilter=self._field.subfilter)
            return
        try:
            covered = signed_range(self._document, self._field.value, strict=True)
            signature = self._signature = read_ses_signature(covered.contents)
        except StructureError as error:
            yield error.reason
            return
        except SealError as error:
            yield _malformed(error.message_zh, error.message_en)
            return
        if not ends_revision(self._document.data, covered.end):
            detail = Text("未到修订的末尾", "it does not reach to the end of a revision")
            yield reason("structure.byte_range", detail=detail)
        if signature.property != self._field.name:
            yield reason("ses.other_field")
        if self._around.fault is not None:
            yield self._around.fault
        yield from self._findings(signature, covered)
        yield from self._times(signature)
        yield from self._revocation(signature)
        if self._around.licence:
            yield from self._of_a_licence(signature)

    def _findings(self, signature: SesSignature, covered: SignedRange) -> Iterator[Reason]:
        data = memoryview(self._document.data)
        digest = Hash(SM3())
        digest.update(data[: covered.gap_start])
        digest.update(data[covered.gap_end : covered.end])
        now, others = self._trust.now, self._others()
        anchors = self._anchors(signature.signed_at or now)
        check = check_ses_signature(signature, digest.finalize(), now=now, anchors=anchors, others=others)
        self._check = check
        if check.signer is not None:
            self._signer_path = _path(check.signer, anchors, others, signature.signed_at or now)
        if check.seal.maker is not None:
            self._maker_path = _path(check.seal.maker, anchors, others, signature.esl.created_at)
        for item in (*check.findings, *check.seal.findings):
            if item.code in _REASONS:
                yield reason(_REASONS[item.code])
            elif item.severity is Severity.ERROR:
                yield _malformed(item.message_zh, item.message_en)

    def _times(self, signature: SesSignature) -> Iterator[Reason]:
        moment, signer = self._moment, self._check.signer if self._check else None
        if signer is not None and not is_valid_at(signer, moment):
            yield reason("ses.certificate_out_of_bounds")
        if signature.signed_at is not None and signature.signed_at > moment + CLOCK_TOLERANCE:
            yield reason("ses.time")

    def _revocation(self, signature: SesSignature) -> Iterator[Reason]:
        moment = self._moment
        # a maker's certificate that was replaced in good order counts for what it made before
        for path, orderly in ((self._signer_path, moment), (self._maker_path, signature.esl.created_at)):
            for certificate, issuer in pairwise(path):
                word = word_on(certificate, issuer, self._trust.seal_makers.crls)
                if word is None:
                    if not self._trust.seal_makers.complete:
                        yield reason("ses.revocation_unknown")
                elif word.revoked_by(orderly if word.orderly and certificate is path[0] else moment):
                    yield reason("ses.revoked", at=f"{word.since:%Y-%m-%d %H:%M:%S}Z")

    def _of_a_licence(self, signature: SesSignature) -> Iterator[Reason]:
        if signature.version != _VERSION or signature.esl.form != _VERSION:
            yield _malformed("版本不是 4", "it is not of version 4")
        at, signer = signature.signed_at, self._check.signer if self._check else None
        maker = self._check.seal.maker if self._check else None
        if maker is not None and has_limited_purposes(maker):
            yield reason("ses.wrong_usage")
        if at is not None and at < self._moment - _BEFORE_THE_SEAL:
            yield reason("ses.time")
        if self._around.seal is not None and signer is not None:
            seal = load_certificate(self._around.seal)
            if seal.subject.public_bytes() != signer.subject.public_bytes():
                yield reason("ses.other_seal")

    def _anchors(self, at: datetime) -> list[x509.Certificate]:
        found = []
        for certificate in self._trust.seal_makers.anchors.certificates:
            since, until = self._trust.seal_makers.anchors.period(certificate.public_bytes(Encoding.DER))
            if (since is None or since <= at) and (until is None or at <= until):
                found.append(certificate)
        return found

    def _others(self) -> list[x509.Certificate]:
        found = []
        for encoded in (*self._trust.seal_makers.authorities, *sorted(self._trust.intermediates)):
            try:
                found.append(load_certificate(encoded))
            except ValueError:
                continue
        return found


def _path(
    certificate: x509.Certificate, anchors: Sequence[x509.Certificate], others: Sequence[x509.Certificate], at: datetime
) -> _Certificates:
    found = find_path(certificate, anchors, others, at=at)
    return () if isinstance(found, PathProblem) else found


def _subjects(path: _Certificates) -> tuple[str, ...]:
    return tuple(each.subject.rfc4514_string() for each in path)


def _seal_data(signature: SesSignature, check: SesCheck, maker_path: _Certificates) -> SealDataReport:
    esl, maker = signature.esl, check.seal.maker
    return SealDataReport(
        version=signature.version,
        id=esl.id,
        name=esl.name,
        kind=esl.kind,
        valid_from=esl.valid_from,
        valid_until=esl.valid_until,
        maker_subject=maker.subject.rfc4514_string() if maker else None,
        maker_chain=_subjects(maker_path),
        document_digest=signature.digest.hex(),
        findings=tuple(item.code for item in (*check.findings, *check.seal.findings)),
    )


def _malformed(zh: str, en: str) -> Reason:
    return reason("ses.malformed", detail=Text(zh.rstrip("。"), en.rstrip(".")))
