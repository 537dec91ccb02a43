"""The vault (加密保管库): personal data as it rests in other packages' tables.

A field is encrypted with AES-256-GCM under a random data key, which the key-encryption key wraps. The blob names its
data key, so that a later one can take over without touching what exists (see :mod:`keys.field_keys`):

    version (1 byte, 1) | id of the data key (8 bytes) | nonce (12 bytes) | ciphertext and tag (16 bytes more)

Each process looks twice a minute whether there is a newer data key, and at once when a blob names one that it does not
know.

To find a record by such a field there is a blind index, an HMAC-SHA256 under a key of its own.
"""

from __future__ import annotations

import hmac
import secrets
import time
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
HEADER_SIZE: Final = 9
"""How many bytes of a blob name its data key."""
LOOK_AGAIN_SECONDS: Final = 30.0
"""How long a process encrypts under a data key without looking whether there is a newer one."""
_NONCE_SIZE: Final = 12
_TAG_SIZE: Final = 16


class DataKeyPurpose(StrEnum):
    """What a data key does."""

    FIELD = "field"
    INDEX = "index"


class _DataKeys(Secret):
    """The data keys unwrapped in this process."""

    def __init__(self, fields: dict[int, AESGCM], index: bytes) -> None:
        self.newest = max(fields)
        self.fields = fields
        self.index = index
        self.read_at = time.monotonic()


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
        keys = self._for_writing()
        header = blob_header(keys.newest)
        nonce = secrets.token_bytes(_NONCE_SIZE)
        return header + nonce + keys.fields[keys.newest].encrypt(nonce, plaintext, _binding(header, context))

    def decrypt(self, blob: bytes, *, context: str) -> bytes:
        """Decrypt a field.

        :raises VaultDamagedError: it was altered, cut, or encrypted for another context.
        """
        if len(blob) < HEADER_SIZE + _NONCE_SIZE + _TAG_SIZE or blob[0] != _VERSION:
            raise VaultDamagedError
        header, nonce = blob[:HEADER_SIZE], blob[HEADER_SIZE : HEADER_SIZE + _NONCE_SIZE]
        cipher = self._field_key(int.from_bytes(header[1:], "big"))
        try:
            return cipher.decrypt(nonce, blob[HEADER_SIZE + _NONCE_SIZE :], _binding(header, context))
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

    def newest(self) -> int:
        """The id of the data key that fields are encrypted under now, as the database has it."""
        return self._load(again=True).newest

    def make_key(self) -> int:
        """Make a data key that takes over from the one before; the other processes notice within half a minute.

        :returns: its id.
        :raises keys.errors.KekWrongError: the key-encryption key was changed meanwhile.
        """
        self.ensure()
        with self._database.transaction() as session:
            take_turns(session, "vault")
            made = self._make(session, DataKeyPurpose.FIELD)
        self._load(again=True)
        return made

    def _for_writing(self) -> _DataKeys:
        keys = self._load()
        if time.monotonic() - keys.read_at < LOOK_AGAIN_SECONDS:
            return keys
        try:
            return self._load(again=True)
        except KeyDamagedError:
            # The newer one is wrapped under another key-encryption key: this process waits for its restart, and goes on
            # with what it has.
            keys.read_at = time.monotonic()
            return keys

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
        known = self._keys.fields if self._keys is not None else {}
        fields = {
            row.id: known.get(row.id) or AESGCM(self._unwrap(row))
            for row in rows
            if row.purpose == DataKeyPurpose.FIELD
        }
        if self._keys is not None:
            return _DataKeys(fields, self._keys.index)
        index = next(self._unwrap(row) for row in rows if row.purpose == DataKeyPurpose.INDEX)
        return _DataKeys(fields, index)

    def _make(self, session: Session, purpose: DataKeyPurpose) -> int:
        self._kek.check_current(session)
        key_id = session.scalars(
            sa.select(sa.func.nextval(sa.func.pg_get_serial_sequence(DataKeyRow.__tablename__, "id")))
        ).one()
        row = DataKeyRow(id=key_id, purpose=purpose.value, wrapped=b"", created_at=self._clock.now())
        row.wrapped = self._kek.wrap(secrets.token_bytes(KEY_SIZE), binding=data_key_binding(row))
        session.add(row)
        session.flush()
        return row.id

    def _unwrap(self, row: DataKeyRow) -> bytes:
        key = self._kek.unwrap(row.wrapped or b"", binding=data_key_binding(row))
        if key is None:
            raise KeyDamagedError(key_id=f"data:{row.id}")
        return key


def data_key_binding(row: DataKeyRow) -> bytes:
    """What a wrapped data key is bound to."""
    return f"yinzheng/data-key/1|{row.id}|{row.purpose}".encode()


def blob_header(key_id: int) -> bytes:
    """How the blobs that a data key encrypted begin."""
    return bytes((_VERSION,)) + key_id.to_bytes(8, "big")


def _rows(session: Session) -> list[DataKeyRow]:
    return list(session.scalars(sa.select(DataKeyRow).where(DataKeyRow.wrapped.is_not(None)).order_by(DataKeyRow.id)))


def _binding(header: bytes, context: str) -> bytes:
    return b"yinzheng/field/1" + header + context.encode()
