"""The key-encryption key (密钥加密密钥): under it every other key rests.

It comes from a passphrase by scrypt (RFC 7914), or is given as 32 random bytes. The database keeps how to derive it
and a check value, so that a wrong one is noticed before anything is written.

A key file may be readable by others, as container secrets are (mode 0444); it may not be writable by them, since
whoever writes it chooses the key. :func:`create_key_file` makes files that only the owner reads.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import stat
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, Self

import sqlalchemy as sa
from cryptography.hazmat.primitives.hashes import SHA256, HashAlgorithm
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy.orm import Session

from keys._locks import take_turns
from keys._secret import Secret
from keys._tables import DataKeyRow, KekRow, SigningKeyRow
from keys.errors import (
    KekLostError,
    KekMalformedError,
    KekWrongError,
    KeyFileUnusableError,
    PassphraseTooShortError,
)
from keys.wrapping import Wrapping, WrappingAlgorithm
from store.clock import Clock
from store.database import Database
from store.files import flush

KEY_SIZE: Final = 32
MINIMUM_PASSPHRASE: Final = 12


@dataclass(frozen=True, slots=True)
class ScryptCost:
    """Work factors of scrypt (RFC 7914 section 2); memory is 128 * n * r bytes, 128 MiB by default."""

    n: int = 2**17
    r: int = 8
    p: int = 1


class KekSource(Protocol):
    """Where the key-encryption key comes from."""

    name: str
    cost: ScryptCost | None

    def material(self, salt: bytes, cost: ScryptCost | None) -> bytes:
        """32 bytes to derive the key from; ``cost`` as it was recorded when the key was set up."""
        ...


class Passphrase(Secret):
    """A passphrase that an operator knows.

    :raises PassphraseTooShortError: it has fewer than 12 characters.
    """

    name = "passphrase"

    def __init__(self, text: str, *, cost: ScryptCost | None = None) -> None:
        # the same words typed on another system may come in another normal form
        normal = unicodedata.normalize("NFC", text)
        if len(normal.strip()) < MINIMUM_PASSPHRASE:
            raise PassphraseTooShortError(minimum=MINIMUM_PASSPHRASE)
        self._text = normal.encode()
        self.cost: ScryptCost | None = cost or ScryptCost()

    def material(self, salt: bytes, cost: ScryptCost | None) -> bytes:
        if cost is None:
            raise KekWrongError
        memory = 128 * cost.r * (cost.n + cost.p + 2)
        return hashlib.scrypt(self._text, salt=salt, n=cost.n, r=cost.r, p=cost.p, maxmem=memory, dklen=KEY_SIZE)


class RawKey(Secret):
    """32 random bytes that a file or the environment holds.

    :raises KekMalformedError: they are not 32 bytes, or plainly not random.
    """

    name = "raw"
    cost: ScryptCost | None = None

    def __init__(self, key: bytes) -> None:
        # 32 random bytes with under 16 different values do not happen; a placeholder left in a template does
        if len(key) != KEY_SIZE or len(set(key)) < 16:
            raise KekMalformedError
        self._key = key

    @classmethod
    def from_text(cls, value: str) -> Self:
        """From 64 hexadecimal characters, as an environment variable holds them."""
        text = value.strip()
        if re.fullmatch(r"[0-9A-Fa-f]{64}", text, re.ASCII) is None:
            raise KekMalformedError
        return cls(bytes.fromhex(text))

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """From a file with 32 bytes, or 64 hexadecimal characters and perhaps a line end.

        :raises KeyFileUnusableError: it cannot be read, or others may write to it.
        :raises KekMalformedError: it holds something else.
        """
        try:
            with path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode
                data = file.read(4 * KEY_SIZE)
        except OSError as error:
            raise KeyFileUnusableError(
                path=path, problem_zh="文件不存在或无法读取", problem_en="it does not exist or cannot be read"
            ) from error
        if mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise KeyFileUnusableError(
                path=path,
                problem_zh="其他用户可写入，请执行 chmod go-w",
                problem_en="others may write to it; run chmod go-w on it",
            )
        if len(data) == KEY_SIZE:
            return cls(data)
        try:
            return cls.from_text(data.decode("ascii"))
        except UnicodeDecodeError:
            raise KekMalformedError from None

    def material(self, salt: bytes, cost: ScryptCost | None) -> bytes:
        return self._key


class KeyEncryptionKey(Secret):
    """The key that wraps other keys. Made by :meth:`open`."""

    def __init__(self, wrapping: Wrapping, check_value: bytes) -> None:
        self._wrapping = wrapping
        self._check_value = check_value

    @classmethod
    def open(
        cls,
        database: Database,
        source: KekSource,
        clock: Clock,
        wrapping: WrappingAlgorithm = WrappingAlgorithm.AES_256_GCM,
    ) -> KeyEncryptionKey:
        """Derive the key; the first time, record how.

        :param wrapping: by what it wraps from now on; it unwraps what either algorithm was used for.
        :raises keys.errors.Sm4UnavailableError: that is SM4 and the cryptographic library has none.
        :raises KekWrongError: it is not the key that this database was set up with.
        :raises KekLostError: there are wrapped keys but no record of the key they are wrapped with.
        """
        with database.transaction() as session:
            row = session.get(KekRow, 1)
        if row is None:
            salt = secrets.token_bytes(16)
            kek = cls._derive(source, salt, source.cost, wrapping)
            with database.transaction() as session:
                take_turns(session, "kek")
                row = session.get(KekRow, 1)
                if row is None:
                    _refuse_if_keys_exist(session)
                    session.add(kek.describe(KekRow(id=1), source, salt, clock))
                    return kek
        return cls._recognise(source, row, wrapping)

    def check_current(self, session: Session) -> None:
        """Make sure, until the end of the transaction, that this is the key in force.

        Called before a key is wrapped for keeping: a process that runs on while the operator re-wraps all keys must
        not leave one behind that nothing opens.

        :raises KekWrongError: another key has taken its place.
        """
        stored = session.scalar(sa.select(KekRow.check_value).where(KekRow.id == 1).with_for_update(read=True))
        if stored is None or not self.matches(stored):
            raise KekWrongError

    def replace(
        self,
        session: Session,
        source: KekSource,
        clock: Clock,
        wrapping: WrappingAlgorithm = WrappingAlgorithm.AES_256_GCM,
    ) -> KeyEncryptionKey:
        """Put a new key in the place of this one; the caller re-wraps everything in the same transaction.

        :param wrapping: by what the new one wraps.
        :raises KekWrongError: this is not the key in force.
        """
        row = session.get(KekRow, 1, with_for_update=True)
        if row is None or not self.matches(row.check_value):
            raise KekWrongError
        salt = secrets.token_bytes(16)
        successor = self._derive(source, salt, source.cost, wrapping)
        successor.describe(row, source, salt, clock)
        return successor

    def matches(self, check_value: bytes) -> bool:
        """Whether a recorded check value is this key's."""
        return hmac.compare_digest(check_value, self._check_value)

    def describe(self, row: KekRow, source: KekSource, salt: bytes, clock: Clock) -> KekRow:
        """Write down how the key was derived and how it is recognised."""
        cost = source.cost
        row.source, row.salt, row.check_value, row.created_at = source.name, salt, self._check_value, clock.now()
        row.scrypt_n, row.scrypt_r, row.scrypt_p = (cost.n, cost.r, cost.p) if cost else (None, None, None)
        return row

    def wrap(self, key: bytes, *, binding: bytes) -> bytes:
        """Encrypt a key; ``binding`` says which it is and must be the same to unwrap it."""
        return self._wrapping.wrap(key, binding=binding)

    def unwrap(self, wrapped: bytes, *, binding: bytes) -> bytes | None:
        """Decrypt a key; nothing when it was altered, or wrapped under another key or binding."""
        return self._wrapping.unwrap(wrapped, binding=binding)

    @classmethod
    def _derive(
        cls, source: KekSource, salt: bytes, cost: ScryptCost | None, wrapping: WrappingAlgorithm
    ) -> KeyEncryptionKey:
        material = source.material(salt, cost)

        def expand(algorithm: HashAlgorithm, size: int, info: bytes) -> bytes:
            return HKDF(algorithm, size, salt, info).derive(material)

        return cls(Wrapping(expand, wrapping), expand(SHA256(), KEY_SIZE, b"yinzheng/kek/check/1"))

    @classmethod
    def _recognise(cls, source: KekSource, row: KekRow, wrapping: WrappingAlgorithm) -> KeyEncryptionKey:
        if source.name != row.source:
            raise KekWrongError
        cost = None
        if row.scrypt_n is not None and row.scrypt_r is not None and row.scrypt_p is not None:
            cost = ScryptCost(row.scrypt_n, row.scrypt_r, row.scrypt_p)
        kek = cls._derive(source, row.salt, cost, wrapping)
        if not kek.matches(row.check_value):
            raise KekWrongError
        return kek


def kek_fingerprint(database: Database) -> str | None:
    """By what people recognise the key-encryption key in force: SHA-256 over its check value, in hexadecimal.

    Nothing leads from it to the key. None where no key was set up yet.
    """
    with database.transaction() as session:
        row = session.get(KekRow, 1)
    return hashlib.sha256(b"yinzheng/kek/fingerprint/1" + row.check_value).hexdigest() if row is not None else None


def _refuse_if_keys_exist(session: Session) -> None:
    for table in (SigningKeyRow, DataKeyRow):
        if session.scalar(sa.select(table.id).limit(1)) is not None:
            raise KekLostError


def create_key_file(path: Path) -> None:
    """Make a file of 32 random bytes that only its owner reads, unless there is one.

    The file appears whole or not at all, and of two processes that try at the same moment one wins for both.
    """
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_SIZE))
            file.flush()
            os.fsync(file.fileno())
        # a link, unlike a rename, never replaces the file of whoever came first
        try:
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        draft.unlink()
    flush(path.parent)
