"""An auditor who has only what anybody can fetch finds out whoever tampers with the log."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from keys.errors import NoteInvalidError
from keys.notes import Checkpoint, NoteKey
from store.merkle import leaf_hash, root_of
from verify.errors import (
    AuditError,
    AuditStateError,
    LogForkedError,
    LogLeafError,
    LogRolledBackError,
    LogUnreadableError,
)
from verify.log_audit import AuditState, audit

SECRET = Ed25519PrivateKey.generate()
ORIGIN = "example.org/log"
KEY = NoteKey(ORIGIN, SECRET.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))


class Log:
    """A log that shows what it is told to show; an honest one shows one list of leaves throughout."""

    def __init__(self, leaves: Sequence[bytes], *, origin: str = ORIGIN) -> None:
        self.leaves = list(leaves)
        self.hashes = [leaf_hash(leaf) for leaf in leaves]
        self.signed = Checkpoint(origin, len(leaves), root_of(self.hashes))
        self.fetched: list[str] = []

    def fetch(self, path: str) -> bytes:
        self.fetched.append(path)
        if path == "checkpoint":
            text = self.signed.text
            blob = base64.b64encode(KEY.id + SECRET.sign(text.encode())).decode()
            return f"{text}\n— {KEY.name} {blob}\n".encode()
        _, kind, rest = path.split("/", 2)
        number, _, partial = rest.partition(".p/")
        first, width = int(number.replace("x", "").replace("/", "")) * 256, int(partial or 256)
        if kind == "entries":
            return b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in self.leaves[first : first + width])
        return b"".join(self.hashes[first : first + width])


def named(count: int) -> list[bytes]:
    return [f"leaf {number}".encode() for number in range(count)]


def followed(count: int) -> AuditState:
    """What an auditor knows who has followed an honest log so far."""
    return audit(Log(named(count)).fetch, AuditState.begin([KEY]))


@given(st.lists(st.integers(0, 300), min_size=1, max_size=4))
def test_an_honest_log_passes_at_every_size(growth: list[int]) -> None:
    known, size = AuditState.begin([KEY]), 0
    for more in growth:
        size += more
        known = audit(Log(named(size)).fetch, known)
        assert known.leaves == tuple(leaf_hash(leaf) for leaf in named(size))


def test_only_what_is_new_is_read(tmp_path: Path) -> None:
    log = Log(named(600))
    audit(log.fetch, followed(520))
    assert log.fetched == ["checkpoint", "tile/entries/002.p/88"]
    again = Log(named(600))
    audit(again.fetch, followed(520), again=True)
    assert again.fetched == ["checkpoint", "tile/entries/000", "tile/entries/001", "tile/entries/002.p/88"]


@pytest.mark.parametrize("more", [0, 1, 300])
@pytest.mark.parametrize("place", [0, 100, 299])
def test_a_changed_leaf_is_found_and_named(place: int, more: int) -> None:
    leaves = named(300 + more)
    leaves[place] = b"changed"
    with pytest.raises(LogForkedError, match=f"leaf {place} was changed"):
        audit(Log(leaves).fetch, followed(300))


@pytest.mark.parametrize("place", [0, 100, 298])
def test_a_dropped_leaf_is_found_and_named(place: int) -> None:
    leaves = named(310)
    del leaves[place]
    with pytest.raises(LogForkedError, match=f"leaf {place} was dropped"):
        audit(Log(leaves).fetch, followed(300))


@pytest.mark.parametrize(("one", "other"), [(0, 1), (5, 299), (255, 256)])
def test_leaves_in_another_order_are_found(one: int, other: int) -> None:
    leaves = named(310)
    leaves[one], leaves[other] = leaves[other], leaves[one]
    with pytest.raises(LogForkedError, match=f"leaves from {one} on were put into another order"):
        audit(Log(leaves).fetch, followed(300))


@pytest.mark.parametrize("size", [0, 1, 299])
def test_a_log_that_was_rolled_back_is_found(size: int) -> None:
    with pytest.raises(LogRolledBackError, match="had 300 leaves and now has"):
        audit(Log(named(size)).fetch, followed(300))


def test_a_fork_of_the_same_size_is_found() -> None:
    leaves = [*named(299), b"another"]
    with pytest.raises(LogForkedError, match="leaf 299"):
        audit(Log(leaves).fetch, followed(300))


def test_a_log_that_shows_old_tiles_under_a_new_checkpoint_is_found() -> None:
    log = Log(named(300))
    log.signed = Log([*named(299), b"another"]).signed
    with pytest.raises(LogForkedError, match="does not fit its own tiles"):
        audit(log.fetch, followed(300))


@pytest.mark.parametrize("place", [300, 309])
def test_a_new_leaf_that_is_not_the_one_in_the_tree_is_found(place: int) -> None:
    log = Log(named(310))
    log.leaves[place] = b"another"
    with pytest.raises(LogLeafError, match=f"Leaf {place}"):
        audit(log.fetch, followed(300))


def test_an_old_leaf_that_is_shown_differently_is_found_when_read_again() -> None:
    log = Log(named(600))
    log.leaves[3] = b"another"
    audit(log.fetch, followed(600))
    with pytest.raises(LogLeafError, match="Leaf 3 "):
        audit(log.fetch, followed(600), again=True)


@given(st.data())
def test_whatever_is_done_to_what_was_seen_is_found(data: st.DataObject) -> None:
    leaves = named(data.draw(st.integers(2, 40)))
    seen = data.draw(st.integers(1, len(leaves)))
    known = audit(Log(leaves[:seen]).fetch, AuditState.begin([KEY]))
    altered = data.draw(st.permutations(leaves[:seen])) + leaves[seen:]
    cut = data.draw(st.integers(0, seen - 1))
    if data.draw(st.booleans()):
        del altered[cut]
    if [*altered[:seen]] == leaves[:seen]:
        assert audit(Log(altered).fetch, known).leaves[:seen] == known.leaves
    else:
        with pytest.raises(AuditError):
            audit(Log(altered).fetch, known)


def test_a_checkpoint_of_another_log_or_signer_is_refused() -> None:
    with pytest.raises(LogForkedError, match="another name"):
        audit(Log(named(310), origin="example.org/other").fetch, followed(300))
    stranger = NoteKey(ORIGIN, Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
    with pytest.raises(NoteInvalidError):
        audit(Log(named(1)).fetch, AuditState.begin([stranger]))


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("tile/entries/000.p/3", b"\x00\x01a\x00\x01b"),
        ("tile/entries/000.p/3", b"\x00\x01a\x00\x01b\x00\x09c"),
        ("tile/entries/000.p/3", b"\x00\x01a\x00\x01b\x00\x01cd"),
        ("tile/entries/000.p/3", b""),
    ],
)
def test_what_is_not_in_the_form_of_a_log_is_refused(path: str, content: bytes) -> None:
    log = Log(named(3))
    with pytest.raises(LogUnreadableError):
        audit(lambda asked: content if asked == path else log.fetch(asked), AuditState.begin([KEY]))


def test_what_is_known_is_kept_and_read_again(tmp_path: Path) -> None:
    known = followed(300)
    known.write(tmp_path / "state")
    assert AuditState.read(tmp_path / "state") == known


@given(data=st.data())
def test_a_state_that_was_altered_is_refused(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("audit") / "state"
    followed(3).write(path)
    content = bytearray(path.read_bytes())
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    else:
        at = data.draw(st.integers(content.index(b"\n"), len(content) - 1))
        content[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    with pytest.raises(AuditStateError):
        AuditState.read(path)
