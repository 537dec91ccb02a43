"""A small public key infrastructure to test with, and variations of it that an attacker might set up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from verify.anchors import TrustAnchors

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
SEALED_AT = NOW - timedelta(days=30)

DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True)
class Identity:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    def sign(self, message: bytes, algorithm: hashes.HashAlgorithm | None = None) -> bytes:
        algorithm = algorithm or hashes.SHA256()
        if isinstance(self.key, ed25519.Ed25519PrivateKey):
            return self.key.sign(message)
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(message, padding.PKCS1v15(), algorithm)
        return self.key.sign(message, ec.ECDSA(algorithm))


def name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "青岛市测试局"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def key_usage(*, sign: bool = False, authority: bool = False, encipher: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=sign,
        content_commitment=sign,
        key_encipherment=encipher,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def issue(
    common_name: str,
    issuer: Identity | None = None,
    *,
    key: Key | None = None,
    authority: bool = False,
    usage: x509.KeyUsage | None = None,
    purposes: Sequence[x509.ObjectIdentifier] = (),
    purposes_critical: bool = False,
    days: tuple[int, int] = (-400, 1000),
    issuer_name: x509.Name | None = None,
    path_length: int | None = None,
    digest: hashes.HashAlgorithm | None = None,
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
) -> Identity:
    """A certificate; self-signed where there is no issuer. ``days`` are its validity, relative to now."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    signing_key = issuer.key if issuer else key
    named = issuer_name or (issuer.certificate.subject if issuer else name(common_name))
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(common_name))
        .issuer_name(named)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=days[0]))
        .not_valid_after(NOW + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=path_length), critical=True)
        .add_extension(usage or key_usage(sign=not authority, authority=authority), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if issuer is not None:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
        builder = builder.add_extension(identifier, critical=False)
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=purposes_critical)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return Identity(builder.sign(signing_key, digest or hashes.SHA256()), key)


@dataclass(frozen=True)
class Pki:
    """Root, issuing authority, a seal's certificate and a time-stamp authority's."""

    root: Identity
    issuing: Identity
    seal: Identity
    tsa: Identity

    @property
    def anchors(self) -> TrustAnchors:
        return TrustAnchors.of([self.root.certificate])


def make_pki() -> Pki:
    root = issue("测试根", authority=True)
    issuing = issue("测试签发", root, authority=True, path_length=0)
    return Pki(
        root,
        issuing,
        issue("测试专用章", issuing, purposes=[DOCUMENT_SIGNING]),
        issue("测试时间戳", issuing, purposes=[ExtendedKeyUsageOID.TIME_STAMPING], purposes_critical=True),
    )
