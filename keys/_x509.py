"""Putting certificates together from their parts, to be signed by any custody (RFC 5280 4.1)."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID

from keys import _der, der
from keys.custody import KeyAlgorithm
from keys.profiles import CERTIFICATE_POLICY, AuthorityUrls, ProfileRules
from keys.sm2 import SM2_WITH_SM3

SIGNATURE_ALGORITHMS: Final = {
    # RFC 5758 3.2: no parameters; RFC 4055 5: NULL
    KeyAlgorithm.ECDSA_P256: der.sequence(der.oid("1.2.840.10045.4.3.2")),
    KeyAlgorithm.RSA_3072: der.sequence(der.oid("1.2.840.113549.1.1.11"), der.null()),
    KeyAlgorithm.SM2: der.sequence(der.oid(SM2_WITH_SM3)),
}
"""AlgorithmIdentifier of the signatures that a custody makes with each kind of key."""

_ANY_POLICY: Final = "2.5.29.32.0"


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who signs: name and public key (SubjectPublicKeyInfo) in DER, algorithm, and how to have it signed."""

    name: bytes
    public_key: bytes
    algorithm: KeyAlgorithm
    sign: Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class CertificateBody:
    """What the certificate says; ``subject`` is a name in DER."""

    subject: bytes
    public_key: bytes
    not_before: datetime
    not_after: datetime
    rules: ProfileRules
    urls: AuthorityUrls | None


def random_serial() -> int:
    """A serial number that nobody guesses: positive, 20 bytes, 158 of its bits random (RFC 5280 4.1.2.2)."""
    return (1 << 158) | secrets.randbits(158)


def key_identifier(public_key: bytes) -> bytes:
    """160 bits of the SHA-256 of the public key's bits (RFC 7093 section 2, method 1)."""
    bits: bytes = asn1_keys.PublicKeyInfo.load(public_key)["public_key"].contents[1:]
    return hashlib.sha256(bits).digest()[:20]


def subject_of(certificate: x509.Certificate) -> bytes:
    """The subject's name as it stands in a certificate.

    ``cryptography`` counts the bounds of RFC 5280 in bytes where the standard counts characters, and so complains
    about names of more than 21 Chinese ones; names are passed around as they are encoded.
    """
    parsed = asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
    name: bytes = parsed["tbs_certificate"]["subject"].dump()
    return name


def signed(to_be_signed: bytes, issuer: Issuer) -> bytes:
    """What X.509 calls SIGNED: contents, algorithm and signature in a sequence."""
    return der.sequence(
        to_be_signed, SIGNATURE_ALGORITHMS[issuer.algorithm], _der.bit_string(issuer.sign(to_be_signed))
    )


def make_certificate(body: CertificateBody, issuer: Issuer) -> x509.Certificate:
    """Have a certificate signed; it is read back before it leaves."""
    to_be_signed = der.sequence(
        der.explicit(0, der.integer(2)),
        der.integer(random_serial()),
        SIGNATURE_ALGORITHMS[issuer.algorithm],
        issuer.name,
        der.sequence(_der.x509_time(body.not_before), _der.x509_time(body.not_after)),
        body.subject,
        body.public_key,
        der.explicit(3, der.sequence(*(encode_extension(*extension) for extension in _extensions(body, issuer)))),
    )
    return x509.load_der_x509_certificate(signed(to_be_signed, issuer))


def _extensions(body: CertificateBody, issuer: Issuer) -> list[tuple[x509.ExtensionType, bool]]:
    rules = body.rules
    self_signed = body.public_key == issuer.public_key
    found: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=rules.authority, path_length=rules.path_length), True),
        (rules.key_usage, True),
        (x509.SubjectKeyIdentifier(key_identifier(body.public_key)), False),
    ]
    if rules.extended_key_usage is not None:
        found.append((rules.extended_key_usage, rules.extended_key_usage_critical))
    if self_signed:
        return found
    found.append((x509.AuthorityKeyIdentifier(key_identifier(issuer.public_key), None, None), False))
    policy = _ANY_POLICY if rules.authority else CERTIFICATE_POLICY
    policies = [x509.PolicyInformation(x509.ObjectIdentifier(policy), None)]
    found.append((x509.CertificatePolicies(policies), False))
    urls = body.urls
    if not rules.status:
        found.append((x509.OCSPNoCheck(), False))
        urls = None if urls is None else AuthorityUrls(issuer=urls.issuer)
    if urls is not None:
        found.extend((extension, False) for extension in _url_extensions(urls))
    return found


def _url_extensions(urls: AuthorityUrls) -> Sequence[x509.ExtensionType]:
    found: list[x509.ExtensionType] = []
    access = [
        x509.AccessDescription(method, x509.UniformResourceIdentifier(url))
        for method, url in (
            (AuthorityInformationAccessOID.OCSP, urls.ocsp),
            (AuthorityInformationAccessOID.CA_ISSUERS, urls.issuer),
        )
        if url is not None
    ]
    if access:
        found.append(x509.AuthorityInformationAccess(access))
    if urls.crl is not None:
        point = x509.DistributionPoint([x509.UniformResourceIdentifier(urls.crl)], None, None, None)
        found.append(x509.CRLDistributionPoints([point]))
    return found


def encode_extension(value: x509.ExtensionType, critical: bool = False) -> bytes:
    """An Extension (RFC 5280 4.1)."""
    flag = (_der.boolean(True),) if critical else ()
    oid = der.oid(value.oid.dotted_string)
    return der.sequence(oid, *flag, der.octet_string(value.public_bytes()))
