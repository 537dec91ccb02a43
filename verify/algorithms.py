"""Which algorithms count, by allow-list, and checking a signature with one (ETSI TS 119 312)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from verify import der

RSA_MINIMUM_BITS: Final = 2048
_RSA_MAXIMUM_BITS: Final = 16384

DIGESTS: Final = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
    "2.16.840.1.101.3.4.2.8": "sha3_256",
    "2.16.840.1.101.3.4.2.9": "sha3_384",
    "2.16.840.1.101.3.4.2.10": "sha3_512",
}
"""Digest algorithms that count, by object identifier."""

_HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
    "sha3_256": hashes.SHA3_256(),
    "sha3_384": hashes.SHA3_384(),
    "sha3_512": hashes.SHA3_512(),
}
_KNOWN: Final = {
    "1.2.840.113549.2.5": "MD5",
    "1.3.14.3.2.26": "SHA-1",
    "1.2.840.113549.1.1.4": "MD5 with RSA",
    "1.2.840.113549.1.1.5": "SHA-1 with RSA",
    "1.2.840.10045.4.1": "ECDSA with SHA-1",
    "1.2.840.10040.4.3": "DSA with SHA-1",
    "1.2.156.10197.1.401": "SM3",
    "1.2.156.10197.1.501": "SM2 with SM3",
}
_ECDSA: Final = {
    "1.2.840.10045.4.3.2": "sha256",
    "1.2.840.10045.4.3.3": "sha384",
    "1.2.840.10045.4.3.4": "sha512",
    "2.16.840.1.101.3.4.3.10": "sha3_256",
    "2.16.840.1.101.3.4.3.11": "sha3_384",
    "2.16.840.1.101.3.4.3.12": "sha3_512",
}
_RSA_PKCS1: Final = {
    "1.2.840.113549.1.1.11": "sha256",
    "1.2.840.113549.1.1.12": "sha384",
    "1.2.840.113549.1.1.13": "sha512",
    "2.16.840.1.101.3.4.3.14": "sha3_256",
    "2.16.840.1.101.3.4.3.15": "sha3_384",
    "2.16.840.1.101.3.4.3.16": "sha3_512",
}
_RSA_ENCRYPTION: Final = "1.2.840.113549.1.1.1"
_RSA_PSS: Final = "1.2.840.113549.1.1.10"
_MGF1: Final = "1.2.840.113549.1.1.8"
_ED25519: Final = "1.3.101.112"
_EC_PUBLIC_KEY: Final = "1.2.840.10045.2.1"
_CURVES: Final = ("secp256r1", "secp384r1", "secp521r1", "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1")
"""Those of ISO 32000-2 and ISO/TS 32002."""
_NULL_ELEMENT: Final = b"\x05\x00"


class WeakAlgorithmError(ValueError):
    """An algorithm or key that does not count; its text names it."""


@dataclass(frozen=True, slots=True)
class AlgorithmIdentifier:
    """An AlgorithmIdentifier (RFC 5280, 4.1.1.2)."""

    oid: str
    parameters: bytes | None
    """The element as it stands."""
    raw: bytes

    @classmethod
    def of(cls, element: der.Element) -> AlgorithmIdentifier:
        """Read one.

        :raises der.DerError: it is none.
        """
        fields = element.expect(der.SEQUENCE).children()
        if not 1 <= len(fields) <= 2:
            raise der.DerError("a broken algorithm identifier")
        return cls(der.oid(fields[0]), fields[1].raw if len(fields) == 2 else None, element.raw)

    @property
    def digest(self) -> str:
        """The digest algorithm's name in :mod:`hashlib`.

        :raises WeakAlgorithmError: it is not on the list.
        """
        try:
            name = DIGESTS[self.oid]
        except KeyError:
            raise WeakAlgorithmError(name_of(self.oid)) from None
        if self.parameters not in (None, _NULL_ELEMENT):
            raise WeakAlgorithmError(f"{name} with parameters")
        return name


@dataclass(frozen=True, slots=True)
class Scheme:
    """How a signature is to be checked."""

    name: str
    digest: str
    pss_salt: int | None = None
    kind: type[ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey] = rsa.RSAPublicKey
    """Of the key."""

    def verify(self, key: PublicKeyTypes, signature: bytes, message: bytes, *, hashed: bool = False) -> bool:
        """Whether the signature is the key's, over the message (or over data with this digest).

        :raises WeakAlgorithmError: the key is too weak, or of another kind than the scheme's.
        """
        check_key(key)
        algorithm = Prehashed(_HASHES[self.digest]) if hashed else _HASHES[self.digest]
        try:
            if not isinstance(key, self.kind):
                raise WeakAlgorithmError(f"{self.name} with a key of another kind")
            if isinstance(key, ec.EllipticCurvePublicKey):
                key.verify(signature, message, ec.ECDSA(algorithm))
            elif isinstance(key, rsa.RSAPublicKey):
                key.verify(signature, message, self._padding(), algorithm)
            elif hashed:
                raise WeakAlgorithmError(f"{self.name} over a digest")
            else:
                key.verify(signature, message)
        except InvalidSignature:
            return False
        return True

    def _padding(self) -> padding.PKCS1v15 | padding.PSS:
        if self.pss_salt is None:
            return padding.PKCS1v15()
        return padding.PSS(padding.MGF1(_HASHES[self.digest]), self.pss_salt)


def scheme(algorithm: AlgorithmIdentifier, digest: str, *, key_named: bool = False) -> Scheme:
    """The scheme that a signature algorithm and a digest algorithm name together.

    :param key_named: the kind of key may stand for the algorithm with it, as widespread signers write ECDSA.
    :raises WeakAlgorithmError: they are not on the list, or do not go together.
    """
    oid = algorithm.oid
    if oid in _ECDSA and _ECDSA[oid] == digest and algorithm.parameters is None:
        return Scheme(f"ecdsa-{digest}", digest, kind=ec.EllipticCurvePublicKey)
    if oid == _ED25519 and digest == "sha512" and algorithm.parameters is None:  # RFC 8419, 3.1
        return Scheme("ed25519", digest, kind=ed25519.Ed25519PublicKey)
    plain = algorithm.parameters in (None, _NULL_ELEMENT)
    if plain and key_named and oid == _EC_PUBLIC_KEY:
        return Scheme(f"ecdsa-{digest}", digest, kind=ec.EllipticCurvePublicKey)
    if plain and (_RSA_PKCS1.get(oid) == digest or oid == _RSA_ENCRYPTION):
        return Scheme(f"rsa-{digest}", digest)
    if oid == _RSA_PSS and algorithm.parameters is not None:
        try:
            return Scheme(f"rsa-pss-{digest}", digest, pss_salt=_pss_salt(algorithm.parameters, digest))
        except der.DerError:
            raise WeakAlgorithmError("RSA-PSS with unusual parameters") from None
    raise WeakAlgorithmError(name_of(oid))


def check_key(key: object) -> None:
    """Hold a public key to the list.

    :raises WeakAlgorithmError: it is too weak, or of another kind.
    """
    if isinstance(key, rsa.RSAPublicKey):
        if not RSA_MINIMUM_BITS <= key.key_size <= _RSA_MAXIMUM_BITS:
            raise WeakAlgorithmError(f"RSA {key.key_size}")
    elif isinstance(key, ec.EllipticCurvePublicKey):
        if key.curve.name not in _CURVES:
            raise WeakAlgorithmError(f"EC {key.curve.name}")
    elif not isinstance(key, ed25519.Ed25519PublicKey):
        raise WeakAlgorithmError(type(key).__name__.removeprefix("_").removesuffix("PublicKey") or "unknown")


def name_of(oid: str) -> str:
    """What people call an algorithm, or its object identifier."""
    return _KNOWN.get(oid, DIGESTS.get(oid, oid))


def digest_of(name: str, data: bytes) -> bytes:
    """Digest of data with an algorithm on the list."""
    if name not in _HASHES:
        raise WeakAlgorithmError(name)
    return hashlib.new(name, data).digest()


def _pss_salt(parameters: bytes, digest: str) -> int:
    """Salt length of RSASSA-PSS-params (RFC 4055, 3.1) whose hashes are all the digest's."""
    fields = der.Fields(der.read_all(parameters))
    hashed, mask, salt, trailer = (fields.optional(0xA0 | number) for number in range(4))
    fields.end()
    if hashed is None or mask is None or trailer is not None:
        raise der.DerError("defaults of RSASSA-PSS use SHA-1")
    (hash_element,), (mask_element,) = hashed.children(), mask.children()
    generator = AlgorithmIdentifier.of(mask_element)
    if generator.oid != _MGF1 or generator.parameters is None:
        raise der.DerError("an unusual mask")
    inner = AlgorithmIdentifier.of(der.read_all(generator.parameters))
    if {AlgorithmIdentifier.of(hash_element).digest, inner.digest} != {digest}:
        raise der.DerError("digests that differ")
    if salt is None:
        return 20
    (salt_element,) = salt.children()
    length = der.integer(salt_element)
    if not 0 <= length <= 512:
        raise der.DerError("an unusual salt")
    return length
