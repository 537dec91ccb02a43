"""The policy for PDFs of other signers: every signature by itself, and what changed after it.

The same cryptography as for licences, but room for the ways in which others write: BER, unsigned attributes, older
references to certificates, approval signatures that others follow. What changed after a signature is told by pyHanko's
difference analysis and then judged more strictly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from verify.differences import Differences, changes_after, changes_since
from verify.document import Document, text
from verify.errors import TooComplexError
from verify.fields import SignatureField, count_pages, docmdp_level
from verify.file_evidence import stored_certificates
from verify.filling import only_filled_in
from verify.judgement import Judgement, Standing, level_of, signature_report, time_stamp_report
from verify.objects import WHITESPACE, PdfSyntaxError
from verify.pdf_date import read_pdf_date
from verify.reasons import reason
from verify.seal_signature import Surroundings, check_seal_signature, is_seal_signature
from verify.signature import CheckedSignature, check_signature
from verify.source import stands_at
from verify.structure import SignedRange, StructureError, signed_range
from verify.timestamps import CheckedTimeStamp, check_time_stamp
from verify.trust import Trust, with_evidence, with_proof
from verify.verdict import Changes, Coverage, Indication, Level, Reason, SignatureReport, worst

_FORMATS = {"ETSI.CAdES.detached": True, "adbe.pkcs7.detached": False}
"""Formats that are checked, and whether they are PAdES."""


@dataclass(frozen=True, slots=True)
class _Signature:
    """A signature in its place."""

    field: SignatureField
    covered: SignedRange | None
    fault: Reason | None
    certified: int | None

    @property
    def end(self) -> int:
        return self.covered.end if self.covered else 0


def judge_foreign(document: Document, fields: list[SignatureField], trust: Trust) -> Judgement:
    """Judge a document under the general policy.

    :param fields: its filled signature fields.
    """
    return _Foreign(document, fields, trust).judge()


class _Foreign:
    def __init__(self, document: Document, fields: list[SignatureField], trust: Trust) -> None:
        self._document = document
        more = replace(trust, intermediates=trust.intermediates | stored_certificates(document))
        self._trust = with_evidence(more, document)
        self._signatures = sorted((self._placed(field) for field in fields), key=lambda item: item.end)
        self._differences: Differences | None = None

    def judge(self) -> Judgement:
        reports: list[SignatureReport] = []
        moment = self._trust.now
        for signature in reversed(self._signatures):
            if signature.field.is_time_stamp:
                checked = self._check_stamp(signature, moment)
                if checked.proven is not None:
                    moment = min(moment, checked.proven)
                    self._trust = with_proof(self._trust, signature.end, checked.proven)
                reports.append(self._stamp_report(signature, checked))
            elif is_seal_signature(signature.field):
                reports.append(self._seal_report(signature, moment))
            else:
                reports.append(self._report(signature, self._check(signature, moment)))
        reports.reverse()
        found = [*self._whole(), *(item for report in self._counting(reports) for item in report.reasons)]
        return Judgement(tuple(dict.fromkeys(found)), tuple(reports))

    def _placed(self, field: SignatureField) -> _Signature:
        try:
            certified = docmdp_level(self._document, field)
            return _Signature(field, signed_range(self._document, field.value, strict=False), None, certified)
        except StructureError as error:
            return _Signature(field, None, error.reason, None)

    def _whole(self) -> list[Reason]:
        """What speaks against the file, whatever its signatures are."""
        found = []
        try:
            count_pages(self._document)
        except PdfSyntaxError:
            found.append(reason("structure.page_tree"))
        last = self._signatures[-1]
        beyond = (Changes.NONE, Changes.LONG_TERM_VALIDATION)
        if last.covered is not None and self._changes(last) not in (*beyond, None, Changes.OTHER):
            found.append(reason("structure.filled_in" if self._filled_in(last) else "structure.unsigned_changes"))
        return found

    def _filled_in(self, last: _Signature) -> bool:
        """Whether fields were filled in after the last signature as a certification permits, and no more."""
        certified = {signature.certified for signature in self._signatures} - {None}
        if not certified or 1 in certified or self._changes(last) is not Changes.FORM_FILLING:
            return False
        try:
            return only_filled_in(self._document.until(last.end), self._document)
        except (PdfSyntaxError, TooComplexError):
            return False

    def _counting(self, reports: list[SignatureReport]) -> list[SignatureReport]:
        """The reports that the file's verdict rests on.

        A document time stamp of an authority that is not trusted here takes nothing from a signature that holds.
        """
        signatures = [
            report for report, placed in zip(reports, self._signatures, strict=True) if not placed.field.is_time_stamp
        ]
        stamps = [
            report for report, placed in zip(reports, self._signatures, strict=True) if placed.field.is_time_stamp
        ]
        if not signatures:
            return stamps
        return signatures + [report for report in stamps if report.indication is Indication.TOTAL_FAILED]

    def _check(self, signature: _Signature, moment: datetime) -> CheckedSignature:
        covered = signature.covered
        subfilter = signature.field.subfilter
        if subfilter not in _FORMATS:
            return CheckedSignature((reason("signature.unsupported", subfilter=subfilter),))
        if covered is None or signature.fault is not None:
            return CheckedSignature((signature.fault,) if signature.fault else ())
        return check_signature(
            covered.contents,
            lambda name: covered.digest(self._document, name),
            self._trust,
            strict=False,
            pades=_FORMATS[subfilter],
            moment=moment,
        )

    def _check_stamp(self, signature: _Signature, moment: datetime) -> CheckedTimeStamp:
        covered = signature.covered
        if covered is None:
            return CheckedTimeStamp(signature.fault)
        return check_time_stamp(
            covered.contents,
            lambda name: covered.digest(self._document, name),
            self._trust,
            strict=False,
            moment=moment,
        )

    def _report(self, signature: _Signature, checked: CheckedSignature) -> SignatureReport:
        against = [*checked.reasons, *self._change_faults(signature)]
        if worst(item.indication for item in against) is Indication.TOTAL_PASSED:
            against = [reason("signature.valid"), *against, *checked.revocation.in_favour]
        claimed = read_pdf_date(text(self._document.resolve(signature.field.value.get("M"))))
        return signature_report(signature.field, checked, self._standing(signature, checked), tuple(against), claimed)

    def _seal_report(self, signature: _Signature, moment: datetime) -> SignatureReport:
        proven = moment if moment < self._trust.now else None
        fault = next(iter(self._change_faults(signature)), None)
        around = Surroundings(proven, self._changes(signature) or Changes.OTHER, fault, licence=False)
        return check_seal_signature(self._document, signature.field, self._trust, around)

    def _stamp_report(self, signature: _Signature, checked: CheckedTimeStamp) -> SignatureReport:
        against = [item for item in (checked.fault, *self._change_faults(signature)) if item is not None]
        if not against:
            against.append(reason("timestamp.valid", at=checked.at))
            against.extend(checked.revocation.in_favour)
        return time_stamp_report(signature.field, checked, self._standing(signature, None), tuple(against))

    def _standing(self, signature: _Signature, checked: CheckedSignature | None) -> Standing:
        changes = self._changes(signature)
        if self._covers_all(signature):
            coverage = Coverage.WHOLE_FILE
        elif changes is Changes.LONG_TERM_VALIDATION:
            coverage = Coverage.WHOLE_FILE_BEFORE_LTV
        else:
            coverage = Coverage.PARTIAL
        level = self._level(signature, checked) if checked and checked.intact else None
        return Standing(coverage, changes or Changes.OTHER, signature.certified, level)

    def _level(self, signature: _Signature, checked: CheckedSignature) -> Level | None:
        if not _FORMATS.get(signature.field.subfilter):
            return None
        return level_of(checked, max((end for end, _ in self._trust.revocation.proofs), default=None))

    def _covers_all(self, signature: _Signature) -> bool:
        data, end = self._document.data, signature.end
        if signature.covered is None:
            return False
        # some signers leave out the line end after the last marker
        ends = stands_at(data, b"%%EOF", end - 5, end)
        return end == len(data) or (ends and data[end : end + 3] in (b"\n", b"\r\n", b"\r"))

    def _changes(self, signature: _Signature) -> Changes | None:
        """What changed after a signature; nothing where it could not be told."""
        if signature.covered is None:
            return Changes.OTHER
        if self._covers_all(signature):
            return Changes.NONE
        if self._document.data[self._document.marker_end :].strip(WHITESPACE):
            return Changes.OTHER
        if is_seal_signature(signature.field):
            return changes_since(self._document, signature.end)
        if self._differences is None:
            self._differences = changes_after(self._document)
        found = self._differences.after(signature.covered)
        # bytes that no revision accounts for
        return Changes.OTHER if found is Changes.NONE else found

    def _change_faults(self, signature: _Signature) -> list[Reason]:
        if signature.covered is None:
            return []
        changes, certified = self._changes(signature), signature.certified
        if changes is None:
            return [reason("structure.not_compared")]
        if changes is Changes.OTHER:
            return [reason("structure.changed_after_signing")]
        if changes is Changes.ANNOTATIONS and certified != 3:
            return [reason("structure.annotated")]
        if changes is Changes.FORM_FILLING and certified == 1:
            return [reason("structure.form_changed")]
        return []
