"""The vault (加密保管库): personal data as it rests in other packages' tables.

A field is encrypted with AES-256-GCM under a random data key, which the key-encryption key wraps. The blob names its
data key, so that a later one can take over without touching what exists:

    version (1 byte, 1) | id of the data key (8 bytes) | nonce (12 bytes) | ciphertext and tag (16 bytes more)

To find a record by such a field there is a blind index, an HMAC-SHA256 under a key of its own.
"""

from __future__ import annotations

import hmac
import secrets
import unicodedata
from enum import StrEnum
from threading import Lock
from typing import Final

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.orm import Session

from keys._locks import take_turns
from keys._secret import Secret
from keys._tables import DataKeyRow
from keys.errors import KeyDamagedError, VaultDamagedError
from keys.kek import KEY_SIZE, KeyEncryptionKey
from store.clock import Clock
from store.database import Database

_VERSION: Final = 1
_HEADER_SIZE: Final = 9
_NONCE_SIZE: Final = 12
_TAG_SIZE: Final = 16


class DataKeyPurpose(StrEnum):
    """What a data key does."""

    FIELD = "field"
    INDEX = "index"


class _DataKeys(Secret):
    """The data keys unwrapped in this process."""

    def __init__(self, newest: int, fields: dict[int, AESGCM], index: bytes) -> None:
        self.newest = newest
        self.fields = fields
        self.index = index


class FieldVault(Secret):
    """Encrypts and finds fields. Safe to use from several threads."""

    def __init__(self, database: Database, kek: KeyEncryptionKey, clock: Clock) -> None:
        self._database = database
        self._kek = kek
        self._clock = clock
        self._keys: _DataKeys | None = None
        self._lock = Lock()

    def ensure(self) -> None:
        """Make the data keys if they are not there; of two processes, one does. Else the first use does it.

        :raises keys.errors.KeyDamagedError: a stored data key does not unwrap.
        """
        self._load()

    def encrypt(self, plaintext: bytes, *, context: str) -> bytes:
        """Encrypt a field.

        :param context: where the field belongs (table, column, owner); the same is needed to decrypt, so that a blob
            copied to another place is found out.
        """
        keys = self._load()
        header = bytes((_VERSION,)) + keys.newest.to_bytes(8, "big")
        nonce = secrets.token_bytes(_NONCE_SIZE)
        return header + nonce + keys.fields[keys.newest].encrypt(nonce, plaintext, _binding(header, context))

    def decrypt(self, blob: bytes, *, context: str) -> bytes:
        """Decrypt a field.

        :raises VaultDamagedError: it was altered, cut, or encrypted for another context.
        """
        if len(blob) < _HEADER_SIZE + _NONCE_SIZE + _TAG_SIZE or blob[0] != _VERSION:
            raise VaultDamagedError
        header, nonce = blob[:_HEADER_SIZE], blob[_HEADER_SIZE : _HEADER_SIZE + _NONCE_SIZE]
        cipher = self._field_key(int.from_bytes(header[1:], "big"))
        try:
            return cipher.decrypt(nonce, blob[_HEADER_SIZE + _NONCE_SIZE :], _binding(header, context))
        except InvalidTag:
            raise VaultDamagedError from None

    def blind_index(self, value: str, *, context: str) -> bytes:
        """32 bytes that are equal for equal values of one context and tell nothing without the key.

        The value is brought to Unicode's normal form C; spaces and letter case are the caller's to settle before.
        """
        prefix = context.encode()
        normal = unicodedata.normalize("NFC", value).encode()
        message = len(prefix).to_bytes(4, "big") + prefix + normal
        return hmac.digest(self._load().index, message, "sha256")

    def _field_key(self, key_id: int) -> AESGCM:
        cipher = self._load().fields.get(key_id)
        if cipher is None:
            # another process may have begun a new one
            cipher = self._load(again=True).fields.get(key_id)
        if cipher is None:
            raise VaultDamagedError
        return cipher

    def _load(self, *, again: bool = False) -> _DataKeys:
        keys = self._keys
        if keys is not None and not again:
            return keys
        with self._lock:
            if self._keys is None or again:
                with self._database.transaction() as session:
                    self._keys = self._read(session)
            return self._keys

    def _read(self, session: Session) -> _DataKeys:
        rows = _rows(session)
        if {row.purpose for row in rows} != set(DataKeyPurpose):
            take_turns(session, "vault")
            present = {row.purpose for row in _rows(session)}
            for purpose in DataKeyPurpose:
                if purpose not in present:
                    self._make(session, purpose)
            rows = _rows(session)
        plain = {row.id: self._unwrap(row) for row in rows}
        fields = {row.id: AESGCM(plain[row.id]) for row in rows if row.purpose == DataKeyPurpose.FIELD}
        index = next(plain[row.id] for row in rows if row.purpose == DataKeyPurpose.INDEX)
        return _DataKeys(max(fields), fields, index)

    def _make(self, session: Session, purpose: DataKeyPurpose) -> None:
        self._kek.check_current(session)
        key_id = session.scalars(
            sa.select(sa.func.nextval(sa.func.pg_get_serial_sequence(DataKeyRow.__tablename__, "id")))
        ).one()
        row = DataKeyRow(id=key_id, purpose=purpose.value, wrapped=b"", created_at=self._clock.now())
        row.wrapped = self._kek.wrap(secrets.token_bytes(KEY_SIZE), binding=data_key_binding(row))
        session.add(row)
        session.flush()

    def _unwrap(self, row: DataKeyRow) -> bytes:
        key = self._kek.unwrap(row.wrapped, binding=data_key_binding(row))
        if key is None:
            raise KeyDamagedError(key_id=f"data:{row.id}")
        return key


def data_key_binding(row: DataKeyRow) -> bytes:
    """What a wrapped data key is bound to."""
    return f"yinzheng/data-key/1|{row.id}|{row.purpose}".encode()


def _rows(session: Session) -> list[DataKeyRow]:
    return list(session.scalars(sa.select(DataKeyRow).order_by(DataKeyRow.id)))


def _binding(header: bytes, context: str) -> bytes:
    return b"yinzheng/field/1" + header + context.encode()
