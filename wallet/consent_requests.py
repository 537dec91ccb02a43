"""A department asks for consent (授权请求), and the holder answers: agrees wholly or in part, or refuses.

Who asks names a holder by the code in the application, and is not told whether there is such a wallet: a request that
nobody answers expires.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from store.clock import Clock
from store.database import Database
from trust import HolderIndex, Licence, LicenceState, Register
from wallet._consent_tables import ConsentRequestRow
from wallet.consent_errors import (
    ConsentTermsError,
    NothingToShareError,
    RequestOverError,
    RequestUnknownError,
    TooManyRequestsError,
)
from wallet.consent_records import ConsentAct, ConsentRecord, ConsentRecords
from wallet.consents import MOST_LISTED, MOST_USES, Consents, ConsentTerms, GivenConsent, Shared
from wallet.wallet import Wallets

LONGEST_DAYS: Final = 366
MOST_OPEN: Final = 5
"""Requests of one body to one holder that may wait for an answer."""
_SHORTEST_WAIT, _LONGEST_WAIT = timedelta(minutes=1), timedelta(days=7)
_LONGEST_PURPOSE: Final = 200
_NUMBER: Final = re.compile(r"[0-9a-f]{32}")

Wanted = Mapping[str, frozenset[str]]
"""The fields asked for, by licence type."""


class RequestState(StrEnum):
    """What became of a request."""

    OPEN = "open"
    AGREED = "agreed"
    PARTLY_AGREED = "partly_agreed"
    REFUSED = "refused"
    EXPIRED = "expired"


@dataclass(frozen=True)
class Asked:
    """What a department asks for."""

    client_id: str
    body_code: str
    service_item: str
    case_number: str
    purpose: str
    """What the holder is told it is for."""
    wanted: Wanted
    max_uses: int = 1
    days: int = 1
    """How many days the consent is to hold from the answer."""


@dataclass(frozen=True)
class ConsentRequest:
    """A request, and what became of it."""

    number: str
    holder: HolderIndex
    asked: Asked
    state: RequestState
    created_at: datetime
    expires_at: datetime
    answered_at: datetime | None
    consent_number: str | None


class ConsentRequests:
    """The requests of all departments to all holders."""

    def __init__(
        self,
        database: Database,
        wallets: Wallets,
        register: Register,
        consents: Consents,
        records: ConsentRecords,
        clock: Clock,
    ) -> None:
        self._database = database
        self._wallets = wallets
        self._register = register
        self._consents = consents
        self._records = records
        self._clock = clock

    def ask(self, holder: HolderIndex, asked: Asked, *, answer_within: timedelta) -> ConsentRequest:
        """Ask a holder for consent.

        :param answer_within: from a minute to seven days.
        :raises ConsentTermsError: what is asked for is not of the form that it has to be.
        :raises TooManyRequestsError: :data:`MOST_OPEN` requests of this body wait for this holder's answer.
        """
        _check(asked, answer_within)
        now, table = self._clock.now(), ConsentRequestRow
        row = ConsentRequestRow(
            id=secrets.token_hex(16),
            holder_index=holder.value,
            client_id=asked.client_id,
            body_code=asked.body_code,
            service_item=asked.service_item,
            case_number=asked.case_number,
            purpose=unicodedata.normalize("NFC", asked.purpose).strip(),
            wanted={slug: sorted(fields) for slug, fields in asked.wanted.items()},
            max_uses=asked.max_uses,
            days=asked.days,
            state=RequestState.OPEN,
            created_at=now,
            expires_at=now + answer_within,
        )
        waiting = sa.select(sa.func.count()).where(
            table.body_code == asked.body_code,
            table.holder_index == holder.value,
            table.state == RequestState.OPEN,
            table.expires_at > now,
        )
        with self._database.transaction() as session:
            lock = sa.func.hashtextextended(f"consent_request:{asked.body_code}:{holder.value.hex()}", 0)
            session.execute(sa.select(sa.func.pg_advisory_xact_lock(lock)))
            if session.scalars(waiting).one() >= MOST_OPEN:
                raise TooManyRequestsError(most=MOST_OPEN)
            session.add(row)
            session.flush()
            return _request(row, now)

    def of_body(self, body_code: str, number: str) -> ConsentRequest:
        """One request of a body.

        :raises RequestUnknownError: it has none with this number.
        """
        found = self._find(number)
        if found is None or found.asked.body_code != body_code:
            raise RequestUnknownError
        return found

    def of_holder(self, holder: HolderIndex, *, at_most: int | None = MOST_LISTED) -> list[ConsentRequest]:
        """The requests to a holder, newest first.

        :param at_most: None for all, however many.
        """
        now, table = self._clock.now(), ConsentRequestRow
        statement = sa.select(table).where(table.holder_index == holder.value)
        with self._database.transaction() as session:
            rows = session.scalars(statement.order_by(table.created_at.desc()).limit(at_most))
            return [_request(row, now) for row in rows]

    def to_holder(self, holder: HolderIndex, number: str) -> ConsentRequest:
        """One request to a holder.

        :raises RequestUnknownError: there is none to this holder.
        """
        found = self._find(number)
        if found is None or found.holder != holder:
            raise RequestUnknownError
        return found

    def agree(
        self,
        holder: HolderIndex,
        number: str,
        chosen: Shared | None = None,
        *,
        days: int | None = None,
        max_uses: int | None = None,
        by: str = "holder",
    ) -> tuple[ConsentRequest, GivenConsent]:
        """Agree, wholly or in part.

        :param chosen: licences and fields that the holder agrees to; None for all that is asked for, of all licences in
            force of the types asked for.
        :param days: for how many days, at most those that are asked for; None for those.
        :param max_uses: for how many uses, at most those that are asked for; None for those.
        :raises RequestUnknownError: there is no such request to this holder.
        :raises RequestOverError: it was answered, or has expired.
        :raises NothingToShareError: nothing was chosen, and the wallet has nothing in force that is asked for.
        :raises ConsentTermsError: what was chosen is not what was asked for.
        :raises NotInWalletError: a licence is not this holder's.
        """
        request = self._open(holder, number)
        asked = request.asked
        licences = self._chosen(holder, asked.wanted, chosen)
        told = {each.identifier: fields for each, fields in licences}
        days, max_uses = _at_most(days, asked.days), _at_most(max_uses, asked.max_uses)
        until = self._clock.now() + timedelta(days=days)
        terms = ConsentTerms(asked.body_code, asked.service_item, told, max_uses, until)
        given, record = self._consents.draw_up(holder, terms, by=by, request=number)
        wholly = (days, max_uses) == (asked.days, asked.max_uses) and _covers(licences, asked.wanted)
        state = RequestState.AGREED if wholly else RequestState.PARTLY_AGREED
        with self._database.transaction() as session:
            row = self._claim(session, number)
            self._consents.enter(session, given, record)
            row.state, row.answered_at, row.consent_id = state, given.given_at, given.number
        return self.to_holder(holder, number), given

    def refuse(self, holder: HolderIndex, number: str, *, by: str = "holder") -> ConsentRequest:
        """Refuse. Raises like :meth:`agree`."""
        request = self._open(holder, number)
        now = self._clock.now()
        said = {"body": request.asked.body_code, "service_item": request.asked.service_item}
        record = self._records.sign(ConsentAct.REFUSE, number, by=by, at=now, terms=said)
        with self._database.transaction() as session:
            row = self._claim(session, number)
            row.state, row.answered_at = RequestState.REFUSED, now
            self._records.add(session, record)
        return self.to_holder(holder, number)

    def refuse_all(self, holder: HolderIndex, *, by: str = "holder") -> int:
        """Refuse every request that waits for an answer, and tell how many."""
        still = [each for each in self.of_holder(holder, at_most=None) if each.state is RequestState.OPEN]
        for each in still:
            self.refuse(holder, each.number, by=by)
        return len(still)

    def records(self, holder: HolderIndex) -> list[ConsentRecord]:
        """The signed records of a holder's refusals."""
        return self._records.of([each.number for each in self.of_holder(holder, at_most=None)])

    def _open(self, holder: HolderIndex, number: str) -> ConsentRequest:
        request = self.to_holder(holder, number)
        if request.state is not RequestState.OPEN:
            raise RequestOverError
        return request

    def _claim(self, session: Session, number: str) -> ConsentRequestRow:
        """The request's row, which nobody else answers as long as the transaction lasts."""
        row = session.get_one(ConsentRequestRow, number, with_for_update=True)
        if row.state != RequestState.OPEN or row.expires_at <= self._clock.now():
            raise RequestOverError
        return row

    def _chosen(
        self, holder: HolderIndex, wanted: Wanted, chosen: Shared | None
    ) -> list[tuple[Licence, frozenset[str]]]:
        if chosen is None:
            today = self._register.today()
            held = [each for each in self._wallets.licences(holder) if each.type.slug in wanted]
            shared = [
                (each, wanted[each.type.slug] & each.fields.keys())
                for each in held
                if each.state_on(today) is LicenceState.VALID
            ]
            if not any(fields for _, fields in shared):
                raise NothingToShareError
            return [(licence, fields) for licence, fields in shared if fields]
        return [
            (licence, _within(wanted, licence, fields))
            for licence, fields in ((self._wallets.licence(holder, key), value) for key, value in chosen.items())
        ]

    def _find(self, number: str) -> ConsentRequest | None:
        if not _NUMBER.fullmatch(number):
            return None
        with self._database.transaction() as session:
            row = session.get(ConsentRequestRow, number)
        return _request(row, self._clock.now()) if row is not None else None


def _within(wanted: Wanted, licence: Licence, fields: frozenset[str] | None) -> frozenset[str]:
    """Of a chosen licence what was chosen, which has to be asked for; or all that is asked for."""
    asked = wanted.get(licence.type.slug, frozenset())
    found = asked & licence.fields.keys() if fields is None else fields
    if not found or not found <= asked:
        raise ConsentTermsError(
            problem_zh="所选证照或字段不在请求之内。", problem_en="what was chosen was not asked for."
        )
    return found


def _at_most(chosen: int | None, asked: int) -> int:
    """Of days or uses what was chosen, of which there may be fewer than asked for; or all."""
    if chosen is not None and not 1 <= chosen <= asked:
        raise ConsentTermsError(
            problem_zh=f"天数与次数不得超出请求（1 至 {asked}）。",
            problem_en=f"days and uses are from 1 to {asked}, as asked.",
        )
    return asked if chosen is None else chosen


def _covers(shared: list[tuple[Licence, frozenset[str]]], wanted: Wanted) -> bool:
    """Whether of each type some licence is shown with all that it has of the fields asked for."""
    return all(
        any(
            licence.type.slug == slug and fields >= asked & licence.fields.keys() and fields
            for licence, fields in shared
        )
        for slug, asked in wanted.items()
    )


def _check(asked: Asked, answer_within: timedelta) -> None:
    purpose = unicodedata.normalize("NFC", asked.purpose).strip()
    unseen = any(unicodedata.category(char).startswith("C") for char in purpose)
    if not 1 <= len(purpose) <= _LONGEST_PURPOSE or unseen:
        problem = ("请写明用途，不含控制字符。", "say what it is for, without control characters.")
    elif not asked.wanted or not all(asked.wanted.values()):
        problem = ("请写明所需的证照类型与字段。", "name the licence types and the fields that are needed.")
    elif not 1 <= asked.max_uses <= MOST_USES or not 1 <= asked.days <= LONGEST_DAYS:
        problem = ("使用次数或有效天数超出范围。", "the number of uses or days is out of range.")
    elif not _SHORTEST_WAIT <= answer_within <= _LONGEST_WAIT:
        problem = ("答复期限为 1 分钟至 7 天。", "the time for an answer is a minute to seven days.")
    else:
        return
    raise ConsentTermsError(problem_zh=problem[0], problem_en=problem[1])


def _request(row: ConsentRequestRow, now: datetime) -> ConsentRequest:
    state = RequestState(row.state)
    wanted = {slug: frozenset(fields) for slug, fields in row.wanted.items()}
    return ConsentRequest(
        number=row.id,
        holder=HolderIndex(row.holder_index),
        asked=Asked(
            client_id=row.client_id,
            body_code=row.body_code,
            service_item=row.service_item,
            case_number=row.case_number,
            purpose=row.purpose,
            wanted=wanted,
            max_uses=row.max_uses,
            days=row.days,
        ),
        state=RequestState.EXPIRED if state is RequestState.OPEN and row.expires_at <= now else state,
        created_at=row.created_at,
        expires_at=row.expires_at,
        answered_at=row.answered_at,
        consent_number=row.consent_id,
    )
