"""The record of uses (用印记录): whether a use is allowed, written down before the key signs, and how it ended.

Leave, count and record are one transaction; the outcome is another. A process that dies in between leaves a use without
an outcome, and never a seal without a use. Refusals are recorded as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session

from keys import CertificateState, FieldVault, Record, RecordLog, held_state
from seal._tables import SealCertificateRow, SealGrantRow, SealRow, SealUseOutcomeRow, SealUseRow
from seal.errors import (
    SealCertificateExpiredError,
    SealCertificateStoppedError,
    SealNotUsableError,
    SealUnknownError,
    SealUseUnknownError,
    UseSearchError,
)
from seal.grants import SealUser, china_day, give_back_use, holding_grants, take_one_use
from seal.seals import Seal, seal_of
from seal.states import SealState
from seal.texts import checked_text
from store.clock import Clock
from store.database import Database
from store.errors import YinzhengError
from store.measures import SEAL_USES
from store.traces import note

MOST_A_PAGE = 1000
LOG_PREFIX = "seal-use:"
"""What the names of the ledger's entries about uses begin with."""


class UseResult(StrEnum):
    """How a use ended."""

    SEALED = "sealed"
    REFUSED = "refused"
    FAILED = "failed"
    CUT_SHORT = "cut_short"
    """Nothing was heard of it again; nothing it made was released."""

    @property
    def zh(self) -> str:
        """As an official names it."""
        return _RESULT_ZH[self]


_RESULT_ZH = {
    UseResult.SEALED: "已用印",
    UseResult.REFUSED: "已拒绝",
    UseResult.FAILED: "失败",
    UseResult.CUT_SHORT: "中断",
}


@dataclass(frozen=True)
class WantedUse:
    """Who wants which seal on what."""

    seal_number: str
    caller: str
    """Who asks: a client or an officer."""
    user: SealUser
    """On whose behalf."""
    document_type: str
    document_identifier: str
    document_digest: str
    """SHA-256 of the document before sealing; SM3 where only a seal signature is made."""
    purpose: str | None = None
    """Only a grant for this purpose allows the use; who uses its own seal may leave it out."""


@dataclass(frozen=True)
class AllowedUse:
    """A use that is on record and may go ahead."""

    id: int
    seal: Seal
    key_id: int
    certificate_id: int
    grant_id: int
    at: datetime


@dataclass(frozen=True)
class UseOutcome:
    """How a use ended, as its row has it."""

    use_id: int
    result: UseResult
    reason_code: str | None = None
    sealed_digest: str | None = None


@dataclass(frozen=True)
class SealUse:
    """One line of a seal's record of uses."""

    id: int
    seal_number: str
    caller: str
    organisation_code: str | None
    client_id: str | None
    document_type: str
    document_identifier: str
    unsealed_digest: str
    purpose: str | None
    grant_id: int | None
    """The grant that allowed it; none where it was refused."""
    at: datetime
    day: date
    """In China's calendar."""
    result: UseResult
    reason_code: str | None
    sealed_digest: str | None


@dataclass(frozen=True)
class UseSearch:
    """Which uses to find. Everything said has to hold; nothing said finds all."""

    seal_number: str | None = None
    first_day: date | None = None
    """First day of China's calendar."""
    last_day: date | None = None
    """Last day, included."""
    document_type: str | None = None
    document_identifier: str | None = None
    caller: str | None = None
    organisation_code: str | None = None
    """Body on whose behalf the seal was used."""
    result: UseResult | None = None


@dataclass(frozen=True)
class UsePage:
    """Some uses, newest first, and where to go on."""

    uses: tuple[SealUse, ...]
    next_cursor: str | None


@dataclass(frozen=True)
class UseDay:
    """How often a seal was used on one day of China's calendar."""

    day: date
    sealed: int
    refused: int
    failed: int
    cut_short: int


class SealUses:
    """Allows and records uses of seals, and tells of them."""

    def __init__(self, database: Database, vault: FieldVault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._log = RecordLog(vault)
        self._clock = clock

    def begin(self, wanted: WantedUse) -> AllowedUse:
        """Put a use on record, if the seal and a grant allow it now; a refusal is put on record too.

        :raises SealUnknownError: there is no such seal.
        :raises SealNotUsableError: it is not active.
        :raises SealCertificateExpiredError: its certificate is outside its validity.
        :raises SealCertificateStoppedError: its certificate was revoked or retired.
        :raises SealNotGrantedError: the caller has no grant that holds now.
        :raises SealTypeNotAllowedError: it has none for this type of document.
        :raises SealQuotaUsedError: the uses of today are used up.
        """
        now = self._clock.now()
        use = _use_row(wanted, now)
        with self._database.transaction() as session:
            row = _held_seal(session, wanted.seal_number)
            use.seal_id = row.id
            seal = seal_of(row, self._vault)
            try:
                key_id, certificate_id = _usable_key(session, row, seal, now)
                grants = holding_grants(session, row, wanted.user, now, wanted.purpose)
                use.grant_id = take_one_use(session, row, grants, wanted.document_type, now)
            except YinzhengError as error:
                refusal = error
            else:
                session.add(use)
                session.flush()
                return AllowedUse(use.id, seal, key_id, certificate_id, use.grant_id, now)
            session.add(use)
            session.flush()
            self._record(session, [UseOutcome(use.id, UseResult.REFUSED, reason_code=refusal.code)])
        if not _may_know(row, seal, wanted.user):
            raise SealUnknownError(number=seal.number)
        raise refusal

    def begin_together(self, wanted: Sequence[WantedUse]) -> list[AllowedUse]:
        """Put several uses of one seal on record, if the seal and its grants allow all of them now; else none.

        Nothing is put on record where this raises: the caller then asks for each use by itself with :meth:`begin`,
        which tells those that are refused from the others.

        :raises YinzhengError: what :meth:`begin` raises, for whichever use cannot be.
        :raises ValueError: they are not all of one seal.
        """
        [number] = {each.seal_number for each in wanted}
        now = self._clock.now()
        uses = [_use_row(each, now) for each in wanted]
        with self._database.transaction() as session:
            row = _held_seal(session, number)
            seal = seal_of(row, self._vault)
            key_id, certificate_id = _usable_key(session, row, seal, now)
            grants: dict[tuple[SealUser, str | None], list[SealGrantRow]] = {}
            allowed = []
            for use, each in zip(uses, wanted, strict=True):
                asked = (each.user, each.purpose)
                if asked not in grants:
                    grants[asked] = holding_grants(session, row, each.user, now, each.purpose)
                use.seal_id = row.id
                use.grant_id = grant_id = take_one_use(session, row, grants[asked], each.document_type, now)
                allowed.append(grant_id)
            session.add_all(uses)
            session.flush()
            return [
                AllowedUse(use.id, seal, key_id, certificate_id, grant_id, now)
                for use, grant_id in zip(uses, allowed, strict=True)
            ]

    def sealed(self, use: AllowedUse, digest: str) -> None:
        """Put on record that a use succeeded, with the SHA-256 of the sealed document."""
        self.sealed_together([(use, digest)])

    def sealed_together(self, uses: Sequence[tuple[AllowedUse, str]]) -> None:
        """Put on record that several uses succeeded, as :meth:`sealed` does for one."""
        with self._database.transaction() as session:
            self._record(session, [UseOutcome(use.id, UseResult.SEALED, sealed_digest=digest) for use, digest in uses])

    def failed(self, use: AllowedUse, reason_code: str) -> None:
        """Put on record that a use came to nothing; it does not count against its grant's quota."""
        self.failed_together([use], reason_code)

    def failed_together(self, uses: Sequence[AllowedUse], reason_code: str) -> None:
        """Put on record that several uses came to nothing, as :meth:`failed` does for one."""
        with self._database.transaction() as session:
            self._record(session, [UseOutcome(use.id, UseResult.FAILED, reason_code=reason_code) for use in uses])
            for use in uses:
                give_back_use(session, use.grant_id, china_day(use.at))

    def search(self, search: UseSearch, *, cursor: str | None = None, limit: int = 100) -> UsePage:
        """Uses that a search finds, newest first.

        :param cursor: from the page before.
        :raises UseSearchError: the cursor is none, or the limit is not 1 to 1000.
        """
        if not 1 <= limit <= MOST_A_PAGE:
            raise UseSearchError(
                problem_zh=f"每页条数应在 1 至 {MOST_A_PAGE} 之间。",
                problem_en=f"a page has 1 to {MOST_A_PAGE} uses.",
            )
        statement = _found(search).order_by(SealUseRow.id.desc()).limit(limit + 1)
        if cursor is not None:
            statement = statement.where(SealUseRow.id < _place(cursor))
        with self._database.transaction() as session:
            uses = [_use_of(number, use, outcome) for number, use, outcome in session.execute(statement)]
        more = len(uses) > limit
        return UsePage(tuple(uses[:limit]), str(uses[limit - 1].id) if more else None)

    def find(self, use_id: int, seal_number: str | None = None) -> SealUse:
        """One use.

        :param seal_number: of the seal that it has to be of; any where left out.
        :raises SealUseUnknownError: there is none with this number.
        """
        statement = _found(UseSearch(seal_number)).where(SealUseRow.id == use_id)
        with self._database.transaction() as session:
            found = session.execute(statement).one_or_none()
            if found is None:
                raise SealUseUnknownError(use=use_id)
            return _use_of(*found)

    def days(self, search: UseSearch) -> list[UseDay]:
        """How often seals were used on each day on which they were, latest first."""
        result = sa.func.coalesce(SealUseOutcomeRow.result, UseResult.CUT_SHORT.value)
        counts = [sa.func.count().filter(result == each.value).label(each.value) for each in UseResult]
        statement = (
            _found(search)
            .with_only_columns(SealUseRow.day, *counts, maintain_column_froms=True)
            .group_by(SealUseRow.day)
            .order_by(SealUseRow.day.desc())
        )
        with self._database.transaction() as session:
            return [
                UseDay(row.day, row.sealed, row.refused, row.failed, row.cut_short)
                for row in session.execute(statement)
            ]

    def _record(self, session: Session, outcomes: Sequence[UseOutcome]) -> None:
        now = self._clock.now()
        session.execute(sa.insert(SealUseOutcomeRow), [{**asdict(each), "at": now} for each in outcomes])
        statement = sa.select(SealUseRow).where(SealUseRow.id.in_([each.use_id for each in outcomes]))
        uses = {use.id: use for use in session.scalars(statement)}
        self._log.add_first(session, [_record_of(each, uses[each.use_id], now) for each in outcomes])
        for each in outcomes:
            SEAL_USES.labels(each.result.value).inc()
            note("seal use", result=each.result.value)


def _use_row(wanted: WantedUse, at: datetime) -> SealUseRow:
    return SealUseRow(
        caller=checked_text("caller", wanted.caller),
        organisation_code=wanted.user.organisation_code,
        client_id=wanted.user.client_id,
        document_type=wanted.document_type,
        document_identifier=wanted.document_identifier,
        unsealed_digest=wanted.document_digest,
        purpose=wanted.purpose,
        at=at,
        day=china_day(at),
    )


def _record_of(outcome: UseOutcome, use: SealUseRow, at: datetime) -> Record:
    facts = {
        "result": outcome.result.value,
        "reason_code": outcome.reason_code,
        "sealed_digest": outcome.sealed_digest,
        "document_type": use.document_type,
        "document_identifier": use.document_identifier,
    }
    particulars = {
        "seal_id": use.seal_id,
        "caller": use.caller,
        "organisation_code": use.organisation_code,
        "client_id": use.client_id,
        "unsealed_digest": use.unsealed_digest,
        "purpose": use.purpose,
    }
    return Record(f"seal-use.{outcome.result}", f"{LOG_PREFIX}{use.id}", at, facts, particulars)


def _held_seal(session: Session, number: str) -> SealRow:
    """The seal, held against every move until the transaction ends; others may use it meanwhile."""
    row = session.scalar(sa.select(SealRow).where(SealRow.number == number).with_for_update(of=SealRow, read=True))
    if row is None:
        raise SealUnknownError(number=number)
    return row


def _may_know(row: SealRow, seal: Seal, user: SealUser) -> bool:
    """Whether a user may be told why a seal cannot be used: its owner, and anybody once the public register has it."""
    owner = getattr(seal.owner, "code", None)
    return row.registered_at is not None or user.organisation_code in (None, owner)


def _usable_key(session: Session, row: SealRow, seal: Seal, now: datetime) -> tuple[int, int]:
    state = seal.state
    if state is not SealState.ACTIVE or seal.key_id is None or seal.certificate_id is None:
        raise SealNotUsableError(number=seal.number, state=state.value, state_zh=state.zh)
    certificate = session.scalars(
        sa.select(SealCertificateRow).where(
            SealCertificateRow.seal_id == row.id, SealCertificateRow.used_until.is_(None)
        )
    ).one()
    if not certificate.not_before <= now <= certificate.not_after:
        raise SealCertificateExpiredError(number=seal.number)
    standing = held_state(session, seal.certificate_id)
    if standing is not CertificateState.ACTIVE:
        raise SealCertificateStoppedError(number=seal.number, state=standing.value, state_zh=standing.zh)
    state = seal.state_at(now)
    if state is not SealState.ACTIVE:
        raise SealNotUsableError(number=seal.number, state=state.value, state_zh=state.zh)
    return seal.key_id, seal.certificate_id


def _found(search: UseSearch) -> sa.Select[str, SealUseRow, SealUseOutcomeRow]:
    statement = (
        sa.select(SealRow.number, SealUseRow, SealUseOutcomeRow)
        .select_from(SealUseRow)
        .join(SealRow, SealRow.id == SealUseRow.seal_id)
        .outerjoin(SealUseOutcomeRow, SealUseOutcomeRow.use_id == SealUseRow.id)
    )
    exact = (
        (SealRow.number, search.seal_number),
        (SealUseRow.document_type, search.document_type),
        (SealUseRow.document_identifier, search.document_identifier),
        (SealUseRow.caller, search.caller),
        (SealUseRow.organisation_code, search.organisation_code),
    )
    statement = statement.where(*(column == value for column, value in exact if value is not None))
    if search.first_day is not None:
        statement = statement.where(SealUseRow.day >= search.first_day)
    if search.last_day is not None:
        statement = statement.where(SealUseRow.day <= search.last_day)
    if search.result is UseResult.CUT_SHORT:
        statement = statement.where(SealUseOutcomeRow.use_id.is_(None))
    elif search.result is not None:
        statement = statement.where(SealUseOutcomeRow.result == search.result)
    return statement


def _place(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        raise UseSearchError(problem_zh="翻页标记无效。", problem_en="the cursor is none.")
    return int(cursor)


def _use_of(seal_number: str, use: SealUseRow, outcome: SealUseOutcomeRow | None) -> SealUse:
    return SealUse(
        id=use.id,
        seal_number=seal_number,
        caller=use.caller,
        organisation_code=use.organisation_code,
        client_id=use.client_id,
        document_type=use.document_type,
        document_identifier=use.document_identifier,
        unsealed_digest=use.unsealed_digest,
        purpose=use.purpose,
        grant_id=use.grant_id,
        at=use.at,
        day=use.day,
        result=UseResult(outcome.result) if outcome else UseResult.CUT_SHORT,
        reason_code=outcome.reason_code if outcome else None,
        sealed_digest=outcome.sealed_digest if outcome else None,
    )
