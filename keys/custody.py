"""Custody: the keeper of private keys, which signs when asked and never hands a key out.

Everything that signs in this project asks a :class:`KeyCustody` by the key's id, so that soft keys can be exchanged
for a hardware module without any other change.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from sqlalchemy.orm import Session

from keys.errors import PurposeMismatchError
from keys.locations import SOFT


class KeyAlgorithm(StrEnum):
    """The algorithms that keys may have; SM2 signs with SM3, Ed25519 as RFC 8032 has it, the others with SHA-256."""

    ECDSA_P256 = "ecdsa-p256"
    RSA_3072 = "rsa-3072"
    SM2 = "sm2"
    ED25519 = "ed25519"


class KeyPurpose(StrEnum):
    """What a key is for; a key never serves two purposes."""

    ROOT_CA = "root-ca"
    ISSUING_CA = "issuing-ca"
    SEAL = "seal"
    SEAL_MAKER = "seal-maker"
    TIMESTAMP = "timestamp"
    OCSP = "ocsp"
    TOKEN = "token"  # noqa: S105  a word, no secret
    RECEIPT = "receipt"
    PERSON = "person"
    LOG = "log"
    STATUS_LIST = "status-list"
    CONSENT = "consent"
    PRESENTATION = "presentation"
    """Presentations that are checked without asking anybody."""


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """What may be known about a key by anyone.

    ``public_key`` is the DER of its SubjectPublicKeyInfo (RFC 5280 4.1.2.7); ``location`` tells where the private half
    lives: ``soft``, or ``pkcs11:`` with the label of a token and the key's CKA_ID in it.
    """

    id: int
    algorithm: KeyAlgorithm
    purpose: KeyPurpose
    label: str
    public_key: bytes
    created_at: datetime
    location: str = SOFT

    def load_public_key(self) -> PublicKeyTypes:
        """The public key as an object that verifies; for SM2 see :class:`keys.sm2.Sm2PublicKey` instead.

        :raises cryptography.exceptions.UnsupportedAlgorithm: it is an SM2 key.
        """
        return load_der_public_key(self.public_key)


class KeyCustody(Protocol):
    """Keeps private keys and signs with them. Safe to use from several threads."""

    def generate(self, session: Session, *, algorithm: KeyAlgorithm, purpose: KeyPurpose, label: str) -> KeyInfo:
        """Make a key within the caller's transaction.

        The key can sign at once; should the transaction roll back, the key is gone.

        :param label: a name for operators; no personal data.
        """
        ...

    def info(self, key_id: int) -> KeyInfo:
        """What is known about a key.

        :raises keys.errors.KeyUnknownError: there is none.
        """
        ...

    def keys(self) -> list[KeyInfo]:
        """All committed keys, oldest first."""
        ...

    def sign(self, key_id: int, data: bytes) -> bytes:
        """Sign ``data``: SHA-256 with ECDSA, in DER, or with RSA PKCS #1 v1.5; SM3 with SM2, in DER.

        Ed25519 signs the data themselves, in the 64 bytes of RFC 8032.

        :raises keys.errors.KeyUnknownError: there is no such key.
        :raises keys.errors.KeyDamagedError: what is stored is not the key that its record names.
        """
        ...

    def sign_digest(self, key_id: int, digest: bytes) -> bytes:
        """Sign what a SHA-256 digest stands for, unseen. Only keys of people do: remote signing has nothing else.

        :param digest: 32 bytes.
        :raises keys.errors.KeyUnknownError: there is no such key.
        :raises keys.errors.KeyDamagedError: what is stored is not the key that its record names.
        :raises keys.errors.PurposeMismatchError: the key is not a person's, or is of SM2, which signs no bare digest.
        """
        ...


def check_signs_digests(key: KeyInfo, digest: bytes) -> None:
    """Whether a key may sign a bare digest, for every custody alike.

    :raises PurposeMismatchError: the key is not a person's, or signs no SHA-256 digests.
    """
    unfit = key.algorithm in (KeyAlgorithm.SM2, KeyAlgorithm.ED25519)
    if key.purpose is not KeyPurpose.PERSON or unfit:
        raise PurposeMismatchError(key_id=key.id, purpose=key.purpose.value, wanted=KeyPurpose.PERSON.value)
    if len(digest) != SHA256.digest_size:
        raise ValueError("a SHA-256 digest has 32 bytes")
