"""What an examination of stored data finds: coded, in Chinese and English, with where it is and what to do next.

Each package says what can be wrong with what it keeps (:class:`FindingKind`), and examines it by functions that give
:class:`Finding` one by one and change nothing. A finding names what it casts doubt on, so that whoever looks next at
something that follows from it leaves that out: one damage is one finding.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding matters."""

    DAMAGE = "damage"
    """Something is not what it was, or not there."""
    WARNING = "warning"
    """Everything is there, and somebody has to act."""
    NOTICE = "notice"
    """Harmless."""

    @property
    def zh(self) -> str:
        """As an official names it."""
        return {"damage": "损坏", "warning": "警告", "notice": "提示"}[self.value]


@dataclass(frozen=True)
class FindingKind:
    """Something that can be wrong. The words are templates, filled with what a finding says."""

    code: str
    zh: str
    en: str
    next_zh: str
    """What to do, in Chinese."""
    next_en: str
    severity: Severity = Severity.DAMAGE


@dataclass(frozen=True)
class Finding:
    """Something that is wrong. It holds no secrets and no personal data."""

    kind: FindingKind
    where: str
    """What it is about, such as ``licence:1.2.156…``, ``object:<digest>`` or ``log:17``."""
    said: Mapping[str, object] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()
    """What else cannot be relied upon because of it, named like ``where``."""

    @property
    def message_zh(self) -> str:
        """What is wrong, in Chinese."""
        return self.kind.zh.format(**self.said)

    @property
    def message_en(self) -> str:
        """What is wrong, in English."""
        return self.kind.en.format(**self.said)


class Findings:
    """What was found so far: all of it counted, and so many of each kind kept.

    :param most: findings of one kind that are kept.
    """

    def __init__(self, most: int = 1000) -> None:
        self._most = most
        self._kept: list[Finding] = []
        self._doubted: set[str] = set()
        self.counts: Counter[FindingKind] = Counter()

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._kept)

    def __contains__(self, where: str) -> bool:
        """Whether something is in doubt already."""
        return where in self._doubted

    def add(self, finding: Finding) -> None:
        """Take a finding in."""
        self.counts[finding.kind] += 1
        self._doubted.update((finding.where, *finding.doubts))
        if self.counts[finding.kind] <= self._most:
            self._kept.append(finding)

    def found(self, kind: FindingKind) -> bool:
        """Whether something of a kind was found."""
        return self.counts[kind] > 0
