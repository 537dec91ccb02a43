"""Places in the status lists, allotted at random and without one issuer waiting for another."""

from __future__ import annotations

import secrets
from collections import Counter
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Session

from trust._tables import StatusSeatRow

LIST_SIZE: Final = 1 << 20
"""Places in a list."""
SEATS: Final = 1_000_000
"""Places in a list that are allotted; the others stay empty, so that a free one is found in a few tries."""

_CANDIDATES: Final = 64


@dataclass(frozen=True, slots=True)
class StatusSeat:
    """The place of a licence in a list."""

    list: int
    index: int


def allot_seat(session: Session) -> StatusSeat:
    """A place for one more licence, as :func:`allot_seats` has it."""
    return allot_seats(session, 1)[0]


def allot_seats(session: Session, count: int) -> list[StatusSeat]:
    """Places for more licences: at random, in the list that is being filled. No two callers wait for each other.

    A place that is allotted and then not used stays empty for good.
    """
    wanted = sa.func.generate_series(1, count).table_valued("wanted")
    allotted = sa.select(sa.func.nextval(sa.text("'status_seat_number'"))).select_from(wanted)
    lists = Counter((number - 1) // SEATS + 1 for number in session.scalars(allotted))
    return [StatusSeat(chosen, index) for chosen, number in lists.items() for index in _free(session, chosen, number)]


def _free(session: Session, chosen: int, wanted: int) -> list[int]:
    """So many places of a list that nobody had."""
    found: list[int] = []
    while len(found) < wanted:
        missing = wanted - len(found)
        candidates = list({secrets.randbelow(LIST_SIZE) for _ in range(_CANDIDATES * missing)})
        tried = sa.func.unnest(sa.literal(candidates, ARRAY(sa.BigInteger))).column_valued("tried")
        taken = sa.select(1).where(StatusSeatRow.list == chosen, StatusSeatRow.index == tried)
        free = sa.select(sa.literal(chosen), tried).where(~taken.exists()).limit(missing)
        found += session.scalars(
            insert(StatusSeatRow)
            .from_select(["list", "index"], free)
            .on_conflict_do_nothing()
            .returning(StatusSeatRow.index)
        )
    return found
