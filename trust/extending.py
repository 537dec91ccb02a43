"""Extending the long-term proof of licences (长期签名证明延续) before the certificates behind it end.

The file gets a revision with fresh validation data and a new document time stamp; the licence says what it said. The
files that holders have already stay good evidence, each until its own proof ends.
"""

from __future__ import annotations

import io
import logging
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from threading import Event

from seal import SealPress
from seal.errors import DocumentUnsealableError
from store.clock import Clock
from store.errors import YinzhengError
from store.objects import ObjectDamagedError, ObjectMissingError, ObjectStore
from trust.register import Register

_LOG = logging.getLogger(__name__)

DEFAULT_MARGIN = timedelta(days=180)
"""How long before its end a proof is renewed by default."""

AUTOMATIC = "延续任务 extension"
"""Who extends proofs without having been told to, in the records."""


_BROKEN = (ObjectMissingError, ObjectDamagedError, DocumentUnsealableError)
"""What is wrong with one file, and no reason to leave the others alone."""


@dataclass(frozen=True)
class BrokenFile:
    """A licence whose file is not what it was, and was left as it is."""

    identifier: str
    error: YinzhengError


@dataclass(frozen=True)
class ExtensionReport:
    """What a run did."""

    extended: int
    overtaken: int
    """Left alone because another process was faster."""
    waiting: int
    """Left alone because a time stamp of today would not last longer: its authority needs a newer certificate."""
    broken: tuple[BrokenFile, ...]


class Extending:
    """Extends the proof of licences' files. Safe to run twice, and on two machines at once."""

    def __init__(self, register: Register, objects: ObjectStore, press: SealPress, clock: Clock) -> None:
        self._register = register
        self._objects = objects
        self._press = press
        self._clock = clock

    def run(
        self,
        *,
        actor: str,
        margin: timedelta = DEFAULT_MARGIN,
        type_slug: str | None = None,
        without_gain: bool = False,
        stop: Event | None = None,
    ) -> ExtensionReport:
        """Extend all licences, or those of a type, whose proof ends within a margin; each at most once.

        A file counts as the licence's only if it has the digest in the register; an altered one is never extended.

        :param without_gain: extend them also where the new proof would not last longer, as when an algorithm weakens.
        :param stop: ends the run before the next file.
        :raises YinzhengError: the object store or the time-stamp authority failed; what was extended stays so.
        """
        stop = stop or Event()
        done = Counter[_Outcome]()
        broken: list[BrokenFile] = []
        moment, last = self._clock.now() + margin, 0
        while found := self._register.proof_ends_before(moment, type_slug=type_slug, after=last):
            for _, identifier in found:
                if stop.is_set():
                    break
                try:
                    done[self._extend(identifier, actor, without_gain=without_gain)] += 1
                except _BROKEN as error:
                    _LOG.error("the proof of licence %s was not extended: %s", identifier, error.code)
                    broken.append(BrokenFile(identifier, error))
            if stop.is_set():
                break
            last = found[-1][0]
        return ExtensionReport(done[_Outcome.EXTENDED], done[_Outcome.OVERTAKEN], done[_Outcome.WAITING], tuple(broken))

    def _extend(self, identifier: str, actor: str, *, without_gain: bool) -> _Outcome:
        licence = self._register.get(identifier)
        wanted = None if without_gain else licence.proof_until
        known = self._press.proof_until
        if wanted is not None and known is not None and known <= wanted:
            return _Outcome.WAITING
        document = io.BytesIO(self._register.pdf(licence))
        self._press.extend(document, at=self._clock.now())
        proof_until = self._press.proof_of(document)
        if wanted is not None and proof_until <= wanted:
            return _Outcome.WAITING
        digest = self._objects.put(document.getvalue())
        replaced = self._register.replace_pdf(licence, digest=digest, proof_until=proof_until, actor=actor)
        return _Outcome.EXTENDED if replaced else _Outcome.OVERTAKEN


class _Outcome(Enum):
    EXTENDED = auto()
    OVERTAKEN = auto()
    WAITING = auto()
