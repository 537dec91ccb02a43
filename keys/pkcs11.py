"""Custody in a PKCS #11 token (密码机、密码卡): keys are made there, sign there and cannot leave it.

The database knows where a key lives and what it is for, nothing more. Whoever can write to the database cannot make
one key pass for another: the label of a key in the token names what its record says, and is compared before use.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Final, TypeVar

import sqlalchemy as sa
from pkcs11 import (
    Attribute,
    FunctionNotSupported,
    KeyTypeInconsistent,
    MechanismInvalid,
    NoSuchKey,
    ObjectClass,
    PKCS11Error,
    PrivateKey,
    PublicKey,
)
from sqlalchemy.orm import Session

from keys._tables import SigningKeyRow
from keys._uncommitted import Outcome, follow
from keys.custody import KeyAlgorithm, KeyInfo, KeyPurpose, check_signs_digests
from keys.errors import KeyDamagedError, KeyUnknownError
from keys.hsm_errors import (
    HsmKeyMissingError,
    HsmMechanismMissingError,
    HsmNotConfiguredError,
    HsmObjectInUseError,
    HsmUnavailableError,
)
from keys.locations import TokenLocation
from keys.pkcs11_keys import UnfitKeyError, is_object_of, make_pair, missing_mechanism, object_label, sign_with
from keys.pkcs11_module import load_module
from keys.pkcs11_sessions import PinFile, TokenSession, TokenSessions
from keys.soft import info_of, next_key_id
from store.clock import Clock
from store.database import Database
from store.errors import YinzhengError
from store.measures import SIGNATURE_SECONDS
from store.traces import span

Result = TypeVar("Result")

_LOG: Final = logging.getLogger(__name__)

_YOUNG: Final = timedelta(hours=1)
"""A key may belong to a transaction that is still running; so long none runs."""


@dataclass(frozen=True, slots=True)
class _TokenKey:
    info: KeyInfo
    object_id: bytes


@dataclass(frozen=True, slots=True)
class TokenOrphan:
    """A key in the token that no record names: its transaction did not end well, or the record was lost."""

    object_id: str
    """CKA_ID in hexadecimal."""
    label: str
    made_at: datetime | None


class TokenCustody:
    """Keeps private keys in one token; see :class:`keys.custody.KeyCustody`. Safe to use from several threads."""

    def __init__(self, database: Database, sessions: TokenSessions, clock: Clock) -> None:
        self._database = database
        self._sessions = sessions
        self._clock = clock
        self._known: dict[int, _TokenKey] = {}
        self._proven: set[int] = set()
        self._lock = Lock()

    @property
    def label(self) -> str:
        """The label of the token."""
        return self._sessions.label

    def probe(self) -> None:
        """See whether the token is there and lets us in.

        :raises HsmUnavailableError: it is not.
        :raises keys.hsm_errors.HsmPinRefusedError: it does not let us log in.
        """
        try:
            self._sessions.run(_look)
        except PKCS11Error as error:
            raise HsmUnavailableError(token=self.label, problem=type(error).__name__) from error

    def generate(self, session: Session, *, algorithm: KeyAlgorithm, purpose: KeyPurpose, label: str) -> KeyInfo:
        """Make a key in the token, and its record within the caller's transaction.

        Should the transaction be rolled back, the key is destroyed. Where it is not known whether the database
        committed, the key stays, and is among the :meth:`orphans` if it did not.

        :param label: a name for operators; no personal data.
        :raises HsmMechanismMissingError: the token cannot make keys for the algorithm; none can for SM2.
        :raises HsmUnavailableError: the token is not there.
        """
        if missing_mechanism(algorithm, self._sessions.mechanisms()):
            raise HsmMechanismMissingError(token=self.label, algorithm=algorithm.value)
        key_id, now = next_key_id(session), self._clock.now()
        name = object_label(key_id, purpose.value, algorithm, now)
        object_id, public_key = self._run(algorithm, lambda held: make_pair(held, algorithm, name))
        location = str(TokenLocation(self.label, object_id))
        info = KeyInfo(key_id, algorithm, purpose, label, public_key, now, location)

        def ended(outcome: Outcome) -> None:
            if outcome is not Outcome.COMMITTED:
                with self._lock:
                    self._known.pop(key_id, None)
            if outcome is Outcome.ROLLED_BACK:
                self._destroy_quietly(object_id)
            elif outcome is Outcome.UNCERTAIN:
                _LOG.warning("whether key %s was committed is not known; its object is %s", key_id, object_id.hex())

        with self._lock:
            self._known[key_id] = _TokenKey(info, object_id)
            self._proven.add(key_id)
        follow(session, ended)
        session.add(
            SigningKeyRow(
                id=key_id,
                algorithm=algorithm.value,
                purpose=purpose.value,
                label=label,
                public_key=public_key,
                location=location,
                wrapped=None,
                created_at=now,
            )
        )
        session.flush()
        return info

    def info(self, key_id: int) -> KeyInfo:
        """What is known about a key; the token is not asked.

        :raises KeyUnknownError: there is none.
        """
        return self._find(key_id).info

    def keys(self) -> list[KeyInfo]:
        """All committed keys of this token, oldest first."""
        statement = sa.select(SigningKeyRow).order_by(SigningKeyRow.id)
        with self._database.transaction() as session:
            found = [info_of(row) for row in session.scalars(statement)]
        return [info for info in found if self._object_of(info.location) is not None]

    def sign(self, key_id: int, data: bytes) -> bytes:
        """Sign ``data``: SHA-256 with ECDSA, in DER, or with RSA PKCS #1 v1.5; Ed25519 as RFC 8032 has it.

        :raises KeyUnknownError: there is no such key.
        :raises KeyDamagedError: what is in the token is not the key that its record names.
        :raises HsmKeyMissingError: the key is not in the token.
        :raises HsmUnavailableError: the token is not there.
        """
        key = self._find(key_id)
        if key.info.algorithm is KeyAlgorithm.ED25519:
            return self._sign(key, data)
        return self._sign(key, hashlib.sha256(data).digest())

    def sign_digest(self, key_id: int, digest: bytes) -> bytes:
        """Sign what a SHA-256 digest stands for; see :meth:`keys.custody.KeyCustody.sign_digest`."""
        key = self._find(key_id)
        check_signs_digests(key.info, digest)
        return self._sign(key, digest)

    def _sign(self, key: _TokenKey, digest: bytes) -> bytes:
        if key.info.id not in self._proven:
            self._prove(key)
        algorithm = key.info.algorithm
        with SIGNATURE_SECONDS.labels("pkcs11").time(), span("signature", custody="pkcs11"):
            return self._with(key, lambda private: sign_with(private, algorithm, digest))

    def orphans(self) -> list[TokenOrphan]:
        """Keys of ours in the token that no record names; a transaction that still runs may be about to name one.

        A token that several installations share shows each one the keys of the others.
        """
        with self._database.transaction() as session:
            locations = session.scalars(sa.select(SigningKeyRow.location)).all()
        used = {self._object_of(location) for location in locations}
        found = [each for each in self._sessions.run(_ours) if bytes.fromhex(each.object_id) not in used]
        return sorted(found, key=lambda each: each.label)

    def destroy_orphan(self, object_id: str) -> None:
        """Destroy a key that no record names, for good.

        :raises HsmObjectInUseError: it is none of the :meth:`orphans`, or was made less than an hour ago.
        """
        orphan = next((each for each in self.orphans() if each.object_id == object_id), None)
        if orphan is None or orphan.made_at is None or self._clock.now() - orphan.made_at < _YOUNG:
            raise HsmObjectInUseError(object_id=object_id)
        self._sessions.run(lambda held: _destroy(held, bytes.fromhex(object_id)))

    def _find(self, key_id: int) -> _TokenKey:
        with self._lock:
            known = self._known.get(key_id)
        if known is None:
            known = self._load(key_id)
            with self._lock:
                self._known[key_id] = known
        return known

    def _load(self, key_id: int) -> _TokenKey:
        with self._database.transaction() as session:
            row = session.get(SigningKeyRow, key_id)
        if row is None:
            raise KeyUnknownError(key_id=key_id)
        try:
            info = info_of(row)
        except ValueError:
            raise KeyDamagedError(key_id=key_id) from None
        object_id = self._object_of(info.location)
        if object_id is None:
            raise HsmNotConfiguredError(key_id=key_id, token=info.location)
        return _TokenKey(info, object_id)

    def _prove(self, key: _TokenKey) -> None:
        """Before its first signature in this process: the token's key is the one that the record names."""
        if not self._with(key, lambda private: is_object_of(private, key.info)):
            raise KeyDamagedError(key_id=key.info.id)
        self._proven.add(key.info.id)

    def _with(self, key: _TokenKey, work: Callable[[PrivateKey], Result]) -> Result:
        try:
            return self._run(key.info.algorithm, lambda held: work(held.private_key(key.object_id)))
        except NoSuchKey:
            raise HsmKeyMissingError(token=self.label, key_id=key.info.id, object_id=key.object_id.hex()) from None

    def _object_of(self, location: str) -> bytes | None:
        place = TokenLocation.parse(location)
        return None if place is None or place.token != self.label else place.object_id

    def _run(self, algorithm: KeyAlgorithm, work: Callable[[TokenSession], Result]) -> Result:
        try:
            return self._sessions.run(work)
        except NoSuchKey:
            raise
        except (MechanismInvalid, FunctionNotSupported, KeyTypeInconsistent):
            raise HsmMechanismMissingError(token=self.label, algorithm=algorithm.value) from None
        except (PKCS11Error, UnfitKeyError, ValueError) as error:
            raise HsmUnavailableError(token=self.label, problem=type(error).__name__) from error

    def _destroy_quietly(self, object_id: bytes) -> None:
        """Within the end of a failed transaction, whose own error must not be lost."""
        try:
            self._sessions.run(lambda held: _destroy(held, object_id))
        except (PKCS11Error, YinzhengError):
            _LOG.exception("a key whose transaction was rolled back is still in the token: %s", object_id.hex())


def _look(held: TokenSession) -> None:
    """Ask the slot, which may be empty, and the token, which may be another by now."""
    held.token.slot.get_token()
    for _ in held.session.get_objects({Attribute.ID: b"\0"}):
        break


def _ours(held: TokenSession) -> list[TokenOrphan]:
    found = []
    for each in held.session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY}):
        if isinstance(each, PrivateKey) and str(each[Attribute.LABEL]).startswith("yinzheng "):
            label = str(each[Attribute.LABEL])
            found.append(TokenOrphan(bytes(each[Attribute.ID]).hex(), label, _made_at(label)))
    return found


def _made_at(label: str) -> datetime | None:
    try:
        return datetime.strptime(label.rpartition(" ")[2], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def _destroy(held: TokenSession, object_id: bytes) -> None:
    held.keys.pop(object_id, None)
    for each in list(held.session.get_objects({Attribute.ID: object_id})):
        if isinstance(each, (PrivateKey, PublicKey)):
            each.destroy()


def open_token(
    database: Database, clock: Clock, *, module: Path, label: str, pin_file: Path, sessions: int = 8
) -> TokenCustody:
    """Custody in the token with a label; the token itself is asked for when it is needed.

    :param module: the driver, a shared library.
    :param pin_file: holds the user PIN in its first line.
    :raises keys.hsm_errors.HsmModuleUnusableError: the driver cannot be loaded.
    """
    return TokenCustody(database, TokenSessions(load_module(module), label, PinFile(pin_file), limit=sessions), clock)
