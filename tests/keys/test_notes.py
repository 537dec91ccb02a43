"""Signed notes and checkpoints: the published example holds, and nothing else does."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from keys_house import House, openssl

from keys import KeyAlgorithm, KeyPurpose
from keys.errors import NoteInvalidError, PurposeMismatchError
from keys.notes import Checkpoint, NoteKey, NoteSigner, open_note, sign_note

GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
"""The key and the note of the documentation of Go's golang.org/x/mod/sumdb/note, after which the format was made."""
ROOT = bytes(range(32))
DATA = b"what is signed"


@pytest.fixture
def signer(house: House) -> NoteSigner:
    key = house.make_key(KeyPurpose.LOG, KeyAlgorithm.ED25519)
    return NoteSigner(house.custody, key, "example.org/log")


def test_the_published_note_holds_under_the_published_key() -> None:
    key = NoteKey.parse(GO_KEY)
    assert str(key) == GO_KEY
    assert open_note(GO_NOTE.encode(), [key]).startswith("If you think")


@pytest.mark.parametrize(
    "altered",
    [
        GO_NOTE.replace("answer", "Answer"),
        GO_NOTE.replace("x08go/Z", "x08go/a"),
        GO_NOTE.replace("PeterNeumann x", "PeterPan x"),
        GO_NOTE.replace("\n\n—", "\n—"),
        GO_NOTE.removesuffix("\n"),
        GO_NOTE.replace("answer", "an\tswer"),
        GO_NOTE + "more\n",
        "\n\n",
        "",
        GO_NOTE + "— a b\n" * 64,
        "x" * 70_000 + GO_NOTE,
    ],
)
def test_an_altered_note_does_not(altered: str) -> None:
    with pytest.raises(NoteInvalidError):
        open_note(altered.encode(), [NoteKey.parse(GO_KEY)])


def test_signatures_of_others_are_passed_over(signer: NoteSigner) -> None:
    signature = base64.b64encode(b"abcd" + bytes(64)).decode()
    note = sign_note("text\n", [signer]) + f"— somebody.else {signature}\n"
    assert open_note(note.encode(), [signer.key]) == "text\n"
    with pytest.raises(NoteInvalidError, match="signer"):
        open_note(note.encode(), [NoteKey.parse(GO_KEY)])
    with pytest.raises(NoteInvalidError):
        open_note(b"\xff" + note.encode(), [signer.key])


@pytest.mark.parametrize(
    "text",
    ["", "a+b", GO_KEY.replace("c74f", "c74e"), GO_KEY[:-4], GO_KEY + "AA", GO_KEY.replace("+AR", "+BR"), "+" + GO_KEY],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(NoteInvalidError):
        NoteKey.parse(text)


def test_a_checkpoint_says_what_was_put_in(signer: NoteSigner) -> None:
    checkpoint = Checkpoint("example.org/log", 70_000, ROOT)
    note = sign_note(checkpoint.text, [signer])
    assert Checkpoint.parse(open_note(note.encode(), [NoteKey.parse(str(signer.key))])) == checkpoint


@given(st.text())
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteInvalidError):
        Checkpoint.parse(f"origin\n1\n{text}\n" if len(text) != 44 else "")


@pytest.mark.parametrize("size", ["-1", "01", "1.0", "", "x", "9" * 20, "１"])
def test_a_checkpoint_with_a_strange_size_is_refused(size: str) -> None:
    with pytest.raises(NoteInvalidError):
        Checkpoint.parse(f"origin\n{size}\n{base64.b64encode(ROOT).decode()}\n")


def test_only_keys_of_ed25519_sign_notes(house: House) -> None:
    with pytest.raises(PurposeMismatchError):
        NoteSigner(house.custody, house.make_key(KeyPurpose.LOG), "example.org/log")


@pytest.mark.needs("openssl")
def test_openssl_accepts_what_an_ed25519_key_signs(house: House, tmp_path_factory: pytest.TempPathFactory) -> None:
    directory = tmp_path_factory.mktemp("ed25519")
    key = house.make_key(KeyPurpose.LOG, KeyAlgorithm.ED25519)
    (directory / "public.der").write_bytes(key.public_key)
    (directory / "data").write_bytes(DATA)
    (directory / "signature").write_bytes(house.another_process().custody.sign(key.id, DATA))
    public = ("-pubin", "-keyform", "DER", "-inkey", directory / "public.der")
    openssl("pkeyutl", "-verify", *public, "-rawin", "-in", directory / "data", "-sigfile", directory / "signature")


def test_an_ed25519_key_signs_no_bare_digest(house: House) -> None:
    key = house.make_key(KeyPurpose.PERSON, KeyAlgorithm.ED25519)
    with pytest.raises(PurposeMismatchError):
        house.custody.sign_digest(key.id, bytes(32))


def test_a_note_of_another_key_by_the_same_name_is_refused(signer: NoteSigner) -> None:
    private = Ed25519PrivateKey.generate()
    text = "example.org/log\n0\n"
    blob = base64.b64encode(signer.key.id + private.sign(text.encode())).decode()
    with pytest.raises(NoteInvalidError, match="signature"):
        open_note(f"{text}\n— {signer.key.name} {blob}\n".encode(), [signer.key])
