"""What an archive's key encrypts opens whole, or not at all."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keys import ArchiveKey, Passphrase, ScryptCost
from keys.errors import ArchiveDamagedError, ArchiveKeyUnreadableError, ArchiveKeyWrongError

CHUNK = 256 * 1024
CHEAP = ScryptCost(n=2**10)


def passphrase(text: str = "correct horse battery") -> Passphrase:
    return Passphrase(text, cost=CHEAP)


@pytest.fixture(scope="module")
def key() -> ArchiveKey:
    return ArchiveKey.make(passphrase())[0]


def sealed(key: ArchiveKey, data: bytes, name: str = "file") -> bytes:
    out = io.BytesIO()
    with key.writer(out, name=name) as writer:
        writer.write(data[:7])
        writer.write(data[7:])
    return out.getvalue()


def opened(key: ArchiveKey, data: bytes, name: str = "file") -> bytes:
    return b"".join(key.read(io.BytesIO(data), name=name))


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_what_was_written_is_read(key: ArchiveKey, size: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    assert opened(key, sealed(key, data[:size])) == data[:size]


def test_nothing_of_the_content_shows(key: ArchiveKey) -> None:
    data = b"91370200MA3C0000X1" * 100
    assert data[:18] not in sealed(key, data)
    assert sealed(key, data) != sealed(key, data)


@pytest.mark.parametrize("cut", [0, 10, 36, 40, 36 + CHUNK + 16, -1, -CHUNK])
def test_a_file_that_was_cut_does_not_open(key: ArchiveKey, cut: int) -> None:
    whole = sealed(key, b"x" * (3 * CHUNK))
    with pytest.raises(ArchiveDamagedError):
        opened(key, whole[:cut])


def test_chunks_that_were_dropped_swapped_or_added_are_noticed(key: ArchiveKey) -> None:
    whole, size = sealed(key, b"x" * (4 * CHUNK)), CHUNK + 16
    head, chunks = whole[:36], [whole[at : at + size] for at in range(36, len(whole), size)]
    for order in ([0, 2, 3], [1, 0, 2, 3], [0, 1, 2, 3, 3], [0, 1, 2]):
        with pytest.raises(ArchiveDamagedError):
            opened(key, head + b"".join(chunks[each] for each in order))


def test_another_files_content_under_this_name_is_noticed(key: ArchiveKey) -> None:
    with pytest.raises(ArchiveDamagedError):
        opened(key, sealed(key, b"x", "one"), "two")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_byte_may_change(data: st.DataObject) -> None:
    key = ArchiveKey(bytes(range(32)))
    whole = bytearray(sealed(key, b"licence" * 40))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ArchiveDamagedError):
        opened(key, bytes(whole))


def test_the_passphrase_opens_the_key_and_another_does_not() -> None:
    key, description = ArchiveKey.make(passphrase())
    data = sealed(key, b"licences")
    assert opened(ArchiveKey.open(description, passphrase()), data) == b"licences"
    with pytest.raises(ArchiveKeyWrongError):
        ArchiveKey.open(description, passphrase("another passphrase"))


def test_a_description_that_was_altered_is_refused() -> None:
    _, description = ArchiveKey.make(passphrase())
    said = json.loads(description)
    for change in ({"n": 2**30}, {"r": 2**20}, {"p": 2**20}, {"n": 3}, {"n": -1}, {"salt": "zz"}, {"n": "many"}):
        with pytest.raises(ArchiveKeyUnreadableError):
            ArchiveKey.open(json.dumps({**said, "scrypt": {**said["scrypt"], **change}}).encode(), passphrase())
    for other in (b"", b"[]", b"{}", b"\xff", json.dumps({**said, "format": "other"}).encode()):
        with pytest.raises(ArchiveKeyUnreadableError):
            ArchiveKey.open(other, passphrase())
    with pytest.raises(ArchiveKeyWrongError):
        ArchiveKey.open(json.dumps({**said, "key": "00" * 60}).encode(), passphrase())
