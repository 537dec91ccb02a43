"""What the ledger may show of a record to everybody: that there is one, of what kind and when, and no more.

A leaf holds a digest over a salt and the record. The salt is derived from a key of the vault for each record by itself,
so it rests nowhere, a record of long ago has one too, and whoever is told one salt learns nothing of other records.
Without the salt nobody can try out what a record may say.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from keys.vault import FieldVault
from store import ledger

FORMAT = "yinzheng-leaf/1"
"""Names the form of the leaves."""


@dataclass(frozen=True, slots=True)
class Record:
    """Something that was done.

    :param kind: what, such as ``licence.issue``; stands in the leaf.
    :param subject: to what; with the number it names the record.
    :param facts: what the digest is made of, besides kind, subject and number.
    :param particulars: what only the one who enters it may open, such as who did it and why; a digest of its own.
    """

    kind: str
    subject: str
    at: datetime
    facts: Mapping[str, object]
    particulars: Mapping[str, object]


class RecordLog:
    """Enters records in the ledger."""

    def __init__(self, vault: FieldVault) -> None:
        self._vault = vault

    def salt(self, subject: str, number: int) -> bytes:
        """The salt of a record: 32 bytes, for those whom the record concerns."""
        return self._vault.blind_index(f"{number}:{subject}", context="ledger.salt")

    def add(self, session: Session, record: Record, *, number: int | None = None) -> None:
        """Enter a record within the caller's transaction.

        :param number: of the record among those about its subject, where the caller knows it; otherwise the caller
            holds a lock on the subject.
        """
        if number is None:
            number = ledger.next_number(session, record.subject)
        ledger.append_all(session, [self._entry(record, number)])

    def add_first(self, session: Session, records: Iterable[Record]) -> None:
        """Enter the first records about things that the caller's transaction has just made."""
        ledger.append_all(session, [self._entry(each, 1) for each in records])

    def opens(self, subject: str, number: int, opening: bytes, leaf: bytes) -> bool:
        """Whether what was kept about a subject, under a number, is what a leaf holds the digest of."""
        try:
            said, record = json.loads(leaf), json.loads(opening)
            return bool(
                said["digest"] == salted_digest(self.salt(subject, number), opening)
                and (record["kind"], record["subject"], record["number"]) == (said["kind"], subject, number)
            )
        except (ValueError, KeyError, TypeError, RecursionError):
            return False

    def _entry(self, record: Record, number: int) -> ledger.NewEntry:
        named = {"kind": record.kind, "subject": record.subject, "number": number}
        opening = canonical_json({**record.facts, **named})
        withheld = canonical_json({**record.particulars, **named})
        own_salt = self._vault.blind_index(f"{number}:{record.subject}", context="ledger.particulars")
        leaf = {
            "format": FORMAT,
            "kind": record.kind,
            "at": f"{record.at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z",
            "digest": salted_digest(self.salt(record.subject, number), opening),
            "particulars": salted_digest(own_salt, withheld),
        }
        return ledger.NewEntry(record.subject, number, opening, canonical_json(leaf))


def salted_digest(salt: bytes, opening: bytes) -> str:
    """SHA-256 over a salt of 32 bytes and what it hides, in hexadecimal."""
    return hashlib.sha256(salt + opening).hexdigest()


def canonical_json(value: Mapping[str, object]) -> bytes:
    """UTF-8 with sorted keys and no spaces: the same value is always the same bytes."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
