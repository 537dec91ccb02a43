"""Sessions with one token: logged in once, a bounded number of them, opened again when the token was away."""

from __future__ import annotations

import logging
import os
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import BoundedSemaphore, Lock
from typing import Final, TypeVar

from pkcs11 import (
    DeviceError,
    DeviceRemoved,
    FunctionFailed,
    GeneralError,
    KeyHandleInvalid,
    NoSuchKey,
    NoSuchToken,
    ObjectClass,
    ObjectHandleInvalid,
    PinExpired,
    PinIncorrect,
    PinInvalid,
    PinLenRange,
    PinLocked,
    PKCS11Error,
    PrivateKey,
    Session,
    SessionClosed,
    SessionCount,
    SessionHandleInvalid,
    SlotIDInvalid,
    Token,
    TokenNotPresent,
    TokenNotRecognised,
    UserAlreadyLoggedIn,
    UserNotLoggedIn,
    UserPinNotInitialized,
)

from keys.hsm_errors import (
    HsmModuleUnusableError,
    HsmPinFileUnusableError,
    HsmPinRefusedError,
    HsmUnavailableError,
)
from keys.pkcs11_module import Pkcs11Module, tell_after_fork

Result = TypeVar("Result")

_LOG: Final = logging.getLogger(__name__)

_KEYS_AT_HAND: Final = 1024
"""How many keys a session remembers."""

_LOST: Final = (
    DeviceError,
    DeviceRemoved,
    FunctionFailed,
    GeneralError,
    KeyHandleInvalid,
    NoSuchKey,
    NoSuchToken,
    ObjectHandleInvalid,
    SessionClosed,
    SessionHandleInvalid,
    SlotIDInvalid,
    TokenNotPresent,
    TokenNotRecognised,
    UserNotLoggedIn,
)
"""What modules say when the token was taken away, or was away and is back; SoftHSM says that there is no such key."""

_PIN_REFUSED: Final = (PinExpired, PinIncorrect, PinInvalid, PinLenRange, PinLocked, UserPinNotInitialized)


@dataclass(frozen=True, slots=True)
class PinFile:
    """The file with the user PIN (用户口令) of a token; it is read for each log-in and not kept."""

    path: Path

    def read(self) -> str:
        """The PIN: the first line of the file.

        :raises HsmPinFileUnusableError: the file cannot be read, all may read or others change it, or it is empty.
        """
        try:
            with self.path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode
                lines = file.read(1024).decode("utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            raise self._unusable("文件不存在或无法读取", "it does not exist or cannot be read") from None
        if os.name == "posix" and mode & (stat.S_IRWXO | stat.S_IWGRP):
            raise self._unusable("其他用户可读写，请执行 chmod 600", "others may read or change it; run chmod 600")
        if not lines or not lines[0]:
            raise self._unusable("文件为空", "it is empty")
        return lines[0]

    def version(self) -> tuple[int, int, int] | None:
        """Something that changes when the file does."""
        try:
            state = self.path.stat()
        except OSError:
            return None
        return state.st_ino, state.st_size, state.st_mtime_ns

    def _unusable(self, zh: str, en: str) -> HsmPinFileUnusableError:
        return HsmPinFileUnusableError(path=self.path, problem_zh=zh, problem_en=en)


@dataclass(slots=True)
class TokenSession:
    """An open session and the keys that were found with it; used by one thread at a time."""

    session: Session
    token: Token
    epoch: int
    keys: dict[bytes, PrivateKey] = field(default_factory=dict)

    def private_key(self, object_id: bytes) -> PrivateKey:
        """The private key with a CKA_ID.

        :raises pkcs11.NoSuchKey: it is not in the token.
        """
        key = self.keys.get(object_id)
        if key is None:
            found = self.session.get_key(object_class=ObjectClass.PRIVATE_KEY, id=object_id)
            if not isinstance(found, PrivateKey):
                raise NoSuchKey
            key = found
            if len(self.keys) >= _KEYS_AT_HAND:
                self.keys.clear()
            self.keys[object_id] = key
        return key


class TokenSessions:
    """A bounded number of sessions with one token. Safe to use from several threads.

    :param label: of the token.
    :param limit: sessions that work at the same time; whoever comes when all are in use waits.
    :param patience: seconds that one waits for a session, and for calls to end before the module is started again.
    :param rest: seconds for which a token that could not be opened is not tried again.
    """

    def __init__(
        self,
        module: Pkcs11Module,
        label: str,
        pin: PinFile,
        *,
        limit: int = 8,
        patience: float = 10.0,
        rest: float = 1.0,
    ) -> None:
        self.label = label
        self._module = module
        self._pin = pin
        self._limit = limit if module.threads else 1
        self._patience = patience
        self._rest = rest
        self._unusable_until = 0.0
        self._refused_pin: tuple[int, int, int] | None = None
        self.forked()
        tell_after_fork(self)

    def forked(self) -> None:
        """In a child after a fork: the parent's sessions are not ours to use or to close."""
        self._free = BoundedSemaphore(self._limit)
        self._idle: list[TokenSession] = []
        self._lock = Lock()

    def run(self, work: Callable[[TokenSession], Result]) -> Result:
        """Do some work in a session; once more, with all opened anew, when the token was away or lost the session.

        What else the module complains of in the work comes out as it is.

        :raises HsmUnavailableError: the token is not there, or all sessions stay busy.
        :raises HsmPinRefusedError: it does not let us log in.
        :raises HsmPinFileUnusableError: the PIN cannot be read.
        :raises pkcs11.NoSuchKey: the work found no key, and the token is there.
        """
        if not self._free.acquire(timeout=self._patience):
            raise HsmUnavailableError(token=self.label, problem="all sessions are busy")
        free = self._free
        try:
            return self._run(work)
        finally:
            free.release()

    def mechanisms(self) -> set[int]:
        """The mechanisms that the token has."""
        return self.run(lambda held: {int(each) for each in held.token.slot.get_mechanisms()})

    def _run(self, work: Callable[[TokenSession], Result]) -> Result:
        epoch = self._module.epoch
        try:
            return self._attempt(work)
        except NoSuchKey:
            if self._is_present():
                raise
        except PKCS11Error as error:
            if not _is_lost(error):
                raise
            _LOG.warning("the token %s has to be opened anew (%s)", self.label, type(error).__name__)
        try:
            if not self._module.restart(epoch, within=self._patience):
                raise HsmUnavailableError(token=self.label, problem="calls do not come back")
            return self._attempt(work)
        except (PKCS11Error, HsmModuleUnusableError) as error:
            if isinstance(error, NoSuchKey) or not (isinstance(error, HsmModuleUnusableError) or _is_lost(error)):
                raise
            self._unusable_until = time.monotonic() + self._rest
            raise HsmUnavailableError(token=self.label, problem=type(error).__name__) from error

    def _attempt(self, work: Callable[[TokenSession], Result]) -> Result:
        with self._module.calling() as epoch:
            held = self._take(epoch) or self._open(epoch)
            try:
                result = work(held)
            except BaseException:
                # the operation may still be active in it
                with suppress(PKCS11Error):
                    held.session.close()
                raise
            with self._lock:
                self._idle.append(held)
            return result

    def _take(self, epoch: int) -> TokenSession | None:
        with self._lock:
            while self._idle:
                held = self._idle.pop()
                if held.epoch == epoch:
                    return held
        return None

    def _open(self, epoch: int) -> TokenSession:
        if time.monotonic() < self._unusable_until:
            raise HsmUnavailableError(token=self.label, problem="it was not there a moment ago")
        token = self._module.find_token(self.label)
        try:
            self._log_in(token)
            # without the PIN, so that closing it does not log the others out
            return TokenSession(token.open(rw=True), token, epoch)
        except SessionCount as error:
            raise HsmUnavailableError(token=self.label, problem="it has no session left") from error

    def _log_in(self, token: Token) -> None:
        with self._module.logging_in:
            if self.label in self._module.logged_in:
                return
            version = self._pin.version()
            if version is not None and version == self._refused_pin:
                raise HsmPinRefusedError(token=self.label, problem="PIN not changed", path=self._pin.path)
            try:
                keeper = token.open(rw=True, user_pin=self._pin.read())
            except UserAlreadyLoggedIn:
                keeper = None
            except _PIN_REFUSED as error:
                self._refused_pin = version
                raise HsmPinRefusedError(token=self.label, problem=type(error).__name__, path=self._pin.path) from None
            self._module.logged_in[self.label] = keeper

    def _is_present(self) -> bool:
        try:
            with self._module.calling():
                self._module.find_token(self.label)
        except PKCS11Error:
            return False
        return True


def _is_lost(error: PKCS11Error) -> bool:
    # a module that somebody else shut down, like whatever has no name, comes as the bare class
    return isinstance(error, _LOST) or type(error) is PKCS11Error
