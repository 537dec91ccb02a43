"""Following the transparency log from outside (审计): what it says today has to begin with what it said before.

An auditor has nothing from the service but what anybody can fetch. It reads every leaf once, keeps the hash of each,
and holds every checkpoint to them; whatever in the log was changed, dropped or put into another order after it was
seen, and whatever is shown to one reader and not to another, no longer fits.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from keys.errors import NoteInvalidError
from keys.notes import Checkpoint, NoteKey, open_note
from store.merkle import HASH_SIZE, TILE_WIDTH, Tile, leaf_hash, root_of, tile_at
from verify.errors import AuditStateError, LogForkedError, LogLeafError, LogRolledBackError, LogUnreadableError

Fetch = Callable[[str], bytes]
"""Gives what lies under an address below the log's, such as ``tile/0/000``; fails with :class:`LogUnreadableError`."""

STATE_FORMAT: Final = "yinzheng-log-audit/1"
_ENOUGH: Final = 8
"""So many leaves in a row are the same ones in another place."""


@dataclass(frozen=True)
class AuditState:
    """What an auditor knows of a log."""

    keys: tuple[NoteKey, ...]
    checkpoint: Checkpoint | None
    """The last one that was found right."""
    note: str
    """The same with its signatures: the proof of what the log said, should it say something else later."""
    leaves: tuple[bytes, ...]
    """The hash of each leaf."""

    @classmethod
    def begin(cls, keys: Sequence[NoteKey]) -> AuditState:
        """Knowing nothing but the keys that the log signs with."""
        return cls(tuple(keys), None, "", ())

    @classmethod
    def read(cls, path: Path) -> AuditState:
        """What was kept in a file by :meth:`write`.

        :raises AuditStateError: the file is none of those, or was cut or altered.
        """
        try:
            head, _, leaves = path.read_bytes().partition(b"\n")
            value: dict[str, Any] = json.loads(head)
            keys = tuple(NoteKey.parse(each) for each in value["keys"])
            note: str = value["note"]
            checkpoint = Checkpoint.parse(open_note(note.encode(), keys))
            hashes = tuple(leaves[at : at + HASH_SIZE] for at in range(0, len(leaves), HASH_SIZE))
            known = cls(keys, checkpoint, note, hashes)
            whole = value["format"] == STATE_FORMAT and len(hashes) == checkpoint.size
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, NoteInvalidError) as error:
            raise AuditStateError(path=path) from error
        if not whole or root_of(hashes) != checkpoint.root:
            raise AuditStateError(path=path)
        return known

    def write(self, path: Path) -> None:
        """Keep it in a file, whole or not at all.

        :raises OSError: the file cannot be written.
        """
        head = {"format": STATE_FORMAT, "keys": [str(key) for key in self.keys], "note": self.note}
        temporary = path.with_name(f".{path.name}.part")
        temporary.write_bytes(json.dumps(head).encode() + b"\n" + b"".join(self.leaves))
        temporary.replace(path)


def audit(fetch: Fetch, known: AuditState, *, again: bool = False) -> AuditState:
    """Follow a log to its present checkpoint, and tell what is known of it from then on.

    :param again: read all leaves anew, also those that were read before.
    :raises LogUnreadableError: it cannot be fetched, or is not in the form of a log.
    :raises NoteInvalidError: the checkpoint is not signed with a key that is known.
    :raises LogRolledBackError: it is smaller than it was.
    :raises LogForkedError: it does not begin with what it was.
    :raises LogLeafError: a leaf is not the one that the checkpoint stands for.
    """
    note = fetch("checkpoint")
    now = Checkpoint.parse(open_note(note, known.keys))
    _check_onward(known.checkpoint, now)
    first = 0 if again else len(known.leaves) // TILE_WIDTH * TILE_WIDTH
    shown = [leaf_hash(leaf) for leaf in _leaves(fetch, first, now.size)]
    leaves = (*known.leaves, *shown[len(known.leaves) - first :])
    if root_of(leaves) != now.root:
        raise _explained(fetch, known.leaves, leaves, now)
    for position in range(first, len(known.leaves)):
        if shown[position - first] != known.leaves[position]:
            raise LogLeafError(position=position)
    return AuditState(known.keys, now, note.decode(), leaves)


def _check_onward(before: Checkpoint | None, now: Checkpoint) -> None:
    if before is None:
        return
    if now.origin != before.origin:
        raise LogForkedError(size=before.size, what_zh="日志名称不同", what_en="it goes by another name")
    if now.size < before.size:
        raise LogRolledBackError(before=before.size, now=now.size)


def _explained(
    fetch: Fetch, known: Sequence[bytes], leaves: Sequence[bytes], now: Checkpoint
) -> LogForkedError | LogLeafError:
    """Why leaves do not come to the root of a checkpoint, from the hashes that the log itself shows."""
    tree: list[bytes] = []
    for index in range(-(-now.size // TILE_WIDTH)):
        tree += _hashes(fetch, tile_at(0, index, now.size))
    if root_of(tree) != now.root:
        what = {"what_zh": "检查点与其分块不符", "what_en": "the checkpoint does not fit its own tiles"}
        return LogForkedError(size=len(known), **what)
    position = next(place for place, (ours, theirs) in enumerate(zip(leaves, tree, strict=True)) if ours != theirs)
    if position >= len(known):
        return LogLeafError(position=position)
    return LogForkedError(size=len(known), **_difference(known[position:], tree[position:], position))


def _difference(known: Sequence[bytes], shown: Sequence[bytes], position: int) -> dict[str, str]:
    """What became of the leaves from a position on, in words."""
    after = min(_ENOUGH, len(known) - 1)
    if sorted(shown[: len(known)]) == sorted(known):
        return {
            "what_zh": f"第 {position} 条起顺序被调换",
            "what_en": f"leaves from {position} on were put into another order",
        }
    if after and list(shown[:after]) == list(known[1 : after + 1]):
        return {"what_zh": f"第 {position} 条被删除", "what_en": f"leaf {position} was dropped"}
    return {"what_zh": f"第 {position} 条被改动", "what_en": f"leaf {position} was changed"}


def _leaves(fetch: Fetch, first: int, size: int) -> Iterator[bytes]:
    """The leaves from the first one of a bundle on."""
    for index in range(first // TILE_WIDTH, -(-size // TILE_WIDTH)):
        tile = tile_at(0, index, size)
        bundle, at = fetch(_path("entries", tile)), 0
        for _ in range(tile.width):
            length = int.from_bytes(bundle[at : at + 2], "big")
            leaf = bundle[at + 2 : at + 2 + length]
            if len(bundle) < at + 2 or len(leaf) != length:
                raise LogUnreadableError(what_zh="条目不完整", what_en="a bundle of entries is cut off")
            yield leaf
            at += 2 + length
        if at != len(bundle):
            raise LogUnreadableError(what_zh="条目过多", what_en="a bundle holds more entries than it should")


def _hashes(fetch: Fetch, tile: Tile) -> list[bytes]:
    data = fetch(_path(str(tile.level), tile))
    if len(data) != tile.width * HASH_SIZE:
        raise LogUnreadableError(what_zh="分块长度不符", what_en="a tile is not as long as it should be")
    return [data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE)]


def _path(kind: str, tile: Tile) -> str:
    """The address of a tile (C2SP tlog-tiles): the number in groups of three digits."""
    digits = f"{tile.index % 1000:03}"
    rest = tile.index // 1000
    while rest:
        digits, rest = f"x{rest % 1000:03}/{digits}", rest // 1000
    partial = f".p/{tile.width}" if tile.width < TILE_WIDTH else ""
    return f"tile/{kind}/{digits}{partial}"
