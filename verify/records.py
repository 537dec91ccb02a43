"""The record of checks (核验记录): who checked what, what for, and what the answer was. Append-only.

Each check has an entry in the ledger too, so that none can be taken back; the checks of a batch have one together, by
its receipt.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from keys import Record, RecordLog
from store.clock import Clock
from store.database import Database
from store.ledger import Ledger
from store.measures import CHECK_REASONS, CHECKS
from store.traces import note
from verify._tables import CheckRecordRow
from verify.callers import Occasion
from verify.consents import Basis, Ground
from verify.receipts import Evidence, new_receipt_id
from verify.verdict import Verdict

PUBLIC = "public"
"""Who checked, where nobody has to say who he is."""

_COLUMNS: Final = ", ".join(each.name for each in sa.inspect(CheckRecordRow).columns if each.name != "id")
_INSERT: Final = sa.text(
    # one statement however many rows there are; nothing is read back, since who checks without signing in may put a
    # check on record and see none
    f"INSERT INTO check_record ({_COLUMNS}) "  # noqa: S608  names of the table's own columns
    f"SELECT {_COLUMNS} FROM json_populate_recordset(NULL::check_record, CAST(:rows AS json))"
)


@dataclass(frozen=True)
class CheckEntry:
    """One check to be put on record."""

    verdict: Verdict
    evidence: Evidence
    checked_by: str
    """``client:`` with its identifier, or ``public``."""
    occasion: Occasion | None = None
    purpose: str | None = None
    """What the holder showed the licence for, where it was shown."""
    reference: str | None = None
    """Number of the receipt, of a batch where it is one of many."""
    identifiers: tuple[str, ...] = ()
    """The licences looked at, where they are several."""
    grounds: Mapping[str, Ground] = field(default_factory=dict)
    """What the look at each of them rested on, where holders agreed."""


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
    reference: str | None
    body_code: str | None
    service_item: str | None
    case_number: str | None


@dataclass(frozen=True)
class LogProof:
    """Where a check stands in the ledger, and the proof of it (RFC 6962, 2.1.1)."""

    leaf: bytes
    salt: bytes
    opening: bytes
    """What the digest in the leaf was made of, after the salt; it holds the digest of the receipt."""
    position: int
    tree_size: int
    root: bytes
    hashes: tuple[bytes, ...]


class CheckRecords:
    """Writes and reads the record of checks."""

    def __init__(self, database: Database, log: RecordLog, clock: Clock) -> None:
        self._database = database
        self._log = log
        self._clock = clock

    def add(self, entry: CheckEntry, *, receipt: str | None = None) -> None:
        """Put a check on record and in the ledger.

        :param receipt: the signed receipt, if one is given; the ledger's entry is about its digest.
        """
        self.add_all([(entry, receipt)])

    def add_all(self, entries: Sequence[tuple[CheckEntry, str | None]]) -> None:
        """Put checks on record and in the ledger, each by itself; see :meth:`add`."""
        now = self._clock.now()
        with self._database.transaction() as session:
            self._insert(session, [entry for entry, _ in entries])
            self._log.add_first(session, [_record(entry, receipt, now) for entry, receipt in entries])
        _count(entry for entry, _ in entries)

    def add_many(self, entries: Iterable[CheckEntry]) -> None:
        """Put checks of a batch on record; the ledger gets the batch's receipt when it is done."""
        made = list(entries)
        with self._database.transaction() as session:
            self._insert(session, made)
        _count(made)

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
                    reference=row.reference,
                    body_code=row.body_code,
                    service_item=row.service_item,
                    case_number=row.case_number,
                )
                for row in session.scalars(statement)
            ]

    def has_checked(self, client_id: str, identifier: str) -> bool:
        """Whether a client checked a licence before, and so relies on it."""
        statement = sa.select(CheckRecordRow.id).where(
            CheckRecordRow.identifier == identifier, CheckRecordRow.checked_by == f"client:{client_id}"
        )
        with self._database.transaction() as session:
            return session.scalar(statement.limit(1)) is not None

    def proof(self, reference: str, ledger: Ledger) -> LogProof | None:
        """The proof that a check is in the ledger, for whoever has its receipt; None before it has a place there."""
        subject = check_subject(reference)
        entry = next(iter(ledger.entries_about(subject)), None)
        if entry is None or entry.position is None:
            return None
        head = ledger.head()
        return LogProof(
            leaf=entry.data,
            salt=self._log.salt(subject, entry.number),
            opening=entry.opening,
            position=entry.position,
            tree_size=head.size,
            root=head.root,
            hashes=tuple(ledger.inclusion(entry.position, head.size)),
        )

    def _insert(self, session: Session, entries: Iterable[CheckEntry]) -> None:
        now = self._clock.now()
        rows = [row for entry in entries for row in _rows(entry, now)]
        if rows:
            session.execute(_INSERT, {"rows": json.dumps(rows)})


def _count(entries: Iterable[CheckEntry]) -> None:
    for entry in entries:
        CHECKS.labels(entry.evidence, entry.verdict.indication.value).inc()
        note("verdict", evidence=entry.evidence, verdict=entry.verdict.indication.value)
        for each in entry.verdict.reasons:
            CHECK_REASONS.labels(each.code).inc()


def _record(entry: CheckEntry, receipt: str | None, now: datetime) -> Record:
    facts = {"receipt_sha256": hashlib.sha256(receipt.encode()).hexdigest()} if receipt is not None else {}
    particulars = {"checked_by": entry.checked_by, "verdict": entry.verdict.indication.value}
    return Record("check", check_subject(entry.reference or new_receipt_id()), now, facts, particulars)


def check_subject(reference: str) -> str:
    """What the ledger's entry about a check is filed under."""
    return f"check:{reference}"


def _rows(entry: CheckEntry, now: datetime) -> list[dict[str, object]]:
    """A row for each licence looked at; one without a licence where there is none."""
    verdict, occasion = entry.verdict, entry.occasion
    named = (verdict.licence.identifier,) if verdict.licence is not None else entry.identifiers
    return [
        {
            "at": now.isoformat(),
            "checked_by": entry.checked_by,
            "evidence": entry.evidence,
            "identifier": identifier,
            "document_digest": verdict.document_digest,
            "verdict": verdict.indication.value,
            "reason_codes": [reason.code for reason in verdict.reasons],
            "purpose": entry.purpose,
            "reference": entry.reference,
            "body_code": occasion.caller.body_code if occasion is not None else None,
            "service_item": occasion.item.code if occasion is not None else None,
            "service_item_version": occasion.item.version if occasion is not None else None,
            "case_number": occasion.case_number if occasion is not None else None,
            "basis": ground.basis.value,
            "consent_number": ground.consent_number,
            "agreed_by": ground.agreed_by,
            "quiet": occasion is not None and occasion.item.kept_from_holder is not None,
        }
        for identifier in (named or (None,))
        for ground in (_ground(entry, identifier),)
    ]


def _ground(entry: CheckEntry, identifier: str | None) -> Ground:
    agreed = entry.grounds.get(identifier) if identifier is not None else None
    if agreed is not None:
        return agreed
    by_law = entry.occasion is not None and entry.occasion.item.without_consent is not None
    return Ground(Basis.LAW if by_law and entry.evidence != "pdf" else Basis.FACTS)
