"""The doctor (体检): examines all that the service keeps, changes nothing, and says what is wrong and what to do.

Parts are examined from the ground up: keys, the log, seals and their uses, the register, status lists, jobs, wallets,
and then every file. What is in doubt because of an earlier finding is not reported again: one damage is one finding.
All that the database alone can tell is read as it stood at one moment (REPEATABLE READ), so that the service may go on
meanwhile; files are read afterwards, page by page, and are only ever added to.

A part that cannot be looked at, because a key or a server is missing, does not keep the others from being looked at.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from api.errors import CheckpointUnusableError
from keys import FieldVault, KeyCustody, KeyPurpose, RecordLog
from keys.errors import NoteInvalidError
from keys.examination import examine_keys, examine_service_certificates, keys_of
from keys.notes import Checkpoint, NoteKey, open_note
from seal.examination import examine_seal_certificates, examine_seals, examine_uses
from store.clock import Clock
from store.database import Database
from store.errors import YinzhengError
from store.findings import Finding, Findings, Severity
from store.ledger_examination import KnownHead, examine_ledger, stored_head
from store.object_examination import examine_orphans
from store.objects import ObjectStore
from store.outbox import examine_outbox
from trust import Register
from trust.examination import examine_licences, other_files
from verify import AnchorPurpose, Inspector, TrustList
from verify.errors import AuditStateError
from verify.examination import FileExaminer, examine_status_lists
from verify.log_audit import AuditState
from wallet.examination import examine_wallets

AT_ONCE: Final = os.cpu_count() or 2
"""How many files are examined at once."""
ENDS_WITHIN: Final = timedelta(days=30)
_ON_ITS_WAY: Final = timedelta(hours=1)
_LARGEST_CHECKPOINT: Final = 64 * 1024

Told = Callable[[str, int], object]
"""Takes the name of a part, and how much of it was looked at."""


@dataclass(frozen=True)
class DoctorOrder:
    """What to look at."""

    checkpoint: Path | None = None
    """A checkpoint kept outside, or the state file of an audit; the last one on record where there is none."""
    sample: int | None = None
    """Files of so many licences, chosen at random, instead of all files."""
    ends_within: timedelta = ENDS_WITHIN
    """Certificates that end sooner are told of."""


@dataclass(frozen=True)
class Unlooked:
    """A part that could not be looked at."""

    part: str
    error: YinzhengError


@dataclass
class Diagnosis:
    """What was found."""

    findings: Findings = field(default_factory=Findings)
    looked: dict[str, float] = field(default_factory=dict)
    """Seconds that each part took."""
    unlooked: list[Unlooked] = field(default_factory=list)
    known: KnownHead | None = None
    """What the log was held to; None for a log that is still empty."""

    @property
    def sound(self) -> bool:
        """Whether everything was looked at and nothing is wrong; notices do not count."""
        return not self.unlooked and not any(
            count and kind.severity is not Severity.NOTICE for kind, count in self.findings.counts.items()
        )


@dataclass(frozen=True)
class DoctorKeys:
    """What opens with the key-encryption key. Nothing is made where it is missing."""

    custody: KeyCustody
    vault: FieldVault
    register: Register
    trust_list: TrustList
    inspector: Inspector


class Doctor:
    """Examines an installation.

    :param opened: opens what needs the key-encryption key.
    :param status_uri: the address of a status list.
    :param at_once: how many files are examined at once.
    :param settle_seconds: how long what is being issued may take from its file to its row.
    """

    def __init__(
        self,
        database: Database,
        objects: ObjectStore,
        clock: Clock,
        opened: Callable[[], DoctorKeys],
        *,
        status_uri: Callable[[int], str],
        at_once: int = AT_ONCE,
        settle_seconds: float = 10.0,
    ) -> None:
        self._database = database
        self._objects = objects
        self._clock = clock
        self._opened = opened
        self._status_uri = status_uri
        self._at_once = at_once
        self._settle_seconds = settle_seconds

    def examine(self, order: DoctorOrder, *, told: Told) -> Diagnosis:
        """Examine all parts.

        :raises YinzhengError: there is no way to look at anything: the database cannot be reached, no key opens, or
            the checkpoint is none.
        """
        keys = self._opened()
        found = Diagnosis()
        with self._database.still() as session:
            known = found.known = self._known(session, order.checkpoint)
            for part, findings in self._in_database(session, keys, order, known, found.findings, told):
                _look(found, part, findings)
        examiner = FileExaminer(
            database=self._database,
            register=keys.register,
            objects=self._objects,
            inspector=keys.inspector,
            clock=self._clock,
            status_uri=self._status_uri,
            threads=self._at_once,
        )
        files = examiner.run(found.findings, sample=order.sample, told=lambda count: told("files", count))
        _look(found, "files", files)
        if order.sample is None:
            _look(found, "other files", self._other_files(examiner, found.findings, told))
            orphans = examine_orphans(
                self._database,
                self._objects,
                settle_seconds=self._settle_seconds,
                told=lambda count: told("objects", count),
            )
            _look(found, "objects", orphans)
        return found

    def _in_database(
        self,
        session: Session,
        keys: DoctorKeys,
        order: DoctorOrder,
        known: KnownHead | None,
        found: Findings,
        told: Told,
    ) -> Iterator[tuple[str, Iterable[Finding]]]:
        now = self._clock.now()

        def tell(part: str) -> Callable[[int], object]:
            return lambda count: told(part, count)

        before = now + order.ends_within
        records = RecordLog(keys.vault)
        anchors = keys.trust_list.anchors(AnchorPurpose.LICENCE)
        yield "keys", examine_keys(session, keys.custody, told=tell("keys"))
        yield "certificates", examine_service_certificates(session, before=before)
        yield "seal certificates", examine_seal_certificates(session, before=before)
        yield "log", examine_ledger(session, known, records.opens, told=tell("log"))
        yield "seals", examine_seals(session, found)
        yield "uses", examine_uses(session, found, told=tell("uses"))
        yield "register", examine_licences(session, self._database, keys.vault, found, told=tell("register"))
        yield "status lists", examine_status_lists(session, anchors, found, uri=self._status_uri)
        yield "jobs", examine_outbox(session)
        yield "wallets", examine_wallets(session, found, before=now - _ON_ITS_WAY)

    def _other_files(self, examiner: FileExaminer, found: Findings, told: Told) -> Iterator[Finding]:
        for count, digest in enumerate(other_files(self._database), start=1):
            if f"object:{digest}" not in found:
                outcome = examiner.read(digest)
                if isinstance(outcome, Finding):
                    yield outcome
            told("other files", count)

    def _known(self, session: Session, path: Path | None) -> KnownHead | None:
        if path is None:
            return stored_head(session)
        try:
            if path.stat().st_size <= _LARGEST_CHECKPOINT:
                note = path.read_bytes()
                origin = note.partition(b"\n")[0].decode()
                signers = [NoteKey.of(origin, key) for key in keys_of(session, KeyPurpose.LOG)]
                checkpoint = Checkpoint.parse(open_note(note, signers))
                return KnownHead(checkpoint.size, checkpoint.root, path.name)
        except (OSError, UnicodeDecodeError, NoteInvalidError):
            pass
        try:
            kept = AuditState.read(path).checkpoint
        except AuditStateError as error:
            raise CheckpointUnusableError(path=path) from error
        if kept is None:
            raise CheckpointUnusableError(path=path)
        return KnownHead(kept.size, kept.root, path.name)


def _look(diagnosis: Diagnosis, part: str, findings: Iterable[Finding]) -> None:
    began = time.monotonic()
    try:
        for finding in findings:
            diagnosis.findings.add(finding)
    except YinzhengError as error:
        diagnosis.unlooked.append(Unlooked(part, error))
    else:
        diagnosis.looked[part] = time.monotonic() - began
