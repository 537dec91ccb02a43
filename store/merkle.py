"""Merkle trees as RFC 6962, section 2.1, hashes them: roots, proofs of inclusion and of consistency, and their checks.

A tree is read by tiles of 256 hashes (C2SP tlog-tiles), so the same code makes proofs over a database and over HTTP.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

HASH_SIZE: Final = 32
TILE_HEIGHT: Final = 8
TILE_WIDTH: Final = 1 << TILE_HEIGHT

EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
"""The root of the tree without leaves."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node over two others."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def split(count: int) -> int:
    """The largest power of two below a count of at least two: how many leaves go to the left of the root."""
    return 1 << ((count - 1).bit_length() - 1)


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The root over hashes of leaves, or of subtrees of one size."""
    if not hashes:
        return EMPTY_ROOT
    while len(hashes) > 1:
        above = [node_hash(left, right) for left, right in zip(hashes[::2], hashes[1::2], strict=False)]
        if len(hashes) % 2:
            above.append(hashes[-1])
        hashes = above
    return hashes[0]


@dataclass
class Frontier:
    """The right edge of a tree: the roots of the perfect subtrees that its leaves fall into, the largest first.

    All that is needed to append and to tell the root.
    """

    size: int = 0
    roots: list[bytes] = field(default_factory=list)

    def append(self, leaf: bytes) -> None:
        """Append the hash of a leaf."""
        self.roots.append(leaf)
        self.size += 1
        rest = self.size
        while rest % 2 == 0:
            right = self.roots.pop()
            self.roots.append(node_hash(self.roots.pop(), right))
            rest //= 2

    @property
    def root(self) -> bytes:
        """The root of the whole tree."""
        if not self.roots:
            return EMPTY_ROOT
        *others, root = self.roots
        for left in reversed(others):
            root = node_hash(left, root)
        return root


@dataclass(frozen=True, slots=True)
class Tile:
    """The place of a tile: 256 neighbouring hashes of subtrees with 256^level leaves each, fewer at the right edge."""

    level: int
    index: int
    width: int = TILE_WIDTH


def tile_at(level: int, index: int, size: int) -> Tile:
    """The tile at a place in a tree of some size, as wide as the tree makes it; of width 0 where there is none yet."""
    hashes = size >> (TILE_HEIGHT * level)
    return Tile(level, index, max(0, min(TILE_WIDTH, hashes - index * TILE_WIDTH)))


TileReader = Callable[[Tile], Sequence[bytes]]
"""Gives the hashes of a tile, as many as it is wide."""


class TiledTree:
    """A tree of some size, read by tiles; each tile is read once."""

    def __init__(self, size: int, read: TileReader) -> None:
        self.size = size
        self._read = read
        self._tiles: dict[Tile, Sequence[bytes]] = {}

    def root(self) -> bytes:
        """The root of the tree."""
        return self._hash(0, self.size) if self.size else EMPTY_ROOT

    def frontier(self) -> Frontier:
        """The right edge."""
        roots, start = [], 0
        for bit in reversed(range(self.size.bit_length())):
            if self.size & (1 << bit):
                roots.append(self._hash(start, start + (1 << bit)))
                start += 1 << bit
        return Frontier(self.size, roots)

    def inclusion(self, index: int) -> list[bytes]:
        """The proof that a leaf is in the tree (RFC 6962, 2.1.1).

        :raises ValueError: the tree has no such leaf.
        """
        if not 0 <= index < self.size:
            raise ValueError("the tree has no such leaf")
        path = []
        start, end = 0, self.size
        while end - start > 1:
            middle = start + split(end - start)
            if index < middle:
                path.append(self._hash(middle, end))
                end = middle
            else:
                path.append(self._hash(start, middle))
                start = middle
        return path[::-1]

    def consistency(self, old: int) -> list[bytes]:
        """The proof that the tree begins with the one that had ``old`` leaves (RFC 6962, 2.1.2).

        :raises ValueError: no smaller tree with leaves is of that size.
        """
        if not 0 < old <= self.size:
            raise ValueError("there is no proof from that size")
        path = []
        start, end = 0, self.size
        whole = True  # whether what is left of the old tree begins at the first leaf
        while old < end:
            middle = start + split(end - start)
            if old <= middle:
                path.append(self._hash(middle, end))
                end = middle
            else:
                path.append(self._hash(start, middle))
                start, whole = middle, False
        if not whole:
            path.append(self._hash(start, end))
        return path[::-1]

    def _hash(self, start: int, end: int) -> bytes:
        """The hash over a range of leaves that the tree has a node, or an edge of nodes, for."""
        count = end - start
        if count & (count - 1):
            middle = start + split(count)
            return node_hash(self._hash(start, middle), self._hash(middle, end))
        level = (count.bit_length() - 1) // TILE_HEIGHT
        unit = TILE_HEIGHT * level
        first = start >> unit
        index, offset = divmod(first, TILE_WIDTH)
        tile = tile_at(level, index, self.size)
        if tile not in self._tiles:
            self._tiles[tile] = self._read(tile)
        return root_of(self._tiles[tile][offset : offset + (count >> unit)])


def holds_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether a proof shows that a leaf's hash is at a place in the tree of some size and root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if place % 2 or place == last:
            found = node_hash(sibling, found)
            while place % 2 == 0 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


@dataclass(frozen=True, slots=True)
class Step:
    """One step from a leaf up to the root."""

    left: bool
    """Whether the hash beside it stands to the left."""
    sibling: bytes
    found: bytes
    """The hash over both."""


def climb(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> list[Step]:
    """The steps by which a proof of inclusion leads from a leaf's hash to the root, for people to follow.

    :raises ValueError: the proof is longer than the tree is high.
    """
    place, last, found = index, size - 1, leaf
    steps = []
    for sibling in proof:
        if last <= 0:
            raise ValueError("the proof is too long")
        left = bool(place % 2) or place == last
        found = node_hash(sibling, found) if left else node_hash(found, sibling)
        steps.append(Step(left, sibling, found))
        if left:
            while place % 2 == 0 and place:
                place, last = place >> 1, last >> 1
        place, last = place >> 1, last >> 1
    return steps


def holds_consistency(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether a proof shows that one tree begins with another (RFC 9162, 2.1.4.2)."""
    if not 0 < old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        return False
    place, last = old - 1, new - 1
    while place % 2:
        place, last = place >> 1, last >> 1
    before = after = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if place % 2 or place == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while place % 2 == 0 and place:
                place, last = place >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and before == old_root and after == new_root
