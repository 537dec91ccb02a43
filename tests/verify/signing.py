"""Writing CMS signatures and time stamps, right ones and wrong ones."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

from keys.der import explicit, integer, null, octet_string, oid, sequence, set_of, tlv
from tests.verify.pki import SEALED_AT, Identity, Pki

DATA = "1.2.840.113549.1.7.1"
TST_INFO = "1.2.840.113549.1.9.16.1.4"
DIGESTS = {
    "md5": ("1.2.840.113549.2.5", hashes.MD5()),
    "sha1": ("1.3.14.3.2.26", hashes.SHA1()),
    "sha256": ("2.16.840.1.101.3.4.2.1", hashes.SHA256()),
    "sha384": ("2.16.840.1.101.3.4.2.2", hashes.SHA384()),
    "sha512": ("2.16.840.1.101.3.4.2.3", hashes.SHA512()),
}
ECDSA = {
    "sha1": "1.2.840.10045.4.1",
    "sha256": "1.2.840.10045.4.3.2",
    "sha384": "1.2.840.10045.4.3.3",
    "sha512": "1.2.840.10045.4.3.4",
}
RSA = {
    "md5": "1.2.840.113549.1.1.4",
    "sha1": "1.2.840.113549.1.1.5",
    "sha256": "1.2.840.113549.1.1.11",
    "sha384": "1.2.840.113549.1.1.12",
    "sha512": "1.2.840.113549.1.1.13",
}


def attribute(kind: str, *values: bytes) -> bytes:
    return sequence(oid(kind), set_of(values))


def digest_algorithm(digest: str) -> bytes:
    return sequence(oid(DIGESTS[digest][0]))


def signature_algorithm(signer: Identity, digest: str) -> bytes:
    if isinstance(signer.key, rsa.RSAPrivateKey):
        return sequence(oid(RSA[digest]), null())
    return sequence(oid(ECDSA[digest]))


def reference(certificate: bytes) -> bytes:
    """signing-certificate-v2."""
    entry = sequence(octet_string(hashlib.sha256(certificate).digest()))
    return attribute("1.2.840.113549.1.9.16.2.47", sequence(sequence(entry)))


@dataclass(frozen=True)
class Signer:
    """How a signature is written; the defaults are those of a licence's seal."""

    identity: Identity
    certificates: tuple[bytes, ...]
    digest: str = "sha256"
    content_type: str = DATA
    content: bytes | None = None
    version: int = 1
    signer_version: int = 1
    attributes: Callable[[bytes], Sequence[bytes]] | None = None
    """Signed attributes for a digest, instead of the usual ones."""
    unsigned: Sequence[bytes] = ()
    stamp: Callable[[bytes], bytes] | None = None
    """Makes a time-stamp token over a signature."""
    extra_signers: Sequence[bytes] = field(default=())
    sort_certificates: bool = True

    def with_(self, **changes: object) -> Signer:
        return replace(self, **changes)  # type: ignore[arg-type]

    def usual_attributes(self, digest: bytes) -> list[bytes]:
        return [
            attribute("1.2.840.113549.1.9.3", oid(self.content_type)),
            attribute("1.2.840.113549.1.9.4", octet_string(digest)),
            reference(self.identity.der),
        ]

    def signer_info(self, digest: bytes) -> bytes:
        attributes = set_of((self.attributes or self.usual_attributes)(digest))
        signature = self.identity.sign(attributes, DIGESTS[self.digest][1])
        certificate = self.identity.certificate
        parts = [
            integer(self.signer_version),
            sequence(certificate.issuer.public_bytes(), integer(certificate.serial_number)),
            digest_algorithm(self.digest),
            b"\xa0" + attributes[1:],
            signature_algorithm(self.identity, self.digest),
            octet_string(signature),
        ]
        unsigned = [*self.unsigned]
        if self.stamp is not None:
            unsigned.append(attribute("1.2.840.113549.1.9.16.2.14", self.stamp(signature)))
        if unsigned:
            parts.append(set_of(unsigned, tag=0xA1))
        return sequence(*parts)

    def cms(self, digest: bytes) -> bytes:
        """The whole structure over a digest of the document (or of the content)."""
        content = b"" if self.content is None else explicit(0, octet_string(self.content))
        ordered: Iterable[bytes] = self.certificates
        certificates = set_of(ordered, tag=0xA0) if self.sort_certificates else tlv(0xA0, *ordered)
        return sequence(
            oid("1.2.840.113549.1.7.2"),
            explicit(
                0,
                sequence(
                    integer(self.version),
                    set_of((digest_algorithm(self.digest),)),
                    sequence(oid(self.content_type), content),
                    certificates,
                    set_of((self.signer_info(digest), *self.extra_signers)),
                ),
            ),
        )


def hash_of(digest: str, data: bytes) -> bytes:
    return hashlib.new(digest, data).digest()


def time_stamp(
    signer: Signer, stamped: bytes, *, at: datetime = SEALED_AT, digest: str = "sha256", hashed: bool = False
) -> bytes:
    """An RFC 3161 token over some bytes (or over data with this digest)."""
    imprint = stamped if hashed else hash_of(digest, stamped)
    info = sequence(
        integer(1),
        oid("1.2.3.4"),
        sequence(digest_algorithm(digest), octet_string(imprint)),
        integer(4711),
        tlv(0x18, f"{at:%Y%m%d%H%M%SZ}".encode()),
    )
    return signer.with_(content_type=TST_INFO, content=info, version=3).cms(hash_of(signer.digest, info))


def tsa_signer(pki: Pki, identity: Identity | None = None) -> Signer:
    identity = identity or pki.tsa
    return Signer(identity, (identity.der, pki.issuing.der))


def seal_signer(pki: Pki, identity: Identity | None = None, **changes: object) -> Signer:
    """The signer of a licence's seal, time stamp included."""
    identity = identity or pki.seal
    signer = Signer(
        identity,
        (identity.der, pki.issuing.der),
        stamp=lambda signature: time_stamp(tsa_signer(pki), signature),
    )
    return signer.with_(**changes)
