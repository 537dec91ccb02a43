"""The transparency log (透明日志): the ledger as anybody may follow it, under checkpoints that we sign.

Served as C2SP tlog-tiles. A checkpoint bears the signature of every key that the log has had, so that whoever knows an
earlier one can go on.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import Encoding

from keys import CertificateAuthority, KeyAlgorithm, KeyCustody, KeyPurpose, Subject
from keys.notes import Checkpoint, NoteKey, NoteSigner, sign_note
from store.ledger import Ledger, LedgerEntry, TreeHead
from trust.licence_log import LicenceLog, log_subject

PROOF_FORMAT: Final = "yinzheng-log-proof/1"
"""Names the form of a proof, so that a reader in twenty years knows what it has."""

_SUBJECT: Final = Subject(common_name="印证 透明日志", organisation="印证电子证照服务")


@dataclass(frozen=True, slots=True)
class LogProof:
    """That a record about a licence stands in the log, for the holder and the issuer: it opens the record."""

    identifier: str
    number: int
    leaf: bytes
    opening: bytes
    salt: bytes
    position: int
    hashes: tuple[bytes, ...]
    checkpoint: str
    certificates: tuple[bytes, ...]
    """From the log's to the one under the root, DER."""

    def to_json(self) -> dict[str, Any]:
        """As a JSON object; what is hashed stands in it as text, byte for byte."""
        return {
            "format": PROOF_FORMAT,
            "identifier": self.identifier,
            "number": self.number,
            "leaf": self.leaf.decode(),
            "opening": self.opening.decode(),
            "salt": self.salt.hex(),
            "position": self.position,
            "hashes": [each.hex() for each in self.hashes],
            "checkpoint": self.checkpoint,
            "certificates": [base64.b64encode(each).decode() for each in self.certificates],
        }


class TransparencyLog:
    """Signs checkpoints of the ledger, and proves what stands in it. Safe to use from several threads."""

    def __init__(
        self, ledger: Ledger, records: LicenceLog, custody: KeyCustody, authority: CertificateAuthority, *, origin: str
    ) -> None:
        """:param origin: the log's name: its address without the scheme."""
        self.ledger = ledger
        self.origin = origin
        self._records = records
        self._custody = custody
        self._authority = authority
        self._signers: tuple[NoteSigner, ...] = ()
        self._certificates: tuple[bytes, ...] = ()
        self._signed: tuple[TreeHead, str] | None = None
        self._lock = Lock()

    def checkpoint(self) -> str:
        """The newest checkpoint, signed."""
        head = self.ledger.head()
        known = self._signed
        if known is not None and known[0] == head:
            return known[1]
        note = sign_note(Checkpoint(self.origin, head.size, head.root).text, self._ready())
        self._signed = (head, note)
        return note

    def verifier_keys(self) -> list[NoteKey]:
        """The keys that checkpoints are signed with, the newest first."""
        return [signer.key for signer in self._ready()]

    def prove(self, identifier: str) -> list[LogProof]:
        """Proofs of all records about a licence, oldest first; those that wait are given their place first."""
        entries = self._placed(identifier)
        checkpoint = self.checkpoint()
        return self._proofs([(identifier, entry) for entry in entries], checkpoint)

    def latest_of(self, identifiers: Collection[str]) -> dict[str, LogProof]:
        """The proof of the newest record about each of some licences, where there is one."""
        subjects = [log_subject(each) for each in identifiers]
        newest = self.ledger.newest_about(subjects)
        if any(entry.position is None for entry in newest.values()):
            self.ledger.sequence()
            newest = self.ledger.newest_about(subjects)
        checkpoint = self.checkpoint()
        found = [
            (each, newest[subject]) for each, subject in zip(identifiers, subjects, strict=True) if subject in newest
        ]
        return {proof.identifier: proof for proof in self._proofs(found, checkpoint)}

    def _placed(self, identifier: str) -> list[LedgerEntry]:
        subject = log_subject(identifier)
        entries = self.ledger.entries_about(subject)
        if any(entry.position is None for entry in entries):
            self.ledger.sequence()
            entries = self.ledger.entries_about(subject)
        return entries

    def _proofs(self, entries: Sequence[tuple[str, LedgerEntry]], checkpoint: str) -> list[LogProof]:
        size = Checkpoint.parse(checkpoint).size
        positions = [entry.position for _, entry in entries if entry.position is not None]
        if len(positions) != len(entries):
            raise ValueError("an entry was not sequenced")
        return [
            LogProof(
                identifier,
                entry.number,
                entry.data,
                entry.opening,
                self._records.salt(identifier, entry.number),
                position,
                tuple(hashes),
                checkpoint,
                self._certificates,
            )
            for (identifier, entry), position, hashes in zip(
                entries, positions, self.ledger.inclusions(positions, size), strict=True
            )
        ]

    def _ready(self) -> Sequence[NoteSigner]:
        with self._lock:
            if not self._signers:
                self._authority.ensure_service(KeyPurpose.LOG, _SUBJECT, algorithm=KeyAlgorithm.ED25519)
                current = self._authority.current(KeyPurpose.LOG)
                chain = self._authority.chain(current.certificate)
                self._certificates = tuple(each.public_bytes(Encoding.DER) for each in chain[:-1])
                held = [each.key for each in self._authority.overview() if each.key.purpose is KeyPurpose.LOG]
                held.sort(key=lambda key: (key.id != current.key_id, -key.id))
                self._signers = tuple(NoteSigner(self._custody, key, self.origin) for key in held)
            return self._signers
