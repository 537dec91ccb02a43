"""What a check may use as a holder's consent: a consent by its number, or a presentation for one look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wallet.consents import Consents
from wallet.presentations import Presentations


@dataclass(frozen=True)
class Agreed:
    """What a holder agreed to, as checks know it."""

    licences: Mapping[str, frozenset[str] | None]
    """The licences that may be looked at, by identifier, each with the fields that may be told; None for all."""
    consent_number: str | None
    """None where a presentation was shown."""


class ConsentBook:
    """Takes either for what it is."""

    def __init__(self, consents: Consents, presentations: Presentations) -> None:
        self._consents = consents
        self._presentations = presentations

    def use(self, token: str, *, by: str, service_item: str, case_number: str) -> Agreed:
        """Make use of a consent, or redeem a presentation, for a case.

        :param token: the number of a consent, or what was read from a QR code.
        :raises ConsentRefusedError: the consent does not count.
        :raises PresentationError: the presentation is not taken.
        """
        if "." in token:
            return Agreed({self._presentations.redeem(token, by=by).identifier: None}, None)
        given = self._consents.use(token, by=by, service_item=service_item, case_number=case_number)
        return Agreed(given.terms.licences, given.number)
