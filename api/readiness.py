"""Which parts of the service can be used at present, by name: for balancers, for operators and for metrics.

Parts are asked side by side, each by one thread at a time, and what does not answer soon counts as missing: a part that
hangs must not hang whoever asks about it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Final

from api.errors import ClockAstrayError, PartFailedError, PartSlowError
from store.acting import becoming
from store.clock import SystemClock
from store.errors import YinzhengError
from store.schema import SchemaUnknownError, require_current

if TYPE_CHECKING:
    from api.services import Services

_PATIENCE: Final = 2.5
"""Seconds that a part has to answer; less than what asks the service gives it."""
_FRESH: Final = 1.0
"""Seconds for which an answer is passed on: anybody may ask, and asking must cost the parts nothing."""
_FAR_OFF: Final = timedelta(seconds=5)
"""From the database's clock; the time-stamp authority draws the same line (:mod:`keys.timestamp`)."""

_LOG: Final = logging.getLogger("yinzheng.api")


class Part(StrEnum):
    """What the service is made of."""

    DATABASE = "database"
    SCHEMA = "schema"
    KEYS = "keys"
    CLOCK = "clock"
    HSM = "hsm"
    TIME_STAMPS = "time-stamps"
    OBJECTS = "objects"
    REDIS = "redis"


_ESSENTIAL: Final = frozenset({Part.DATABASE, Part.SCHEMA, Part.KEYS})
"""Without any of these nothing works. Without another, what does not need it goes on."""
_IN_DATABASE: Final = frozenset({Part.SCHEMA, Part.KEYS, Part.CLOCK})
"""Nothing can be said about these while the database is away."""

Probe = Callable[[], object]
"""Sees whether a part can be used; raises where it cannot."""


@dataclass(frozen=True)
class Standing:
    """How the parts stand."""

    missing: Mapping[Part, YinzhengError]
    """What cannot be used, and why."""
    asked: tuple[Part, ...]
    """All parts that this process is set up with."""

    @property
    def works(self) -> bool:
        """Whether anything works at all. A schema that is ahead hinders nobody who was there before it."""
        return not any(
            part in _ESSENTIAL and not isinstance(error, SchemaUnknownError) for part, error in self.missing.items()
        )


class Readiness:
    """Asks the parts. Safe to use from several threads."""

    def __init__(self, probes: Mapping[Part, Probe]) -> None:
        self._parts = {part: _Asked(part, probe) for part, probe in probes.items()}

    def standing(self) -> Standing:
        """How the parts stand now, or stood a second ago."""
        until = time.monotonic() + _PATIENCE
        for each in self._parts.values():
            each.begin()
        missing = {part: error for part, each in self._parts.items() if (error := each.answer(until)) is not None}
        if Part.DATABASE in missing:
            missing = {part: error for part, error in missing.items() if part not in _IN_DATABASE}
        return Standing(missing, tuple(self._parts))


class _Asked:
    """A part, and what it last answered."""

    def __init__(self, part: Part, probe: Probe) -> None:
        self._part = part
        self._probe = probe
        self._lock = threading.Lock()
        self._answered = threading.Event()
        self._asking = False
        self._error: YinzhengError | None = None
        self._at = float("-inf")

    def begin(self) -> None:
        """Ask it, unless that was done a moment ago or somebody still waits for it."""
        with self._lock:
            if self._asking or time.monotonic() - self._at < _FRESH:
                return
            self._asking = True
            self._answered.clear()
        threading.Thread(target=self._ask, name=f"probe-{self._part}", daemon=True).start()

    def answer(self, until: float) -> YinzhengError | None:
        """What is wrong with it, if anything is; that it is slow, if there is no answer by then."""
        if not self._answered.wait(max(0.0, until - time.monotonic())):
            return PartSlowError(part=self._part.value, seconds=_PATIENCE)
        return self._error

    def _ask(self) -> None:
        error: YinzhengError | None = None
        try:
            with becoming():
                self._probe()
        except YinzhengError as raised:
            error = raised
        except Exception as raised:
            _LOG.exception("the part %s cannot be asked", self._part)
            error = PartFailedError(part=self._part.value, problem=type(raised).__name__)
        with self._lock:
            self._error, self._at, self._asking = error, time.monotonic(), False
            self._answered.set()


def readiness_of(services: Services) -> Readiness:
    """The parts of a process, of which those that only matter where they are set up are left out elsewhere."""
    settings = services.settings
    unset = {Part.HSM: settings.pkcs11_module is None, Part.REDIS: settings.redis_url is None}
    return Readiness({part: partial(probe, services) for part, probe in _PROBES.items() if not unset.get(part, False)})


def _hold_clock(services: Services) -> None:
    """Hold this machine's clock against the database server's.

    :raises ClockAstrayError: one of the two is wrong.
    """
    clock = services.clock
    if not isinstance(clock, SystemClock):
        return
    before = clock.now()
    theirs = services.database.time()
    # the answer took its time; theirs lies between
    if not before - _FAR_OFF <= theirs <= clock.now() + _FAR_OFF:
        raise ClockAstrayError(seconds=round((before - theirs).total_seconds()))


def _hsm(services: Services) -> None:
    token = services.keys.custody.token
    if token is not None:
        token.probe()


_PROBES: Final[Mapping[Part, Callable[[Services], object]]] = {
    Part.DATABASE: lambda services: services.database.ping(),
    Part.SCHEMA: lambda services: require_current(services.database),
    Part.KEYS: lambda services: services.keys.authority.issuing,
    Part.CLOCK: _hold_clock,
    Part.HSM: _hsm,
    Part.TIME_STAMPS: lambda services: services.time_stamps.probe(),
    Part.OBJECTS: lambda services: services.objects.probe(),
    Part.REDIS: lambda services: services.limiter.probe(),
}
