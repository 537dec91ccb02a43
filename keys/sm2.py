"""SM2 keys and signatures with SM3 (GB/T 32918.2-2016, GB/T 35276-2017), and SM3 (GB/T 32905-2016).

The one module that knows which library computes SM2. Only numbers cross over to it: keys and signatures are parsed and
checked here, so that its old parsers never see foreign bytes. Implementations of SM2 are known to make, once in some
hundred thousand signatures, one that does not verify; none leaves this module unverified.
"""

from __future__ import annotations

import secrets
from functools import lru_cache
from typing import Any, Final, Self

from cryptography.hazmat.primitives.hashes import SM3, Hash

from keys import _der, der
from keys.errors import Sm2KeyInvalidError, Sm2SigningFaultyError, Sm2UnavailableError

CURVE: Final = "1.2.156.10197.1.301"
SM2_WITH_SM3: Final = "1.2.156.10197.1.501"
SIGNER_ID: Final = b"1234567812345678"
"""The distinguishing identifier of every signature made or checked here (GB/T 35276-2017, 10)."""

_EC_PUBLIC_KEY: Final = "1.2.840.10045.2.1"
_P: Final = 0xFFFFFFFE_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_00000000_FFFFFFFF_FFFFFFFF
_A: Final = _P - 3
_B: Final = 0x28E9FA9E_9D9F5E34_4D5A9E4B_CF6509A7_F39789F5_15AB8F92_DDBCBD41_4D940E93
_N: Final = 0xFFFFFFFE_FFFFFFFF_FFFFFFFF_FFFFFFFF_7203DF6B_21C6052B_53BBF409_39D54123
"""The curve's prime, coefficients and order (GB/T 32918.5-2017)."""

_ALGORITHM: Final = der.sequence(der.oid(_EC_PUBLIC_KEY), der.oid(CURVE))
_SPKI_PREFIX: Final = der.sequence(_ALGORITHM, _der.bit_string(b"\x04" + bytes(64)))[:-64]
_ATTEMPTS: Final = 4


class _Library:
    """The parts of the library that are used here; it is loaded when the first key is."""

    def __init__(self) -> None:
        try:
            from tongsuopy.crypto import hashes  # type: ignore[import-untyped]  # noqa: PLC0415  published without types
            from tongsuopy.crypto.asymciphers import ec  # type: ignore[import-untyped]  # noqa: PLC0415
            from tongsuopy.crypto.exceptions import InvalidSignature  # type: ignore[import-untyped]  # noqa: PLC0415
        except ImportError as error:
            raise Sm2UnavailableError from error
        self._ec, self._curve = ec, ec.SM2()
        self.signature_algorithm: Any = ec.ECDSA(hashes.SM3())  # so the library calls SM2-with-SM3 on this curve
        self.invalid_signature: type[Exception] = InvalidSignature

    def public_key(self, x: int, y: int) -> Any:
        return self._ec.EllipticCurvePublicNumbers(x, y, self._curve).public_key()

    def private_key(self, secret: int) -> Any:
        return self._ec.derive_private_key(secret, self._curve)


_library = lru_cache(maxsize=1)(_Library)


def sm3(data: bytes) -> bytes:
    """The SM3 digest of some bytes, 32 bytes long."""
    digest = Hash(SM3())
    digest.update(data)
    return digest.finalize()


def encode_signature(r: int, s: int) -> bytes:
    """A signature as SEQUENCE { r INTEGER, s INTEGER } (GB/T 35276-2017, 7.3)."""
    return der.sequence(der.integer(r), der.integer(s))


def decode_signature(signature: bytes) -> tuple[int, int] | None:
    """The numbers r and s; nothing for what is not strict DER of two numbers from 1 to the curve's order, exclusive."""
    try:
        outer = _der.Reader(signature)
        fields = _der.Reader(outer.read(_der.SEQUENCE))
        r = int.from_bytes(fields.read(_der.INTEGER), "big", signed=True)
        s = int.from_bytes(fields.read(_der.INTEGER), "big", signed=True)
    except _der.DerError:
        return None
    if not (0 < r < _N and 0 < s < _N) or encode_signature(r, s) != signature:
        return None
    return r, s


class Sm2PublicKey:
    """A point on the curve that verifies signatures.

    :raises Sm2KeyInvalidError: the coordinates are not those of a point on the curve. The point at infinity has none.
    :raises Sm2UnavailableError: the library has no build for this platform.
    """

    __slots__ = ("_key", "x", "y")

    def __init__(self, x: int, y: int) -> None:
        if not (0 <= x < _P and 0 <= y < _P) or (y * y - (x * x + _A) * x - _B) % _P:
            raise Sm2KeyInvalidError(
                problem_zh="公钥不是 SM2 曲线上的点", problem_en="the public key is not a point on the SM2 curve"
            )
        self.x, self.y = x, y
        self._key: Any = _library().public_key(x, y)

    @classmethod
    def from_der(cls, data: bytes) -> Self:
        """From a SubjectPublicKeyInfo (RFC 5280 4.1.2.7) of id-ecPublicKey on the named curve, uncompressed.

        :raises Sm2KeyInvalidError: it is anything else.
        """
        if len(data) != len(_SPKI_PREFIX) + 64 or not data.startswith(_SPKI_PREFIX):
            raise Sm2KeyInvalidError(problem_zh="公钥编码不符", problem_en="it is not encoded as an SM2 public key")
        return cls(int.from_bytes(data[-64:-32], "big"), int.from_bytes(data[-32:], "big"))

    def to_der(self) -> bytes:
        """The SubjectPublicKeyInfo."""
        return _SPKI_PREFIX + self.x.to_bytes(32, "big") + self.y.to_bytes(32, "big")

    def verify(self, signature: bytes, data: bytes) -> bool:
        """Whether this is a signature of SM2-with-SM3 over the data, under the identifier :data:`SIGNER_ID`.

        Anything that is not the strict DER of two numbers in range is no signature.
        """
        if decode_signature(signature) is None:
            return False
        library = _library()
        try:
            self._key.verify(signature, data, library.signature_algorithm)
        except library.invalid_signature:
            return False
        return True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sm2PublicKey) and (self.x, self.y) == (other.x, other.y)

    def __hash__(self) -> int:
        return hash((self.x, self.y))


class Sm2PrivateKey:
    """A private key that signs. Safe to use from several threads.

    :param secret: from 1 to the curve's order less 2 (GB/T 32918.1-2016, 6.1).
    :raises Sm2KeyInvalidError: the number is out of that range.
    """

    __slots__ = ("_key", "_secret", "public_key")

    def __init__(self, secret: int) -> None:
        if not 1 <= secret <= _N - 2:
            raise Sm2KeyInvalidError(
                problem_zh="私钥不在取值范围内", problem_en="the private key is not within its range"
            )
        self._secret = secret
        self._key: Any = _library().private_key(secret)
        numbers = self._key.public_key().public_numbers()
        self.public_key = Sm2PublicKey(numbers.x, numbers.y)

    @classmethod
    def generate(cls) -> Self:
        """A new random key."""
        return cls(1 + secrets.randbelow(_N - 2))

    @classmethod
    def from_der(cls, data: bytes) -> Self:
        """From PKCS #8 (RFC 5958) with an ECPrivateKey (RFC 5915) in it, not encrypted.

        :raises Sm2KeyInvalidError: it is something else, or names another public key than its own.
        """
        try:
            key, point = _read_pkcs8(data)
        except _der.DerError:
            raise Sm2KeyInvalidError(
                problem_zh="私钥编码不符", problem_en="it is not encoded as an SM2 private key"
            ) from None
        private = cls(int.from_bytes(key, "big"))
        if point is not None and point != private.public_key.to_der()[-65:]:
            raise Sm2KeyInvalidError(
                problem_zh="私钥与所附公钥不符", problem_en="the private key and the public key beside it differ"
            )
        return private

    def to_der(self) -> bytes:
        """PKCS #8, with the public key; not encrypted."""
        point = self.public_key.to_der()[-65:]
        key = der.sequence(
            der.integer(1), der.octet_string(self._secret.to_bytes(32, "big")), der.explicit(1, _der.bit_string(point))
        )
        return der.sequence(der.integer(0), _ALGORITHM, der.octet_string(key))

    def sign(self, data: bytes) -> bytes:
        """SM2-with-SM3 over the data under the identifier :data:`SIGNER_ID`, in DER, verified before it is returned.

        :raises Sm2SigningFaultyError: the library made several signatures in a row that do not verify.
        """
        algorithm = _library().signature_algorithm
        for _ in range(_ATTEMPTS):
            signature: bytes = self._key.sign(data, algorithm)
            if self.public_key.verify(signature, data):
                return signature
        raise Sm2SigningFaultyError

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __reduce__(self) -> Any:
        raise TypeError("a private key is not to be copied")


@lru_cache(maxsize=1024)
def public_key(spki: bytes) -> Sm2PublicKey:
    """The public key of a SubjectPublicKeyInfo, checked once.

    :raises Sm2KeyInvalidError: it is not an SM2 public key.
    """
    return Sm2PublicKey.from_der(spki)


def _read_pkcs8(data: bytes) -> tuple[bytes, bytes | None]:
    """The private number and, where it is there, the point."""
    outer = _der.Reader(data)
    info = _der.Reader(outer.read(_der.SEQUENCE))
    outer.end()
    if info.read(_der.INTEGER) != b"\x00" or info.read_whole(_der.SEQUENCE) != _ALGORITHM:
        raise _der.DerError("another version or algorithm")
    wrapped = _der.Reader(info.read(_der.OCTET_STRING))
    fields = _der.Reader(wrapped.read(_der.SEQUENCE))
    wrapped.end()
    if fields.read(_der.INTEGER) != b"\x01":
        raise _der.DerError("another version")
    key, point = fields.read(_der.OCTET_STRING), None
    if fields.peek() == 0xA0 and fields.read(0xA0) != der.oid(CURVE):
        raise _der.DerError("another curve")
    if fields.peek() == 0xA1:
        point = _der.Reader(fields.read(0xA1)).read(_der.BIT_STRING)[1:]
    fields.end()
    if len(key) != 32:
        raise _der.DerError("a private key of another length")
    return key, point
