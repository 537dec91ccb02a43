"""What an authority decides on a licence, and on what grounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from store.once import Once
from trust.errors import LegalBasisMissingError, ReasonMissingError
from trust.licence import ON_LEGAL_BASIS, Act

_LONGEST = 500


@dataclass(frozen=True)
class Decision:
    """Who decides, why, on what law, and on what he has seen."""

    actor: str
    """A client or an officer."""
    reason: str
    legal_basis: str | None = None
    """Such as 《中华人民共和国行政许可法》第七十条第四项; revoking and cancelling need one."""
    revision: int | None = None
    """The revision of the licence that the decision is about; any where nothing is said."""
    once: Once | None = None
    """Mark of the request, where it may come again."""

    def check_for(self, act: Act) -> None:
        """See that it says what an act needs.

        :raises ReasonMissingError: the reason is empty or longer than 500 characters.
        :raises LegalBasisMissingError: the act needs a legal basis, or it is longer than 500 characters.
        """
        reason_for(self.reason, act=act.value, act_zh=act.zh)
        basis = (self.legal_basis or "").strip()
        if len(basis) > _LONGEST or (act in ON_LEGAL_BASIS and not basis):
            raise LegalBasisMissingError(act=act.value, act_zh=act.zh)


def reason_for(said: str, *, act: str, act_zh: str) -> str:
    """The reason that somebody gave for an act, without blanks around it.

    :raises ReasonMissingError: it is empty or longer than 500 characters.
    """
    reason = said.strip()
    if not 0 < len(reason) <= _LONGEST:
        raise ReasonMissingError(act=act, act_zh=act_zh)
    return reason


class ImportedFrom(NamedTuple):
    """Where an imported licence was taken over from."""

    source: str
    """The import and the line of its file; goes on record."""
    scan_digest: str | None
    """SHA-256 of the scan of the paper."""


class SupersededVersion(NamedTuple):
    """A licence that was just taken out of force for another version."""

    identifier: str
    act: Act
    decision: Decision
