"""The register of licences (证照登记簿): the truth about every licence's status (design decision 2)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from keys import FieldVault
from store.clock import Clock
from store.database import Database
from store.objects import ObjectStore
from trust._tables import LicenceEventRow, LicencePdfRow, LicenceRow
from trust.catalogue import Catalogue
from trust.content import Holder, LicenceContent
from trust.errors import ActRefusedError, LicenceUnknownError, ReasonMissingError
from trust.holders import HolderIndex, number_index
from trust.identifier import LicenceIdentifier
from trust.licence import Act, Licence, LicenceEvent, LicenceState, possible_acts, state_after
from trust.licence_log import LicenceLog

ZONE = ZoneInfo("Asia/Shanghai")
"""The zone of the dates on paper; all of China keeps it."""

_DATA_CONTEXT = "licence.data"
_MAX_REASON = 500


def local_date(at: datetime) -> date:
    """The calendar day at a moment, where the licences hold."""
    return at.astimezone(ZONE).date()


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
            return self._licence(_row(session, identifier))

    def find(self, identifier: str) -> Licence | None:
        """Like :meth:`get`, with None for what the register does not have."""
        try:
            return self.get(identifier)
        except LicenceUnknownError:
            return None

    def get_many(self, identifiers: Sequence[str]) -> dict[str, Licence]:
        """Those of the licences that the register has, by identifier."""
        statement = sa.select(LicenceRow).where(LicenceRow.identifier.in_(identifiers))
        with self._database.transaction() as session:
            return {row.identifier: self._licence(row) for row in session.scalars(statement)}

    def live(self, type_slug: str, number: str) -> Licence | None:
        """The licence of a type with a number that has not been revoked."""
        statement = sa.select(LicenceRow).where(
            LicenceRow.type_slug == type_slug,
            LicenceRow.number_index == self._number_index(type_slug, number),
            LicenceRow.state.in_([LicenceState.VALID, LicenceState.SUSPENDED]),
        )
        with self._database.transaction() as session:
            row = session.scalar(statement)
            return self._licence(row) if row is not None else None

    def pdf(self, licence: Licence) -> bytes:
        """The sealed PDF.

        :raises YinzhengError: the object store has lost or damaged it, or cannot be reached.
        """
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

    def proof_ends_before(self, moment: datetime, *, type_slug: str | None = None, limit: int = 1000) -> list[str]:
        """Identifiers of licences whose long-term proof ends before a moment, the first to end first."""
        statement = sa.select(LicenceRow.identifier).where(LicenceRow.proof_until < moment)
        if type_slug is not None:
            statement = statement.where(LicenceRow.type_slug == type_slug)
        with self._database.transaction() as session:
            return list(session.scalars(statement.order_by(LicenceRow.proof_until, LicenceRow.id).limit(limit)))

    def replace_pdf(self, licence: Licence, *, digest: str, proof_until: datetime | None, actor: str) -> bool:
        """Give a licence a file with a longer proof; False when another process was faster."""
        now = self._clock.now()
        with self._database.transaction() as session:
            row = _row(session, licence.identifier, lock=True)
            if row.pdf_digest != licence.pdf_digest:
                return False
            row.pdf_digest, row.proof_until = digest, proof_until
            session.add(LicencePdfRow(digest=digest, licence_id=row.id, at=now))
            self._record(session, row, Act.EXTEND, actor, "", now)
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
                LicenceEvent(Act(event.act), LicenceState(event.state), event.actor, event.reason, event.at)
                for event in events
            ]

    def suspend(self, identifier: str, *, actor: str, reason: str) -> Licence:
        """Stop a licence for a time (暂停).

        :raises LicenceUnknownError: the register has none with this identifier.
        :raises ActRefusedError: its state does not allow it.
        :raises ReasonMissingError: the reason is empty or longer than 500 characters.
        """
        return self._change(identifier, Act.SUSPEND, actor, reason)

    def resume(self, identifier: str, *, actor: str, reason: str) -> Licence:
        """Let a suspended licence hold again (恢复). Raises like :meth:`suspend`."""
        return self._change(identifier, Act.RESUME, actor, reason)

    def revoke(self, identifier: str, *, actor: str, reason: str) -> Licence:
        """End a licence for good (吊销). Raises like :meth:`suspend`."""
        return self._change(identifier, Act.REVOKE, actor, reason)

    def enter(
        self,
        session: Session,
        content: LicenceContent,
        *,
        pdf_digest: str,
        proof_until: datetime | None,
        seal_use_id: int,
        actor: str,
        at: datetime,
    ) -> Licence:
        """Enter a licence that has just been sealed; part of the issuing transaction."""
        row = LicenceRow(
            identifier=str(content.identifier),
            type_slug=content.type.slug,
            type_version=content.type.version,
            number_index=self._number_index(content.type.slug, content.number),
            holder_index=HolderIndex.of(self._vault, content.holder.code_type, content.holder.code).value,
            holder_code_type=content.holder.code_type,
            issuer_code=content.issuer_code,
            issuer_name=content.issuer_name,
            issue_date=content.issue_date,
            valid_from=content.valid_from,
            valid_until=content.valid_until,
            state=LicenceState.VALID,
            state_since=at,
            data=self._encrypt(content),
            pdf_digest=pdf_digest,
            proof_until=proof_until,
            seal_use_id=seal_use_id,
            issued_by=actor,
            issued_at=at,
            logged=True,
        )
        session.add(row)
        session.flush()
        session.add(LicencePdfRow(digest=pdf_digest, licence_id=row.id, at=at))
        self._record(session, row, Act.ISSUE, actor, "", at)
        return self._licence(row)

    def _change(self, identifier: str, act: Act, actor: str, reason: str) -> Licence:
        reason = reason.strip()
        if not reason or len(reason) > _MAX_REASON:
            raise ReasonMissingError(act=act.value, act_zh=act.zh)
        now = self._clock.now()
        with self._database.transaction() as session:
            row = _row(session, identifier, lock=True)
            state = LicenceState(row.state)
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
            row.state, row.state_since, row.state_reason = after, now, reason
            self._record(session, row, act, actor, reason, now)
            return self._licence(row)

    def _record(self, session: Session, row: LicenceRow, act: Act, actor: str, reason: str, at: datetime) -> None:
        """Put an act on record: in the history and, for everybody to see that there was one, in the ledger."""
        session.add(LicenceEventRow(licence_id=row.id, act=act, state=row.state, actor=actor, reason=reason, at=at))
        self._log.add(session, row, act, actor=actor, reason=reason, at=at)

    def _number_index(self, type_slug: str, number: str) -> bytes:
        return number_index(self._vault, type_slug, number)

    def _encrypt(self, content: LicenceContent) -> bytes:
        data = {
            "number": content.number,
            "holder": asdict(content.holder),
            **({"co_holders": [asdict(each) for each in content.co_holders]} if content.co_holders else {}),
            "fields": dict(content.fields),
        }
        return self._vault.encrypt(
            json.dumps(data, ensure_ascii=False, sort_keys=True).encode(), context=_data_context(content.identifier)
        )

    def _licence(self, row: LicenceRow) -> Licence:
        data: Mapping[str, Any] = json.loads(self._vault.decrypt(row.data, context=_data_context(row.identifier)))
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
            pdf_digest=row.pdf_digest,
            issued_at=row.issued_at,
            proof_until=row.proof_until,
            co_holders=co_holders,
            co_holder_indexes=tuple(HolderIndex.of(self._vault, each.code_type, each.code) for each in co_holders),
        )


def _data_context(identifier: LicenceIdentifier | str) -> str:
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
