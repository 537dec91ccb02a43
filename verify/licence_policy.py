"""The strict policy, for licences that were sealed here.

Exactly one certifying signature that lets nothing change, over the whole file as it was then, seal data of GB/T 38540
within it included; or, on a licence of several departments, their seals one after the other and a last one that locks.
After it nothing but validation data and document time stamps; every structure in the one form that we write; a time
stamp that holds, and a chain that held at the time it proves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from verify.certification import check_certification
from verify.co_seals import CoSealCheck, check_co_seals
from verify.document import Document, text
from verify.errors import EncryptedError
from verify.fields import (
    SignatureField,
    certifies,
    count_pages,
    docmdp_level,
    licence_data,
    locks,
    signature_fields,
)
from verify.judgement import Judgement, Standing, level_of, signature_report, time_stamp_report
from verify.objects import PdfSyntaxError
from verify.pdf_date import read_pdf_date
from verify.reasons import Text, reason
from verify.revisions import Revision, later_revisions
from verify.seal_signature import Surroundings, check_seal_signature, is_seal_signature
from verify.signature import CheckedSignature, check_signature
from verify.structure import SignedRange, StructureError, ends_revision, signed_range
from verify.timestamps import CLOCK_TOLERANCE, CheckedTimeStamp, check_time_stamp
from verify.trust import Trust, with_evidence, with_proof
from verify.verdict import Changes, Coverage, Indication, Level, Reason, SignatureReport, worst

_FORMAT = "ETSI.CAdES.detached"


@dataclass(frozen=True, slots=True)
class _Stamp:
    """A document time stamp in its place, and what was found out about it."""

    field: SignatureField
    end: int
    checked: CheckedTimeStamp
    reasons: tuple[Reason, ...]


def judge_licence(document: Document, fields: list[SignatureField], trust: Trust) -> Judgement:
    """Judge a document under the strict policy.

    :param fields: its filled signature fields.
    :raises EncryptedError: it is encrypted, as no licence is.
    """
    if document.encrypted:
        raise EncryptedError
    stamps = [field for field in fields if field.is_time_stamp]
    inner = [field for field in fields if is_seal_signature(field)]
    seals = [field for field in fields if field not in stamps and field not in inner]
    if not seals:
        return Judgement((reason("seal.missing"),), ())
    if len(seals) > 1 and (inner or not locks(document, seals[-1])):
        return Judgement((reason("seal.several", count=len(seals)),), ())
    return _Licence(document, seals, inner, stamps, trust).judge()


class _Licence:
    def __init__(
        self,
        document: Document,
        seals: list[SignatureField],
        inner: list[SignatureField],
        stamps: list[SignatureField],
        trust: Trust,
    ) -> None:
        self._document = document
        self._seals = seals
        self._seal = seals[-1]
        self._inner = inner
        self._stamp_fields = stamps
        self._trust = trust
        self._faults: list[Reason] = []
        self._changes = Changes.NONE

    def judge(self) -> Judgement:
        certified = self._check_purpose()
        covered = self._covered()
        if covered is None:
            standing = Standing(Coverage.PARTIAL, Changes.OTHER, certified)
            report = signature_report(self._seal, None, standing, tuple(self._faults), None)
            return Judgement(tuple(self._faults), (report,))
        sealed = self._sealed(covered)
        followers = self._follow(sealed, covered) if sealed else []
        self._trust = with_evidence(self._trust, self._document)
        stamps, moment = self._check_stamps(followers)
        checked = check_signature(
            covered.contents,
            lambda name: covered.digest(self._document, name),
            self._trust,
            strict=True,
            pades=True,
            moment=moment,
        )
        standing = Standing(self._coverage(covered), self._changes, certified, self._level(checked, stamps))
        proven = checked.time_stamp.proven if checked.time_stamp else None
        if proven is not None and proven > moment + CLOCK_TOLERANCE:
            self._faults.append(reason("timestamp.order"))
        known = proven or (moment if moment < self._trust.now else None)
        inner = self._check_inner(sealed, checked, known)
        others = self._check_others(sealed, stamps, moment)
        against = (*self._faults, *(fault for other in others for fault in other.against), *checked.reasons)
        told = against or (reason("seal.valid"), *checked.revocation.in_favour)
        report = signature_report(self._seal, checked, standing, told, self._claimed_time())
        reports = (
            *inner,
            *(other.report for other in others),
            report,
            *(self._stamp_report(stamp) for stamp in stamps),
        )
        words = [word for each in inner for word in each.reasons]
        found = (
            *against,
            *(word for word in words if word.indication is not Indication.TOTAL_PASSED),
            *(fault for stamp in stamps for fault in stamp.reasons),
        )
        if worst(item.indication for item in found) is Indication.TOTAL_PASSED and sealed is not None:
            favour = (*_in_favour(checked), *(item for stamp in stamps for item in stamp.checked.revocation.in_favour))
            return Judgement((*dict.fromkeys((*favour, *words)), *found), reports, licence_data(sealed))
        return Judgement(found, reports, self._data_of_failed(sealed))

    def _check_inner(
        self, sealed: Document | None, checked: CheckedSignature, proven: datetime | None
    ) -> tuple[SignatureReport, ...]:
        """Check the seal signature that the seal covers, where there is one."""
        if len(self._inner) > 1:
            self._faults.append(reason("ses.several", count=len(self._inner)))
        seal = checked.signer.certificate if checked.signer else None
        reports = []
        for field in self._inner:
            fault = self._fault_since(field, sealed)
            around = Surroundings(proven, Changes.FORM_FILLING if fault is None else Changes.OTHER, fault, seal=seal)
            reports.append(check_seal_signature(self._document, field, self._trust, around))
        return tuple(reports)

    def _check_others(self, sealed: Document | None, stamps: list[_Stamp], moment: datetime) -> list[CoSealCheck]:
        """Check the seals of other departments under this one."""
        if sealed is None or len(self._seals) == 1:
            return []
        return list(
            check_co_seals(sealed, self._seals, self._trust, moment=moment, covered_by_stamp=_end_of_proof(stamps))
        )

    def _fault_since(self, field: SignatureField, sealed: Document | None) -> Reason | None:
        """What else than the seal came after a seal signature, if anything."""
        if sealed is None:
            return None  # which is a fault by itself
        try:
            end = signed_range(sealed, field.value, strict=True).end
            check_certification(sealed.until(end), sealed, self._seal)
        except StructureError as error:
            return error.reason
        except PdfSyntaxError as error:
            return _malformed(error)
        return None

    def _check_purpose(self) -> int | None:
        """Whether the signature is a seal at all."""
        if self._seal.subfilter != _FORMAT:
            self._faults.append(reason("seal.wrong_format", subfilter=self._seal.subfilter))
        certified = docmdp_level(self._document, self._seal)
        if len(self._seals) > 1:
            if self._document.root.get("Perms") is not None:
                self._faults.append(reason("seal.several", count=len(self._seals)))
        elif certified != 1 or not certifies(self._document, self._seal):
            self._faults.append(reason("seal.not_certifying"))
        return certified

    def _covered(self) -> SignedRange | None:
        try:
            covered = signed_range(self._document, self._seal.value, strict=True)
        except StructureError as error:
            self._faults.append(error.reason)
            return None
        if not ends_revision(self._document.data, covered.end):
            detail = Text("未到修订的末尾", "it does not reach to the end of a revision")
            self._faults.append(reason("structure.byte_range", detail=detail))
        return covered

    def _sealed(self, covered: SignedRange) -> Document | None:
        """The file as it was when it was sealed."""
        document = self._document
        if covered.end == document.end:
            sealed = document
        else:
            try:
                sealed = document.until(covered.end)
            except PdfSyntaxError as error:
                self._faults.append(_malformed(error))
                return None
        fields = signature_fields(sealed)
        own = [field for field in fields if not is_seal_signature(field)]
        same = own == self._seals
        if [field for field in fields if is_seal_signature(field)] != self._inner:
            self._faults.append(reason("seal.several", count=1 + len(self._inner)))
        if not same or sealed.data[sealed.marker_end : sealed.end].strip(b"\r\n"):
            self._faults.append(reason("seal.field_changed"))
        try:
            count_pages(sealed)
        except PdfSyntaxError:
            self._faults.append(reason("structure.page_tree"))
        return sealed

    def _follow(self, sealed: Document, covered: SignedRange) -> list[tuple[SignatureField, SignedRange]]:
        """The document time stamps after the seal, oldest first, each with what it covers."""
        if covered.end == self._document.end:
            if self._stamp_fields:
                self._faults.append(reason("seal.several", count=1 + len(self._stamp_fields)))
            return []
        try:
            revisions = list(later_revisions(sealed))
            self._changes = Changes.LONG_TERM_VALIDATION
            return self._stamps_in(revisions)
        except StructureError as error:
            self._faults.append(error.reason)
        except PdfSyntaxError as error:
            self._faults.append(_malformed(error))
        self._changes = Changes.OTHER
        return []

    def _stamps_in(self, revisions: list[Revision]) -> list[tuple[SignatureField, SignedRange]]:
        found = []
        for revision in revisions:
            for field in self._stamp_fields:
                if field.reference in revision.stamps:
                    covered = signed_range(revision.document, field.value, strict=True)
                    if covered.end != revision.document.end:
                        detail = Text("时间戳未覆盖全文", "a time stamp does not cover the whole file")
                        raise StructureError(reason("structure.byte_range", detail=detail))
                    found.append((field, covered))
        if len(found) != len(self._stamp_fields):
            raise StructureError(reason("seal.several", count=1 + len(self._stamp_fields)))
        return found

    def _check_stamps(self, stamps: list[tuple[SignatureField, SignedRange]]) -> tuple[list[_Stamp], datetime]:
        """Check the document time stamps, newest first: each proves that the one before existed.

        Gives them oldest first, and when the certificate of the seal's own time stamp has to be valid.
        """
        document, moment = self._document, self._trust.now
        found: list[_Stamp] = []
        for field, covered in reversed(stamps):
            checked = check_time_stamp(
                covered.contents,
                lambda name, covered=covered: covered.digest(document, name),  # type: ignore[misc]  # bound now, on purpose
                self._trust,
                strict=True,
                moment=moment,
            )
            against = [] if checked.fault is None else [checked.fault]
            if checked.proven is not None and found and checked.proven > moment:
                against.append(reason("timestamp.order"))
            elif checked.proven is not None:
                moment = min(moment, checked.proven)
                self._trust = with_proof(self._trust, covered.end, checked.proven)
            found.append(_Stamp(field, covered.end, checked, tuple(against)))
        return found[::-1], moment

    def _stamp_report(self, stamp: _Stamp) -> SignatureReport:
        whole = stamp.end == self._document.end
        standing = Standing(
            Coverage.WHOLE_FILE if whole else Coverage.WHOLE_FILE_BEFORE_LTV,
            Changes.NONE if whole else Changes.LONG_TERM_VALIDATION,
        )
        in_favour = (_stamped(stamp.checked), *stamp.checked.revocation.in_favour) if stamp.checked.proven else ()
        return time_stamp_report(stamp.field, stamp.checked, standing, stamp.reasons or in_favour)

    def _coverage(self, covered: SignedRange) -> Coverage:
        if covered.end == self._document.end:
            return Coverage.WHOLE_FILE
        later = self._changes is Changes.LONG_TERM_VALIDATION
        return Coverage.WHOLE_FILE_BEFORE_LTV if later else Coverage.PARTIAL

    def _level(self, checked: CheckedSignature, stamps: list[_Stamp]) -> Level | None:
        return level_of(checked, _end_of_proof(stamps))

    def _claimed_time(self) -> datetime | None:
        return read_pdf_date(text(self._document.resolve(self._seal.value.get("M"))))

    def _data_of_failed(self, sealed: Document | None) -> bytes | None:
        """The data in a file that did not pass, to name the licence that it pretends to be."""
        try:
            return licence_data(sealed) if sealed is not None else None
        except PdfSyntaxError:
            return None


def _end_of_proof(stamps: list[_Stamp]) -> int | None:
    """End of what the last document time stamp that holds covers."""
    return max((stamp.end for stamp in stamps if stamp.checked.proven), default=None)


def _in_favour(checked: CheckedSignature) -> tuple[Reason, ...]:
    stamp, words = checked.time_stamp, checked.revocation.in_favour
    if stamp is None:
        return (reason("seal.valid"), *words)
    return (reason("seal.valid"), _stamped(stamp), *words, *stamp.revocation.in_favour)


def _stamped(checked: CheckedTimeStamp) -> Reason:
    return reason("timestamp.valid", at=checked.at)


def _malformed(error: PdfSyntaxError) -> Reason:
    return reason("structure.malformed", detail=Text("语法有误", str(error)))
