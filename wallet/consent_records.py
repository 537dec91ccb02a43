"""The signed record of what a holder decided (授权记录): a JWS each, and its digest in the transparency log."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from keys import Record, RecordLog, TokenSigner
from store.database import Database
from wallet._consent_tables import ConsentRecordRow

CONSENT_TYPE: Final = "consent-record+jwt"


class ConsentAct(StrEnum):
    """What a holder decides."""

    GIVE = "give"
    WITHDRAW = "withdraw"
    REFUSE = "refuse"
    """What a department asked for."""


@dataclass(frozen=True)
class ConsentRecord:
    """One decision."""

    subject: str
    """Number of the consent; of the request, where that was refused."""
    act: ConsentAct
    by: str
    """``holder``, or who acted for the holder."""
    at: datetime
    statement: str
    """The signed record: a JWS whose key signs nothing else."""


class ConsentRecords:
    """Signs decisions and keeps them.

    :param signer: with a key made for consents.
    """

    def __init__(self, database: Database, signer: TokenSigner, log: RecordLog) -> None:
        self._database = database
        self._signer = signer
        self._log = log

    def sign(self, act: ConsentAct, subject: str, *, by: str, at: datetime, terms: dict[str, Any]) -> ConsentRecord:
        """Sign a decision, before the transaction that makes it."""
        claims = {"sub": subject, "act": act.value, "by": by, "at": at.isoformat(), **terms}
        return ConsentRecord(subject, act, by, at, self._signer.sign_statement(claims, typ=CONSENT_TYPE))

    def add(self, session: Session, record: ConsentRecord) -> None:
        """Put a signed decision on record and in the ledger, within the transaction that makes it."""
        session.add(
            ConsentRecordRow(
                subject=record.subject, act=record.act, by=record.by, at=record.at, statement=record.statement
            )
        )
        facts = {"record_sha256": hashlib.sha256(record.statement.encode()).hexdigest()}
        number = 2 if record.act is ConsentAct.WITHDRAW else 1
        entry = Record(f"consent.{record.act}", f"consent:{record.subject}", record.at, facts, {"by": record.by})
        self._log.add(session, entry, number=number)

    def of(self, subjects: list[str]) -> list[ConsentRecord]:
        """What was decided on consents and requests, in order."""
        table = ConsentRecordRow
        statement = sa.select(table).where(table.subject.in_(subjects)).order_by(table.id)
        with self._database.transaction() as session:
            return [
                ConsentRecord(row.subject, ConsentAct(row.act), row.by, row.at, row.statement)
                for row in session.scalars(statement)
            ]
