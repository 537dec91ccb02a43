"""What the ledger says of licences: a leaf for every act, without a word of who holds them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from keys import FieldVault, Record, RecordLog
from store.clock import Clock
from store.database import Database
from trust._tables import LicenceRow
from trust.decisions import Decision
from trust.licence import Act

ADOPTED = "licence.adopt"
"""Kind of the leaf of a licence that was there before the ledger: what it was when it was entered."""


class LicenceLog:
    """Enters acts on licences in the ledger."""

    def __init__(self, vault: FieldVault) -> None:
        self._records = RecordLog(vault)

    def add(self, session: Session, row: LicenceRow, act: Act, decision: Decision, at: datetime) -> None:
        """Enter an act within its transaction, which holds the licence's row."""
        row.logged = True
        self._records.add(session, _record(row, act, decision, at))

    def add_first(self, session: Session, acts: Iterable[tuple[LicenceRow, Act, Decision, datetime]]) -> None:
        """Enter the acts with which licences begin, in the transaction that makes these exist."""
        self._records.add_first(session, [_record(*each) for each in acts])

    def salt(self, identifier: str, number: int) -> bytes:
        """The salt of a licence's record, for its holder and its issuer; the first is that of its issue."""
        return self._records.salt(log_subject(identifier), number)

    def adopt(self, database: Database, clock: Clock, *, at_most: int = 500) -> int:
        """Enter licences that were there before the ledger, and tell how many; none when all are in it."""
        unlogged = (
            sa.select(LicenceRow)
            .where(~LicenceRow.logged)
            .order_by(LicenceRow.id)
            .limit(at_most)
            .with_for_update(skip_locked=True)
        )
        with database.transaction() as session:
            rows = session.scalars(unlogged).all()
            for row in rows:
                row.logged = True
                record = Record(ADOPTED, log_subject(row.identifier), clock.now(), _facts(row), {})
                self._records.add(session, record)
            return len(rows)


LOG_PREFIX = "licence:"
"""What the names of the ledger's entries about licences begin with."""


def log_subject(identifier: str) -> str:
    """What the ledger's entries about a licence are filed under."""
    return f"{LOG_PREFIX}{identifier}"


def _record(row: LicenceRow, act: Act, decision: Decision, at: datetime) -> Record:
    particulars = {
        "actor": decision.actor,
        "reason": decision.reason,
        "legal_basis": decision.legal_basis,
    }
    return Record(f"licence.{act}", log_subject(row.identifier), at, _facts(row), particulars)


def _facts(row: LicenceRow) -> dict[str, object]:
    return {"state": row.state, "pdf_sha256": row.pdf_digest}
