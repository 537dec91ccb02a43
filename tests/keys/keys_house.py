"""A house with keys: everything of one installation that these tests look at."""

from __future__ import annotations

import secrets
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from keys import (
    CertificateAuthority,
    CertificateProfile,
    CertificateRecord,
    KeyAlgorithm,
    KeyEncryptionKey,
    KeyInfo,
    KeyPurpose,
    RawKey,
    SoftCustody,
    Subject,
    TimestampAuthority,
)
from store.clock import FixedClock
from store.database import Database

START = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
SUBJECT = Subject(
    common_name="青岛市行政审批服务局",
    organisation="青岛市行政审批服务局",
    organisation_identifier="NTRCN-11370200MB2857833X",
    province="山东省",
    locality="青岛市",
)


@dataclass
class House:
    """Everything of one installation, as one process of it has it."""

    database: Database
    clock: FixedClock
    source: RawKey
    kek: KeyEncryptionKey
    custody: SoftCustody
    authority: CertificateAuthority
    timestamps: TimestampAuthority

    @classmethod
    def open(cls, database: Database, clock: FixedClock, source: RawKey | None = None) -> House:
        source = source or RawKey(secrets.token_bytes(32))
        kek = KeyEncryptionKey.open(database, source, clock)
        custody = SoftCustody(database, kek, clock)
        authority = CertificateAuthority(database, custody, clock)
        timestamps = TimestampAuthority(custody, authority, database, clock)
        return cls(database, clock, source, kek, custody, authority, timestamps)

    def another_process(self) -> House:
        """A second process on the same database, with nothing in its memory."""
        return House.open(self.database, self.clock, self.source)

    def make_key(
        self, purpose: KeyPurpose = KeyPurpose.SEAL, algorithm: KeyAlgorithm = KeyAlgorithm.ECDSA_P256
    ) -> KeyInfo:
        with self.database.transaction() as session:
            return self.custody.generate(session, algorithm=algorithm, purpose=purpose, label="a key")

    def certify(
        self, key: KeyInfo, profile: CertificateProfile = CertificateProfile.SEAL, subject: Subject = SUBJECT
    ) -> CertificateRecord:
        with self.database.transaction() as session:
            return self.authority.issue(session, key.id, profile, subject)


def write_pem(path: Path, *certificates: x509.Certificate) -> Path:
    """Certificates as a file for OpenSSL."""
    path.write_bytes(b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates))
    return path


def openssl(*arguments: object, data: bytes = b"") -> str:
    """What OpenSSL says to something; its standard error when it fails."""
    done = subprocess.run(["openssl", *map(str, arguments)], input=data, capture_output=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr).decode()
    return done.stdout.decode()
