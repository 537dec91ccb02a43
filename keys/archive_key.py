"""The key of an archive (备份密钥): what leaves the house to be kept elsewhere is encrypted under it, file by file.

A random key, itself encrypted under a passphrase by scrypt (RFC 7914) and AES-256-GCM, so that the passphrase can be
the operator's and the key the archive's. Each file has a key of its own (HKDF, RFC 5869, from 32 random bytes and the
file's name) and is a chain of chunks in AES-256-GCM (NIST SP 800-38D) whose nonce counts them and marks the last one
(the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, 2015): a file that was cut, put together from
others, altered or given another name does not open.

    "YZA1" | salt (32 bytes) | chunks of 262,144 bytes and a tag (16 bytes) each; the last one may be shorter
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from types import TracebackType
from typing import Any, BinaryIO, Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from keys._secret import Secret
from keys.errors import ArchiveDamagedError, ArchiveKeyUnreadableError, ArchiveKeyWrongError, KekWrongError
from keys.kek import KEY_SIZE, Passphrase, ScryptCost

FORMAT: Final = "yinzheng-archive-key/1"

_MAGIC: Final = b"YZA1"
_SALT_SIZE: Final = 32
_NONCE_SIZE: Final = 12
_TAG_SIZE: Final = 16
_CHUNK: Final = 256 * 1024
_COSTS: Final = (range(2, 2**20 + 1), range(1, 17), range(1, 5))
"""What a description may ask for: at the most two gigabytes of memory."""


class ArchiveKey(Secret):
    """Encrypts and decrypts the files of one archive. Made by :meth:`make` and :meth:`open`."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def make(cls, passphrase: Passphrase) -> tuple[ArchiveKey, bytes]:
        """A new key, and its description, which whoever has the passphrase opens it by."""
        key, salt, nonce = secrets.token_bytes(KEY_SIZE), secrets.token_bytes(_SALT_SIZE), _nonce()
        cost = passphrase.cost or ScryptCost()
        sealed = AESGCM(passphrase.material(salt, cost)).encrypt(nonce, key, FORMAT.encode())
        description = {
            "format": FORMAT,
            "scrypt": {"n": cost.n, "r": cost.r, "p": cost.p, "salt": salt.hex()},
            "key": (nonce + sealed).hex(),
        }
        return cls(key), json.dumps(description, indent=2).encode() + b"\n"

    @classmethod
    def open(cls, description: bytes, passphrase: Passphrase) -> ArchiveKey:
        """The key that a description describes.

        :raises ArchiveKeyUnreadableError: the description is none, or asks for more memory than is sensible.
        :raises ArchiveKeyWrongError: the passphrase is not the one, or the description was altered.
        """
        try:
            value: dict[str, Any] = json.loads(description)
            told = value["scrypt"]
            cost = ScryptCost(int(told["n"]), int(told["r"]), int(told["p"]))
            salt, sealed = bytes.fromhex(told["salt"]), bytes.fromhex(value["key"])
            fits = value["format"] == FORMAT
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ArchiveKeyUnreadableError from error
        asked = zip((cost.n, cost.r, cost.p), _COSTS, strict=True)
        if not fits or not all(factor in allowed for factor, allowed in asked):
            raise ArchiveKeyUnreadableError
        try:
            cipher = AESGCM(passphrase.material(salt, cost))
            return cls(cipher.decrypt(sealed[:_NONCE_SIZE], sealed[_NONCE_SIZE:], FORMAT.encode()))
        except (InvalidTag, KekWrongError):
            raise ArchiveKeyWrongError from None
        except ValueError as error:
            raise ArchiveKeyUnreadableError from error

    def writer(self, file: BinaryIO, *, name: str) -> ArchiveWriter:
        """Encrypts into a file.

        :param name: the file's in the archive, needed to read it.
        """
        salt = secrets.token_bytes(_SALT_SIZE)
        file.write(_MAGIC + salt)
        return ArchiveWriter(file, self._cipher(salt, name))

    def read(self, file: BinaryIO, *, name: str) -> Iterator[bytes]:
        """What a file holds, in pieces; who uses a piece before the last one came uses what may have been cut off.

        :raises ArchiveDamagedError: it was cut or altered, or is another file.
        """
        header = file.read(len(_MAGIC) + _SALT_SIZE)
        if len(header) != len(_MAGIC) + _SALT_SIZE or not header.startswith(_MAGIC):
            raise ArchiveDamagedError(name=name)
        cipher = self._cipher(header[len(_MAGIC) :], name)
        number, chunk = 0, file.read(_CHUNK + _TAG_SIZE)
        while True:
            following = file.read(_CHUNK + _TAG_SIZE)
            try:
                yield cipher.decrypt(_counted(number, last=not following), chunk, None)
            except (InvalidTag, ValueError):
                raise ArchiveDamagedError(name=name) from None
            if not following:
                return
            number, chunk = number + 1, following

    def _cipher(self, salt: bytes, name: str) -> AESGCM:
        return AESGCM(HKDF(SHA256(), KEY_SIZE, salt, b"yinzheng/archive/file/1/" + name.encode()).derive(self._key))


class ArchiveWriter:
    """Encrypts what is written; the file is whole once the ``with`` block has ended without an error."""

    def __init__(self, file: BinaryIO, cipher: AESGCM) -> None:
        self._file = file
        self._cipher = cipher
        self._number = 0
        self._waiting = bytearray()

    def write(self, data: bytes) -> None:
        """Add to the file.

        :raises OSError: it cannot be written.
        """
        self._waiting += data
        # a full chunk waits until more comes, since only then it is known not to be the last
        while len(self._waiting) > _CHUNK:
            self._put(bytes(self._waiting[:_CHUNK]), last=False)
            del self._waiting[:_CHUNK]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._put(bytes(self._waiting), last=True)

    def _put(self, chunk: bytes, *, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_counted(self._number, last=last), chunk, None))
        self._number += 1


def _nonce() -> bytes:
    return secrets.token_bytes(_NONCE_SIZE)


def _counted(number: int, *, last: bool) -> bytes:
    return number.to_bytes(_NONCE_SIZE - 1, "big") + bytes((last,))
