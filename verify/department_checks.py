"""Checks that departments ask for: four ways in, one form of answer, a record and a receipt of each.

What a client may not see looks like what does not exist: the same reasons, and the same work done to find it
(:meth:`trust.Register.sought`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from store.acting import crossing
from store.errors import YinzhengError
from trust import CodeType, HolderIndex, Licence, LicenceIdentifier, Register
from trust.errors import IdentifierInvalidError
from trust.offline_credential import OfflineCredential
from verify.callers import Caller, Occasion, occasion
from verify.check_errors import ConsentMissingError
from verify.checks import CheckedLicence, Checker
from verify.consents import NO_CONSENT, Basis, Consent, ConsentBook, Ground
from verify.materials import Application, MaterialFinding, find_material, overall
from verify.questions import Answered, Question, answer, check_questions, held_by
from verify.reasons import CATALOGUE, reason
from verify.receipts import Checked, Evidence, ReceiptSigner, new_receipt_id
from verify.records import CheckEntry, CheckRecords
from verify.service_items import ALL_FIELDS, ServiceItems
from verify.verdict import Reason, Verdict, verdict


@dataclass(frozen=True)
class CheckAnswer:
    """The one form of answer, whatever was checked."""

    verdict: Verdict
    receipt_id: str
    receipt: str
    """The signed receipt, a JWS."""
    fields: Mapping[str, Any]
    """What was asked for and may be told."""
    answers: tuple[Answered, ...] = ()
    materials: tuple[MaterialFinding, ...] = ()
    purpose: str | None = None
    """What the holder showed the licence for, where it was shown."""


@dataclass(frozen=True)
class IdentifierCheck:
    """One licence to check by its identifier, with a second fact so that nobody walks through identifiers."""

    identifier: str
    holder: str
    """The code or the name of its holder."""


@dataclass(frozen=True)
class IdentifierRequest:
    """One check by identifier, as a department asks for it."""

    occasion: Occasion
    check: IdentifierCheck
    questions: Sequence[Question] = ()
    fields: Sequence[str] = ()
    """What the department wants to know; told as far as client, item and the law allow."""


@dataclass(frozen=True)
class _Work:
    """What was checked and what came out, before it is put on record."""

    evidence: Evidence
    digest: str
    verdict: Verdict
    licence: Licence | None = None
    consent: Consent = NO_CONSENT
    purpose: str | None = None
    materials: tuple[MaterialFinding, ...] = ()
    identifiers: tuple[str, ...] = ()
    receipt_id: str = field(default_factory=new_receipt_id)


class DepartmentChecks:
    """Checks for departments."""

    def __init__(
        self,
        checker: Checker,
        register: Register,
        items: ServiceItems,
        consents: ConsentBook,
        records: CheckRecords,
        signer: ReceiptSigner,
        holder_index: Callable[[CodeType, str], HolderIndex],
    ) -> None:
        """Put the parts together.

        :param holder_index: finds a holder by a code that has been checked.
        """
        self._checker = checker
        self._register = register
        self._items = items
        self._consents = consents
        self._records = records
        self._signer = signer
        self._holder_index = holder_index

    def occasion(self, caller: Caller, item_code: str, case_number: str) -> Occasion:
        """What a check is to be made for. Raises like :func:`verify.callers.occasion`."""
        return occasion(self._items.find, caller, item_code, case_number)

    def occasions(self, asked: Sequence[tuple[Caller, str, str]]) -> list[Occasion | YinzhengError]:
        """What some checks are to be made for; what :meth:`occasion` raises stands in its place."""
        items = self._items.find_many({item_code for _, item_code, _ in asked})
        found: list[Occasion | YinzhengError] = []
        for caller, item_code, case_number in asked:
            try:
                found.append(occasion(items.get, caller, item_code, case_number))
            except YinzhengError as error:
                found.append(error)
        return found

    def by_pdf(
        self, occasion: Occasion, file: bytes | Path, application: Mapping[str, str] | None = None
    ) -> CheckAnswer:
        """Check a sealed licence by its file.

        :param application: fields of the application, to see which of the item's materials the licence satisfies.
        :raises VerifyError: it cannot be read as a signed PDF at all (see :mod:`verify.errors`).
        """
        checked = self._checker.examine_pdf(file, visible=lambda found: occasion.caller.may_check(found.type.slug))
        digest = checked.verdict.document_digest or ""
        materials = self._satisfied(occasion, checked.verdict, checked.licence, application)
        work = _Work("pdf", digest, checked.verdict, checked.licence, materials=materials)
        return self._finish(occasion, work)

    def by_foreign_pdf(self, occasion: Occasion, file: bytes | Path) -> CheckAnswer:
        """Check a PDF of other signers by the trust list.

        :raises VerifyError: it cannot be read as a signed PDF at all (see :mod:`verify.errors`).
        """
        found = self._checker.check_foreign_pdf(file)
        return self._finish(occasion, _Work("pdf", found.document_digest or "", found))

    def by_identifier(
        self,
        occasion: Occasion,
        check: IdentifierCheck,
        questions: Sequence[Question] = (),
        fields: Sequence[str] = (),
        consent: str | None = None,
    ) -> CheckAnswer:
        """Check a licence by its identifier and its holder.

        :param fields: what the department wants to know; told as far as client, item and consent allow.
        :param consent: the holder's, for the fields.
        :raises QuestionRefusedError: a question about a field for which the item does not provide.
        :raises IdentifierInvalidError: it is not one, or its check character is wrong.
        """
        check_questions(questions, occasion)
        found = self._by_identifier(occasion, check)
        agreed, refusals = self._agreed(occasion, [consent] if consent is not None else [])
        work = _identifier_work(check, found, agreed, refusals)
        return self._finish(occasion, work, questions, fields)

    def by_identifier_at_once(self, requests: Sequence[IdentifierRequest]) -> list[CheckAnswer | YinzhengError]:
        """Answer checks by identifier of several clients, without consents, and put them on record together.

        An error stands in the place of a check that :meth:`by_identifier` would refuse with it.
        """
        refused: dict[int, YinzhengError] = {}
        for number, request in enumerate(requests):
            try:
                check_questions(request.questions, request.occasion)
                LicenceIdentifier.parse(request.check.identifier)
            except YinzhengError as error:
                refused[number] = error
        asked = [(number, request) for number, request in enumerate(requests) if number not in refused]
        found = self._examined([(request.occasion, request.check) for _, request in asked])
        finished = {
            number: self._answered(
                request.occasion, _identifier_work(request.check, each), request.questions, request.fields
            )
            for (number, request), each in zip(asked, found, strict=True)
        }
        self._records.add_all([entry for _, entry in finished.values()])
        return [refused[number] if number in refused else finished[number][0] for number in range(len(requests))]

    def by_presentation(
        self,
        occasion: Occasion,
        token: str,
        questions: Sequence[Question] = (),
        fields: Sequence[str] = (),
        application: Mapping[str, str] | None = None,
    ) -> CheckAnswer:
        """Redeem what a holder showed, and check the licence that it names.

        :param application: fields of the application, to see which of the item's materials the licence satisfies.
        """
        check_questions(questions, occasion)
        found = self._checker.examine_presentation(
            token,
            by=occasion.caller.body_code,
            visible=lambda licence: occasion.caller.may_check(licence.type.slug),
        )
        shown = found.licence.identifier if found.licence is not None else None
        ground = Ground(Basis.PRESENTATION, agreed_by=found.presented_by)
        consent = Consent({shown: None}, {shown: ground}) if shown is not None else NO_CONSENT
        digest = hashlib.sha256(token.encode()).hexdigest()
        materials = self._satisfied(occasion, found.verdict, found.licence, application)
        work = _Work("presentation", digest, found.verdict, found.licence, consent, found.purpose, materials)
        return self._finish(occasion, work, questions, fields)

    def by_offline_code(
        self, occasion: Occasion, text: str, application: Mapping[str, str] | None = None
    ) -> tuple[CheckAnswer, OfflineCredential | None]:
        """Check what a holder showed without a network, by the register of now, and the licence that it names.

        It tells what it says itself, which is given back, and nothing more of the licence.

        :param application: fields of the application, to see which of the item's materials the licence satisfies.
        """
        found = self._checker.check_offline_code(text, visible=lambda each: occasion.caller.may_check(each.type.slug))
        shown = found.verdict.licence.identifier if found.verdict.licence is not None else None
        licence, consent = None, NO_CONSENT
        if shown is not None:
            with crossing():
                licence = self._register.find(shown)
            consent = Consent({shown: frozenset()}, {shown: Ground(Basis.PRESENTATION)})
        materials = self._satisfied(occasion, found.verdict, licence, application)
        purpose = found.credential.purpose if found.credential is not None else None
        digest = hashlib.sha256(text.encode()).hexdigest()
        work = _Work("presentation", digest, found.verdict, licence, consent, purpose, materials)
        return self._finish(occasion, work), found.credential if shown is not None else None

    def _satisfied(
        self, occasion: Occasion, found: Verdict, licence: Licence | None, application: Mapping[str, str] | None
    ) -> tuple[MaterialFinding, ...]:
        """What one licence, which passed, does for an item's materials; none where nobody asked."""
        if application is None or licence is None or not found.passed:
            return ()
        known = Application(occasion.caller, [licence], application, self._register.today())
        findings = (find_material(each, known) for each in occasion.item.materials)
        return tuple(each for each in findings if each.licences)

    def by_materials(
        self,
        occasion: Occasion,
        application: Mapping[str, str],
        consents: Sequence[str] = (),
        applicant: tuple[CodeType, str] | None = None,
    ) -> CheckAnswer:
        """See which of an item's materials the city has already.

        :param application: fields of the application, for requirements that compare with them.
        :param consents: the applicant's; licences that none covers are not looked at.
        :param applicant: whose licences are looked at without consent, where the item names the law that allows it.
        :raises ConsentMissingError: there is neither.
        """
        if not consents and (applicant is None or occasion.item.without_consent is None):
            raise ConsentMissingError
        agreed, refusals = self._agreed(occasion, consents)
        with crossing():
            licences = list(self._register.get_many(sorted(agreed.licences)).values())
        if applicant is not None and occasion.item.without_consent is not None:
            held = self._held_by(*applicant)
            licences += [each for each in held if not agreed.covers(each)]
        today = self._register.today()
        known = Application(occasion.caller, licences, application, today)
        findings = tuple(find_material(each, known) for each in occasion.item.materials)
        found = verdict([overall(findings), *refusals], checked_at=self._checker.now())
        digest = _digest({"application": dict(application), "consents": list(consents), "applicant": applicant})
        return self._finish(occasion, _Work("materials", digest, found, consent=agreed, materials=findings))

    def query(
        self,
        occasion: Occasion,
        holder: tuple[CodeType, str],
        consents: Sequence[str] = (),
        type_slug: str | None = None,
    ) -> tuple[CheckAnswer, list[Licence]]:
        """Which licences a holder has (查询), as far as the holder, or the law, lets the client see them.

        :raises ConsentMissingError: there is no consent, and the item names no law that does without one.
        """
        if not consents and occasion.item.without_consent is None:
            raise ConsentMissingError
        agreed, refusals = self._agreed(occasion, consents)
        found = [
            each
            for each in self._held_by(*holder)
            if occasion.caller.may_check(each.type.slug)
            and type_slug in (None, each.type.slug)
            and (agreed.covers(each) or occasion.item.without_consent is not None)
        ]
        said = verdict([reason("query.answered", count=len(found)), *refusals], checked_at=self._checker.now())
        digest = _digest({"holder": list(holder), "type": type_slug, "consents": list(consents)})
        work = _Work("query", digest, said, consent=agreed, identifiers=tuple(each.identifier for each in found))
        return self._finish(occasion, work), found

    def obtain(
        self, occasion: Occasion, check: IdentifierCheck, fields: Sequence[str], consent: str | None
    ) -> tuple[CheckAnswer, bytes | None]:
        """A licence's data (获取): the fields wanted, and the file where everything that it says may be told.

        :raises IdentifierInvalidError: it is no identifier.
        """
        found = self._by_identifier(occasion, check)
        licence = found.licence
        agreed, refusals = self._agreed(occasion, [consent] if consent is not None else [])
        said = replace(found.verdict, reasons=(*found.verdict.reasons, *refusals))
        digest = _digest({"identifier": check.identifier, "holder": check.holder, "fields": list(fields)})
        answer = self._finish(occasion, _Work("identifier", digest, said, licence, agreed), fields=fields)
        whole = licence is not None and licence.pdf_digest is not None
        if licence is None or not whole or not _may_be_told(occasion, licence, agreed, ALL_FIELDS):
            return answer, None
        return answer, self._register.pdf(licence)

    def by_identifiers(
        self, occasion: Occasion, checks: Sequence[IdentifierCheck], *, batch_id: str
    ) -> list[Verdict | YinzhengError]:
        """Check many licences by their identifiers; what is wrong with one stands in its place.

        Each check is put on record under the number of the batch; its receipt is the caller's to ask for once, by
        :meth:`batch_receipt`.
        """
        wrong: dict[int, YinzhengError] = {}
        for number, check in enumerate(checks):
            try:
                LicenceIdentifier.parse(check.identifier)
            except IdentifierInvalidError as error:
                wrong[number] = error
        right = [(occasion, check) for number, check in enumerate(checks) if number not in wrong]
        examined = iter(self._examined(right))
        outcomes = [wrong[number] if number in wrong else next(examined).verdict for number in range(len(checks))]
        by = occasion.caller.actor
        made = [each for each in outcomes if isinstance(each, Verdict)]
        self._records.add_many([CheckEntry(each, "identifier", by, occasion, reference=batch_id) for each in made])
        return outcomes

    def batch_receipt(self, occasion: Occasion, *, batch_id: str, digest: str, checked: int) -> str:
        """The receipt of a batch, by the digest of all that was answered.

        :param digest: SHA-256 of the answers, as the caller gives them out; lowercase hexadecimal.
        """
        found = verdict([reason("batch.answered", count=checked)], checked_at=self._checker.now())
        return self._finish(occasion, _Work("batch", digest, found, receipt_id=batch_id)).receipt

    def _by_identifier(self, occasion: Occasion, check: IdentifierCheck) -> CheckedLicence:
        return self._examined([(occasion, check)])[0]

    def _examined(self, asked: Sequence[tuple[Occasion, IdentifierCheck]]) -> list[CheckedLicence]:
        return self._checker.examine_identifiers(
            [(check.identifier, partial(_visible, occasion.caller, check.holder)) for occasion, check in asked]
        )

    @crossing()
    def _held_by(self, code_type: CodeType, code: str) -> list[Licence]:
        return self._register.held_by(self._holder_index(code_type, code))

    def _agreed(self, occasion: Occasion, tokens: Sequence[str]) -> tuple[Consent, tuple[Reason, ...]]:
        """What the holders agreed to by some consents, together, and why others of them do not count."""
        agreed, refusals = NO_CONSENT, []
        for token in dict.fromkeys(tokens):
            try:
                consent = self._consents.use(
                    token,
                    by=occasion.caller.body_code,
                    service_item=occasion.item.code,
                    case_number=occasion.case_number,
                )
            except YinzhengError as error:
                if error.code not in CATALOGUE:
                    raise
                refusals.append(reason(error.code))
            else:
                agreed = agreed.joined(Consent.of(consent))
        return agreed, tuple(refusals)

    def _finish(
        self, occasion: Occasion, work: _Work, questions: Sequence[Question] = (), fields: Sequence[str] = ()
    ) -> CheckAnswer:
        """Answer the questions, sign the receipt and put the check on record."""
        answered, (entry, receipt) = self._answered(occasion, work, questions, fields)
        self._records.add(entry, receipt=receipt)
        return answered

    def _answered(
        self, occasion: Occasion, work: _Work, questions: Sequence[Question], fields: Sequence[str]
    ) -> tuple[CheckAnswer, tuple[CheckEntry, str]]:
        """The answer, and what is to be put on record with its receipt before anybody has it."""
        today = self._register.today()
        answers = tuple(answer(each, work.licence, occasion, today) for each in questions)
        found = work.verdict
        checked = Checked(
            evidence=work.evidence,
            digest=work.digest,
            verdict=found.indication,
            reason_codes=[each.code for each in found.reasons],
            checked_at=found.checked_at,
            identifier=found.licence.identifier if found.licence is not None else None,
        )
        receipt = self._signer.sign(occasion, checked, receipt_id=work.receipt_id)
        entry = CheckEntry(
            found,
            work.evidence,
            occasion.caller.actor,
            occasion,
            purpose=work.purpose,
            reference=work.receipt_id,
            identifiers=work.identifiers
            or tuple({each.identifier for finding in work.materials for each in finding.licences}),
            grounds=work.consent.grounds,
        )
        answered = CheckAnswer(
            verdict=found,
            receipt_id=work.receipt_id,
            receipt=receipt,
            fields=disclosed(occasion, work.licence, work.consent, fields),
            answers=answers,
            materials=work.materials,
            purpose=work.purpose,
        )
        return answered, (entry, receipt)


def _visible(caller: Caller, holder: str, found: Licence) -> bool:
    # both are looked at in any case, so that the time taken does not tell which one failed
    return held_by(found, holder) & caller.may_check(found.type.slug)


def _identifier_work(
    check: IdentifierCheck, found: CheckedLicence, agreed: Consent = NO_CONSENT, refusals: Sequence[Reason] = ()
) -> _Work:
    digest = _digest({"identifier": check.identifier, "holder": check.holder})
    said = replace(found.verdict, reasons=(*found.verdict.reasons, *refusals))
    return _Work("identifier", digest, said, found.licence, agreed)


def disclosed(occasion: Occasion, licence: Licence | None, consent: Consent, wanted: Sequence[str]) -> dict[str, Any]:
    """The fields of a licence that were asked for and that client, service item and holder, or the law, all allow."""
    if licence is None:
        return {}
    return {
        key: licence.fields[key]
        for key in dict.fromkeys(wanted)
        if key in licence.fields and _may_be_told(occasion, licence, consent, key)
    }


def _may_be_told(occasion: Occasion, licence: Licence, consent: Consent, key: str) -> bool:
    slug, item = licence.type.slug, occasion.item
    return (
        item.needs(slug, key)
        and occasion.caller.may_know(slug, key)
        and (consent.tells(licence, key) or item.without_consent is not None)
    )


def _digest(request: Mapping[str, Any]) -> str:
    canonical = json.dumps(request, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
