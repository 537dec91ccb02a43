"""Custody of private keys and what is signed with them directly: certificates, time stamps, tokens.

Whoever wants something signed names a key and asks; no private key ever leaves this package. Personal data that rests
encrypted does so through :class:`FieldVault`.
"""

from keys import _tables  # noqa: F401  registers the tables
from keys.archive_key import ArchiveKey
from keys.assertions import PublicKeySet, claimed_client, verify_assertion
from keys.authority import CertificateAuthority
from keys.certificates import CertificateRecord, CertificateState, KeyOverview, held_state
from keys.chains import read_chain
from keys.crl import RevocationList, RevocationLists
from keys.custody import KeyAlgorithm, KeyCustody, KeyInfo, KeyPurpose
from keys.errors import KeysError
from keys.evidence import PkiEvidence, RevocationEvidence
from keys.field_keys import FieldKey, FieldKeys, Reencryption
from keys.hsm_errors import HsmUnavailableError
from keys.id_tokens import ID_TOKEN_ALGORITHMS, LONGEST_LEEWAY, ProviderKeys, named_key, verify_id_token
from keys.jose import TokenSigner, TokenVerifier, VerifiedToken
from keys.jwks import TokenKeys
from keys.kek import KekSource, KeyEncryptionKey, Passphrase, RawKey, ScryptCost, create_key_file, kek_fingerprint
from keys.keyring import Keyring
from keys.ocsp import OcspAnswer, OcspResponder
from keys.profiles import TIMESTAMP_POLICY, AuthorityUrls, CertificateProfile
from keys.record_log import Record, RecordLog, canonical_json, salted_digest
from keys.requests import CertificateRequests
from keys.revocation import Revocation, RevocationReason
from keys.rewrapping import rewrap
from keys.service_certificate import ServiceCertificate, ServicePurpose
from keys.soft import SoftCustody
from keys.subjects import Subject
from keys.timestamp import TimestampAuthority
from keys.vault import FieldVault
from keys.wrapping import WrappingAlgorithm

__all__ = [
    "ID_TOKEN_ALGORITHMS",
    "LONGEST_LEEWAY",
    "TIMESTAMP_POLICY",
    "ArchiveKey",
    "AuthorityUrls",
    "CertificateAuthority",
    "CertificateProfile",
    "CertificateRecord",
    "CertificateRequests",
    "CertificateState",
    "FieldKey",
    "FieldKeys",
    "FieldVault",
    "HsmUnavailableError",
    "KekSource",
    "KeyAlgorithm",
    "KeyCustody",
    "KeyEncryptionKey",
    "KeyInfo",
    "KeyOverview",
    "KeyPurpose",
    "Keyring",
    "KeysError",
    "OcspAnswer",
    "OcspResponder",
    "Passphrase",
    "PkiEvidence",
    "ProviderKeys",
    "PublicKeySet",
    "RawKey",
    "Record",
    "RecordLog",
    "Reencryption",
    "Revocation",
    "RevocationEvidence",
    "RevocationList",
    "RevocationLists",
    "RevocationReason",
    "ScryptCost",
    "ServiceCertificate",
    "ServicePurpose",
    "SoftCustody",
    "Subject",
    "TimestampAuthority",
    "TokenKeys",
    "TokenSigner",
    "TokenVerifier",
    "VerifiedToken",
    "WrappingAlgorithm",
    "canonical_json",
    "claimed_client",
    "create_key_file",
    "held_state",
    "kek_fingerprint",
    "named_key",
    "read_chain",
    "rewrap",
    "salted_digest",
    "verify_assertion",
    "verify_id_token",
]
