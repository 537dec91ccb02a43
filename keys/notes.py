"""Signed notes and the checkpoints of logs (C2SP signed-note and tlog-checkpoint), with Ed25519.

A checkpoint says how large a log is and what its root is; the note around it says who says so.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NoReturn, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keys.custody import KeyAlgorithm, KeyCustody, KeyInfo
from keys.errors import NoteInvalidError, PurposeMismatchError

_ED25519: Final = b"\x01"
_KEY_SIZE: Final = 32
_ID_SIZE: Final = 4
_HASH_SIZE: Final = 32
_LARGEST: Final = 64 * 1024
_MOST_SIGNATURES: Final = 64
_NAME: Final = re.compile(r"[^\s+]+")
_LINE: Final = re.compile(r"— (?P<name>[^\s+]+) (?P<signature>[A-Za-z0-9+/]+={0,2})")
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class NoteKey:
    """A public key that notes are checked with, and the name that it goes by."""

    name: str
    public: bytes
    """32 bytes, RFC 8032."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or len(self.public) != _KEY_SIZE:
            _refuse("key")

    @classmethod
    def of(cls, name: str, key: KeyInfo) -> Self:
        """The public half of a key of ours.

        :raises PurposeMismatchError: it is not of Ed25519.
        """
        public = key.load_public_key()
        if not isinstance(public, Ed25519PublicKey):
            wanted = KeyAlgorithm.ED25519.value
            raise PurposeMismatchError(key_id=key.id, purpose=key.algorithm.value, wanted=wanted)
        return cls(name, public.public_bytes(Encoding.Raw, PublicFormat.Raw))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a verifier key: ``name+id+base64``.

        :raises NoteInvalidError: it is none, or not of Ed25519.
        """
        parts = text.strip().split("+", 2)
        if len(parts) != 3:
            _refuse("key")
        encoded = _decoded(parts[2])
        if encoded[:1] != _ED25519:
            _refuse("key")
        key = cls(parts[0], encoded[1:])
        if str(key) != text.strip():
            _refuse("key")
        return key

    @property
    def id(self) -> bytes:
        """Four bytes that tell keys of one name apart."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:_ID_SIZE]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(_ED25519 + self.public).decode()}"

    def verifies(self, text: str, signature: bytes) -> bool:
        """Whether a signature over a note's text is this key's."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What the text of a checkpoint says."""

    origin: str
    """The name of the log."""
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The text to be signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a text that was checked; lines after the root are passed over (tlog-checkpoint).

        :raises NoteInvalidError: it is no checkpoint.
        """
        origin, size, root, *_ = [*text.split("\n"), "", "", ""]
        if not origin or not _SIZE.fullmatch(size):
            _refuse("checkpoint")
        decoded = _decoded(root)
        if len(decoded) != _HASH_SIZE:
            _refuse("checkpoint")
        return cls(origin, int(size), decoded)


class NoteSigner:
    """Signs notes with one key of the custody."""

    def __init__(self, custody: KeyCustody, key: KeyInfo, name: str) -> None:
        """:raises PurposeMismatchError: the key is not of Ed25519."""
        self.key = NoteKey.of(name, key)
        self._custody = custody
        self._key_id = key.id

    def line(self, text: str) -> str:
        """The line of a note that holds the signature over its text."""
        signature = self._custody.sign(self._key_id, text.encode())
        return f"— {self.key.name} {base64.b64encode(self.key.id + signature).decode()}\n"


def sign_note(text: str, signers: Sequence[NoteSigner]) -> str:
    """A note: the text, and a signature of each signer."""
    return f"{text}\n" + "".join(signer.line(text) for signer in signers)


def open_note(note: bytes, keys: Sequence[NoteKey]) -> str:
    """The text of a note that at least one of some keys signed; signatures of others are passed over.

    :raises NoteInvalidError: it is no note, none of the keys signed it, or a signature of one of them is wrong.
    """
    if len(note) > _LARGEST:
        _refuse("size")
    try:
        decoded = note.decode()
    except UnicodeDecodeError:
        _refuse("form")
    text, separator, signatures = decoded.rpartition("\n\n")
    lines = signatures.splitlines()
    if not separator or not signatures.endswith("\n") or len(lines) > _MOST_SIGNATURES:
        _refuse("form")
    if any(character < " " and character != "\n" for character in decoded):
        _refuse("form")
    text += "\n"
    known = {(key.name, key.id): key for key in keys}
    signed = False
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None:
            _refuse("form")
        blob = _decoded(match["signature"])
        key = known.get((match["name"], blob[:_ID_SIZE]))
        if key is not None:
            if not key.verifies(text, blob[_ID_SIZE:]):
                _refuse("signature")
            signed = True
    if not signed:
        _refuse("signer")
    return text


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        _refuse("base64")


def _refuse(reason: str) -> NoReturn:
    raise NoteInvalidError(reason=reason)
