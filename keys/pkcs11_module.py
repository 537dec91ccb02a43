"""A PKCS #11 module, the driver of a token, loaded into this process once.

``python-pkcs11`` initialises a module without locking, which by PKCS #11 promises that only one thread will ever call
it; several threads then end the process. So the module is initialised here, with the operating system's locks.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Condition, Lock
from typing import Final, Protocol
from weakref import WeakSet

from pkcs11 import NoSuchToken, PKCS11Error, Session, Token, TokenNotPresent, TokenNotRecognised, _pkcs11

from keys.hsm_errors import HsmModuleUnusableError

_OS_LOCKING: Final = 0x2
_OK: Final = 0x000
_CANNOT_LOCK: Final = 0x00A
_ALREADY_INITIALISED: Final = 0x191
_PACKED: Final = 1 if os.name == "nt" else 0

_Call = ctypes.CFUNCTYPE(ctypes.c_ulong, ctypes.c_void_p)


class _InitialiseArguments(ctypes.Structure):
    """CK_C_INITIALIZE_ARGS."""

    if _PACKED:
        _pack_ = _PACKED
    _fields_ = (
        ("create_mutex", ctypes.c_void_p),
        ("destroy_mutex", ctypes.c_void_p),
        ("lock_mutex", ctypes.c_void_p),
        ("unlock_mutex", ctypes.c_void_p),
        ("flags", ctypes.c_ulong),
        ("reserved", ctypes.c_void_p),
    )


class _FunctionList(ctypes.Structure):
    """The beginning of CK_FUNCTION_LIST."""

    if _PACKED:
        _pack_ = _PACKED
    _fields_ = (("version", ctypes.c_ubyte * 2), ("initialise", _Call), ("finalise", _Call))


class Pkcs11Module:
    """A loaded module. Made by :func:`load_module`; safe to use from several threads.

    ``epoch`` counts how often it was initialised. Whatever was had from it belongs to one epoch and is void in the
    next: sessions, log-ins, slots, handles of objects.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.epoch = 0
        self.threads = True
        """Whether several threads may call it at once."""
        self.logged_in: dict[str, Session | None] = {}
        """Labels of tokens that this process is logged in to, with the session that did it and is left open: a token
        logs out when the last session closes."""
        self.logging_in = Lock()
        self._calling = 0
        self._restarting = False
        self._forked = False
        self._idle = Condition()
        try:
            library = ctypes.CDLL(str(path))
            functions = ctypes.POINTER(_FunctionList)()
            library.C_GetFunctionList.restype = ctypes.c_ulong
            if library.C_GetFunctionList(ctypes.byref(functions)) != _OK:
                raise HsmModuleUnusableError(path=path, problem="C_GetFunctionList failed")
            self._functions: _FunctionList = functions.contents
            # its constructor would initialise the module without locking
            self._library = _pkcs11.lib.__new__(_pkcs11.lib, str(path))  # type: ignore[call-arg]  # the stubs know __init__ only
        except (OSError, AttributeError, PKCS11Error) as error:
            raise HsmModuleUnusableError(path=path, problem=type(error).__name__) from error
        self._initialise()

    @contextmanager
    def calling(self) -> Iterator[int]:
        """Hold off restarts while the module is called; the present epoch. Not to be entered twice by a thread."""
        with self._idle:
            self._idle.wait_for(lambda: not self._restarting)
            if self._forked:
                self._initialise()
                self._forked = False
            self._calling += 1
            epoch = self.epoch
        try:
            yield epoch
        finally:
            with self._idle:
                self._calling -= 1
                self._idle.notify_all()

    def restart(self, epoch: int, *, within: float) -> bool:
        """Begin a new epoch, once no thread calls the module any more; nothing is done if one began since.

        Whoever calls this must not be within :meth:`calling`.

        :param within: seconds to wait for calls that do not come back.
        :return: whether there is a new epoch.
        :raises HsmModuleUnusableError: the module does not start again.
        """
        with self._idle:
            self._idle.wait_for(lambda: not self._restarting)
            if self.epoch != epoch:
                return True
            self._restarting = True
            try:
                if not self._idle.wait_for(lambda: self._calling == 0, within):
                    return False
                self._functions.finalise(None)
                self._initialise()
            finally:
                self._restarting = False
                self._idle.notify_all()
            return True

    def find_token(self, label: str) -> Token:
        """The token with a label.

        :raises pkcs11.NoSuchToken: it is not there, or not the only one.
        """
        found = []
        for slot in self._library.get_slots(token_present=True):
            try:
                token = slot.get_token()
            except (TokenNotPresent, TokenNotRecognised):
                continue
            if token.label == label:
                found.append(token)
        if len(found) != 1:
            raise NoSuchToken
        return found[0]

    def _initialise(self) -> None:
        """Initialise, also in a process that was forked from one that had done so (PKCS #11 2.40, 6.6.1)."""
        self.epoch += 1
        self.logged_in = {}
        arguments = _InitialiseArguments(flags=_OS_LOCKING)
        initialise, address = self._functions.initialise, ctypes.addressof(arguments)
        result = initialise(address)
        if result == _ALREADY_INITIALISED:
            self._functions.finalise(None)
            result = initialise(address)
        if result == _CANNOT_LOCK:
            self.threads = False
            result = initialise(None)
        if result != _OK:
            raise HsmModuleUnusableError(path=self.path, problem=f"C_Initialize: 0x{result:X}")

    def forked(self) -> None:
        """In the child after a fork: the threads that held the lock are not here, and nothing of the parent's counts.

        The module is initialised when it is called, for most children never do.
        """
        self._calling = 0
        self._restarting = False
        self._idle = Condition()
        self.logging_in = Lock()
        self._forked = True


_modules: dict[Path, Pkcs11Module] = {}
_loading = Lock()


def load_module(path: Path) -> Pkcs11Module:
    """The module with a path; loaded and initialised the first time, and never unloaded.

    :raises HsmModuleUnusableError: it cannot be loaded or initialised.
    """
    resolved = path.resolve()
    with _loading:
        module = _modules.get(resolved)
        if module is None:
            module = _modules[resolved] = Pkcs11Module(resolved)
        return module


class Forkable(Protocol):
    """What has to be told in a child that it was forked."""

    def forked(self) -> None:
        """Forget what belongs to the parent, and make locks anew."""
        ...


_forkable: WeakSet[Forkable] = WeakSet()


def tell_after_fork(part: Forkable) -> None:
    """Have something told in every child, for as long as it lives."""
    _forkable.add(part)


def _forked() -> None:
    for part in (*_modules.values(), *_forkable):
        part.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
