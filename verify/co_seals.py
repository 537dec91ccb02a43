"""The seals of other departments under the one that closes a licence (联合发证); see :mod:`seal.countersealing`.

Each is an approval signature in a revision of its own over all that was there, and nothing but the next seal comes
between it and that one. What it proves is checked like the last seal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from verify.certification import check_certification
from verify.document import Document, text
from verify.fields import SignatureField, has_lock, signature_fields
from verify.judgement import Standing, level_of, signature_report
from verify.objects import PdfSyntaxError
from verify.pdf_date import read_pdf_date
from verify.reasons import Text, reason
from verify.signature import check_signature
from verify.structure import SignedRange, StructureError, ends_revision, signed_range
from verify.timestamps import CLOCK_TOLERANCE
from verify.trust import Trust
from verify.verdict import Changes, Coverage, Indication, Reason, SignatureReport, worst

_FORMAT = "ETSI.CAdES.detached"


@dataclass(frozen=True, slots=True)
class CoSealCheck:
    """What was found out about one."""

    report: SignatureReport
    against: tuple[Reason, ...]


def check_co_seals(
    sealed: Document, seals: list[SignatureField], trust: Trust, *, moment: datetime, covered_by_stamp: int | None
) -> Iterator[CoSealCheck]:
    """Check the seals before the last.

    :param sealed: the document as of the end of the last seal.
    :param seals: in the order of the form, the last one included.
    :param moment: when the certificates of their time stamps have to be valid.
    :param covered_by_stamp: end of what a document time stamp that holds covers.
    """
    for index, field in enumerate(seals[:-1]):
        try:
            covered = signed_range(sealed, field.value, strict=True)
            against = list(_faults_of_place(sealed, covered, seals, index))
        except StructureError as error:
            yield _unchecked(field, error.reason)
            continue
        except PdfSyntaxError as error:
            yield _unchecked(field, reason("structure.malformed", detail=Text("语法有误", str(error))))
            continue
        checked = check_signature(
            covered.contents,
            lambda name, covered=covered: covered.digest(sealed, name),  # type: ignore[misc]  # bound now, on purpose
            trust,
            strict=True,
            pades=True,
            moment=moment,
        )
        against += checked.reasons
        proven = checked.time_stamp.proven if checked.time_stamp else None
        if proven is not None and proven > moment + CLOCK_TOLERANCE:
            against.append(reason("timestamp.order"))
        holds = worst(each.indication for each in against) is Indication.TOTAL_PASSED
        told = (reason("seal.valid"), *checked.revocation.in_favour) if holds else tuple(against)
        standing = Standing(Coverage.PARTIAL, Changes.FORM_FILLING, None, level_of(checked, covered_by_stamp))
        claimed = read_pdf_date(text(sealed.resolve(field.value.get("M"))))
        yield CoSealCheck(signature_report(field, checked, standing, told, claimed), tuple(against))


def _faults_of_place(
    sealed: Document, covered: SignedRange, seals: list[SignatureField], index: int
) -> Iterator[Reason]:
    """What speaks against where a seal stands, and against what came after it."""
    field, following = seals[index], seals[index + 1]
    if field.subfilter != _FORMAT:
        yield reason("seal.wrong_format", subfilter=field.subfilter)
    if field.reference is None or "Reference" in field.value or has_lock(sealed, field):
        yield reason("seal.several", count=len(seals))
    if not ends_revision(sealed.data, covered.end):
        yield reason(
            "structure.byte_range", detail=Text("未到修订的末尾", "it does not reach to the end of a revision")
        )
        return
    then = sealed.until(covered.end)
    if signature_fields(then) != seals[: index + 1]:
        yield reason("seal.several", count=len(seals))
        return
    last = index + 2 == len(seals)
    after = sealed if last else sealed.until(signed_range(sealed, following.value, strict=True).end)
    check_certification(then, after, following)


def _unchecked(field: SignatureField, fault: Reason) -> CoSealCheck:
    standing = Standing(Coverage.PARTIAL, Changes.OTHER)
    return CoSealCheck(signature_report(field, None, standing, (fault,), None), (fault,))
