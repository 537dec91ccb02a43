"""Issuing a licence (签发): check, allot an identifier, lay out, seal, keep, enter in the register.

Issuing the same content twice gives the licence that is already there, so that an interrupted caller can simply ask
again. All that is needed to show the licence is written before the one transaction that makes it exist.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from seal import JointSealer, Organisation, Placement, SealedPdf, Sealer, SealingOrder, SealRegistry
from seal import Seal as SealRecord
from seal.errors import SealAmbiguousError, SealNoneForTypeError
from store.clock import Clock
from store.database import Database
from store.objects import ObjectStore
from store.once import Once, result_of, settle
from store.outbox import Outbox
from trust.catalogue import Catalogue, LicenceType
from trust.codes import UnifiedSocialCreditCode
from trust.content import LicenceContent
from trust.decisions import SupersededVersion
from trust.errors import IssuerNotAllowedError, NumberInUseError
from trust.identifier import LicenceIdentifier, new_serial
from trust.licence import Licence
from trust.licence_types import require_published
from trust.references import References
from trust.register import NewLicence, Register, local_date
from trust.rendering import Renderer
from trust.validation import CheckedFields, check_fields

LICENCE_ISSUED = "licence.issued"
"""Topic of the outbox: a licence exists from now on. Payload: ``{"identifier": ...}``."""


@dataclass(frozen=True)
class IssueOrder:
    """What a department wants issued."""

    type: str
    """Slug or code of the licence type."""
    fields: Mapping[str, Any]
    actor: str
    """Who orders it: a client or an officer."""
    issuer_code: str | None = None
    """Unified social credit code of the issuing body; may be left out where only one body has a seal for the type."""
    issue_date: date | None = None
    """Defaults to today."""
    once: Once | None = None
    """Mark of the order, where it may come again."""


@dataclass(frozen=True)
class Issued:
    """A licence, and whether this order made it or found it."""

    licence: Licence
    created: bool


class Issuing:
    """The issuing of licences."""

    def __init__(
        self,
        *,
        database: Database,
        objects: ObjectStore,
        outbox: Outbox,
        catalogue: Catalogue,
        register: Register,
        renderer: Renderer,
        seals: SealRegistry,
        sealer: Sealer,
        joint_sealer: JointSealer,
        clock: Clock,
        check_url: str,
        references: References,
    ) -> None:
        """:param check_url: where QR codes lead; the licence's identifier is appended."""
        self._database = database
        self._objects = objects
        self._outbox = outbox
        self._catalogue = catalogue
        self._register = register
        self._renderer = renderer
        self._seals = seals
        self._sealer = sealer
        self._joint_sealer = joint_sealer
        self._clock = clock
        self._check_url = check_url
        self._references = references

    def issue(self, order: IssueOrder, *, also: Callable[[Session, Licence], None] | None = None) -> Issued:
        """Issue a licence.

        :param also: done in the transaction that makes the licence exist; when it raises, the licence does not. It is
            not called for a licence that was there before.
        :raises TypeUnknownError: there is no such type.
        :raises TypeNotPublishedError: it is a draft, or has been retired.
        :raises TypeForReferenceError: licences of the type are issued elsewhere.
        :raises FieldsInvalidError: the fields cannot be taken; lists all that is wrong.
        :raises NumberInUseError: another licence of the type holds with the same number and other content.
        :raises SealNoneForTypeError: nobody, or not this body, has an active seal for the type.
        :raises IssuerNotAllowedError: those that have one may not issue licences of the type.
        :raises SealAmbiguousError: several bodies have one and the order names none.
        :raises OnceKeyReusedError: the order's mark was used for another one.
        :raises YinzhengError: what laying out, sealing or keeping it raises.
        """
        done = self.done(order.once)
        if done is not None:
            return Issued(done, created=False)
        licence_type = self._catalogue.get(order.type)
        now = self._clock.now()
        issue_date = order.issue_date or local_date(now)
        checked = check_fields(licence_type, order.fields, issue_date=issue_date, today=local_date(now))
        existing = self._existing(licence_type, checked, order)
        if existing is not None:
            return Issued(existing, created=False)
        seal = self.seal_for(licence_type, order.issuer_code)
        [content] = self.referenced([self.content(licence_type, checked, seal.organisation, issue_date)])
        sealed = self.produce(content, seal, actor=order.actor, reason=f"签发{licence_type.name_zh}")
        try:
            with self._database.transaction() as session:
                require_published(session, licence_type)
                earlier = self.settled(session, order.once, content, now)
                if earlier is not None:
                    return Issued(earlier, created=False)
                licence = self.enter(session, content, seal, sealed, actor=order.actor)
                if also is not None:
                    also(session, licence)
        except IntegrityError:
            # Somebody issued the same number between our look and our entry.
            existing = self._existing(licence_type, checked, order)
            if existing is None:
                raise
            return Issued(existing, created=False)
        return Issued(licence, created=True)

    def require_seal(self, licence_type: LicenceType, issuer_code: str | None) -> str:
        """The code of the body that would issue such a licence now.

        :raises SealNoneForTypeError: nobody, or not this body, has an active seal for the type.
        :raises SealAmbiguousError: several bodies have one and none is named.
        """
        return self.seal_for(licence_type, issuer_code).organisation.code

    def same(self, licence: Licence, checked: CheckedFields, *, issue_date: date | None) -> bool:
        """Whether a licence is the one that such an order would make."""
        return dict(licence.fields) == dict(checked.fields) and issue_date in (None, licence.issue_date)

    def referenced(self, contents: Sequence[LicenceContent]) -> list[LicenceContent]:
        """What licences are to say, with where their status and their records in the log will be found."""
        references = self._references.of([each.identifier for each in contents])
        return [replace(content, references=each) for content, each in zip(contents, references, strict=True)]

    def produce(self, content: LicenceContent, seal: SealRecord, *, actor: str, reason: str) -> SealedPdf:
        """Lay a licence out, seal it and keep the file; nothing says yet that it exists.

        :param reason: stands in the seal.
        :raises YinzhengError: what laying out, sealing or keeping it raises.
        """
        order = self._sealing_order(content, seal, actor, reason)
        others = [
            replace(
                order,
                seal_number=self._co_seal(content.type, each.issuer).number,
                placement=Placement(each.page, each.x_mm, each.y_mm),
            )
            for each in content.type.page.co_seals
        ]
        pdf = self._laid_out(content)
        sealed = self._joint_sealer.seal_pdf(pdf, others, order) if others else self._sealer.seal_pdf(pdf, order)
        self._objects.put(sealed.data)
        return sealed

    def produce_together(
        self, contents: Sequence[LicenceContent], seal: SealRecord, *, actor: str, reason: str
    ) -> list[SealedPdf]:
        """Like :meth:`produce`, for several licences under one seal: all, or none where this raises.

        :raises ValueError: other departments seal one of them as well.
        """
        if any(content.type.page.co_seals for content in contents):
            raise ValueError("a licence that several departments seal is produced by itself")
        documents = [
            (self._laid_out(content), self._sealing_order(content, seal, actor, reason)) for content in contents
        ]
        made = self._sealer.seal_together(documents)
        for sealed in made:
            self._objects.put(sealed.data)
        return made

    def _laid_out(self, content: LicenceContent) -> bytes:
        return self._renderer.render(content, at=self._clock.now().replace(microsecond=0))

    def _sealing_order(self, content: LicenceContent, seal: SealRecord, actor: str, reason: str) -> SealingOrder:
        place = content.type.seal
        return SealingOrder(
            seal_number=seal.number,
            caller=actor,
            document_type=content.type.slug,
            document_identifier=str(content.identifier),
            placement=Placement(place.page, place.x_mm, place.y_mm),
            reason=reason,
            level=place.level,
            signatures=place.signatures,
        )

    def enter(
        self,
        session: Session,
        content: LicenceContent,
        seal: SealRecord,
        sealed: SealedPdf,
        *,
        actor: str,
        supersedes: SupersededVersion | None = None,
    ) -> Licence:
        """Let a licence exist that :meth:`produce` made, within the caller's transaction.

        :param supersedes: the version whose place it takes, from :meth:`Register.supersede`.
        """
        return self._enter(session, [_new_licence(content, seal, sealed, actor, supersedes)])[0]

    def enter_all(
        self,
        session: Session,
        made: Sequence[tuple[LicenceContent, SealedPdf]],
        seal: SealRecord,
        *,
        actor: str,
    ) -> list[Licence]:
        """Let licences exist that :meth:`produce_together` made, within the caller's transaction."""
        return self._enter(session, [_new_licence(content, seal, sealed, actor) for content, sealed in made])

    def _enter(self, session: Session, entries: Sequence[NewLicence]) -> list[Licence]:
        licences = self._register.enter_all(session, entries)
        jobs = [(licence.identifier, {"identifier": licence.identifier}) for licence in licences]
        self._outbox.add_all(session, LICENCE_ISSUED, jobs)
        return licences

    def done(self, once: Once | None) -> Licence | None:
        """What came of a request that was carried out before.

        :raises OnceKeyReusedError: the mark was used for another request.
        """
        if once is None:
            return None
        with self._database.transaction() as session:
            identifier = result_of(session, once)
        return self._register.get(identifier) if identifier is not None else None

    def settled(self, session: Session, once: Once | None, content: LicenceContent, at: datetime) -> Licence | None:
        """Mark a request as done within its transaction; what came of it where another was faster.

        :raises OnceKeyReusedError: the mark was used for another request.
        """
        earlier = settle(session, once, str(content.identifier), at) if once is not None else None
        return self._register.get(earlier) if earlier is not None else None

    def _existing(self, licence_type: LicenceType, checked: CheckedFields, order: IssueOrder) -> Licence | None:
        """The licence that this very order made before, if it did."""
        live = self._register.live(licence_type.slug, checked.number)
        if live is None:
            return None
        if order.issuer_code not in (None, live.issuer_code) or not self.same(
            live, checked, issue_date=order.issue_date
        ):
            raise NumberInUseError(identifier=live.identifier)
        return live

    def seal_for(self, licence_type: LicenceType, issuer_code: str | None) -> SealRecord:
        """The seal that goes on a type of licence.

        :raises TypeForReferenceError: licences of the type are issued elsewhere.
        :raises SealNoneForTypeError: nobody, or not this body, has an active seal for the type.
        :raises SealAmbiguousError: several bodies have one and none is named.
        """
        may, others = licence_type.issuers.allows, {each.issuer for each in licence_type.page.co_seals}
        seals = self._seals.usable_for(licence_type.slug, issuer_code)
        if not seals:
            raise SealNoneForTypeError(document_type=licence_type.name_zh)
        allowed = [
            seal
            for seal in seals
            if may(seal.organisation.code, seal.organisation.region_code) and seal.organisation.code not in others
        ]
        if not allowed:
            issuer = seals[-1].organisation.code
            raise IssuerNotAllowedError(issuer=issuer, name_zh=licence_type.name_zh, name_en=licence_type.name_en)
        codes = sorted({seal.organisation.code for seal in allowed})
        if len(codes) > 1:
            raise SealAmbiguousError(document_type=licence_type.name_zh, codes=", ".join(codes))
        return allowed[-1]

    def _co_seal(self, licence_type: LicenceType, code: str) -> SealRecord:
        """The seal of a department that issues together with the issuer."""
        seals = self._seals.usable_for(licence_type.slug, code)
        if not seals:
            raise SealNoneForTypeError(document_type=licence_type.name_zh)
        return seals[-1]

    def content(
        self, licence_type: LicenceType, checked: CheckedFields, issuer: Organisation, issue_date: date
    ) -> LicenceContent:
        """What a new licence is to say, under an identifier of its own."""
        identifier = LicenceIdentifier.make(
            licence_type.code, UnifiedSocialCreditCode.parse(issuer.code), new_serial(issue_date)
        )
        return checked.content(
            identifier=identifier,
            issuer_name=issuer.name_zh,
            issuer_code=issuer.code,
            check_url=f"{self._check_url}{identifier}",
        )


def _new_licence(
    content: LicenceContent,
    seal: SealRecord,
    sealed: SealedPdf,
    actor: str,
    supersedes: SupersededVersion | None = None,
) -> NewLicence:
    return NewLicence(
        content,
        region_code=seal.organisation.region_code,
        actor=actor,
        at=sealed.sealed_at,
        pdf_digest=sealed.digest,
        proof_until=sealed.proof_until,
        seal_use_id=sealed.use_id,
        supersedes=supersedes,
    )
