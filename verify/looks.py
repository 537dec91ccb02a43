"""Who looked (谁查过我): the checks of a holder's licences, as the holder may see them.

A check that the law keeps from the holder was marked when it was made, by its service item, and is not among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from store.database import Database
from verify._tables import CheckRecordRow
from verify.consents import Basis

MOST_LOOKS = 200


@dataclass(frozen=True)
class Look:
    """One check of one licence."""

    number: int
    at: datetime
    identifier: str
    checked_by: str
    """``client:`` with its identifier, or ``public``."""
    body_code: str | None
    evidence: str
    service_item: str | None
    case_number: str | None
    purpose: str | None
    """What the holder showed it for, where it was shown."""
    verdict: str
    reason_codes: tuple[str, ...]
    basis: Basis | None
    """None for checks from before that was noted."""
    consent_number: str | None
    agreed_by: str | None
    """``holder``, or who showed it for the holder, where it was shown."""
    receipt_id: str | None


class Looks:
    """Reads the record of checks for holders."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def at(self, identifiers: Sequence[str], *, before: int | None = None, limit: int = MOST_LOOKS) -> list[Look]:
        """Checks of some licences, newest first.

        :param before: the number of a look, to go on from there.
        """
        table = CheckRecordRow
        statement = sa.select(table).where(table.identifier.in_(identifiers), ~table.quiet)
        if before is not None:
            statement = statement.where(table.id < before)
        with self._database.transaction() as session:
            rows = session.scalars(statement.order_by(table.id.desc()).limit(min(limit, MOST_LOOKS)))
            return [look_of(row) for row in rows]

    def find(self, number: int, identifiers: Sequence[str]) -> Look | None:
        """One check of one of some licences; None where there is none that the holder may see."""
        found = self.at(identifiers, before=number + 1, limit=1)
        return found[0] if found and found[0].number == number else None


def look_of(row: CheckRecordRow) -> Look:
    """The look that a row stands for, for the modules of this package."""
    return Look(
        number=row.id,
        at=row.at,
        identifier=row.identifier or "",
        checked_by=row.checked_by,
        body_code=row.body_code,
        evidence=row.evidence,
        service_item=row.service_item,
        case_number=row.case_number,
        purpose=row.purpose,
        verdict=row.verdict,
        reason_codes=tuple(row.reason_codes),
        basis=Basis(row.basis) if row.basis is not None else None,
        consent_number=row.consent_number,
        agreed_by=row.agreed_by,
        receipt_id=row.reference,
    )
