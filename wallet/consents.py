"""Consent (授权用证): a holder lets a body see fields of licences, for a service item, so often and until then.

A consent is given ahead, or in answer to a request (:mod:`wallet.consent_requests`). It is made use of by its number,
which counts for nothing in the hands of any other body. "At most so often" rests on one statement in PostgreSQL that
only as many of any number of simultaneous users can win; a withdrawal that was committed is before every later use.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from store.clock import Clock
from store.database import Database
from trust import HolderIndex, Licence, UnifiedSocialCreditCode
from trust.errors import UsccInvalidError
from wallet._consent_tables import ConsentRow, ConsentUseRow
from wallet.consent_errors import (
    ConsentExpiredError,
    ConsentItemError,
    ConsentNotFoundError,
    ConsentTermsError,
    ConsentUnknownError,
    ConsentUsedUpError,
    ConsentWithdrawnError,
)
from wallet.consent_records import ConsentAct, ConsentRecord, ConsentRecords
from wallet.wallet import Wallets

LONGEST: Final = timedelta(days=366)
"""How long a consent may hold."""
MOST_USES: Final = 1000
MOST_LICENCES: Final = 20
MOST_LISTED: Final = 500
_NUMBER: Final = re.compile(r"[0-9a-f]{32}")
ALL_FIELDS: Final = "*"

Shared = Mapping[str, frozenset[str] | None]
"""The fields that may be told, by the identifier of a licence; None for all."""


class ConsentState(StrEnum):
    """What holds of a consent now."""

    ACTIVE = "active"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    USED_UP = "used_up"


@dataclass(frozen=True)
class ConsentTerms:
    """What a holder agrees to."""

    body_code: str
    """Unified social credit code of the body that may look."""
    service_item: str
    licences: Shared
    max_uses: int
    until: datetime


@dataclass(frozen=True)
class GivenConsent:
    """A consent, and what was made of it."""

    number: str
    """授权编号: 128 random bits in hexadecimal."""
    holder: HolderIndex
    terms: ConsentTerms
    uses: int
    given_at: datetime
    withdrawn_at: datetime | None

    def state_at(self, now: datetime) -> ConsentState:
        """What holds of it."""
        if self.withdrawn_at is not None:
            return ConsentState.WITHDRAWN
        if self.uses >= self.terms.max_uses:
            return ConsentState.USED_UP
        return ConsentState.EXPIRED if now >= self.terms.until else ConsentState.ACTIVE


@dataclass(frozen=True)
class ConsentUse:
    """One use of a consent."""

    consent: str
    number: int
    case_number: str
    at: datetime


class Consents:
    """The consents of all holders; each call names the one holder, or the body, that it is for."""

    def __init__(
        self,
        database: Database,
        wallets: Wallets,
        records: ConsentRecords,
        clock: Clock,
        *,
        item_exists: Callable[[str], bool],
    ) -> None:
        """Put the parts together.

        :param item_exists: whether there is a service item with a code.
        """
        self._database = database
        self._wallets = wallets
        self._records = records
        self._clock = clock
        self._item_exists = item_exists

    def give(self, holder: HolderIndex, terms: ConsentTerms, *, by: str = "holder") -> GivenConsent:
        """Agree ahead of being asked.

        :param by: who agrees for the holder.
        :raises ConsentTermsError: the terms are not of the form that they have to be.
        :raises NotInWalletError: a licence is not this holder's.
        """
        given, record = self.draw_up(holder, terms, by=by)
        with self._database.transaction() as session:
            self.enter(session, given, record)
        return given

    def draw_up(
        self, holder: HolderIndex, terms: ConsentTerms, *, by: str, request: str | None = None
    ) -> tuple[GivenConsent, ConsentRecord]:
        """A consent and its signed record, which :meth:`enter` makes hold. Raises like :meth:`give`."""
        now = self._clock.now()
        self._check(terms, now)
        for identifier, fields in terms.licences.items():
            _check_fields(self._wallets.licence(holder, identifier), fields)
        number = secrets.token_hex(16)
        said = {**_terms_json(terms), **({"request": request} if request is not None else {})}
        record = self._records.sign(ConsentAct.GIVE, number, by=by, at=now, terms=said)
        return GivenConsent(number, holder, terms, 0, now, None), record

    def enter(self, session: Session, given: GivenConsent, record: ConsentRecord) -> None:
        """Make a consent hold, within the caller's transaction.

        :raises WalletClosedError: the wallet was closed meanwhile.
        """
        terms = given.terms
        self._wallets.hold_open(session, given.holder)
        session.add(
            ConsentRow(
                id=given.number,
                holder_index=given.holder.value,
                body_code=terms.body_code,
                service_item=terms.service_item,
                licences=_licences_json(terms.licences),
                max_uses=terms.max_uses,
                given_at=given.given_at,
                until=terms.until,
            )
        )
        session.flush()  # a record is let in for the sake of its consent
        self._records.add(session, record)
        session.flush()

    def withdraw(self, holder: HolderIndex, number: str, *, by: str = "holder") -> GivenConsent:
        """Take a consent back, from this moment on; doing it twice changes nothing.

        :raises ConsentUnknownError: it is not this holder's.
        """
        if self.get(holder, number).withdrawn_at is None:
            now = self._clock.now()
            record = self._records.sign(ConsentAct.WITHDRAW, number, by=by, at=now, terms={})
            statement = (
                sa.update(ConsentRow)
                .where(ConsentRow.id == number, ConsentRow.withdrawn_at.is_(None))
                .values(withdrawn_at=now)
                .returning(ConsentRow.id)
            )
            with self._database.transaction() as session:
                if session.scalar(statement) is not None:
                    self._records.add(session, record)
        return self.get(holder, number)

    def withdraw_all(self, holder: HolderIndex, *, by: str = "holder") -> int:
        """Take back every consent that still holds, and tell how many."""
        still = self._list(ConsentRow.holder_index == holder.value, ConsentRow.withdrawn_at.is_(None), at_most=None)
        for each in still:
            self.withdraw(holder, each.number, by=by)
        return len(still)

    def get(self, holder: HolderIndex, number: str) -> GivenConsent:
        """One consent of a holder.

        :raises ConsentUnknownError: it is not this holder's.
        """
        with self._database.transaction() as session:
            row = session.get(ConsentRow, number) if _NUMBER.fullmatch(number) else None
        if row is None or row.holder_index != holder.value:
            raise ConsentUnknownError
        return _given(row)

    def of_holder(self, holder: HolderIndex, *, at_most: int | None = MOST_LISTED) -> list[GivenConsent]:
        """The consents of a holder, newest first.

        :param at_most: None for all, however many.
        """
        return self._list(ConsentRow.holder_index == holder.value, at_most=at_most)

    def for_body(self, body_code: str, service_item: str, holder: HolderIndex) -> list[GivenConsent]:
        """The consents of a holder that a body may use now for a service item, newest first."""
        now = self._clock.now()
        return self._list(
            ConsentRow.body_code == body_code,
            ConsentRow.service_item == service_item,
            ConsentRow.holder_index == holder.value,
            *_usable(now),
        )

    def uses(self, holder: HolderIndex, number: str) -> list[ConsentUse]:
        """When a consent was made use of, in order.

        :raises ConsentUnknownError: it is not this holder's.
        """
        self.get(holder, number)
        table = ConsentUseRow
        statement = sa.select(table).where(table.consent_id == number).order_by(table.number)
        with self._database.transaction() as session:
            return [
                ConsentUse(row.consent_id, row.number, row.case_number, row.at) for row in session.scalars(statement)
            ]

    def records(self, holder: HolderIndex, number: str) -> list[ConsentRecord]:
        """The signed records of a consent: that it was given, and that it was withdrawn.

        :raises ConsentUnknownError: it is not this holder's.
        """
        self.get(holder, number)
        return self._records.of([number])

    def use(self, number: str, *, by: str, service_item: str, case_number: str) -> GivenConsent:
        """Make use of a consent once, for a case.

        :param by: unified social credit code of the body that asks.
        :raises ConsentRefusedError: it does not count, as the error's class tells.
        """
        if not _NUMBER.fullmatch(number):
            raise ConsentNotFoundError
        now = self._clock.now()
        statement = (
            sa.update(ConsentRow)
            .where(
                ConsentRow.id == number,
                ConsentRow.body_code == by,
                ConsentRow.service_item == service_item,
                *_usable(now),
            )
            .values(uses=ConsentRow.uses + 1)
            .returning(ConsentRow)
        )
        with self._database.transaction() as session:
            taken = session.scalar(statement)
            if taken is not None:
                use = ConsentUseRow(consent_id=number, number=taken.uses, case_number=case_number, at=now)
                session.add(use)
                return _given(taken)
            row = session.get(ConsentRow, number)
        if row is None or row.body_code != by:
            raise ConsentNotFoundError
        if row.service_item != service_item:
            raise ConsentItemError
        refusals = {
            ConsentState.WITHDRAWN: ConsentWithdrawnError,
            ConsentState.USED_UP: ConsentUsedUpError,
            ConsentState.EXPIRED: ConsentExpiredError,
        }
        # one that holds again by now was used up when it was tried
        raise refusals.get(_given(row).state_at(now), ConsentUsedUpError)

    def _check(self, terms: ConsentTerms, now: datetime) -> None:
        try:
            UnifiedSocialCreditCode.parse(terms.body_code)
        except UsccInvalidError:
            raise _wrong("被授权单位的统一社会信用代码有误。", "the body's code is none.") from None
        if not self._item_exists(terms.service_item):
            raise _wrong("没有这个事项。", "there is no such service item.")
        if not 1 <= len(terms.licences) <= MOST_LICENCES:
            raise _wrong(f"须选择 1 至 {MOST_LICENCES} 份证照。", f"it is for 1 to {MOST_LICENCES} licences.")
        if not 1 <= terms.max_uses <= MOST_USES:
            raise _wrong(f"使用次数为 1 至 {MOST_USES} 次。", f"it is for 1 to {MOST_USES} uses.")
        if terms.until.tzinfo is None or not now < terms.until <= now + LONGEST:
            raise _wrong(f"截止时间须在今后 {LONGEST.days} 天内。", f"it ends within {LONGEST.days} days from now.")

    def _list(self, *wanted: sa.ColumnElement[bool], at_most: int | None = MOST_LISTED) -> list[GivenConsent]:
        statement = sa.select(ConsentRow).where(*wanted).order_by(ConsentRow.given_at.desc()).limit(at_most)
        with self._database.transaction() as session:
            return [_given(row) for row in session.scalars(statement)]


def _usable(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (ConsentRow.withdrawn_at.is_(None), ConsentRow.until > now, ConsentRow.uses < ConsentRow.max_uses)


def _check_fields(licence: Licence, fields: frozenset[str] | None) -> None:
    if fields is not None and (not fields or not fields <= licence.fields.keys()):
        raise _wrong("证照中没有所选的字段，或未选择字段。", "the licence has not the fields named, or none is.")


def _wrong(problem_zh: str, problem_en: str) -> ConsentTermsError:
    return ConsentTermsError(problem_zh=problem_zh, problem_en=problem_en)


def _given(row: ConsentRow) -> GivenConsent:
    licences = {
        identifier: None if fields is None else frozenset(fields) for identifier, fields in row.licences.items()
    }
    terms = ConsentTerms(row.body_code, row.service_item, licences, row.max_uses, row.until)
    return GivenConsent(row.id, HolderIndex(row.holder_index), terms, row.uses, row.given_at, row.withdrawn_at)


def _licences_json(licences: Shared) -> dict[str, Any]:
    return {identifier: None if fields is None else sorted(fields) for identifier, fields in licences.items()}


def _terms_json(terms: ConsentTerms) -> dict[str, Any]:
    licences = {key: [ALL_FIELDS] if value is None else value for key, value in _licences_json(terms.licences).items()}
    return {
        "body": terms.body_code,
        "service_item": terms.service_item,
        "licences": licences,
        "max_uses": terms.max_uses,
        "until": terms.until.isoformat(),
    }
