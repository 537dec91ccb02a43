"""Whether what a department sent can become a licence: everything that is wrong with it, at once and in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from trust.catalogue import LicenceType
from trust.content import Holder, LicenceContent
from trust.identifier import LicenceIdentifier


@dataclass(frozen=True, repr=False)
class CheckedFields:
    """Fields that passed every check, and what follows from them. Made by :func:`validate`."""

    type: LicenceType
    fields: Mapping[str, Any]
    holder: Holder
    number: str
    """证照编号."""
    issue_date: date
    valid_from: date
    valid_until: date | None
    """The last day; None for 长期."""

    def content(
        self, *, identifier: LicenceIdentifier, issuer_name: str, issuer_code: str, check_url: str
    ) -> LicenceContent:
        """The licence that these fields make, once it has an identifier and an issuer."""
        return LicenceContent(
            type=self.type,
            identifier=identifier,
            number=self.number,
            issuer_name=issuer_name,
            issuer_code=issuer_code,
            issue_date=self.issue_date,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
            holder=self.holder,
            fields=self.fields,
            check_url=check_url,
        )


def validate(licence_type: LicenceType, raw: object, today: date) -> CheckedFields:
    """Check the fields of an application against its type.

    :param raw: JSON as it came, an object with the type's fields and, if it is not today, ``issue_date``.
    :param today: the present day in the zone of the issuer; the issue date unless ``raw`` has one.
    :raises FieldsInvalidError: with every problem that was found.
    """
    raise NotImplementedError
