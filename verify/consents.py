"""The holder's word that a department may look (授权用证), as a check needs to know it.

No consent, no data, except where a service item names the law that does without one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, Self

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

    @property
    def presented_by(self) -> str:
        """``holder``, or who showed it for the holder."""
        ...


class PresentationRedeemer(Protocol):
    """The wallet's side of checking a presentation."""

    def redeem(self, token: str, *, by: str) -> RedeemedPresentation:
        """Take a presentation, once; refuses with an error whose code is one of the reasons ``presentation.*``."""
        ...


class Basis(StrEnum):
    """What a look at a licence rested on."""

    CONSENT = "consent"
    PRESENTATION = "presentation"
    """The holder showed it: one look."""
    LAW = "law"
    """The service item names the law that does without consent."""
    FACTS = "facts"
    """Who asked knew the identifier and the holder, or had the file, and was told no data beyond the verdict."""


@dataclass(frozen=True)
class Ground:
    """What a look at one licence rested on."""

    basis: Basis
    consent_number: str | None = None
    agreed_by: str | None = None
    """Who showed the licence, where it was shown."""


class Agreement(Protocol):
    """The wallet's word on one consent."""

    @property
    def licences(self) -> Mapping[str, frozenset[str] | None]:
        """The licences that may be looked at, by identifier, each with the fields that may be told; None for all."""
        ...

    @property
    def consent_number(self) -> str | None:
        """授权编号; None where a presentation was shown."""
        ...


@dataclass(frozen=True)
class Consent:
    """What holders agreed to."""

    licences: Mapping[str, frozenset[str] | None]
    """The licences that may be looked at, by identifier, each with the fields that may be told; None for all."""
    grounds: Mapping[str, Ground] = field(default_factory=dict)
    """What the look at each of them rests on."""

    @classmethod
    def of(cls, agreement: Agreement) -> Self:
        """What the wallet said."""
        number = agreement.consent_number
        ground = Ground(Basis.PRESENTATION if number is None else Basis.CONSENT, number)
        return cls(agreement.licences, dict.fromkeys(agreement.licences, ground))

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
        return Consent({**self.licences, **other.licences}, {**self.grounds, **other.grounds})


NO_CONSENT = Consent({})


class ConsentBook(Protocol):
    """The wallet's side of consent."""

    def use(self, token: str, *, by: str, service_item: str, case_number: str) -> Agreement:
        """Make use of a consent for a case; refuses with an error whose code is one of the reasons of checks.

        :param token: the number of a consent, or a presentation.
        :param by: unified social credit code of the body that asks.
        """
        ...
