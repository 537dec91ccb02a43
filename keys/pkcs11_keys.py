"""Key pairs inside a PKCS #11 token: making them, recognising them, signing with them."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag, PKCS11Error, PrivateKey, PublicKey
from pkcs11.types import SignMixin
from pkcs11.util.ec import encode_named_curve_parameters

from keys.custody import KeyAlgorithm, KeyInfo
from keys.der import null, octet_string, oid, sequence
from keys.pkcs11_sessions import TokenSession

_MECHANISMS: Final = {
    KeyAlgorithm.ECDSA_P256: (Mechanism.EC_KEY_PAIR_GEN, Mechanism.ECDSA),
    KeyAlgorithm.RSA_3072: (Mechanism.RSA_PKCS_KEY_PAIR_GEN, Mechanism.RSA_PKCS),
    KeyAlgorithm.ED25519: (Mechanism.EC_EDWARDS_KEY_PAIR_GEN, Mechanism.EDDSA),
}
"""What a token must know to make keys and sign with them; PKCS #11 has no mechanism for SM2."""

_SHA256: Final = sequence(oid("2.16.840.1.101.3.4.2.1"), null())
_COORDINATE: Final = 32
_UNCOMPRESSED: Final = 1 + 2 * _COORDINATE
_EDWARDS25519: Final = b"\x13\x0cedwards25519"
"""The curve's name as a PrintableString (PKCS #11 3.0, 2.3.3), which older tokens know as well."""
_ED25519_SIZE: Final = 32
_CAPABILITIES: Final = MechanismFlag.SIGN | MechanismFlag.VERIFY


class UnfitKeyError(Exception):
    """What the token made is not what was asked for."""


def missing_mechanism(algorithm: KeyAlgorithm, mechanisms: AbstractSet[int]) -> bool:
    """Whether a token with these mechanisms cannot keep keys of an algorithm."""
    needed = _MECHANISMS.get(algorithm)
    return needed is None or not {int(each) for each in needed} <= mechanisms


def object_label(key_id: int, purpose: str, algorithm: KeyAlgorithm, made_at: datetime) -> str:
    """CKA_LABEL of both halves of a pair.

    It names what the record of the key says, so that nobody who can write to the database can put one key of the
    token in the place of another.
    """
    return f"yinzheng {key_id} {purpose} {algorithm.value} {made_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def make_pair(held: TokenSession, algorithm: KeyAlgorithm, label: str) -> tuple[bytes, bytes]:
    """Make a key pair that signs and never leaves the token: its CKA_ID and public key (SubjectPublicKeyInfo).

    :raises UnfitKeyError: the token says that the private key could leave it, or the pair does not fit together.
    """
    object_id = secrets.token_bytes(16)
    private_template = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False}
    if algorithm is KeyAlgorithm.ECDSA_P256:
        curve = {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
        parameters = held.session.create_domain_parameters(KeyType.EC, curve, local=True)
        public, private = parameters.generate_keypair(
            id=object_id, label=label, store=True, capabilities=_CAPABILITIES, private_template=private_template
        )
    elif algorithm is KeyAlgorithm.ED25519:
        curve = {Attribute.EC_PARAMS: _EDWARDS25519}
        parameters = held.session.create_domain_parameters(KeyType.EC_EDWARDS, curve, local=True)
        public, private = parameters.generate_keypair(
            mechanism=Mechanism.EC_EDWARDS_KEY_PAIR_GEN,
            id=object_id,
            label=label,
            store=True,
            capabilities=_CAPABILITIES,
            private_template=private_template,
        )
    else:
        public, private = held.session.generate_keypair(
            KeyType.RSA,
            3072,
            id=object_id,
            label=label,
            store=True,
            capabilities=_CAPABILITIES,
            private_template=private_template,
        )
    try:
        return object_id, _checked_pair(public, private, algorithm)
    except (PKCS11Error, ValueError, UnfitKeyError):
        public.destroy()
        private.destroy()
        raise


def sign_with(private: PrivateKey, algorithm: KeyAlgorithm, digest: bytes) -> bytes:
    """A SHA-256 digest with ECDSA, in DER, or RSA PKCS #1 v1.5; with Ed25519 whatever it is (RFC 8032).

    :raises UnfitKeyError: the key does not sign, or what the token answered is no signature of this kind.
    """
    if not isinstance(private, SignMixin):
        raise UnfitKeyError("usage")
    if algorithm is KeyAlgorithm.ECDSA_P256:
        signature = private.sign(digest, mechanism=Mechanism.ECDSA)
        if len(signature) != 2 * _COORDINATE:
            raise UnfitKeyError("signature")
        r, s = signature[:_COORDINATE], signature[_COORDINATE:]
        return encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
    if algorithm is KeyAlgorithm.ED25519:
        return bytes(private.sign(digest, mechanism=Mechanism.EDDSA))
    # RFC 8017 9.2: the DigestInfo is put together here, so that any token that knows RSA will do
    return bytes(private.sign(sequence(_SHA256, octet_string(digest)), mechanism=Mechanism.RSA_PKCS))


def holds(private: PrivateKey, algorithm: KeyAlgorithm, public_key: bytes) -> bool:
    """Whether a key of the token is the private half of a public key: it signs a challenge.

    Not all tokens keep the public half, so it cannot be asked for.
    """
    challenge = secrets.token_bytes(32)
    signature = sign_with(private, algorithm, hashlib.sha256(challenge).digest())
    public = load_der_public_key(public_key)
    try:
        if isinstance(public, ec.EllipticCurvePublicKey):
            public.verify(signature, challenge, ec.ECDSA(SHA256()))
        elif isinstance(public, rsa.RSAPublicKey):
            public.verify(signature, challenge, padding.PKCS1v15(), SHA256())
        elif isinstance(public, ed25519.Ed25519PublicKey):
            public.verify(signature, hashlib.sha256(challenge).digest())
        else:
            return False
    except InvalidSignature:
        return False
    return True


def is_object_of(private: PrivateKey, info: KeyInfo) -> bool:
    """Whether a key of the token is the one that a record names: the same label, and it signs for the public key."""
    expected = object_label(info.id, info.purpose.value, info.algorithm, info.created_at)
    return private[Attribute.LABEL] == expected and holds(private, info.algorithm, info.public_key)


def _checked_pair(public: PublicKey, private: PrivateKey, algorithm: KeyAlgorithm) -> bytes:
    if not private[Attribute.SENSITIVE] or private[Attribute.EXTRACTABLE]:
        raise UnfitKeyError("extractable")
    encoded = _public_info(public, algorithm)
    if not holds(private, algorithm, encoded):
        raise UnfitKeyError("signature")
    return encoded


def _public_info(public: PublicKey, algorithm: KeyAlgorithm) -> bytes:
    found: ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey
    if algorithm is KeyAlgorithm.ECDSA_P256:
        point = bytes(public[Attribute.EC_POINT])
        # an OCTET STRING around it by PKCS #11 2.20 and later; some tokens leave that out
        found = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point[-_UNCOMPRESSED:])
    elif algorithm is KeyAlgorithm.ED25519:
        found = ed25519.Ed25519PublicKey.from_public_bytes(bytes(public[Attribute.EC_POINT])[-_ED25519_SIZE:])
    else:
        modulus, exponent = public[Attribute.MODULUS], public[Attribute.PUBLIC_EXPONENT]
        numbers = rsa.RSAPublicNumbers(int.from_bytes(exponent, "big"), int.from_bytes(modulus, "big"))
        found = numbers.public_key()
    return found.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
