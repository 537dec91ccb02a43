"""The holder's word that a department may look (授权用证), as a check needs to know it.

No consent, no data, except where a service item names the law that does without one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from trust import Licence


class RedeemedPresentation(Protocol):
    """What a wallet says about a presentation that it took back."""

    @property
    def identifier(self) -> str:
        """The licence that was shown."""
        ...

    @property
    def purpose(self) -> str:
        """What the holder showed it for."""
        ...

    @property
    def presented_at(self) -> datetime:
        """When the holder agreed."""
        ...


class PresentationRedeemer(Protocol):
    """The wallet's side of checking a presentation."""

    def redeem(self, token: str, *, by: str) -> RedeemedPresentation:
        """Take a presentation, once; refuses with an error whose code is one of the reasons ``presentation.*``."""
        ...


@dataclass(frozen=True)
class Consent:
    """What holders agreed to."""

    licences: Mapping[str, frozenset[str] | None]
    """The licences that may be looked at, by identifier, each with the fields that may be told; None for all."""

    def covers(self, licence: Licence) -> bool:
        """Whether the holder agreed that this licence is looked at."""
        return licence.identifier in self.licences

    def tells(self, licence: Licence, field: str) -> bool:
        """Whether the holder agreed that this field is told."""
        if not self.covers(licence):
            return False
        fields = self.licences[licence.identifier]
        return fields is None or field in fields

    def joined(self, other: Consent) -> Consent:
        """This consent and another one; where both are about a licence, the later one counts."""
        return Consent({**self.licences, **other.licences})


NO_CONSENT = Consent({})


class ConsentBook(Protocol):
    """The wallet's side of consent."""

    def use(self, token: str, *, by: str, service_item: str, case_number: str) -> Consent:
        """Make use of a consent for a case; refuses with an error whose code is one of the reasons of checks.

        :param by: unified social credit code of the body that asks.
        """
        ...


class PresentationConsents:
    """Takes a presentation for what it is: the holder's consent to look at the one licence shown, once."""

    def __init__(self, redeemer: PresentationRedeemer) -> None:
        self._redeemer = redeemer

    def use(self, token: str, *, by: str, service_item: str, case_number: str) -> Consent:
        """Redeem the presentation; it is bound to the body, and not yet to a service item."""
        return Consent({self._redeemer.redeem(token, by=by).identifier: None})
