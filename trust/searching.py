"""Finding licences in the register: by what is on them, in pages, by their day of issue or their last day."""

from __future__ import annotations

import base64
import binascii
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa

from keys import FieldVault
from store.clock import Clock
from store.database import Database
from trust._tables import LicenceRow
from trust.catalogue import Catalogue
from trust.codes import CitizenId, UnifiedSocialCreditCode
from trust.errors import CitizenIdInvalidError, SearchInvalidError, UsccInvalidError
from trust.holders import HolderIndex, number_index
from trust.licence import Licence, LicenceState
from trust.register import Register, local_date

MOST_A_PAGE = 1000
READ_FOR_NAME = 1000
"""Names rest encrypted: so many licences are read for a page that looks for one, and its cursor goes on from there."""
_AT_ONCE = 100

_ON_RECORD = frozenset({LicenceState.SUSPENDED, LicenceState.REVOKED, LicenceState.CANCELLED, LicenceState.SUPERSEDED})


@dataclass(frozen=True, repr=False)
class LicenceSearch:
    """Which licences to find. Everything said has to hold; nothing said finds all."""

    words: str | None = None
    """What somebody typed: an identifier, a number or a holder's code, each whole; else a part of a name."""
    identifier: str | None = None
    number: str | None = None
    """证照编号, whole."""
    holder_code: str | None = None
    """A citizen identity number or a unified social credit code, whole."""
    holder_name: str | None = None
    """A part of the name of a holder."""
    licence_type: str | None = None
    """Slug or code of the type."""
    issuer_code: str | None = None
    region_code: str | None = None
    """行政区划代码 of the issuer, or its beginning: 3702 is all of Qingdao."""
    issued_from: date | None = None
    """First day of issue, in China's calendar."""
    issued_until: date | None = None
    """Last day of issue, included."""
    valid_on: date | None = None
    """A day within the term of the licence, whatever its state."""
    state: LicenceState | None = None
    """Today's."""


class SearchOrder(StrEnum):
    """In which order licences are found."""

    NEWEST = "newest"
    OLDEST = "oldest"
    ENDING = "ending"
    """That whose last day comes soonest first; 长期 at the end."""


@dataclass(frozen=True)
class LicencePage:
    """Some licences in their order, and where to go on."""

    licences: tuple[Licence, ...]
    next_cursor: str | None


class Searching:
    """Finds licences. Numbers and holders' codes are found by keyed indexes, so that only whole ones are; names by
    reading one licence after the other.
    """

    def __init__(
        self, database: Database, register: Register, vault: FieldVault, catalogue: Catalogue, clock: Clock
    ) -> None:
        self._database = database
        self._register = register
        self._vault = vault
        self._catalogue = catalogue
        self._clock = clock

    def today(self) -> date:
        """The calendar day now, where the licences hold."""
        return self._register.today()

    def search(
        self,
        search: LicenceSearch,
        *,
        cursor: str | None = None,
        limit: int = 100,
        order: SearchOrder = SearchOrder.NEWEST,
    ) -> LicencePage:
        """Licences that a search finds. A page that looks for a name may be short, or empty, and yet have a cursor.

        :param cursor: from the page before, in the same order.
        :raises TypeUnknownError: there is no such type.
        :raises SearchInvalidError: the cursor is none, the limit is not 1 to 1000, or a code, region or text cannot be.
        """
        if not 1 <= limit <= MOST_A_PAGE:
            raise SearchInvalidError(
                problem_zh=f"每页条数应在 1 至 {MOST_A_PAGE} 之间。",
                problem_en=f"a page has 1 to {MOST_A_PAGE} licences.",
            )
        statement, name = self._statement(search)
        statement = statement.order_by(*_ORDERS[order])
        if cursor is not None:
            statement = statement.where(_after(_Place.parse(cursor), order))
        if name is not None:
            return self._named(statement, name, limit)
        with self._database.transaction() as session:
            rows = session.scalars(statement.limit(limit + 1)).all()
        more = len(rows) > limit
        licences = tuple(self._register.licence_of(row) for row in rows[:limit])
        return LicencePage(licences, _Place.of(rows[limit - 1]).cursor if more else None)

    def _statement(self, search: LicenceSearch) -> tuple[sa.Select[LicenceRow], str | None]:
        """What PostgreSQL can find, and the name that then is read for."""
        statement = sa.select(LicenceRow).where(*self._conditions(search))
        if search.words is None:
            return statement, search.holder_name
        words = unicodedata.normalize("NFC", search.words).strip()
        if not words.isprintable():
            raise SearchInvalidError(problem_zh="含有控制字符。", problem_en="the text has control characters.")
        exact = statement.where(sa.or_(*self._meant_by(words, search.licence_type)))
        with self._database.transaction() as session:
            found = session.scalar(exact.with_only_columns(LicenceRow.id).limit(1)) is not None
        return (exact, search.holder_name) if found else (statement, words)

    def _meant_by(self, words: str, licence_type: str | None) -> list[sa.ColumnElement[bool]]:
        meant = [LicenceRow.identifier == words, self._numbered(words, licence_type)]
        with suppress(SearchInvalidError):
            meant.append(LicenceRow.holder_index == self._holder(words.upper()).value)
        return meant

    def _named(self, statement: sa.Select[LicenceRow], name: str, limit: int) -> LicencePage:
        """The next of the licences with a part of a name, as far as is read for one page."""
        wanted, found, read, last = name.casefold(), [], 0, None
        with self._database.transaction() as session:
            rows = session.scalars(statement.limit(READ_FOR_NAME), execution_options={"yield_per": _AT_ONCE})
            for row in rows:
                licence = self._register.licence_of(row)
                read, last = read + 1, row
                if any(wanted in each.name.casefold() for each in (licence.holder, *licence.co_holders)):
                    found.append(licence)
                    if len(found) == limit:
                        break
            more = len(found) == limit or read == READ_FOR_NAME
        return LicencePage(tuple(found), _Place.of(last).cursor if more and last is not None else None)

    def _conditions(self, search: LicenceSearch) -> list[sa.ColumnElement[bool]]:
        found: list[sa.ColumnElement[bool]] = []
        slug = self._catalogue.get(search.licence_type).slug if search.licence_type is not None else None
        for column, value in (
            (LicenceRow.identifier, search.identifier),
            (LicenceRow.type_slug, slug),
            (LicenceRow.issuer_code, search.issuer_code),
        ):
            if value is not None:
                found.append(column == value)
        if search.number is not None:
            found.append(self._numbered(search.number, search.licence_type))
        if search.holder_code is not None:
            found.append(LicenceRow.holder_index == self._holder(search.holder_code).value)
        if search.region_code is not None:
            found.append(LicenceRow.region_code.startswith(_region(search.region_code), autoescape=True))
        if search.issued_from is not None:
            found.append(LicenceRow.issue_date >= search.issued_from)
        if search.issued_until is not None:
            found.append(LicenceRow.issue_date <= search.issued_until)
        if search.valid_on is not None:
            found.append(_holds_on(search.valid_on))
        if search.state is not None:
            found.append(_in_state(search.state, local_date(self._clock.now())))
        return found

    def _numbered(self, number: str, licence_type: str | None) -> sa.ColumnElement[bool]:
        kinds = [self._catalogue.get(licence_type)] if licence_type is not None else self._catalogue
        return LicenceRow.number_index.in_([number_index(self._vault, each.slug, number) for each in kinds])

    def _holder(self, code: str) -> HolderIndex:
        today = local_date(self._clock.now())
        try:
            return HolderIndex.of(self._vault, "citizen_id", CitizenId.parse(code, today=today).number)
        except CitizenIdInvalidError:
            pass
        try:
            return HolderIndex.of(self._vault, "uscc", UnifiedSocialCreditCode.parse(code).number)
        except UsccInvalidError:
            raise SearchInvalidError(
                problem_zh="持证主体代码应为公民身份号码或统一社会信用代码。",
                problem_en="a holder's code is a citizen identity number or a unified social credit code.",
            ) from None


def _in_state(state: LicenceState, today: date) -> sa.ColumnElement[bool]:
    """Whether a licence is in a state today, as :meth:`trust.licence.Licence.state_on` has it."""
    if state in _ON_RECORD:
        return LicenceRow.state == state
    in_force = LicenceRow.state == LicenceState.VALID
    if state is LicenceState.NOT_YET_VALID:
        return in_force & (LicenceRow.valid_from > today)
    if state is LicenceState.EXPIRED:
        return in_force & (LicenceRow.valid_from <= today) & (LicenceRow.valid_until < today)
    return in_force & _holds_on(today)


def _holds_on(day: date) -> sa.ColumnElement[bool]:
    open_ended = LicenceRow.valid_until.is_(None) | (LicenceRow.valid_until >= day)
    return (LicenceRow.valid_from <= day) & open_ended


def _region(text: str) -> str:
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise SearchInvalidError(
            problem_zh="行政区划代码应为不超过 12 位的数字。", problem_en="a region code has up to 12 digits."
        )
    return text


_ORDERS: Final[dict[SearchOrder, tuple[sa.ColumnElement[Any], ...]]] = {
    SearchOrder.NEWEST: (LicenceRow.id.desc(),),
    SearchOrder.OLDEST: (LicenceRow.id.asc(),),
    SearchOrder.ENDING: (LicenceRow.valid_until.asc().nulls_last(), LicenceRow.id.asc()),
}


@dataclass(frozen=True)
class _Place:
    """A licence as a place in any order."""

    id: int
    until: date | None

    @classmethod
    def of(cls, row: LicenceRow) -> _Place:
        return cls(row.id, row.valid_until)

    @property
    def cursor(self) -> str:
        day = self.until.toordinal() if self.until is not None else 0
        return base64.urlsafe_b64encode(self.id.to_bytes(8, "big") + day.to_bytes(4, "big")).decode()

    @classmethod
    def parse(cls, cursor: str) -> _Place:
        try:
            decoded = base64.b64decode(cursor, altchars=b"-_", validate=True)
            number, day = int.from_bytes(decoded[:8], "big", signed=True), int.from_bytes(decoded[8:], "big")
            if len(decoded) == 12 and number >= 0:
                return cls(number, date.fromordinal(day) if day else None)
        except (binascii.Error, ValueError, OverflowError):
            pass
        raise SearchInvalidError(problem_zh="翻页标记无效。", problem_en="the cursor is none.")


def _after(place: _Place, order: SearchOrder) -> sa.ColumnElement[bool]:
    """Whether a licence comes after a place."""
    if order is SearchOrder.NEWEST:
        return LicenceRow.id < place.id
    behind = LicenceRow.id > place.id
    if order is SearchOrder.OLDEST:
        return behind
    if place.until is None:
        return LicenceRow.valid_until.is_(None) & behind
    later = (LicenceRow.valid_until > place.until) | LicenceRow.valid_until.is_(None)
    return later | ((LicenceRow.valid_until == place.until) & behind)
