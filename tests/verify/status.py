"""What authorities say about certificates, rightly and wrongly: status answers and revocation lists."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from keys.der import explicit, integer, null, octet_string, oid, sequence, tlv
from tests.verify.pki import NOW, SEALED_AT, Identity, Pki, issue
from tests.verify.signing import DIGESTS, signature_algorithm
from verify.revocation import RevocationData

NO_CHECK = ((x509.OCSPNoCheck(), False),)

REASONS = {
    x509.ReasonFlags.key_compromise: 1,
    x509.ReasonFlags.ca_compromise: 2,
    x509.ReasonFlags.superseded: 4,
    x509.ReasonFlags.certificate_hold: 6,
}


@dataclass(frozen=True)
class Revoked:
    """When a certificate was revoked, and why."""

    at: datetime
    reason: x509.ReasonFlags | None = None
    invalid_since: datetime | None = None


def responder(issuer: Identity, **changes: object) -> Identity:
    settings = {"purposes": [ExtendedKeyUsageOID.OCSP_SIGNING], "extensions": NO_CHECK} | changes
    return issue("测试状态服务", issuer, **settings)  # type: ignore[arg-type]


def time(at: datetime) -> bytes:
    return tlv(0x18, f"{at:%Y%m%d%H%M%SZ}".encode())


def answer(
    certificate: Identity,
    issuer: Identity,
    by: Identity,
    *,
    at: datetime = SEALED_AT,
    lasts: timedelta | None = timedelta(days=1),
    revoked: Revoked | None = None,
    unknown: bool = False,
    produced_at: datetime | None = None,
    digest: str = "sha256",
    extensions: Sequence[bytes] = (),
) -> bytes:
    """An OCSPResponse; the library's would have the time of the machine in it."""
    named, key = issuer.certificate, x509.SubjectKeyIdentifier.from_public_key(issuer.key.public_key()).digest
    sha1 = hashlib.sha1(named.subject.public_bytes(), usedforsecurity=False).digest()
    identifier = sequence(
        sequence(oid("1.3.14.3.2.26"), null()),
        octet_string(sha1),
        octet_string(key),
        integer(certificate.certificate.serial_number),
    )
    status = tlv(0x82) if unknown else tlv(0x80)
    if revoked is not None:
        why = () if revoked.reason is None else (explicit(0, tlv(0x0A, bytes([REASONS[revoked.reason]]))),)
        status = tlv(0xA1, time(revoked.at), *why)
    until = b"" if lasts is None else explicit(0, time(at + lasts))
    single = sequence(identifier, status, time(at), until)
    more = (explicit(1, sequence(*extensions)),) if extensions else ()
    name = x509.SubjectKeyIdentifier.from_public_key(by.certificate.public_key()).digest  # type: ignore[arg-type]
    body = sequence(explicit(2, octet_string(name)), time(produced_at or at), sequence(single), *more)
    signature = by.sign(body, DIGESTS[digest][1])
    certificates = () if by is issuer else (explicit(0, sequence(by.der)),)
    basic = sequence(body, signature_algorithm(by, digest), tlv(0x03, b"\x00" + signature), *certificates)
    wrapped = sequence(oid("1.3.6.1.5.5.7.48.1.1"), octet_string(basic))
    return sequence(tlv(0x0A, b"\x00"), explicit(0, wrapped))


def revocation_list(
    issuer: Identity,
    revoked: Sequence[tuple[Identity, Revoked]] = (),
    *,
    at: datetime = SEALED_AT,
    lasts: timedelta = timedelta(days=7),
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
    key: Identity | None = None,
) -> bytes:
    """A revocation list; ``key`` signs it instead of the issuer's own."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(at)
        .next_update(at + lasts)
    )
    for identity, entry in revoked:
        line = x509.RevokedCertificateBuilder().serial_number(identity.certificate.serial_number)
        line = line.revocation_date(entry.at)
        if entry.reason is not None:
            line = line.add_extension(x509.CRLReason(entry.reason), critical=False)
        if entry.invalid_since is not None:
            line = line.add_extension(x509.InvalidityDate(entry.invalid_since), critical=False)
        builder = builder.add_revoked_certificate(line.build())
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign((key or issuer).key, hashes.SHA256()).public_bytes(Encoding.DER)


def good_data(pki: Pki, *, at: datetime = SEALED_AT) -> RevocationData:
    """What a seal's validation data has to hold: answers for the seal and the time stamp, the root's list."""
    by = responder(pki.issuing)
    answers = tuple(answer(each, pki.issuing, by, at=at) for each in (pki.seal, pki.tsa))
    return RevocationData(answers, (revocation_list(pki.root, at=at),))


def now_revoked(pki: Pki, identity: Identity, entry: Revoked) -> RevocationData:
    """The issuing authority's list of today, with one certificate on it."""
    return RevocationData(crls=(revocation_list(pki.issuing, [(identity, entry)], at=NOW - timedelta(hours=1)),))
