"""Checking: from a PDF, an identifier or a presentation to one verdict.

The PDF is evidence and the register is the truth (design decision 2): a file passes only if its seal does *and* the
register says that the licence holds today *and* it is the very file that the register names.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

from store.acting import crossing
from store.clock import Clock
from store.errors import YinzhengError
from trust import Licence, LogProof, Origin, Register
from trust.codes import mask
from trust.errors import IdentifierInvalidError
from trust.holders import masked_name
from verify.anchors import TrustAnchors
from verify.consents import PresentationRedeemer
from verify.detached import check_detached
from verify.inclusion import ProofError, ProvenRecord, own_record
from verify.offline_presentation import NOT_CHECKED, OfflineCheck, check_offline_presentation
from verify.pdf import PdfEvidence, Policy, inspect_pdf
from verify.reasons import CATALOGUE, reason
from verify.revocation import NOTHING_KNOWN, RevocationData
from verify.trust import SealMakerTrust
from verify.trust_list import AnchorPurpose
from verify.verdict import LicenceSummary, Reason, SignatureKind, Verdict, verdict


class Trusted(Protocol):
    """The trust list, as a check uses it."""

    def anchors_for(self, purposes: Collection[AnchorPurpose]) -> Mapping[AnchorPurpose, TrustAnchors]:
        """What checks for some purposes start from."""
        ...


@dataclass(frozen=True, slots=True)
class RevocationKnowledge:
    """What our own authorities say of revocation now, and whether that is all there is to say."""

    data: RevocationData = NOTHING_KNOWN
    complete: bool = True
    """If not, certificates of which nothing is known do not pass."""
    gm_authorities: tuple[bytes, ...] = ()
    """Our issuing authorities of SM2, DER."""
    gm_lists: tuple[bytes, ...] = ()
    """The revocation lists of our authorities of SM2, DER."""


@dataclass(frozen=True)
class CheckedPresentation:
    """A verdict on a presentation, and what the holder showed it for."""

    verdict: Verdict
    purpose: str | None
    licence: Licence | None = None
    presented_by: str | None = None
    """``holder``, or who showed it for the holder."""


@dataclass(frozen=True)
class CheckedLicence:
    """A verdict, and the licence that it is about where the caller may see it."""

    verdict: Verdict
    licence: Licence | None


Visible = Callable[[Licence], bool]
"""Whether a licence is there for the one who asks; what is not looks like what does not exist."""


def _anybody(_: Licence) -> bool:
    return True


def _unlogged(_identifiers: Collection[str]) -> Mapping[str, LogProof]:
    return {}


@dataclass(frozen=True)
class Inspector:
    """Finds out what the bytes of a file prove, by today's trust list and what is known of revocation.

    :param revocation: what our own authorities say of revocation when a check is made.
    :param inspect: :func:`verify.pdf.inspect_pdf`, or the same in a process of its own.
    """

    trusted: Trusted
    revocation: Callable[[], RevocationKnowledge]
    inspect: Callable[..., PdfEvidence]
    max_pdf_bytes: int

    def evidence(self, file: bytes | Path, policy: Policy, purpose: AnchorPurpose, now: datetime) -> PdfEvidence:
        """What a file proves, whose signers have to lead to the authorities for a purpose.

        :raises VerifyError: it cannot be read as a signed PDF at all (see :mod:`verify.errors`).
        """
        known = self.revocation()
        anchors = self.trusted.anchors_for((purpose, AnchorPurpose.TIME_STAMP, AnchorPurpose.SEAL_MAKER))
        return self.inspect(
            file,
            anchors[purpose],
            policy=policy,
            now=now,
            timestamp_anchors=anchors[AnchorPurpose.TIME_STAMP],
            revocation=known.data,
            require_revocation=not known.complete,
            seal_makers=_seal_makers(anchors, known),
            max_bytes=self.max_pdf_bytes,
        )


class Checker:
    """Gives verdicts on licences."""

    def __init__(
        self,
        register: Register,
        trusted: Trusted,
        redeemer: PresentationRedeemer,
        clock: Clock,
        max_pdf_bytes: int,
        *,
        revocation: Callable[[], RevocationKnowledge] = RevocationKnowledge,
        inspect: Callable[..., PdfEvidence] = inspect_pdf,
        logged: Callable[[Collection[str]], Mapping[str, LogProof]] = _unlogged,
    ) -> None:
        """Put the parts together.

        :param revocation: what our own authorities say of revocation when a check is made.
        :param inspect: :func:`verify.pdf.inspect_pdf`, or the same in a process of its own.
        :param logged: the proofs of the newest records about licences in the transparency log, by identifier.
        """
        self._register = register
        self._trusted = trusted
        self._revocation = revocation
        self._redeemer = redeemer
        self._clock = clock
        self._inspector = Inspector(trusted, revocation, inspect, max_pdf_bytes)
        self._logged = logged

    def now(self) -> datetime:
        """The time of checks."""
        return self._clock.now()

    def check_pdf(self, file: bytes | Path) -> Verdict:
        """Check a sealed licence by its file, given as its bytes or where it is on disk.

        :raises VerifyError: it cannot be read as a signed PDF at all (see :mod:`verify.errors`).
        """
        return self.examine_pdf(file).verdict

    @crossing()
    def examine_pdf(self, file: bytes | Path, *, visible: Visible = _anybody) -> CheckedLicence:
        """Like :meth:`check_pdf`, with the licence; for somebody who may not see every one."""
        now = self._clock.now()
        evidence = self._inspector.evidence(file, Policy.LICENCE, AnchorPurpose.LICENCE, now)
        licence = self._licence_in(evidence.licence_data)
        if licence is not None and not visible(licence):
            licence = None
        proof = self._proof(licence) if licence is not None else None
        if licence is None:
            code = "register.identifier_missing" if evidence.licence_data is None else "register.unknown"
            register_reasons = [reason(code)]
        else:
            register_reasons = self._register_reasons(licence, proof)
            if not self._register.has_pdf(licence, evidence.document_digest):
                register_reasons.append(reason("register.other_document"))
            if lacks_seal_signature(licence, evidence):
                register_reasons.append(reason("ses.missing"))
        found = verdict(
            [*evidence.reasons, *register_reasons],
            checked_at=now,
            signatures=evidence.signatures,
            licence=summarised(licence, self._register.today()) if licence else None,
            document_digest=evidence.document_digest,
            log_proof=proof,
        )
        return CheckedLicence(found, licence)

    def check_foreign_pdf(self, file: bytes | Path) -> Verdict:
        """Check a signed PDF that need not be a licence of ours, by the trust list; the register is not asked.

        :raises VerifyError: it cannot be read as a signed PDF at all (see :mod:`verify.errors`).
        """
        now = self._clock.now()
        evidence = self._inspector.evidence(file, Policy.GENERAL, AnchorPurpose.SIGNATURE, now)
        return verdict(
            evidence.reasons,
            checked_at=now,
            signatures=evidence.signatures,
            document_digest=evidence.document_digest,
        )

    def check_identifier(self, identifier: str) -> Verdict:
        """Check a licence by its identifier (电子证照标识).

        :raises IdentifierInvalidError: it is not one, or its check character is wrong.
        """
        return self.examine_identifier(identifier).verdict

    @crossing()
    def examine_identifier(self, identifier: str, *, visible: Visible = _anybody) -> CheckedLicence:
        """Like :meth:`check_identifier`, with the licence; for somebody who may not see every one."""
        return self.examine_identifiers([(identifier, visible)])[0]

    @crossing()
    def examine_identifiers(self, asked: Sequence[tuple[str, Visible]]) -> list[CheckedLicence]:
        """What :meth:`examine_identifier` finds for each of some identifiers, in their order. Raises like it."""
        now, today = self._clock.now(), self._register.today()
        sought = self._register.sought_many([identifier for identifier, _ in asked])
        seen = [
            licence if licence is not None and visible(licence) else None
            for licence, (_, visible) in zip(sought, asked, strict=True)
        ]
        proofs = self._logged({licence.identifier for licence in seen if licence is not None})
        return [self._checked(licence, proofs, now, today) for licence in seen]

    def _checked(
        self, licence: Licence | None, proofs: Mapping[str, LogProof], now: datetime, today: date
    ) -> CheckedLicence:
        if licence is None:
            return CheckedLicence(verdict([reason("register.unknown")], checked_at=now), None)
        proof = proofs.get(licence.identifier)
        reasons = self._register_reasons(licence, proof)
        found = verdict(reasons, checked_at=now, licence=summarised(licence, today), log_proof=proof)
        return CheckedLicence(found, licence)

    def _proof(self, licence: Licence) -> LogProof | None:
        return self._logged({licence.identifier}).get(licence.identifier)

    def check_seal_signature(self, signature: bytes, digest: bytes, *, property_info: str | None = None) -> Verdict:
        """Check a seal signature of GB/T 38540 that stands by itself; see :func:`verify.detached.check_detached`.

        :param digest: SM3 of the data.
        """
        anchors = self._trusted.anchors_for((AnchorPurpose.SEAL_MAKER,))
        makers = _seal_makers(anchors, self._revocation())
        return check_detached(signature, digest, makers, now=self._clock.now(), property_info=property_info)

    def check_presentation(self, token: str, *, by: str) -> CheckedPresentation:
        """Redeem what a holder showed, and check the licence that it names.

        :param by: unified social credit code of the body that checks.
        """
        return self.examine_presentation(token, by=by)

    @crossing()
    def examine_presentation(self, token: str, *, by: str, visible: Visible = _anybody) -> CheckedPresentation:
        """Like :meth:`check_presentation`, with the licence; for somebody who may not see every one."""
        try:
            redeemed = self._redeemer.redeem(token, by=by)
        except YinzhengError as error:
            if error.code not in CATALOGUE:
                raise
            return CheckedPresentation(verdict([reason(error.code)], checked_at=self._clock.now()), purpose=None)
        checked = self.examine_identifier(redeemed.identifier, visible=visible)
        reasons = (reason("presentation.valid"), *checked.verdict.reasons)
        found = replace(checked.verdict, reasons=reasons)
        return CheckedPresentation(found, redeemed.purpose, checked.licence, redeemed.presented_by)

    def check_offline_code(self, text: str, *, visible: Visible = _anybody) -> OfflineCheck:
        """Check an offline presentation where there is a network: the register says what holds now.

        :param visible: whether the licence may be told of; one that may not looks like one that does not exist.
        """
        anchors = self._trusted.anchors_for((AnchorPurpose.LICENCE,))[AnchorPurpose.LICENCE]
        found = check_offline_presentation(text, anchors, crls=self._revocation().data.crls, now=self._clock.now())
        if found.credential is None:
            return found
        checked = self.examine_identifier(found.credential.identifier, visible=visible).verdict
        shown = [each for each in found.verdict.reasons if each.code != NOT_CHECKED]
        whole = verdict(
            [*shown, *checked.reasons],
            checked_at=checked.checked_at,
            licence=checked.licence,
            log_proof=checked.log_proof,
        )
        return OfflineCheck(whole, found.credential)

    def _licence_in(self, licence_data: bytes | None) -> Licence | None:
        """The register's licence for the data embedded in a file, which may be anything."""
        if licence_data is None:
            return None
        try:
            identifier = json.loads(licence_data)["identifier"]
            return self._register.find(identifier) if isinstance(identifier, str) else None
        except (ValueError, KeyError, TypeError, RecursionError, IdentifierInvalidError):
            return None

    def _register_reasons(self, licence: Licence, proof: LogProof | None) -> list[Reason]:
        reasons = [self._state_reason(licence)]
        if proof is not None:
            reasons.append(self._log_reason(licence, proof))
        if licence.origin is Origin.IMPORTED:
            reasons.append(reason("register.imported" if licence.pdf_digest is None else "register.imported_sealed"))
        return reasons

    def _log_reason(self, licence: Licence, proof: LogProof) -> Reason:
        """Whether the newest record in the log says of a licence what the register says."""
        record = _says_the_same(licence, proof)
        if record is None:
            # the licence may have been acted upon between the two looks
            again, proven = self._register.find(licence.identifier), self._proof(licence)
            record = _says_the_same(again, proven) if again is not None and proven is not None else None
        return reason("log.differs") if record is None else record.to_reason()

    def _state_reason(self, licence: Licence) -> Reason:
        state = licence.state_on(self._register.today())
        return reason(
            f"register.{state.value}",
            until=licence.valid_until,
            since=licence.valid_from,
        )


def _seal_makers(anchors: Mapping[AnchorPurpose, TrustAnchors], known: RevocationKnowledge) -> SealMakerTrust:
    return SealMakerTrust(anchors[AnchorPurpose.SEAL_MAKER], known.gm_authorities, known.gm_lists, known.complete)


def _says_the_same(licence: Licence, proof: LogProof) -> ProvenRecord | None:
    """What the log shows, if it is what the register says."""
    try:
        record = own_record(proof)
    except ProofError:
        return None
    same = (record.state, record.pdf_sha256) == (licence.recorded_state.value, licence.pdf_digest)
    return record if same else None


def summarised(licence: Licence, today: date) -> LicenceSummary:
    """What may be said of a licence to whoever may check it; the holder is shown masked."""
    return LicenceSummary(
        identifier=licence.identifier,
        type_code=licence.type.code,
        title_zh=licence.type.name_zh,
        title_en=licence.type.name_en,
        issuer=licence.issuer_name,
        issuer_code=licence.issuer_code,
        holder_masked=masked_name(licence.holder.name, person=licence.holder.code_type == "citizen_id"),
        status=licence.state_on(today).value,
        number=mask(licence.number),
        issued_on=licence.issue_date,
        valid_from=licence.valid_from,
        valid_until=licence.valid_until,
    )


def lacks_seal_signature(licence: Licence, evidence: PdfEvidence) -> bool:
    """Whether a file bears no seal signature of GB/T 38540 although licences of the type do."""
    layout = licence.type.layout
    wanted = layout is not None and layout.seal.signatures.has_seal_signature
    return wanted and not any(each.kind is SignatureKind.SES for each in evidence.signatures)
