"""The record of checks (核验记录): who checked what, and what the answer was. Append-only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from store.clock import Clock
from store.database import Database
from verify._tables import CheckRecordRow
from verify.verdict import Verdict

Evidence = Literal["pdf", "identifier", "presentation", "seal_signature"]


@dataclass(frozen=True)
class CheckRecord:
    """One check."""

    at: datetime
    checked_by: str
    evidence: str
    identifier: str | None
    document_digest: str | None
    verdict: str
    reason_codes: tuple[str, ...]
    purpose: str | None


class CheckRecords:
    """Writes and reads the record of checks."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(self, verdict: Verdict, *, evidence: Evidence, checked_by: str, purpose: str | None = None) -> None:
        """Put a check on record.

        :param checked_by: the client, or ``public``.
        :param purpose: what the holder showed the licence for, where it was shown.
        """
        row = CheckRecordRow(
            at=self._clock.now(),
            checked_by=checked_by,
            evidence=evidence,
            identifier=verdict.licence.identifier if verdict.licence else None,
            document_digest=verdict.document_digest,
            verdict=verdict.indication.value,
            reason_codes=[reason.code for reason in verdict.reasons],
            purpose=purpose,
        )
        with self._database.transaction() as session:
            session.add(row)

    def of_licence(self, identifier: str) -> list[CheckRecord]:
        """All checks of a licence, newest first."""
        statement = (
            sa.select(CheckRecordRow).where(CheckRecordRow.identifier == identifier).order_by(CheckRecordRow.id.desc())
        )
        with self._database.transaction() as session:
            return [
                CheckRecord(
                    at=row.at,
                    checked_by=row.checked_by,
                    evidence=row.evidence,
                    identifier=row.identifier,
                    document_digest=row.document_digest,
                    verdict=row.verdict,
                    reason_codes=tuple(row.reason_codes),
                    purpose=row.purpose,
                )
                for row in session.scalars(statement)
            ]
