"""The register of licences (证照登记簿): the truth about every licence's status (design decision 2)."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any, Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from keys import FieldVault
from store.acting import crossing
from store.clock import Clock
from store.database import Database
from store.objects import ObjectStore
from store.once import settle
from trust._tables import LicenceEventRow, LicencePdfRow, LicenceRow
from trust.catalogue import Catalogue
from trust.content import Holder, LicenceContent
from trust.decisions import Decision, ImportedFrom, SupersededVersion
from trust.errors import (
    ActRefusedError,
    EndorsementNotDueError,
    LicenceChangedError,
    LicenceUnknownError,
    LicenceUnsealedError,
)
from trust.holders import HolderIndex, number_index
from trust.identifier import LicenceIdentifier
from trust.licence import Act, Licence, LicenceEvent, LicenceState, Origin, possible_acts, state_after
from trust.licence_log import LicenceLog
from trust.status_seats import StatusSeat, allot_seats
from trust.validation import next_due

ZONE = ZoneInfo("Asia/Shanghai")
"""The zone of the dates on paper; all of China keeps it."""

_DATA_CONTEXT = "licence.data"
_DECOY_CONTEXT = "licence.decoy"
_DECOY_SIZE = 1500


_SOUGHT: Final = sa.select(LicenceRow).where(
    LicenceRow.identifier == sa.any_(sa.bindparam("identifiers", type_=ARRAY(sa.Text)))
)


def local_date(at: datetime) -> date:
    """The calendar day at a moment, where the licences hold."""
    return at.astimezone(ZONE).date()


@dataclass(frozen=True, repr=False)
class NewLicence:
    """What is to be entered in the register."""

    content: LicenceContent
    region_code: str
    """Of the issuer."""
    actor: str
    at: datetime
    pdf_digest: str | None = None
    """None, as are the next two, for an imported licence that is not sealed."""
    proof_until: datetime | None = None
    seal_use_id: int | None = None
    supersedes: SupersededVersion | None = None
    """The version whose place it takes, from :meth:`Register.supersede` in the same transaction."""
    imported: ImportedFrom | None = None


class Register:
    """Reads licences and changes their status."""

    def __init__(
        self, database: Database, vault: FieldVault, objects: ObjectStore, catalogue: Catalogue, clock: Clock
    ) -> None:
        self._database = database
        self._vault = vault
        self._log = LicenceLog(vault)
        self._objects = objects
        self._catalogue = catalogue
        self._clock = clock

    def today(self) -> date:
        """The calendar day now, where the licences hold."""
        return local_date(self._clock.now())

    def get(self, identifier: str) -> Licence:
        """The licence with an identifier (电子证照标识).

        :raises IdentifierInvalidError: it is not one.
        :raises LicenceUnknownError: the register has none with it.
        """
        LicenceIdentifier.parse(identifier)
        with self._database.transaction() as session:
            return self.licence_of(_row(session, identifier))

    def find(self, identifier: str) -> Licence | None:
        """Like :meth:`get`, with None for what the register does not have."""
        try:
            return self.get(identifier)
        except LicenceUnknownError:
            return None

    def sought(self, identifier: str) -> Licence | None:
        """Like :meth:`find`, taking the same work for what the register does not have, so that time tells nothing.

        :raises IdentifierInvalidError: it is no identifier.
        """
        return self.sought_many([identifier])[0]

    def sought_many(self, identifiers: Sequence[str]) -> list[Licence | None]:
        """What :meth:`sought` finds for each of some identifiers. Raises like it."""
        for each in identifiers:
            LicenceIdentifier.parse(each)
        with self._database.transaction() as session:
            rows = {row.identifier: row for row in session.scalars(_SOUGHT, {"identifiers": list(identifiers)})}
        found: list[Licence | None] = []
        for each in identifiers:
            if each in rows:
                found.append(self.licence_of(rows[each]))
            else:
                json.loads(self._vault.decrypt(self._decoy, context=_DECOY_CONTEXT))
                self._catalogue.follow()
                found.append(None)
        return found

    @cached_property
    def _decoy(self) -> bytes:
        """Of the size of what a licence's row holds, encrypted in the same way."""
        return self._vault.encrypt(json.dumps({"fields": {"x": "0" * _DECOY_SIZE}}).encode(), context=_DECOY_CONTEXT)

    def hold(self, session: Session, identifier: str) -> tuple[Licence, StatusSeat]:
        """A licence and its place in the status lists; nobody acts on it until the caller's transaction ends.

        :raises LicenceUnknownError: the register has none with the identifier.
        """
        statement = sa.select(LicenceRow).where(LicenceRow.identifier == identifier)
        row = session.scalar(statement.with_for_update(read=True, of=LicenceRow))
        if row is None:
            raise LicenceUnknownError
        return self.licence_of(row), StatusSeat(row.status_list, row.status_index)

    def held_by(
        self, holder: HolderIndex, *, types: Collection[str] | None = None, at_most: int = 500
    ) -> list[Licence]:
        """The licences of a holder, newest first.

        :param types: slugs of the only types that are looked for.
        """
        statement = (
            sa.select(LicenceRow)
            .where(
                LicenceRow.holder_index == holder.value,
                sa.true() if types is None else LicenceRow.type_slug.in_(types),
            )
            .order_by(LicenceRow.id.desc())
            .limit(at_most)
        )
        with self._database.transaction() as session:
            return [self.licence_of(row) for row in session.scalars(statement)]

    def identifiers_held_by(self, holder: HolderIndex) -> list[str]:
        """The identifiers of all licences of which somebody is the first holder, oldest first."""
        statement = sa.select(LicenceRow.identifier).where(LicenceRow.holder_index == holder.value)
        with self._database.transaction() as session:
            return list(session.scalars(statement.order_by(LicenceRow.id)))

    def get_many(self, identifiers: Sequence[str]) -> dict[str, Licence]:
        """Those of the licences that the register has, by identifier."""
        statement = sa.select(LicenceRow).where(LicenceRow.identifier.in_(identifiers))
        with self._database.transaction() as session:
            return {row.identifier: self.licence_of(row) for row in session.scalars(statement)}

    @crossing()
    def live(self, type_slug: str, number: str) -> Licence | None:
        """The licence of a type with a number that has not been revoked."""
        return self.live_many(type_slug, [number]).get(number)

    def live_many(self, type_slug: str, numbers: Sequence[str]) -> dict[str, Licence]:
        """Those licences of a type with some numbers that have not been revoked, by number."""
        statement = sa.select(LicenceRow).where(
            LicenceRow.type_slug == type_slug,
            LicenceRow.number_index.in_([number_index(self._vault, type_slug, number) for number in numbers]),
            LicenceRow.state.in_([LicenceState.VALID, LicenceState.SUSPENDED]),
        )
        with self._database.transaction() as session:
            found = [self.licence_of(row) for row in session.scalars(statement)]
        return {licence.number: licence for licence in found}

    def pdf(self, licence: Licence) -> bytes:
        """The sealed PDF.

        :raises LicenceUnsealedError: it was imported and not sealed.
        :raises YinzhengError: the object store has lost or damaged it, or cannot be reached.
        """
        if licence.pdf_digest is None:
            raise LicenceUnsealedError
        return self._objects.get(licence.pdf_digest)

    def has_pdf(self, licence: Licence, digest: str) -> bool:
        """Whether a file is one that the licence was given as: when issued, or when its proof was extended."""
        statement = (
            sa.select(LicencePdfRow.digest)
            .join(LicenceRow, LicenceRow.id == LicencePdfRow.licence_id)
            .where(LicencePdfRow.digest == digest, LicenceRow.identifier == licence.identifier)
        )
        with self._database.transaction() as session:
            return session.scalar(statement) is not None

    def proof_ends_before(
        self, moment: datetime, *, type_slug: str | None = None, after: int = 0, limit: int = 1000
    ) -> list[tuple[int, str]]:
        """Numbers and identifiers of licences whose long-term proof ends before a moment, by number.

        :param after: the last number that was seen.
        """
        statement = sa.select(LicenceRow.id, LicenceRow.identifier).where(
            LicenceRow.proof_until < moment, LicenceRow.id > after
        )
        if type_slug is not None:
            statement = statement.where(LicenceRow.type_slug == type_slug)
        with self._database.transaction() as session:
            rows = session.execute(statement.order_by(LicenceRow.id).limit(limit))
            return [(number, identifier) for number, identifier in rows]

    def replace_pdf(self, licence: Licence, *, digest: str, proof_until: datetime | None, actor: str) -> bool:
        """Give a licence a file with a longer proof; False when another process was faster."""
        now = self._clock.now()
        with self._database.transaction() as session:
            row = _row(session, licence.identifier, lock=True)
            if row.pdf_digest != licence.pdf_digest:
                return False
            row.pdf_digest, row.proof_until = digest, proof_until
            session.add(LicencePdfRow(digest=digest, licence_id=row.id, at=now))
            self._record(session, row, Act.EXTEND, Decision(actor, ""), now)
            return True

    def history(self, identifier: str) -> list[LicenceEvent]:
        """All that was done to a licence, oldest first.

        :raises LicenceUnknownError: the register has none with this identifier.
        """
        with self._database.transaction() as session:
            row = _row(session, identifier)
            events = session.scalars(
                sa.select(LicenceEventRow).where(LicenceEventRow.licence_id == row.id).order_by(LicenceEventRow.id)
            )
            return [
                LicenceEvent(
                    Act(event.act), LicenceState(event.state), event.actor, event.reason, event.legal_basis, event.at
                )
                for event in events
            ]

    def suspend(self, identifier: str, decision: Decision) -> Licence:
        """Stop a licence for a time (暂停).

        :raises LicenceUnknownError: the register has none with this identifier.
        :raises ActRefusedError: its state does not allow it.
        :raises LicenceChangedError: it is not at the revision that the decision is about.
        :raises ReasonMissingError: the reason is empty or longer than 500 characters.
        :raises LegalBasisMissingError: the act has to name the law it rests on.
        :raises OnceKeyReusedError: the decision's mark was used for another one.
        """
        return self._change(identifier, Act.SUSPEND, decision)

    def resume(self, identifier: str, decision: Decision) -> Licence:
        """Let a suspended licence hold again (恢复). Raises like :meth:`suspend`."""
        return self._change(identifier, Act.RESUME, decision)

    def revoke(self, identifier: str, decision: Decision) -> Licence:
        """End a licence for good, against its holder (吊销). Raises like :meth:`suspend`."""
        return self._change(identifier, Act.REVOKE, decision)

    def cancel(self, identifier: str, decision: Decision) -> Licence:
        """End a licence for good, because its holder wants or needs it no more (注销). Raises like :meth:`suspend`."""
        return self._change(identifier, Act.CANCEL, decision)

    def endorse(self, identifier: str, decision: Decision) -> Licence:
        """Let a licence that is endorsed yearly (年检) hold until the next due day. Raises like :meth:`suspend`.

        :raises EndorsementNotDueError: its type needs none, or it has that of the coming due day already.
        """

        def lengthen(row: LicenceRow) -> None:
            row.valid_until = _endorsed_until(self.licence_of(row), self.today())

        return self._change(identifier, Act.ENDORSE, decision, also=lengthen)

    def supersede(
        self, session: Session, licence: Licence, act: Act, decision: Decision, *, successor: LicenceIdentifier
    ) -> SupersededVersion:
        """Take a licence out of force for the version that the caller's transaction enters next.

        :param licence: as the caller saw it when the new version was made.
        :param act: one of :data:`trust.licence.NEW_VERSION`. Raises like :meth:`suspend`.
        """
        seen = replace(decision, revision=licence.revision)
        row = self._decided(session, licence.identifier, act, seen, self._clock.now(), successor=str(successor))
        return SupersededVersion(row.identifier, act, decision)

    def enter(self, session: Session, entry: NewLicence) -> Licence:
        """Enter a licence that has just been sealed or is imported; part of the transaction that makes it exist."""
        return self.enter_all(session, [entry])[0]

    def enter_all(self, session: Session, entries: Sequence[NewLicence]) -> list[Licence]:
        """Enter licences as :meth:`enter` does: all, or none where this raises."""
        unseated = [entry for entry in entries if entry.content.references is None]
        seats = iter(allot_seats(session, len(unseated)) if unseated else ())
        rows = [self._row_of(entry, _seat_of(entry.content) or next(seats)) for entry in entries]
        session.add_all(rows)
        session.flush()
        begun = []
        for entry, row in zip(entries, rows, strict=True):
            if entry.pdf_digest is not None:
                session.add(LicencePdfRow(digest=entry.pdf_digest, licence_id=row.id, at=entry.at))
            if entry.supersedes is not None:
                self._record(session, row, entry.supersedes.act, entry.supersedes.decision, entry.at)
                continue
            act, reason = (Act.ISSUE, "") if entry.imported is None else (Act.IMPORT, entry.imported.source)
            decision = Decision(entry.actor, reason)
            session.add(_event(row, act, decision, entry.at))
            begun.append((row, act, decision, entry.at))
        self._log.add_first(session, begun)
        session.flush()
        return [self.licence_of(row) for row in rows]

    def _row_of(self, entry: NewLicence, seat: StatusSeat) -> LicenceRow:
        content = entry.content
        return LicenceRow(
            identifier=str(content.identifier),
            type_slug=content.type.slug,
            type_version=content.type.version,
            number_index=number_index(self._vault, content.type.slug, content.number),
            holder_index=HolderIndex.of(self._vault, content.holder.code_type, content.holder.code).value,
            holder_code_type=content.holder.code_type,
            issuer_code=content.issuer_code,
            issuer_name=content.issuer_name,
            issue_date=content.issue_date,
            valid_from=content.valid_from,
            valid_until=content.valid_until,
            state=LicenceState.VALID,
            state_since=entry.at,
            data=self._encrypt(content),
            origin=Origin.ISSUED if entry.imported is None else Origin.IMPORTED,
            scan_digest=entry.imported.scan_digest if entry.imported is not None else None,
            pdf_digest=entry.pdf_digest,
            proof_until=entry.proof_until,
            seal_use_id=entry.seal_use_id,
            issued_by=entry.actor,
            issued_at=entry.at,
            region_code=entry.region_code,
            supersedes=entry.supersedes.identifier if entry.supersedes is not None else None,
            status_list=seat.list,
            status_index=seat.index,
            logged=True,
        )

    def check_possible(self, licence: Licence, act: Act, decision: Decision) -> LicenceState:
        """The state that an act would lead to now. Raises like :meth:`suspend`."""
        decision.check_for(act)
        if decision.revision not in (None, licence.revision):
            raise LicenceChangedError(revision=licence.revision)
        state = licence.state_on(self.today())
        after = state_after(state, act)
        if after is None:
            possible = possible_acts(state)
            raise ActRefusedError(
                act=act.value,
                act_zh=act.zh,
                state=state.value,
                state_zh=state.zh,
                possible=", ".join(possible) or "nothing",
                possible_zh="、".join(each.zh for each in possible) or "无",
            )
        return after

    def _change(
        self, identifier: str, act: Act, decision: Decision, *, also: Callable[[LicenceRow], None] | None = None
    ) -> Licence:
        now = self._clock.now()
        with self._database.transaction() as session:
            if decision.once is not None and settle(session, decision.once, identifier, now) is not None:
                return self.licence_of(_row(session, identifier))
            row = self._decided(session, identifier, act, decision, now)
            if also is not None:
                also(row)
            return self.licence_of(row)

    def _decided(
        self,
        session: Session,
        identifier: str,
        act: Act,
        decision: Decision,
        now: datetime,
        *,
        successor: str | None = None,
    ) -> LicenceRow:
        row = _row(session, identifier, lock=True)
        after = self.check_possible(self.licence_of(row), act, decision)
        row.state, row.state_since, row.state_reason = after, now, decision.reason
        row.superseded_by = successor
        row.revision += 1
        self._record(session, row, act, decision, now)
        session.flush()
        return row

    def _record(self, session: Session, row: LicenceRow, act: Act, decision: Decision, at: datetime) -> None:
        """Put an act on record: in the history and, for everybody to see that there was one, in the ledger."""
        session.add(_event(row, act, decision, at))
        self._log.add(session, row, act, decision, at)

    def _encrypt(self, content: LicenceContent) -> bytes:
        data = {
            "number": content.number,
            "holder": asdict(content.holder),
            **({"co_holders": [asdict(each) for each in content.co_holders]} if content.co_holders else {}),
            "fields": dict(content.fields),
        }
        return self._vault.encrypt(
            json.dumps(data, ensure_ascii=False, sort_keys=True).encode(), context=data_context(content.identifier)
        )

    def licence_of(self, row: LicenceRow) -> Licence:
        """The licence that a row stands for, for other modules of this package."""
        data: Mapping[str, Any] = json.loads(self._vault.decrypt(row.data, context=data_context(row.identifier)))
        co_holders = tuple(Holder(**each) for each in data.get("co_holders", ()))
        return Licence(
            identifier=row.identifier,
            type=self._catalogue.version(row.type_slug, row.type_version),
            number=data["number"],
            holder=Holder(**data["holder"]),
            holder_index=HolderIndex(row.holder_index),
            issuer_code=row.issuer_code,
            issuer_name=row.issuer_name,
            issue_date=row.issue_date,
            valid_from=row.valid_from,
            valid_until=row.valid_until,
            fields=data["fields"],
            recorded_state=LicenceState(row.state),
            state_since=row.state_since,
            state_reason=row.state_reason,
            origin=Origin(row.origin),
            scan_digest=row.scan_digest,
            pdf_digest=row.pdf_digest,
            issued_at=row.issued_at,
            proof_until=row.proof_until,
            co_holders=co_holders,
            co_holder_indexes=tuple(HolderIndex.of(self._vault, each.code_type, each.code) for each in co_holders),
            revision=row.revision,
            supersedes=row.supersedes,
            superseded_by=row.superseded_by,
        )


def _endorsed_until(licence: Licence, today: date) -> date:
    """The last day for which the next endorsement is."""
    due = licence.type.validity.due
    if due is None or licence.valid_until is None or licence.valid_until > next_due(due, today):
        raise EndorsementNotDueError
    return next_due(due, max(licence.valid_until, today))


def data_context(identifier: LicenceIdentifier | str) -> str:
    """Binds the encrypted data to their row, so that rows cannot be swapped."""
    return f"{_DATA_CONTEXT}:{identifier}"


def _row(session: Session, identifier: str, *, lock: bool = False) -> LicenceRow:
    statement = sa.select(LicenceRow).where(LicenceRow.identifier == identifier)
    if lock:
        statement = statement.with_for_update()
    row = session.scalar(statement)
    if row is None:
        raise LicenceUnknownError
    return row


def _event(row: LicenceRow, act: Act, decision: Decision, at: datetime) -> LicenceEventRow:
    return LicenceEventRow(
        licence_id=row.id,
        act=act,
        state=row.state,
        actor=decision.actor,
        reason=decision.reason,
        legal_basis=decision.legal_basis,
        at=at,
    )


def _seat_of(content: LicenceContent) -> StatusSeat | None:
    known = content.references
    return None if known is None else StatusSeat(known.status_list, known.status_index)
