"""A house with the services that tell about certificates, and short ways to ask them."""

from __future__ import annotations

import dataclasses
import subprocess
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from keys_house import SUBJECT, House, write_pem

from keys import (
    AuthorityUrls,
    CertificateAuthority,
    CertificateProfile,
    CertificateRecord,
    KeyAlgorithm,
    KeyPurpose,
    OcspResponder,
    PkiEvidence,
    Revocation,
    RevocationList,
    RevocationLists,
    RevocationReason,
    TimestampAuthority,
)
from keys.sm2 import SIGNER_ID
from store.clock import FixedClock
from store.database import Database


@dataclass
class Pki:
    """A house and what it says about its certificates, as one process has it."""

    house: House
    lists: RevocationLists
    responder: OcspResponder
    evidence: PkiEvidence

    @classmethod
    def over(cls, house: House) -> Pki:
        lists = RevocationLists(house.database, house.custody, house.clock)
        responder = OcspResponder(house.custody, house.authority, house.database, house.clock)
        evidence = PkiEvidence(house.database, house.authority, lists, responder)
        return cls(house, lists, responder, evidence)

    @classmethod
    def open(cls, database: Database, clock: FixedClock, algorithm: KeyAlgorithm = KeyAlgorithm.ECDSA_P256) -> Pki:
        return cls.over(_with_addresses(House.open(database, clock), algorithm))

    def another_process(self) -> Pki:
        return Pki.over(_with_addresses(self.house.another_process(), KeyAlgorithm.ECDSA_P256))

    def seal(self, algorithm: KeyAlgorithm = KeyAlgorithm.ECDSA_P256) -> CertificateRecord:
        return self.house.certify(self.house.make_key(KeyPurpose.SEAL, algorithm), CertificateProfile.SEAL, SUBJECT)

    def issuer_of(self, record: CertificateRecord) -> CertificateRecord:
        assert record.issuer_id is not None
        return self.house.authority.get(record.issuer_id)

    def root(self) -> CertificateRecord:
        return next(each for each in self.house.authority.authorities() if each.issuer_id is None)

    def issuing(self) -> CertificateRecord:
        newest = self.house.authority.issuing
        return next(each for each in self.house.authority.authorities() if each.certificate == newest)

    def revoke(
        self,
        record: CertificateRecord,
        reason: RevocationReason = RevocationReason.KEY_COMPROMISE,
        *,
        since: datetime | None = None,
    ) -> Revocation:
        with self.house.database.transaction() as session:
            return self.house.authority.revoke(session, record.id, reason, actor="officer:1", invalid_since=since)

    def list_of(self, issuer: CertificateRecord | None = None) -> RevocationList:
        return self.lists.current(issuer or self.issuing())

    def advance(self, **by: float) -> None:
        self.house.clock.advance(timedelta(**by))

    def seconds(self) -> int:
        return int(self.house.clock.now().timestamp())


def _with_addresses(house: House, algorithm: KeyAlgorithm) -> House:
    """The same house, whose certificates name where to ask about them: pyHanko asks about no others."""
    urls = AuthorityUrls("http://ca.example/ca.crt", "http://ca.example/ca.crl", "http://ca.example/ocsp")
    authority = CertificateAuthority(
        house.database, house.custody, house.clock, algorithm=algorithm, urls=lambda _: urls
    )
    authority.ensure()
    timestamps = TimestampAuthority(house.custody, authority, house.database, house.clock)
    return dataclasses.replace(house, authority=authority, timestamps=timestamps)


def parsed(found: RevocationList) -> x509.CertificateRevocationList:
    return x509.load_der_x509_crl(found.der)


def lists_as_pem(path: Path, *lists: RevocationList) -> Path:
    path.write_bytes(b"".join(parsed(each).public_bytes(Encoding.PEM) for each in lists))
    return path


def as_asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


def as_asn1_list(der: bytes) -> asn1_crl.CertificateList:
    return asn1_crl.CertificateList.load(der, strict=True)


def as_asn1_answer(der: bytes) -> asn1_ocsp.OCSPResponse:
    return asn1_ocsp.OCSPResponse.load(der, strict=True)


def sm2_verifies(signer: x509.Certificate, signed: bytes, signature: bytes, folder: Path) -> bool:
    """What OpenSSL says of an SM2-with-SM3 signature by the key of a certificate."""
    data, value = folder / "signed", folder / "signature"
    data.write_bytes(signed)
    value.write_bytes(signature)
    command = [
        *("openssl", "pkeyutl", "-verify", "-certin", "-inkey", write_pem(folder / "signer.pem", signer)),
        *("-rawin", "-digest", "sm3", "-pkeyopt", f"distid:{SIGNER_ID.decode()}", "-in", data, "-sigfile", value),
    ]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
