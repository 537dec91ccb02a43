"""Seal signatures of GB/T 38540 within a PDF (国密电子签章), in the binding that ``docs/gbt38540.md`` describes.

The signature and the seal in it are checked by :mod:`verify.seal_checks`; here they are held against the document.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.hashes import SM3, Hash

from keys.certificate_checks import has_limited_purposes
from seal.errors import SealError
from seal.ses_signature import read_ses_signature
from verify.certificates import load_certificate
from verify.document import Document
from verify.fields import SignatureField
from verify.reasons import Text, reason
from verify.seal_checks import CheckedSeal, check_seal, malformed, seal_report
from verify.structure import SignedRange, StructureError, ends_revision, signed_range
from verify.trust import Trust
from verify.verdict import Changes, Coverage, Reason, SignatureReport

_FILTER, _SUBFILTER = "GBT38540", "SES.V4"
_VERSION: Final = 4
_BEFORE_THE_SEAL: Final = timedelta(hours=1)
"""How much older a licence's seal signature may be than the seal over it."""


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
    against: list[Reason] = []
    checked = None
    if field.value.get("Filter") != _FILTER or field.subfilter != _SUBFILTER:
        against.append(reason("signature.unsupported", subfilter=field.subfilter))
    else:
        try:
            covered = signed_range(document, field.value, strict=True)
            checked = _checked(document, covered, trust, surroundings.proven)
            against.extend(_faults(document, field, covered, checked, surroundings))
            if surroundings.licence:
                against.extend(_faults_of_a_licence(checked, surroundings, trust.now))
        except StructureError as error:
            against.append(error.reason)
        except SealError as error:
            against.append(malformed(error.message_zh, error.message_en))
    return seal_report(
        field.name,
        checked,
        against,
        coverage=Coverage.PARTIAL,
        changes=surroundings.changes,
        subfilter=field.subfilter,
        proven=surroundings.proven,
    )


def _checked(document: Document, covered: SignedRange, trust: Trust, proven: datetime | None) -> CheckedSeal:
    signature = read_ses_signature(covered.contents)
    data = memoryview(document.data)
    digest = Hash(SM3())
    digest.update(data[: covered.gap_start])
    digest.update(data[covered.gap_end : covered.end])
    return check_seal(
        signature,
        digest.finalize(),
        trust.seal_makers,
        now=trust.now,
        proven=proven,
        intermediates=sorted(trust.intermediates),
    )


def _faults(
    document: Document, field: SignatureField, covered: SignedRange, checked: CheckedSeal, around: Surroundings
) -> Iterator[Reason]:
    if not ends_revision(document.data, covered.end):
        detail = Text("未到修订的末尾", "it does not reach to the end of a revision")
        yield reason("structure.byte_range", detail=detail)
    if checked.signature.property != field.name:
        yield reason("ses.other_field")
    if around.fault is not None:
        yield around.fault


def _faults_of_a_licence(checked: CheckedSeal, around: Surroundings, now: datetime) -> Iterator[Reason]:
    signature, check = checked.signature, checked.check
    if signature.version != _VERSION or signature.esl.form != _VERSION:
        yield malformed("版本不是 4", "it is not of version 4")
    if check.seal.maker is not None and has_limited_purposes(check.seal.maker):
        yield reason("ses.wrong_usage")
    if signature.signed_at is not None and signature.signed_at < (around.proven or now) - _BEFORE_THE_SEAL:
        yield reason("ses.time")
    if around.seal is not None and check.signer is not None:
        seal = load_certificate(around.seal)
        if seal.subject.public_bytes() != check.signer.subject.public_bytes():
            yield reason("ses.other_seal")
