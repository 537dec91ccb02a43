"""Certificate profiles: what each kind of certificate may be used for, and for how long (RFC 5280)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from keys.custody import KeyPurpose

OID_ARC: Final = "2.25.106634572900769859524799499963733759173"
"""Root of the object identifiers that this project allots: the UUID 5039125b-4d3d-4c2e-896f-ca630cd9d4c5 under the arc
2.25 of ITU-T X.667, where nobody has to be asked."""

CERTIFICATE_POLICY: Final = f"{OID_ARC}.1.1"
"""Policy of the certificates of the embedded certificate authority."""

TIMESTAMP_POLICY: Final = f"{OID_ARC}.2.1"
"""Policy of our time stamps (RFC 3161 2.4.2): accuracy one second, SHA-256, SHA-384 or SHA-512 imprints."""

PRESENTATION_SIGNING: Final = x509.ObjectIdentifier(f"{OID_ARC}.3.1")
"""Extended key usage of our own: signs offline presentations of licences (离线亮证), and nothing else."""

DOCUMENT_SIGNING: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")
"""id-kp-documentSigning, RFC 9336."""

STATUS_LIST_SIGNING: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.30")
"""id-kp-oauthStatusSigning, draft-ietf-oauth-status-list."""


class CertificateProfile(StrEnum):
    """The kinds of certificate that are issued."""

    ROOT_CA = "root-ca"
    ISSUING_CA = "issuing-ca"
    SEAL = "seal"
    SEAL_MAKER = "seal-maker"
    TIMESTAMP = "timestamp"
    OCSP = "ocsp"
    TOKEN = "token"  # noqa: S105  a word, no secret
    PERSON = "person"
    LOG = "log"
    STATUS_LIST = "status-list"
    PRESENTATION = "presentation"

    @property
    def rules(self) -> ProfileRules:
        """What a certificate of this profile contains."""
        return _RULES[self]


@dataclass(frozen=True, slots=True)
class ProfileRules:
    """What a certificate of one profile contains.

    ``years`` is the longest validity, ``purposes`` the keys that it may certify, ``path_length`` how many further
    authorities may follow; nothing for what is no authority. One without ``status`` is not asked about: relying parties
    take it as it stands until it ends (RFC 6960 4.2.2.2.1). ``days`` goes before ``years``. One ``by_root`` is issued
    by the root itself and names no addresses: it travels where there is no room for a second certificate.
    """

    years: int
    purposes: frozenset[KeyPurpose]
    key_usage: x509.KeyUsage
    extended_key_usage: x509.ExtendedKeyUsage | None = None
    extended_key_usage_critical: bool = False
    authority: bool = False
    path_length: int | None = None
    status: bool = True
    days: int | None = None
    by_root: bool = False


@dataclass(frozen=True, slots=True)
class AuthorityUrls:
    """Where relying parties find the issuing certificate, its revocation list and its status service."""

    issuer: str | None = None
    crl: str | None = None
    ocsp: str | None = None


def profile_for(purpose: KeyPurpose) -> CertificateProfile:
    """The profile of the certificates for keys of a purpose."""
    return next(profile for profile, rules in _RULES.items() if purpose in rules.purposes)


def _usage(*, sign: bool = False, commit: bool = False, authority: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=sign,
        content_commitment=commit,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


_RULES: Final = {
    CertificateProfile.ROOT_CA: ProfileRules(
        20, frozenset({KeyPurpose.ROOT_CA}), _usage(authority=True), authority=True, path_length=1
    ),
    CertificateProfile.ISSUING_CA: ProfileRules(
        10, frozenset({KeyPurpose.ISSUING_CA}), _usage(authority=True), authority=True, path_length=0
    ),
    # NSS, and with it the viewers built on Poppler, trusts a signer with extended usages only if e-mail is among them
    CertificateProfile.SEAL: ProfileRules(
        3,
        frozenset({KeyPurpose.SEAL}),
        _usage(sign=True, commit=True),
        x509.ExtendedKeyUsage([DOCUMENT_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION]),
    ),
    # what people and companies sign with; one by one, each authorised by them
    CertificateProfile.PERSON: ProfileRules(
        3,
        frozenset({KeyPurpose.PERSON}),
        _usage(sign=True, commit=True),
        x509.ExtendedKeyUsage([DOCUMENT_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION]),
    ),
    # who signs seal data (GB/T 38540-2020) is known by the key usage alone
    CertificateProfile.SEAL_MAKER: ProfileRules(5, frozenset({KeyPurpose.SEAL_MAKER}), _usage(sign=True, commit=True)),
    # RFC 3161 2.3: one key purpose, and critical
    CertificateProfile.TIMESTAMP: ProfileRules(
        5,
        frozenset({KeyPurpose.TIMESTAMP}),
        _usage(sign=True),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]),
        extended_key_usage_critical=True,
    ),
    CertificateProfile.OCSP: ProfileRules(
        1,
        frozenset({KeyPurpose.OCSP}),
        _usage(sign=True),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]),
        status=False,
    ),
    CertificateProfile.TOKEN: ProfileRules(
        1, frozenset({KeyPurpose.TOKEN, KeyPurpose.RECEIPT, KeyPurpose.CONSENT}), _usage(sign=True)
    ),
    # who follows the log knows its key, so that it changes as seldom as may be
    CertificateProfile.LOG: ProfileRules(10, frozenset({KeyPurpose.LOG}), _usage(sign=True)),
    CertificateProfile.STATUS_LIST: ProfileRules(
        1, frozenset({KeyPurpose.STATUS_LIST}), _usage(sign=True), x509.ExtendedKeyUsage([STATUS_LIST_SIGNING])
    ),
    # within a QR code, read by who asks nobody: short-lived, since there it cannot be revoked, and small
    CertificateProfile.PRESENTATION: ProfileRules(
        1,
        frozenset({KeyPurpose.PRESENTATION}),
        _usage(sign=True),
        x509.ExtendedKeyUsage([PRESENTATION_SIGNING]),
        extended_key_usage_critical=True,
        days=90,
        by_root=True,
    ),
}
