"""Soft custody: private keys in the database, each wrapped by the key-encryption key.

A key rests as PKCS #8 (RFC 5958) under AES-256-GCM. What it is wrapped with names its id, algorithm, purpose and
public key, so that nobody who can write to the database can put one key in the place of another. Unwrapped keys stay
in this process, in a bounded store; Python gives no way to wipe them from memory.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from threading import Lock
from typing import Final

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)
from sqlalchemy.orm import Session

from keys._secret import Secret
from keys._tables import SigningKeyRow
from keys._uncommitted import Outcome, follow
from keys.custody import KeyAlgorithm, KeyInfo, KeyPurpose, check_signs_digests
from keys.errors import KeyDamagedError, KeyUnknownError
from keys.kek import KeyEncryptionKey
from keys.locations import SOFT
from keys.sm2 import Sm2PrivateKey
from store.clock import Clock
from store.database import Database
from store.measures import SIGNATURE_SECONDS
from store.traces import span

SoftPrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | Sm2PrivateKey

_ECDSA: Final = ec.ECDSA(SHA256())
_PKCS1: Final = padding.PKCS1v15()
_SHA256: Final = SHA256()
_HASHED: Final = Prehashed(_SHA256)


class _HeldKey(Secret):
    """A private key unwrapped in this process."""

    __slots__ = ("_private", "info")

    def __init__(self, info: KeyInfo, private: SoftPrivateKey) -> None:
        self.info = info
        self._private = private

    def sign(self, data: bytes) -> bytes:
        if isinstance(self._private, ec.EllipticCurvePrivateKey):
            return self._private.sign(data, _ECDSA)
        if isinstance(self._private, Sm2PrivateKey | ed25519.Ed25519PrivateKey):
            return self._private.sign(data)
        return self._private.sign(data, _PKCS1, _SHA256)

    def sign_digest(self, digest: bytes) -> bytes:
        check_signs_digests(self.info, digest)
        if isinstance(self._private, ec.EllipticCurvePrivateKey):
            return self._private.sign(digest, ec.ECDSA(_HASHED))
        if isinstance(self._private, Sm2PrivateKey | ed25519.Ed25519PrivateKey):
            raise KeyDamagedError(key_id=self.info.id)
        return self._private.sign(digest, _PKCS1, _HASHED)


class SoftCustody(Secret):
    """Keeps private keys in the database, wrapped; see :class:`keys.custody.KeyCustody`.

    :param held: how many unwrapped keys this process keeps; the ones used longest ago make room.
    """

    def __init__(self, database: Database, kek: KeyEncryptionKey, clock: Clock, *, held: int = 4096) -> None:
        self._database = database
        self._kek = kek
        self._clock = clock
        self._capacity = held
        self._held: OrderedDict[int, _HeldKey] = OrderedDict()
        self._uncommitted: dict[int, _HeldKey] = {}
        self._lock = Lock()

    def generate(self, session: Session, *, algorithm: KeyAlgorithm, purpose: KeyPurpose, label: str) -> KeyInfo:
        """Make a key within the caller's transaction.

        The key can sign at once in this process; should the transaction roll back, the key is gone.

        :param label: a name for operators; no personal data.
        :raises keys.errors.KekWrongError: all keys were re-wrapped since this process started.
        """
        self._kek.check_current(session)
        private = _generate(algorithm)
        key_id = next_key_id(session)
        public = _public_der(private)
        info = KeyInfo(key_id, algorithm, purpose, label, public, self._clock.now())
        pkcs8 = _pkcs8(private)
        session.add(
            SigningKeyRow(
                id=key_id,
                algorithm=algorithm.value,
                purpose=purpose.value,
                label=label,
                public_key=public,
                location=SOFT,
                wrapped=self._kek.wrap(pkcs8, binding=key_binding(info)),
                created_at=info.created_at,
            )
        )
        session.flush()
        self._hold_until_committed(session, _HeldKey(info, private))
        return info

    def info(self, key_id: int) -> KeyInfo:
        """What is known about a key.

        :raises KeyUnknownError: there is none.
        """
        return self._find(key_id).info

    def keys(self) -> list[KeyInfo]:
        """All committed keys, oldest first."""
        with self._database.transaction() as session:
            return [info_of(row) for row in session.scalars(sa.select(SigningKeyRow).order_by(SigningKeyRow.id))]

    def sign(self, key_id: int, data: bytes) -> bytes:
        """Sign ``data``: SHA-256 with ECDSA, in DER, or with RSA PKCS #1 v1.5; SM3 with SM2, in DER.

        :raises KeyUnknownError: there is no such key.
        :raises KeyDamagedError: what is stored is not the key that its record names.
        """
        with SIGNATURE_SECONDS.labels("soft").time(), span("signature", custody="soft"):
            return self._find(key_id).sign(data)

    def sign_digest(self, key_id: int, digest: bytes) -> bytes:
        """Sign what a SHA-256 digest stands for; see :meth:`keys.custody.KeyCustody.sign_digest`."""
        return self._find(key_id).sign_digest(digest)

    def _find(self, key_id: int) -> _HeldKey:
        with self._lock:
            held = self._held.get(key_id)
            if held is not None:
                self._held.move_to_end(key_id)
                return held
            held = self._uncommitted.get(key_id)
            if held is not None:
                return held
        held = self._load(key_id)
        with self._lock:
            self._held[key_id] = held
            while len(self._held) > self._capacity:
                self._held.popitem(last=False)
        return held

    def _load(self, key_id: int) -> _HeldKey:
        with self._database.transaction() as session:
            row = session.get(SigningKeyRow, key_id)
        if row is None:
            raise KeyUnknownError(key_id=key_id)
        try:
            info = info_of(row)
        except ValueError:
            raise KeyDamagedError(key_id=key_id) from None
        pkcs8 = None if row.wrapped is None else self._kek.unwrap(row.wrapped, binding=key_binding(info))
        if pkcs8 is None:
            raise KeyDamagedError(key_id=key_id)
        private = _load(info.algorithm, pkcs8)
        if private is None or _public_der(private) != info.public_key:
            raise KeyDamagedError(key_id=key_id)
        return _HeldKey(info, private)

    def _hold_until_committed(self, session: Session, held: _HeldKey) -> None:
        """Keep a new key at hand while only its own transaction can see its row.

        At the end of the transaction it is dropped here: a committed key is loaded from the database like any other,
        one that was rolled back is no longer known.
        """
        key_id = held.info.id

        def forget(_outcome: Outcome) -> None:
            with self._lock:
                self._uncommitted.pop(key_id, None)

        with self._lock:
            self._uncommitted[key_id] = held
        follow(session, forget)


def next_key_id(session: Session) -> int:
    """The id of a key that is about to be made, so that what is made can be bound to it."""
    sequence = sa.func.pg_get_serial_sequence(SigningKeyRow.__tablename__, "id")
    number: int = session.scalars(sa.select(sa.func.nextval(sequence))).one()
    return number


def key_binding(info: KeyInfo) -> bytes:
    """What a wrapped private key is bound to."""
    fingerprint = hashlib.sha256(info.public_key).hexdigest()
    return f"yinzheng/signing-key/1|{info.id}|{info.algorithm.value}|{info.purpose.value}|{fingerprint}".encode()


def info_of(row: SigningKeyRow) -> KeyInfo:
    """:raises ValueError: the row names an algorithm or purpose that does not exist."""
    return KeyInfo(
        row.id,
        KeyAlgorithm(row.algorithm),
        KeyPurpose(row.purpose),
        row.label,
        row.public_key,
        row.created_at,
        row.location,
    )


def _generate(algorithm: KeyAlgorithm) -> SoftPrivateKey:
    match algorithm:
        case KeyAlgorithm.ECDSA_P256:
            return ec.generate_private_key(ec.SECP256R1())
        case KeyAlgorithm.RSA_3072:
            return rsa.generate_private_key(public_exponent=65537, key_size=3072)
        case KeyAlgorithm.SM2:
            return Sm2PrivateKey.generate()
        case KeyAlgorithm.ED25519:
            return ed25519.Ed25519PrivateKey.generate()


def _pkcs8(private: SoftPrivateKey) -> bytes:
    if isinstance(private, Sm2PrivateKey):
        return private.to_der()
    return private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def _load(algorithm: KeyAlgorithm, pkcs8: bytes) -> SoftPrivateKey | None:
    if algorithm is KeyAlgorithm.SM2:
        return Sm2PrivateKey.from_der(pkcs8)
    private = load_der_private_key(pkcs8, password=None)
    return private if isinstance(private, SoftPrivateKey) else None


def _public_der(private: SoftPrivateKey) -> bytes:
    if isinstance(private, Sm2PrivateKey):
        return private.public_key.to_der()
    return private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
