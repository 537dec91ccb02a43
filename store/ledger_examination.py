"""Examining the ledger: every leaf is what its entry says, and all of them come to the roots that were told.

One pass over the leaves in their order, with the right edge of the tree in memory and no more.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from store._tables import LedgerEntryRow, LedgerHeadRow, LedgerLeafRow, LedgerNodeRow, LedgerWaitingRow
from store.findings import Finding, FindingKind
from store.merkle import TILE_HEIGHT, TILE_WIDTH, Frontier, leaf_hash, root_of

_RESTORE_ZH: Final = "停止写入，保留现状作证据，从改动之前的备份恢复，并公开说明。"
_RESTORE_EN: Final = (
    "Stop writing, keep what is there as evidence, restore from a back-up older than the change, and say so in public."
)

LEAF_ALTERED: Final = FindingKind(
    "log.leaf_altered",
    "透明日志第 {position} 条被改动：内容与其散列不符。",
    "Leaf {position} of the transparency log was altered: its content does not have its hash.",
    _RESTORE_ZH,
    _RESTORE_EN,
)
RECORD_ALTERED: Final = FindingKind(
    "log.record_altered",
    "{subject} 的第 {number} 条记录被改动：与日志中的摘要不符。",
    "Record {number} about {subject} was altered: the log holds the digest of another.",
    _RESTORE_ZH,
    _RESTORE_EN,
)
LEAVES_MISSING: Final = FindingKind(
    "log.leaves_missing",
    "透明日志缺少第 {first} 至第 {last} 条。",
    "Leaves {first} to {last} of the transparency log are missing.",
    _RESTORE_ZH,
    _RESTORE_EN,
)
ENTRY_MISSING: Final = FindingKind(
    "log.entry_missing",
    "透明日志第 {position} 条的内容不存在。",
    "The content of leaf {position} of the transparency log is not there.",
    _RESTORE_ZH,
    _RESTORE_EN,
)
CUT_OFF: Final = FindingKind(
    "log.cut_off",
    "透明日志只有 {size} 条，而检查点（{source}）有 {expected} 条：其后的条目被删除，或数据库被恢复到更早的时刻。"
    "登记簿与用印记录因此无法与日志核对。",
    "The transparency log has {size} leaves and the checkpoint ({source}) {expected}: later ones were removed, or the "
    "database was restored to an earlier moment. Register and uses cannot be held to it.",
    _RESTORE_ZH,
    _RESTORE_EN,
)
FORKED: Final = FindingKind(
    "log.forked",
    "透明日志前 {size} 条的根散列与检查点（{source}）不同：它不是当时公布的日志。",
    "The first {size} leaves of the transparency log do not come to the root of the checkpoint ({source}): it is not "
    "the log that was published.",
    _RESTORE_ZH,
    _RESTORE_EN,
)
ROOT_DIFFERS: Final = FindingKind(
    "log.root_differs",
    "透明日志在 {size} 条时的根散列与记录不同；第 {sound} 条之前与记录相符。",
    "The root of the transparency log at {size} leaves is not the one on record; up to leaf {sound} it is.",
    _RESTORE_ZH,
    _RESTORE_EN,
)
HEAD_MISSING: Final = FindingKind(
    "log.head_missing",
    "透明日志有 {size} 条，而最后记录的大小为 {expected}。",
    "The transparency log has {size} leaves, and the last size on record is {expected}.",
    _RESTORE_ZH,
    _RESTORE_EN,
)
NODE_ALTERED: Final = FindingKind(
    "log.node_altered",
    "透明日志第 {level} 层第 {position} 个节点缺失或被改动。",
    "Node {position} of level {level} of the transparency log is missing or was altered.",
    "节点可由条目重新计算；请查明谁改动了数据库，并从备份恢复表 ledger_node。",
    "Nodes follow from the leaves. Find out who changed the database, and restore the table ledger_node.",
)
UNPLACED: Final = FindingKind(
    "log.entry_unplaced",
    "关于 {subject} 的第 {number} 条记录不在透明日志中，也不在等候之列。",
    "Record {number} about {subject} has no place in the transparency log and waits for none.",
    _RESTORE_ZH,
    _RESTORE_EN,
)

_PAGE: Final = 2000


@dataclass(frozen=True)
class KnownHead:
    """A size and root that the ledger is known to have had."""

    size: int
    root: bytes
    source: str
    """Where it is known from."""


Opens = Callable[[str, int, bytes, bytes], bool]
"""Whether what was kept about a subject, under a number, is what a leaf holds the digest of."""


def stored_head(session: Session) -> KnownHead | None:
    """The newest head on record."""
    row = session.execute(
        sa.select(LedgerHeadRow.size, LedgerHeadRow.root).order_by(LedgerHeadRow.size.desc()).limit(1)
    ).one_or_none()
    return KnownHead(row.size, row.root, "ledger_head") if row is not None else None


def examine_ledger(
    session: Session, known: KnownHead | None, opens: Opens, *, told: Callable[[int], object]
) -> Iterator[Finding]:
    """Everything that is wrong with the ledger.

    :param known: what it has to begin with, besides the heads on record.
    :param told: given the count of leaves that were read.
    """
    return _Examination(session, known, opens, told).run()


class _Examination:
    def __init__(self, session: Session, known: KnownHead | None, opens: Opens, told: Callable[[int], object]) -> None:
        self._session = session
        self._known = known
        self._opens = opens
        self._told = told
        self._edges = [Frontier()]
        """The tree over what leaves hold; and over the hashes on record, from where these differ."""
        self._levels: list[list[bytes]] = [[]]
        self._nodes: dict[tuple[int, int], bytes] = {}
        self._altered: set[int] = set()
        self._whole = True
        self._sound = 0
        """Up to this size, roots are those on record."""

    @property
    def _size(self) -> int:
        return self._edges[0].size

    def run(self) -> Iterator[Finding]:
        on_record = (
            sa.select(LedgerHeadRow.size, LedgerHeadRow.root)
            .order_by(LedgerHeadRow.size)
            .execution_options(yield_per=_PAGE)
        )
        with self._session.execute(on_record) as heads:
            size = yield from self._leaves(heads)
        newest = stored_head(self._session)
        yield from self._end(size, newest.size if newest is not None else 0)
        yield from self._check_nodes()

    def _leaves(self, heads: sa.Result[int, bytes]) -> Generator[Finding, None, int]:
        """Read all leaves; gives how many there should be, by the place of the last one."""
        head, expected = next(heads, None), 0
        leaves = (
            sa.select(
                LedgerLeafRow.position,
                LedgerLeafRow.hash,
                LedgerEntryRow.subject,
                LedgerEntryRow.number,
                LedgerEntryRow.opening,
                LedgerEntryRow.data,
            )
            .outerjoin(LedgerEntryRow, LedgerEntryRow.id == LedgerLeafRow.entry_id)
            .order_by(LedgerLeafRow.position)
            .execution_options(yield_per=_PAGE)
        )
        for position, stored, subject, number, opening, data in self._session.execute(leaves):
            if position != expected:
                self._whole = False
                where = f"log:{expected}"
                yield Finding(LEAVES_MISSING, where, {"first": expected, "last": position - 1})
            expected = position + 1
            yield from self._leaf(position, stored, subject, number, opening, data)
            if not self._whole:
                continue
            while head is not None and head.size <= self._size:
                if head.size == self._size:
                    yield from self._root(head.size, head.root)
                head = next(heads, None)
            yield from self._as_known()
            if self._size % _PAGE == 0:
                self._told(self._size)
        self._told(expected)
        return expected

    def _leaf(
        self, position: int, stored: bytes, subject: str | None, number: int, opening: bytes, data: bytes
    ) -> Iterator[Finding]:
        """Look at a leaf; of one whose entry is missing there is no more than its place and its hash."""
        found = stored
        where = f"log:{position}"
        if subject is None:
            yield Finding(ENTRY_MISSING, where, {"position": position})
        else:
            found = leaf_hash(data)
            if found != stored:
                self._altered.add(position)
                yield Finding(LEAF_ALTERED, where, {"position": position}, (subject,))
            elif not self._opens(subject, number, opening, data):
                yield Finding(RECORD_ALTERED, where, {"subject": subject, "number": number}, (subject,))
        if not self._whole:
            return
        if found != stored and len(self._edges) == 1:
            self._edges.append(Frontier(self._size, list(self._edges[0].roots)))
        for edge, each in zip(self._edges, (found, stored), strict=False):
            edge.append(each)
        self._levels[0].append(stored)
        self._fold()

    def _fold(self) -> None:
        """Hash the tiles that are full."""
        level = 0
        while len(self._levels[level]) == TILE_WIDTH:
            above = root_of(self._levels[level])
            self._levels[level] = []
            if len(self._levels) == level + 1:
                self._levels.append([])
            self._nodes[level + 1, (self._size >> TILE_HEIGHT * (level + 1)) - 1] = above
            self._levels[level + 1].append(above)
            level += 1

    def _root(self, size: int, root: bytes) -> Iterator[Finding]:
        if any(edge.root == root for edge in self._edges):
            self._sound = size
            return
        # what came later stands on this, and would only say the same again
        self._whole = False
        yield Finding(ROOT_DIFFERS, f"log:{size}", {"size": size, "sound": self._sound})

    def _as_known(self) -> Iterator[Finding]:
        known = self._known
        if not self._whole or known is None or known.size != self._size:
            return
        if not any(edge.root == known.root for edge in self._edges):
            yield Finding(FORKED, f"log:{known.size}", {"size": known.size, "source": known.source})

    def _end(self, size: int, on_record: int) -> Iterator[Finding]:
        expected, source = on_record, "ledger_head"
        if self._known is not None and self._known.size > expected:
            expected, source = self._known.size, self._known.source
        if size < expected:
            yield Finding(CUT_OFF, "log", {"size": size, "expected": expected, "source": source})
            return
        if self._whole and size > on_record:
            yield Finding(HEAD_MISSING, f"log:{size}", {"size": size, "expected": on_record})
        unplaced = (
            sa.select(LedgerEntryRow.subject, LedgerEntryRow.number)
            .outerjoin(LedgerLeafRow, LedgerLeafRow.entry_id == LedgerEntryRow.id)
            .outerjoin(LedgerWaitingRow, LedgerWaitingRow.entry_id == LedgerEntryRow.id)
            .where(LedgerLeafRow.entry_id.is_(None), LedgerWaitingRow.entry_id.is_(None))
            .execution_options(yield_per=_PAGE)
        )
        if size == self._size and self._whole:
            for subject, number in self._session.execute(unplaced):
                yield Finding(UNPLACED, f"{subject}#{number}", {"subject": subject, "number": number}, (subject,))

    def _check_nodes(self) -> Iterator[Finding]:
        """Hold the nodes on record to those that follow from the leaves."""
        stored = sa.select(LedgerNodeRow.level, LedgerNodeRow.position, LedgerNodeRow.hash)
        wanted = dict(self._nodes) if self._whole else {}
        for level, position, found in self._session.execute(stored.execution_options(yield_per=_PAGE)):
            if wanted.get((level, position)) == found:
                del wanted[level, position]
        for level, position in wanted:
            if not any(leaf >> TILE_HEIGHT * level == position for leaf in self._altered):
                said: dict[str, object] = {"level": level, "position": position}
                yield Finding(NODE_ALTERED, f"log-node:{level}/{position}", said)
