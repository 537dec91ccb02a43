"""Extending the long-term proof of licences (长期签名证明延续) before the certificates behind it end.

The file gets a revision with fresh validation data and a new document time stamp; the licence says what it said. The
files that holders have already stay good evidence, each until its own proof ends.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import timedelta

from seal import SealPress
from store.clock import Clock
from store.objects import ObjectStore
from trust.register import Register

DEFAULT_MARGIN = timedelta(days=180)
"""How long before its end a proof is renewed by default."""


@dataclass(frozen=True)
class ExtensionReport:
    """What a run did."""

    extended: int
    overtaken: int
    """Left alone because another process was faster."""


class Extending:
    """Extends the proof of licences' files. Safe to run twice, and on two machines at once."""

    def __init__(self, register: Register, objects: ObjectStore, press: SealPress, clock: Clock) -> None:
        self._register = register
        self._objects = objects
        self._press = press
        self._clock = clock

    def run(self, *, actor: str, margin: timedelta = DEFAULT_MARGIN, type_slug: str | None = None) -> ExtensionReport:
        """Extend all licences, or those of a type, whose proof ends within a margin.

        :raises YinzhengError: the object store or the time-stamp authority failed; what was extended stays so.
        """
        extended = overtaken = 0
        while identifiers := self._register.proof_ends_before(self._clock.now() + margin, type_slug=type_slug):
            before = extended + overtaken
            for identifier in identifiers:
                if self._extend(identifier, actor):
                    extended += 1
                else:
                    overtaken += 1
            if not self._outlasts(margin) or extended + overtaken == before:
                break
        return ExtensionReport(extended, overtaken)

    def _outlasts(self, margin: timedelta) -> bool:
        """Whether what was just extended is out of the next look's way; a margin longer than any proof is not."""
        until = self._press.proof_until
        return until is not None and until >= self._clock.now() + margin

    def _extend(self, identifier: str, actor: str) -> bool:
        licence = self._register.get(identifier)
        document = io.BytesIO(self._register.pdf(licence))
        self._press.extend(document, at=self._clock.now())
        digest = self._objects.put(document.getvalue())
        return self._register.replace_pdf(licence, digest=digest, proof_until=self._press.proof_until, actor=actor)
