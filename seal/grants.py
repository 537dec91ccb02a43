"""Grants of use (用印授权): who may put a seal on what, how often, until when and for what purpose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from keys import FieldVault, Record, RecordLog
from seal._tables import SealGrantDayRow, SealGrantRow, SealRow
from seal.errors import (
    SealGrantInvalidError,
    SealGrantUnknownError,
    SealNotGrantedError,
    SealQuotaUsedError,
    SealTypeNotAllowedError,
    SealUnknownError,
)
from seal.organisations import organisation_row
from seal.states import SealState
from seal.texts import Act, checked_text
from store.clock import Clock
from store.database import Database

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")
"""Quotas and day counts go by China's calendar, which has had no summer time since 1991."""

OWN_USE = "本机构用印"
"""Purpose of the grant that an owner gets when its seal is made."""

_ENDED = (SealState.CHANGED, SealState.CANCELLED, SealState.EXPIRED, SealState.REJECTED)
_MOST_TYPES, _MOST_A_DAY = 200, 10_000_000


@dataclass(frozen=True)
class SealUser:
    """On whose behalf a seal is used. Nothing said: the seal's owner's."""

    organisation_code: str | None = None
    client_id: str | None = None
    """The API client through which the body comes."""


OWNER = SealUser()
"""The owner of whatever seal is meant."""


@dataclass(frozen=True)
class GrantTerms:
    """What a grant says."""

    licence_types: Sequence[str]
    purpose: str
    user: SealUser = OWNER
    """A body, one of its clients alone, or the owner."""
    daily_quota: int | None = None
    """Uses on one day of China's calendar; None: as many as come."""
    valid_from: datetime | None = None
    """Now, where left out."""
    valid_until: datetime | None = None
    """First moment at which it does not hold any more; None: until it is revoked."""


@dataclass(frozen=True)
class Grant:
    """Leave to use a seal."""

    id: int
    seal_number: str
    user: SealUser
    licence_types: tuple[str, ...]
    daily_quota: int | None
    valid_from: datetime
    valid_until: datetime | None
    purpose: str
    granted_by: str
    granted_at: datetime
    document: str | None
    revoked_by: str | None
    revoked_at: datetime | None
    revocation_reason: str | None

    def holds_at(self, at: datetime) -> bool:
        """Whether it may be used at a moment, its quota aside."""
        begun = self.valid_from <= at and (self.valid_until is None or at < self.valid_until)
        return begun and (self.revoked_at is None or at < self.revoked_at)


class Grants:
    """All grants of use."""

    def __init__(self, database: Database, vault: FieldVault, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._log = RecordLog(vault)

    def give(
        self, seal_number: str, terms: GrantTerms, *, officer: str, reason: str, document: str | None = None
    ) -> Grant:
        """Let somebody use a seal.

        :raises SealUnknownError: there is no such seal.
        :raises OrganisationUnknownError: the body is not enrolled.
        :raises SealGrantInvalidError: the seal is over, or the terms make no sense.
        :raises SealFieldError: the officer, reason, document or purpose is no such thing.
        """
        act = Act.of(officer, reason, document)
        with self._database.transaction() as session:
            seal = session.scalar(sa.select(SealRow).where(SealRow.number == seal_number).with_for_update(of=SealRow))
            if seal is None:
                raise SealUnknownError(number=seal_number)
            if SealState(seal.state) in _ENDED:
                raise _invalid("印章已不能使用。", "the seal is over.")
            return grant_of(self.add(session, seal, terms, act))

    def add(self, session: Session, seal: SealRow, terms: GrantTerms, act: Act) -> SealGrantRow:
        """Write a grant within a transaction that holds the seal; for the modules of this package."""
        now = self._clock.now()
        types = sorted({each.strip() for each in terms.licence_types} - {""})
        if not types or len(types) > _MOST_TYPES:
            raise _invalid("至少要写明一种可用印的证照类型。", "name at least one document type.")
        if terms.daily_quota is not None and not 1 <= terms.daily_quota <= _MOST_A_DAY:
            raise _invalid("每日次数须为正整数。", "the daily quota is a whole number above zero.")
        start = terms.valid_from or now
        if terms.valid_until is not None and terms.valid_until <= max(start, now):
            raise _invalid("截止时间须晚于起始时间和当前时间。", "it would end before it begins.")
        if terms.user.client_id is not None and terms.user.organisation_code is None:
            raise _invalid("授权给客户端时须写明其所属机构。", "name the body that the client belongs to.")
        code = terms.user.organisation_code
        row = SealGrantRow(
            seal_id=seal.id,
            organisation_id=None if code is None else organisation_row(session, code).id,
            client_id=terms.user.client_id,
            licence_types=types,
            daily_quota=terms.daily_quota,
            valid_from=start,
            valid_until=terms.valid_until,
            purpose=checked_text("purpose", terms.purpose),
            granted_by=act.officer,
            granted_at=now,
            document=act.document,
        )
        session.add(row)
        session.flush()
        session.refresh(row)
        self._enter(session, row, "give", {"officer": act.officer, "reason": act.reason, "document": act.document})
        return row

    def revoke(self, grant_id: int, *, officer: str, reason: str) -> Grant:
        """Take leave back; the very next use is refused.

        :raises SealGrantUnknownError: there is no such grant, or it was revoked before.
        """
        act = Act.of(officer, reason, None)
        with self._database.transaction() as session:
            row = session.get(SealGrantRow, grant_id, with_for_update={"of": SealGrantRow})
            if row is None or row.revoked_at is not None:
                raise SealGrantUnknownError(grant=grant_id)
            row.revoked_by, row.revoked_at, row.revocation_reason = act.officer, self._clock.now(), act.reason
            self._enter(session, row, "revoke", {"officer": act.officer, "reason": act.reason})
            return grant_of(row)

    def _enter(self, session: Session, row: SealGrantRow, act: str, particulars: Mapping[str, object]) -> None:
        """Log what was done to a grant, which the caller holds."""
        facts = {
            "seal_id": row.seal_id,
            "organisation": row.organisation.code if row.organisation is not None else None,
            "client": row.client_id,
            "licence_types": list(row.licence_types),
            "daily_quota": row.daily_quota,
            "valid_from": row.valid_from.isoformat(),
            "valid_until": row.valid_until.isoformat() if row.valid_until is not None else None,
            "purpose": row.purpose,
        }
        record = Record(f"seal-grant.{act}", f"seal-grant:{row.id}", self._clock.now(), facts, particulars)
        self._log.add(session, record)

    def of_seal(self, seal_number: str) -> list[Grant]:
        """Every grant of a seal, the revoked ones too, oldest first."""
        statement = (
            sa.select(SealGrantRow)
            .join(SealRow, SealRow.id == SealGrantRow.seal_id)
            .where(SealRow.number == seal_number)
            .order_by(SealGrantRow.id)
        )
        with self._database.transaction() as session:
            return [grant_of(row) for row in session.scalars(statement)]

    def get(self, grant_id: int) -> Grant:
        """A grant, whether it holds or was revoked.

        :raises SealGrantUnknownError: there is none.
        """
        with self._database.transaction() as session:
            row = session.get(SealGrantRow, grant_id)
            if row is None:
                raise SealGrantUnknownError(grant=grant_id)
            return grant_of(row)

    def used_on(self, grant_id: int, day: date) -> int:
        """How often a grant with a quota was used on a day of China's calendar."""
        with self._database.transaction() as session:
            row = session.get(SealGrantDayRow, (grant_id, day))
            return row.uses if row is not None else 0


def china_day(at: datetime) -> date:
    """The day of China's calendar at a moment."""
    return at.astimezone(CHINA).date()


def grant_of(row: SealGrantRow) -> Grant:
    """The value that a row stands for."""
    return Grant(
        id=row.id,
        seal_number=row.seal.number,
        user=SealUser(row.organisation.code if row.organisation is not None else None, row.client_id),
        licence_types=tuple(row.licence_types),
        daily_quota=row.daily_quota,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        purpose=row.purpose,
        granted_by=row.granted_by,
        granted_at=row.granted_at,
        document=row.document,
        revoked_by=row.revoked_by,
        revoked_at=row.revoked_at,
        revocation_reason=row.revocation_reason,
    )


def holding_grants(
    session: Session, seal: SealRow, user: SealUser, at: datetime, purpose: str | None
) -> list[SealGrantRow]:
    """The grants that somebody has for a seal and a purpose at a moment, held against revocation until the transaction
    ends.

    A client's own come first, then its body's, then the owner's: two uses never wait for each other's counts in a
    circle.
    """
    own = seal.organisation.code if seal.organisation is not None else None
    rows = session.scalars(
        sa.select(SealGrantRow)
        .where(
            SealGrantRow.seal_id == seal.id,
            SealGrantRow.revoked_at.is_(None),
            SealGrantRow.valid_from <= at,
            sa.or_(SealGrantRow.valid_until.is_(None), SealGrantRow.valid_until > at),
        )
        .order_by(SealGrantRow.id)
        .with_for_update(of=SealGrantRow, read=True)
        .execution_options(populate_existing=True)
    ).all()
    code = user.organisation_code if user.organisation_code is not None else own
    found = [
        row
        for row in rows
        if (row.organisation is None and code == own)
        or (row.organisation is not None and row.organisation.code == code and row.client_id in (None, user.client_id))
    ]
    # who uses another's seal says what for; an owner may leave it out
    found = [row for row in found if row.purpose == purpose or (purpose is None and code == own)]
    return sorted(found, key=lambda row: (row.client_id is None, row.organisation_id is None, row.id))


def take_one_use(session: Session, seal: SealRow, rows: Sequence[SealGrantRow], licence_type: str, at: datetime) -> int:
    """Count one use against the first grant that allows it, and name that grant.

    The count goes up in the caller's transaction, and only while it is below the quota; the row of the day is locked
    from then on, so that of two uses at once the second sees the first.

    :raises SealNotGrantedError: there is no grant.
    :raises SealTypeNotAllowedError: none is for this type of document.
    :raises SealQuotaUsedError: those that are have no use left today.
    """
    if not rows:
        raise SealNotGrantedError(number=seal.number)
    fitting = [row for row in rows if licence_type in row.licence_types]
    if not fitting:
        raise SealTypeNotAllowedError(number=seal.number, document_type=licence_type)
    for row in fitting:
        if row.daily_quota is None or _counted(session, row.id, china_day(at), row.daily_quota):
            return row.id
    raise SealQuotaUsedError(number=seal.number, quota=fitting[-1].daily_quota)


def give_back_use(session: Session, grant_id: int, day: date) -> None:
    """Take a use off the count of its day, because it came to nothing."""
    session.execute(
        sa.update(SealGrantDayRow)
        .where(SealGrantDayRow.grant_id == grant_id, SealGrantDayRow.day == day, SealGrantDayRow.uses > 0)
        .values(uses=SealGrantDayRow.uses - 1)
    )


def _counted(session: Session, grant_id: int, day: date, quota: int) -> bool:
    statement = insert(SealGrantDayRow).values(grant_id=grant_id, day=day, uses=1)
    counted = session.execute(
        statement.on_conflict_do_update(
            index_elements=["grant_id", "day"],
            set_={"uses": SealGrantDayRow.uses + 1},
            where=SealGrantDayRow.uses < quota,
        ).returning(SealGrantDayRow.uses)
    )
    return counted.first() is not None


def _invalid(problem_zh: str, problem_en: str) -> SealGrantInvalidError:
    return SealGrantInvalidError(problem_zh=problem_zh, problem_en=problem_en)
