"""The log over HTTP, as C2SP tlog-tiles has it."""

from __future__ import annotations

import base64
import hashlib

import pytest

from keys.notes import Checkpoint, NoteKey, open_note
from store.merkle import leaf_hash, root_of
from tests.api.conftest import Front
from trust.decisions import Decision


@pytest.fixture
def log(front: Front) -> Front:
    front.house.services.ledger.sequence()
    return front


def checkpoint(front: Front) -> Checkpoint:
    key = NoteKey.parse(front.http.get("/log/key").text)
    return Checkpoint.parse(open_note(front.http.get("/log/checkpoint").content, [key]))


def test_entries_hash_to_the_tile_and_the_tile_to_the_checkpoint(log: Front) -> None:
    answer = log.http.get("/log/checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert "max-age=2" in answer.headers["cache-control"]
    head = checkpoint(log)
    assert head.origin == "127.0.0.1:8000/log"
    bundle = log.http.get(f"/log/tile/entries/000.p/{head.size}")
    assert bundle.headers["content-type"] == "application/octet-stream"
    assert "immutable" in bundle.headers["cache-control"]
    leaves, rest = [], bundle.content
    while rest:
        length = int.from_bytes(rest[:2], "big")
        leaves.append(rest[2 : 2 + length])
        rest = rest[2 + length :]
    assert len(leaves) == head.size > 0
    tile = log.http.get(f"/log/tile/0/000.p/{head.size}").content
    assert tile == b"".join(leaf_hash(leaf) for leaf in leaves)
    assert head.root == root_of([leaf_hash(leaf) for leaf in leaves])


def test_a_checkpoint_is_what_the_specification_says_byte_by_byte(log: Front) -> None:
    """Read without our own code, so that an error on both sides would show."""
    text, _, signatures = log.http.get("/log/checkpoint").text.rpartition("\n\n")
    name, _, key = log.http.get("/log/key").text.strip().split("+", 2)
    dash, signer, blob = signatures.removesuffix("\n").split(" ")
    assert (dash, signer, text.split("\n")[0]) == ("—", name, name)
    public = base64.b64decode(key)
    expected = hashlib.sha256(name.encode() + b"\n" + public).digest()[:4]
    assert base64.b64decode(blob)[:4] == expected
    assert len(base64.b64decode(blob)) == 4 + 64


@pytest.mark.parametrize(
    "path",
    [
        "0/000",  # no full tile yet
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/255",
        "0/001.p/1",
        "0/x000/000.p/1",
        "0/0.p/1",
        "00/000.p/1",
        "64/000.p/1",
        "99/000.p/1",
        "1/000.p/1",
        "0/x999/x999/x999/x999/x999/999",
        "entries/000",
        "entries/000.p/01",
        "entries/-01",
        "entries/０００.p/1",
        "data/000",
        "0/000.p/1/",
        "",
    ],
)
def test_what_is_not_there_is_not_found(log: Front, path: str) -> None:
    assert log.http.get(f"/log/tile/{path}").status_code == 404


def test_the_checkpoint_moves_on_with_the_log(log: Front) -> None:
    before = checkpoint(log)
    log.house.services.register.suspend(log.licence.identifier, Decision("a", "核查"))
    log.house.services.ledger.sequence()
    assert checkpoint(log).size == before.size + 1
