"""Hashing and proofs of RFC 6962, held to the published vectors and to a tree written down as the standard has it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.merkle import (
    EMPTY_ROOT,
    Frontier,
    Tile,
    TiledTree,
    holds_consistency,
    holds_inclusion,
    leaf_hash,
    node_hash,
    root_of,
    tile_at,
)

LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
"""The leaves, roots and proofs of the reference vectors of Certificate Transparency (transparency-dev/merkle)."""
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = [
    (0, 1, []),
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
CONSISTENCY = [
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]


def naive_root(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    left = 1
    while left * 2 < len(leaves):
        left *= 2
    return hashlib.sha256(b"\x01" + naive_root(leaves[:left]) + naive_root(leaves[left:])).digest()


def naive_path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH of RFC 6962, 2.1.1."""
    if len(leaves) == 1:
        return []
    left = 1
    while left * 2 < len(leaves):
        left *= 2
    if index < left:
        return [*naive_path(index, leaves[:left]), naive_root(leaves[left:])]
    return [*naive_path(index - left, leaves[left:]), naive_root(leaves[:left])]


def naive_proof(old: int, leaves: Sequence[bytes], whole: bool = True) -> list[bytes]:
    """SUBPROOF of RFC 6962, 2.1.2."""
    if old == len(leaves):
        return [] if whole else [naive_root(leaves)]
    left = 1
    while left * 2 < len(leaves):
        left *= 2
    if old <= left:
        return [*naive_proof(old, leaves[:left], whole), naive_root(leaves[left:])]
    return [*naive_proof(old - left, leaves[left:], False), naive_root(leaves[:left])]


def tree(leaves: Sequence[bytes]) -> TiledTree:
    """A tree whose tiles are computed from the leaves as the specification has them."""
    hashes = [[leaf_hash(leaf) for leaf in leaves]]
    while len(hashes[-1]) >= 256:
        below = hashes[-1]
        hashes.append([root_of(below[at : at + 256]) for at in range(0, len(below) - 255, 256)])

    def read(tile: Tile) -> Sequence[bytes]:
        found = hashes[tile.level][256 * tile.index :][: tile.width]
        assert len(found) == tile.width > 0
        return found

    return TiledTree(len(leaves), read)


def unhex(texts: Sequence[str]) -> list[bytes]:
    return [bytes.fromhex(text) for text in texts]


def test_roots_are_those_of_the_published_vectors() -> None:
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert [tree(LEAVES[:size]).root().hex() for size in range(1, 9)] == ROOTS


@pytest.mark.parametrize(("index", "size", "path"), INCLUSION)
def test_inclusion_proofs_are_those_of_the_published_vectors(index: int, size: int, path: list[str]) -> None:
    assert tree(LEAVES[:size]).inclusion(index) == unhex(path)
    assert holds_inclusion(leaf_hash(LEAVES[index]), index, size, unhex(path), bytes.fromhex(ROOTS[size - 1]))


@pytest.mark.parametrize(("old", "new", "path"), CONSISTENCY)
def test_consistency_proofs_are_those_of_the_published_vectors(old: int, new: int, path: list[str]) -> None:
    assert tree(LEAVES[:new]).consistency(old) == unhex(path)
    roots = [bytes.fromhex(ROOTS[size - 1]) for size in (old, new)]
    assert holds_consistency(old, roots[0], new, roots[1], unhex(path))


SIZES = st.one_of(st.integers(1, 40), st.sampled_from([255, 256, 257, 511, 512, 513, 700]))


@given(SIZES, st.data())
def test_proofs_are_those_of_a_tree_written_down_as_the_standard_has_it(size: int, data: st.DataObject) -> None:
    leaves = [number.to_bytes(2, "big") for number in range(size)]
    made = tree(leaves)
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size))
    assert made.root() == naive_root(leaves)
    assert made.inclusion(index) == naive_path(index, leaves)
    assert made.consistency(old) == naive_proof(old, leaves)
    assert holds_inclusion(leaf_hash(leaves[index]), index, size, made.inclusion(index), made.root())
    assert holds_consistency(old, naive_root(leaves[:old]), size, made.root(), made.consistency(old))


@given(st.integers(0, 600), st.integers(0, 300))
def test_the_edge_of_a_tree_is_enough_to_go_on(size: int, more: int) -> None:
    leaves = [number.to_bytes(2, "big") for number in range(size + more)]
    edge = tree(leaves[:size]).frontier()
    for leaf in leaves[size:]:
        edge.append(leaf_hash(leaf))
    grown = Frontier()
    for leaf in leaves:
        grown.append(leaf_hash(leaf))
    assert edge == grown
    assert edge.root == tree(leaves).root()


@given(st.integers(2, 70), st.data())
def test_a_proof_holds_for_nothing_else(size: int, data: st.DataObject) -> None:
    leaves = [number.to_bytes(2, "big") for number in range(size)]
    made, index = tree(leaves), data.draw(st.integers(0, size - 1))
    proof, root, leaf = made.inclusion(index), made.root(), leaf_hash(leaves[index])
    other = data.draw(st.integers(-1, size + 1).filter(lambda number: number != index))
    at = data.draw(st.integers(0, len(proof) - 1))
    altered = [*proof[:at], node_hash(proof[at], proof[at]), *proof[at + 1 :]]
    assert not holds_inclusion(leaf, other, size, proof, root)
    assert not holds_inclusion(leaf_hash(b"x"), index, size, proof, root)
    assert not holds_inclusion(leaf, index, size, altered, root)
    assert not holds_inclusion(leaf, index, size, proof[:-1], root)
    assert not holds_inclusion(leaf, index, size, [*proof, root], root)
    assert not holds_inclusion(leaf, index, 0, proof, root)


@given(st.integers(2, 70), st.data())
def test_a_tree_with_another_beginning_is_not_consistent(size: int, data: st.DataObject) -> None:
    leaves = [number.to_bytes(2, "big") for number in range(size)]
    old = data.draw(st.integers(1, size - 1))
    changed = data.draw(st.integers(0, old - 1))
    before = naive_root(leaves[:old])
    forged = [*leaves[:changed], b"forged", *leaves[changed + 1 :]]
    proof, root = tree(forged).consistency(old), tree(forged).root()
    assert not holds_consistency(old, before, size, root, proof)
    assert not holds_consistency(old, before, size, tree(leaves).root(), [*tree(leaves).consistency(old), root])
    assert not holds_consistency(old, before, size, tree(leaves).root(), [])
    assert not holds_consistency(size, tree(leaves).root(), old, before, proof)
    assert not holds_consistency(0, EMPTY_ROOT, size, root, [])


def test_a_tree_of_70000_leaves_has_the_tiles_that_the_specification_tells() -> None:
    assert [tile_at(0, 273, 70_000).width, tile_at(0, 272, 70_000).width, tile_at(0, 274, 70_000).width] == [
        112,
        256,
        0,
    ]
    assert [tile_at(1, 0, 70_000).width, tile_at(1, 1, 70_000).width, tile_at(2, 0, 70_000).width] == [256, 17, 1]
    assert tile_at(1, 0, 256).width == 1


@pytest.mark.parametrize(("index", "old"), [(-1, 0), (3, 4)])
def test_what_is_not_in_the_tree_has_no_proof(index: int, old: int) -> None:
    made = tree(LEAVES[:3])
    with pytest.raises(ValueError, match="leaf"):
        made.inclusion(index)
    with pytest.raises(ValueError, match="size"):
        made.consistency(old)
