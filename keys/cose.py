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
_PARTS: Final = b"\x84"
"""An array of four."""
_NOTHING: Final = b"\x40"
"""No bytes: nothing is supplied from outside (RFC 9052 4.4)."""
_BYTES, _ONE_BYTE, _TWO_BYTES = 0x40, 0x58, 0x59
"""How byte strings begin (RFC 8949 3.1): with their length, or with how many bytes their length takes."""
_NO_HEADER: Final = b"\xa0"
"""An empty map."""
_STRUCTURE: Final = _PARTS + b"\x6aSignature1"
"""What is signed begins with the context of a signature."""
_ALG, _X5CHAIN, _ES256 = 1, 33, -7
_SIZE: Final = 32
"""Bytes of each of the two numbers of a signature."""
_SIGNATURE_HEAD: Final = bytes((0x58, 2 * _SIZE))
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
    signed: bytes
    """What the signature is over (RFC 9052 4.4)."""

    @classmethod
    def parse(cls, data: bytes) -> Sign1:
        """Read a message, which has one shape: header, nothing, payload, and a signature of 64 bytes.

        :raises CoseError: it is none in the one form that is read.
        """
        if not data.startswith(_SIGN1 + _PARTS):
            _refuse("form")
        begin = len(_SIGN1 + _PARTS)
        protected, end = _bytes_at(data, begin)
        chain = _chain_of(protected)
        if data[end : end + 1] != _NO_HEADER:
            _refuse("unprotected header")
        payload, last = _bytes_at(data, end + 1)
        signature = data[last + len(_SIGNATURE_HEAD) :]
        if data[last : -len(signature)] != _SIGNATURE_HEAD or len(signature) != 2 * _SIZE:
            _refuse("signature")
        signed = b"".join((_STRUCTURE, data[begin:end], _NOTHING, data[end + 1 : last]))
        return cls(protected, chain, payload, signature, signed)

    def is_signed_by(self, key: ec.EllipticCurvePublicKey) -> bool:
        """Whether the signature is that of a key on P-256."""
        r = int.from_bytes(self.signature[:_SIZE], "big")
        s = int.from_bytes(self.signature[_SIZE:], "big")
        try:
            key.verify(encode_dss_signature(r, s), self.signed, _ECDSA)
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
    return b"".join((_STRUCTURE, cbor.encode(protected), _NOTHING, cbor.encode(payload)))


def _bytes_at(data: bytes, at: int) -> tuple[bytes, int]:
    """The byte string at a place, its length in the shortest form, and where it ends."""
    first = data[at] if at < len(data) else 0
    size, least = (2, 1 << 8) if first == _TWO_BYTES else (1, 24) if first == _ONE_BYTE else (0, 0)
    begin = at + 1 + size
    length = int.from_bytes(data[at + 1 : begin], "big") if size else first - _BYTES
    content = data[begin : begin + length]
    if not _BYTES <= first <= _TWO_BYTES or length < least or len(content) != length:
        _refuse("bytes")
    return content, begin + length


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
