"""The ledger: an append-only Merkle log (RFC 6962) of what was done, in two steps.

An entry is written in the transaction of the act that it tells of, beside a note that it waits for a place; writers
never wait for one another. A sequencer gives places, in batches, one sequencer at a time: it removes the notes that it
can see and writes the leaves, all in one transaction. An act that commits late is seen by the next batch, whatever its
number; a crash undoes a batch whole, notes and leaves together; and the note's removal and the unique place of an entry
each make sure that nothing stands twice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on
from sqlalchemy.orm import Session

from store._tables import LedgerEntryRow, LedgerHeadRow, LedgerLeafRow, LedgerNodeRow, LedgerWaitingRow
from store.clock import Clock
from store.database import Database
from store.merkle import EMPTY_ROOT, TILE_HEIGHT, TILE_WIDTH, Frontier, Tile, TiledTree, leaf_hash, root_of, tile_at

MAXIMUM_LEAF: Final = 65535
"""Bytes of a leaf: bundles of entries tell its length in 16 bits (C2SP tlog-tiles)."""

_SEQUENCING: Final = 0x4C45444745520001
"""Number of the advisory lock that a sequencer holds: LEDGER in ASCII."""
_BATCH: Final = 4096
_TILES_KEPT: Final = 1024

_APPEND: Final = sa.text(
    # one statement for any number of entries, which then neither side makes out anew; numbers go up in their order
    "WITH given AS (SELECT * FROM "
    "unnest(CAST(:subjects AS text[]), CAST(:numbers AS bigint[]), CAST(:openings AS bytea[]), CAST(:data AS bytea[])) "
    "WITH ORDINALITY AS entry (subject, number, opening, data, place)), "
    "entered AS (INSERT INTO ledger_entry (subject, number, opening, data) "
    "SELECT subject, number, opening, data FROM given ORDER BY place RETURNING id) "
    "INSERT INTO ledger_waiting (entry_id) SELECT id FROM entered"
)


@dataclass(frozen=True, slots=True)
class TreeHead:
    """The ledger as it stood after a batch."""

    size: int
    root: bytes
    at: datetime | None
    """When the batch was made; None for a ledger that is still empty."""


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """What was entered about a subject."""

    subject: str
    number: int
    """1 for the first entry about the subject, and one more for each further one."""
    opening: bytes
    data: bytes
    position: int | None
    """Its place among the leaves, from 0; None as long as it waits for one."""


@dataclass(frozen=True, slots=True)
class NewEntry:
    """Something to be entered in the ledger."""

    subject: str
    """What it is about; with the number it names the entry."""
    number: int
    """From :func:`next_number`, under a lock on the subject that the caller holds."""
    opening: bytes
    """What a digest in ``data`` was made of, for those who may see it."""
    data: bytes
    """The leaf, for everybody to see."""


def append(session: Session, subject: str, number: int, opening: bytes, data: bytes) -> None:
    """Enter one thing in the ledger; see :class:`NewEntry` and :func:`append_all`."""
    append_all(session, [NewEntry(subject, number, opening, data)])


def append_all(session: Session, entries: Sequence[NewEntry]) -> None:
    """Enter things in the ledger, as part of the caller's transaction and in the order given.

    :raises ValueError: a leaf is longer than a bundle of entries can tell.
    """
    if not entries:
        return
    if any(len(each.data) > MAXIMUM_LEAF for each in entries):
        raise ValueError("the leaf is too long")
    given = {
        "subjects": [each.subject for each in entries],
        "numbers": [each.number for each in entries],
        "openings": [each.opening for each in entries],
        "data": [each.data for each in entries],
    }
    session.execute(_APPEND, given)


@cache
def _newest_statement() -> sa.Select[LedgerEntryRow, int]:
    return (
        sa.select(LedgerEntryRow, LedgerLeafRow.position)
        .ext(distinct_on(LedgerEntryRow.subject))
        .outerjoin(LedgerLeafRow, LedgerLeafRow.entry_id == LedgerEntryRow.id)
        .where(LedgerEntryRow.subject == sa.any_(sa.bindparam("subjects", type_=ARRAY(sa.Text))))
        .order_by(LedgerEntryRow.subject, LedgerEntryRow.number.desc())
    )


def next_number(session: Session, subject: str) -> int:
    """The number that the next entry about a subject has."""
    last = sa.select(sa.func.coalesce(sa.func.max(LedgerEntryRow.number), 0)).where(LedgerEntryRow.subject == subject)
    return session.scalars(last).one() + 1


def places() -> sa.Subquery:
    """Every entry that has a place: ``position``, ``subject``, ``number`` and ``data``, to join with what it is about.

    Places are given after the transactions of the entries, in one order for everybody: who reads on from the last place
    he saw misses nothing, however late an act was committed.
    """
    return (
        sa.select(LedgerLeafRow.position, LedgerEntryRow.subject, LedgerEntryRow.number, LedgerEntryRow.data)
        .join(LedgerEntryRow, LedgerEntryRow.id == LedgerLeafRow.entry_id)
        .subquery("ledger_places")
    )


def first_entries(prefix: str) -> sa.Subquery:
    """Everything about which there are entries: ``subject`` of those whose names begin with a prefix."""
    begins = LedgerEntryRow.subject.startswith(prefix, autoescape=True)
    return sa.select(LedgerEntryRow.subject).where(begins, LedgerEntryRow.number == 1).subquery("ledger_first")


def newest_entry(subject: sa.ColumnElement[str]) -> sa.FromClause:
    """The newest entry about each subject of a query: ``opening``, to be joined to it."""
    newest = sa.select(LedgerEntryRow.opening).where(LedgerEntryRow.subject == subject)
    return newest.order_by(LedgerEntryRow.number.desc()).limit(1).lateral("ledger_newest")


def began_at() -> sa.ScalarSelect[datetime]:
    """When the first entries were given their places; what is older may have none."""
    return sa.select(sa.func.min(LedgerHeadRow.at)).scalar_subquery()


class Ledger:
    """Sequences and reads the ledger. Safe to use from several threads and processes."""

    def __init__(self, database: Database, clock: Clock, *, batch: int = _BATCH) -> None:
        self._database = database
        self._clock = clock
        self._batch = batch
        self._tiles: dict[Tile, Sequence[bytes]] = {}

    def sequence(self) -> int:
        """Give all entries that wait a place, and tell how many those were.

        :raises DatabaseUnavailableError: the database cannot be reached.
        """
        total = 0
        while self._is_waiting():
            total += self._sequence_batch()
        return total

    def head(self) -> TreeHead:
        """The newest head."""
        with self._database.transaction() as session:
            return _head(session)

    def waiting(self) -> int:
        """How many entries wait for a place."""
        with self._database.transaction() as session:
            return session.scalars(sa.select(sa.func.count()).select_from(LedgerWaitingRow)).one()

    def entries_about(self, subject: str) -> list[LedgerEntry]:
        """All that was entered about a subject, in order."""
        statement = (
            sa.select(LedgerEntryRow, LedgerLeafRow.position)
            .outerjoin(LedgerLeafRow, LedgerLeafRow.entry_id == LedgerEntryRow.id)
            .where(LedgerEntryRow.subject == subject)
            .order_by(LedgerEntryRow.number)
        )
        with self._database.transaction() as session:
            return [
                LedgerEntry(row.subject, row.number, row.opening, row.data, position)
                for row, position in session.execute(statement)
            ]

    def newest_about(self, subjects: Collection[str]) -> dict[str, LedgerEntry]:
        """The newest entry about each of some subjects of which there is one."""
        with self._database.transaction() as session:
            return {
                row.subject: LedgerEntry(row.subject, row.number, row.opening, row.data, position)
                for row, position in session.execute(_newest_statement(), {"subjects": list(subjects)})
            }

    def entry_at(self, position: int) -> LedgerEntry | None:
        """What stands at a place; None where nothing does yet."""
        statement = (
            sa.select(LedgerEntryRow)
            .join(LedgerLeafRow, LedgerLeafRow.entry_id == LedgerEntryRow.id)
            .where(LedgerLeafRow.position == position)
        )
        with self._database.transaction() as session:
            row = session.scalar(statement)
            return LedgerEntry(row.subject, row.number, row.opening, row.data, position) if row is not None else None

    def root(self, size: int) -> bytes:
        """The root of the ledger when it had some size.

        :raises ValueError: the ledger was never that large.
        """
        with self._database.transaction() as session:
            return self._tree(session, size).root()

    def tile(self, tile: Tile) -> list[bytes] | None:
        """The hashes of a tile; None where the newest head has none so wide."""
        with self._database.transaction() as session:
            return _tile(session, tile) if _exists(session, tile) else None

    def bundle(self, index: int, width: int = TILE_WIDTH) -> list[bytes] | None:
        """The leaves under a tile of level 0; None where the newest head has not so many."""
        first = index * TILE_WIDTH
        statement = (
            sa.select(LedgerEntryRow.data)
            .join(LedgerLeafRow, LedgerLeafRow.entry_id == LedgerEntryRow.id)
            .where(LedgerLeafRow.position >= first, LedgerLeafRow.position < first + width)
            .order_by(LedgerLeafRow.position)
        )
        with self._database.transaction() as session:
            return list(session.scalars(statement)) if _exists(session, Tile(0, index, width)) else None

    def inclusion(self, position: int, size: int) -> list[bytes]:
        """The proof that a leaf is in the ledger of some size.

        :raises ValueError: the ledger was never that large, or the leaf is not in it.
        """
        return self.inclusions([position], size)[0]

    def inclusions(self, positions: Iterable[int], size: int) -> list[list[bytes]]:
        """The proofs that some leaves are in the ledger of some size. Raises like :meth:`inclusion`."""
        with self._database.transaction() as session:
            tree = self._tree(session, size)
            return [tree.inclusion(position) for position in positions]

    def consistency(self, old: int, new: int) -> list[bytes]:
        """The proof that the ledger of one size begins with that of another.

        :raises ValueError: the ledger was never that large, or ``old`` is not from 1 to ``new``.
        """
        with self._database.transaction() as session:
            return self._tree(session, new).consistency(old)

    def _tree(self, session: Session, size: int) -> TiledTree:
        """The tree of some size, for proofs. What lies in a tile of one width never changes, and is kept a while."""

        def read(tile: Tile) -> Sequence[bytes]:
            hashes = self._tiles.get(tile)
            if hashes is None:
                if len(self._tiles) >= _TILES_KEPT:
                    self._tiles.clear()
                hashes = self._tiles[tile] = _tile(session, tile)
            return hashes

        if not 0 <= size <= _head(session).size:
            raise ValueError("the ledger was never that large")
        return TiledTree(size, read)

    def _is_waiting(self) -> bool:
        with self._database.transaction() as session:
            return session.scalar(sa.select(LedgerWaitingRow.entry_id).limit(1)) is not None

    def _sequence_batch(self) -> int:
        with self._database.transaction() as session:
            session.execute(sa.select(sa.func.pg_advisory_xact_lock(_SEQUENCING)))
            waiting = _take(session, self._batch)
            if not waiting:
                return 0
            size = _head(session).size
            frontier = TiledTree(size, lambda tile: _tile(session, tile)).frontier()
            hashes = []
            for _, data in waiting:
                hashes.append(leaf_hash(data))
                frontier.append(hashes[-1])
            session.execute(
                sa.insert(LedgerLeafRow),
                [
                    {"position": size + offset, "entry_id": entry_id, "hash": found}
                    for offset, ((entry_id, _), found) in enumerate(zip(waiting, hashes, strict=True))
                ],
            )
            _add_nodes(session, size, frontier)
            session.add(LedgerHeadRow(size=frontier.size, root=frontier.root, at=self._clock.now()))
            return len(waiting)


def _take(session: Session, most: int) -> Sequence[sa.Row[int, bytes]]:
    """Take entries off the list of those that wait, in the order in which they were begun."""
    oldest = sa.select(LedgerWaitingRow.entry_id).order_by(LedgerWaitingRow.entry_id).limit(most)
    taken = (
        sa.delete(LedgerWaitingRow)
        .where(LedgerWaitingRow.entry_id.in_(oldest.scalar_subquery()))
        .returning(LedgerWaitingRow.entry_id)
        .cte()
    )
    return session.execute(
        sa.select(LedgerEntryRow.id, LedgerEntryRow.data)
        .join(taken, taken.c.entry_id == LedgerEntryRow.id)
        .order_by(LedgerEntryRow.id)
    ).all()


def _add_nodes(session: Session, before: int, frontier: Frontier) -> None:
    """Write the hashes over the tiles that a batch has filled."""
    shift = TILE_HEIGHT
    level = 1
    while frontier.size >> shift:
        for position in range(before >> shift, frontier.size >> shift):
            full = _tile(session, Tile(level - 1, position))
            session.execute(sa.insert(LedgerNodeRow).values(level=level, position=position, hash=root_of(full)))
        shift += TILE_HEIGHT
        level += 1


def _head(session: Session) -> TreeHead:
    row = session.scalar(sa.select(LedgerHeadRow).order_by(LedgerHeadRow.size.desc()).limit(1))
    return TreeHead(0, EMPTY_ROOT, None) if row is None else TreeHead(row.size, row.root, row.at)


def _exists(session: Session, tile: Tile) -> bool:
    return 0 < tile.width <= tile_at(tile.level, tile.index, _head(session).size).width


def _tile(session: Session, tile: Tile) -> list[bytes]:
    first, end = tile.index * TILE_WIDTH, tile.index * TILE_WIDTH + tile.width
    if tile.level == 0:
        statement = (
            sa.select(LedgerLeafRow.hash)
            .where(LedgerLeafRow.position >= first, LedgerLeafRow.position < end)
            .order_by(LedgerLeafRow.position)
        )
    else:
        statement = (
            sa.select(LedgerNodeRow.hash)
            .where(LedgerNodeRow.level == tile.level, LedgerNodeRow.position >= first, LedgerNodeRow.position < end)
            .order_by(LedgerNodeRow.position)
        )
    return list(session.scalars(statement))
