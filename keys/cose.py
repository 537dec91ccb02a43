"""COSE_Sign1 (RFC 9052 4.2): small signed bytes for where there is no room for a JSON Web Token.

One algorithm, ES256 (RFC 9053 2.1). The signer's certificates stand in the protected header (x5chain, RFC 9360 2) and
are thus signed as well; the unprotected header is empty. Anything else is refused unread, so that what was signed has
one spelling only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from keys import cbor
from keys.custody import KeyAlgorithm, KeyCustody, KeyInfo, KeyPurpose
from keys.errors import PurposeMismatchError

_SIGN1: Final = b"\xd2"
"""Tag 18 (RFC 9052 2)."""
_STRUCTURE: Final = b"\x84\x6aSignature1"
"""An array of four, and the first of them: the context of a signature."""
_ALG, _X5CHAIN, _ES256 = 1, 33, -7
_SIZE: Final = 32
"""Bytes of each of the two numbers of a signature."""
_MOST_CERTIFICATES: Final = 4
_ECDSA: Final = ec.ECDSA(SHA256())


class CoseError(ValueError):
    """The bytes are no COSE_Sign1 in the one form that is read."""


@dataclass(frozen=True, slots=True)
class Sign1:
    """What was read and not verified yet: whoever verifies takes the key from the first certificate."""

    protected: bytes
    chain: tuple[bytes, ...]
    """DER, the signer's certificate first, as RFC 9360 has it."""
    payload: bytes
    signature: bytes

    @classmethod
    def parse(cls, data: bytes) -> Sign1:
        """Read a message.

        :raises CoseError: it is none in the one form that is read.
        """
        try:
            parts = cbor.decode(data[1:]) if data[:1] == _SIGN1 else None
        except cbor.CborError as error:
            _refuse(str(error))
        if not isinstance(parts, list) or len(parts) != 4:
            _refuse("form")
        protected, unprotected, payload, signature = parts
        if not isinstance(protected, bytes):
            _refuse("form")
        chain = _chain_of(protected)
        if unprotected != {} or not isinstance(payload, bytes) or not isinstance(signature, bytes):
            _refuse("form")
        if len(signature) != 2 * _SIZE:
            _refuse("signature")
        return cls(protected, chain, payload, signature)

    def is_signed_by(self, key: ec.EllipticCurvePublicKey) -> bool:
        """Whether the signature is that of a key on P-256."""
        r = int.from_bytes(self.signature[:_SIZE], "big")
        s = int.from_bytes(self.signature[_SIZE:], "big")
        try:
            key.verify(encode_dss_signature(r, s), _to_be_signed(self.protected, self.payload), _ECDSA)
        except InvalidSignature:
            return False
        return True


class CoseSigner:
    """Signs messages with a key of the custody.

    :param key: a P-256 key made for presentations.
    :param chain: the key's certificate and those above it without the root, DER.
    :raises PurposeMismatchError: the key is another.
    """

    def __init__(self, custody: KeyCustody, key: KeyInfo, chain: Sequence[bytes]) -> None:
        if key.purpose is not KeyPurpose.PRESENTATION or key.algorithm is not KeyAlgorithm.ECDSA_P256:
            raise PurposeMismatchError(key_id=key.id, purpose=key.purpose.value, wanted=KeyPurpose.PRESENTATION.value)
        self._custody = custody
        self._key_id = key.id
        # RFC 9360 2: one certificate stands by itself, several in an array
        self._protected = cbor.encode({_ALG: _ES256, _X5CHAIN: chain[0] if len(chain) == 1 else list(chain)})

    def sign(self, payload: bytes) -> bytes:
        """A message with a payload."""
        r, s = decode_dss_signature(self._custody.sign(self._key_id, _to_be_signed(self._protected, payload)))
        signature = r.to_bytes(_SIZE, "big") + s.to_bytes(_SIZE, "big")
        return _SIGN1 + cbor.encode([self._protected, {}, payload, signature])


def _to_be_signed(protected: bytes, payload: bytes) -> bytes:
    # RFC 9052 4.4, nothing being supplied from outside
    return b"".join((_STRUCTURE, cbor.encode(protected), b"\x40", cbor.encode(payload)))


@lru_cache(maxsize=64)
def _chain_of(protected: bytes) -> tuple[bytes, ...]:
    """The certificates in a protected header, which is the same for all that a signer signs."""
    try:
        header = cbor.decode(protected)
    except cbor.CborError as error:
        _refuse(str(error))
    if not isinstance(header, dict) or header.keys() != {_ALG, _X5CHAIN} or header[_ALG] != _ES256:
        _refuse("header")
    return _chain(header[_X5CHAIN])


def _chain(found: object) -> tuple[bytes, ...]:
    if isinstance(found, bytes):
        return (found,)
    if not isinstance(found, list) or not 2 <= len(found) <= _MOST_CERTIFICATES:
        _refuse("x5chain")
    if not all(isinstance(each, bytes) for each in found):
        _refuse("x5chain")
    return tuple(found)


def _refuse(detail: str) -> NoReturn:
    raise CoseError(detail)
