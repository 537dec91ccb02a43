"""The public keys that tokens are checked with, by key id, and as a JSON Web Key Set (RFC 7517)."""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from jose.backends import ECKey
from jose.backends.base import Key

from keys.custody import KeyAlgorithm, KeyCustody, KeyInfo, KeyPurpose
from store.clock import Clock

ALGORITHM: Final = "ES256"
"""The one algorithm of our tokens: ECDSA on P-256 with SHA-256 (RFC 7518 3.4)."""

_LOOKED_AGAIN_AFTER: Final = timedelta(seconds=1)
"""A key id that is not known is looked up at most this often, since anyone may invent one."""
_HELD_FOR: Final = timedelta(seconds=10)
"""A key that is known counts for this long before it is asked anew whether somebody else has it."""


def public_jwk(key: KeyInfo) -> dict[str, str]:
    """A key as a JSON Web Key; its ``kid`` is its thumbprint.

    :raises ValueError: it is not on P-256.
    """
    public = key.load_public_key()
    if key.algorithm is not KeyAlgorithm.ECDSA_P256 or not isinstance(public, ec.EllipticCurvePublicKey):
        raise ValueError("tokens are signed with P-256")
    point = public.public_numbers()
    jwk = {"crv": "P-256", "kty": "EC", "x": _coordinate(point.x), "y": _coordinate(point.y)}
    return {**jwk, "kid": jwk_thumbprint(jwk), "alg": ALGORITHM, "use": "sig"}


class TokenKeys:
    """The public keys of one purpose that this custody holds. Safe to use from several threads.

    Keys that no longer sign stay, so that the tokens they signed can be checked until they expire; but for those that
    somebody else may have: what they signed may be anybody's.

    :param purpose: TOKEN, RECEIPT or CONSENT.
    :param compromised: tells the numbers of keys that others may have.
    """

    def __init__(
        self,
        custody: KeyCustody,
        clock: Clock,
        *,
        purpose: KeyPurpose = KeyPurpose.TOKEN,
        compromised: Callable[[], Collection[int]] = frozenset,
    ) -> None:
        self._custody = custody
        self._clock = clock
        self._purpose = purpose
        self._compromised = compromised
        self._verifiers: Mapping[str, Key] = {}
        self._read_at: datetime | None = None
        self._missed_at: datetime | None = None
        self._lock = Lock()

    def find(self, kid: str) -> Key | None:
        """The key with this id, to verify with."""
        if kid in self._verifiers:
            # while one looks again, the others go on
            if self._is_due(self._read_at, _HELD_FOR) and self._lock.acquire(blocking=False):
                try:
                    self._read()
                finally:
                    self._lock.release()
        else:
            with self._lock:
                if self._is_due(self._missed_at, _LOOKED_AGAIN_AFTER):
                    self._missed_at = self._clock.now()
                    self._read()
        return self._verifiers.get(kid)

    def _is_due(self, last: datetime | None, wait: timedelta) -> bool:
        return last is None or abs(self._clock.now() - last) >= wait

    def _read(self) -> None:
        now = self._clock.now()
        self._verifiers = {public_jwk(held)["kid"]: ECKey(held.load_public_key(), ALGORITHM) for held in self._held()}
        self._read_at = now

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """The key set, to be published."""
        return {"keys": [public_jwk(key) for key in self._held()]}

    def _held(self) -> list[KeyInfo]:
        held, others_have = self._custody.keys(), self._compromised()
        own = [key for key in held if key.purpose is self._purpose and key.algorithm is KeyAlgorithm.ECDSA_P256]
        return [key for key in own if key.id not in others_have]


def _coordinate(value: int) -> str:
    return encode_base64url(value.to_bytes(32, "big"))


def jwk_thumbprint(jwk: Mapping[str, str]) -> str:
    """The SHA-256 thumbprint of a P-256 key (RFC 7638): of its required members in order, without spaces."""
    canonical = json.dumps({name: jwk[name] for name in ("crv", "kty", "x", "y")}, separators=(",", ":"))
    return encode_base64url(hashlib.sha256(canonical.encode()).digest())


def encode_base64url(data: bytes) -> str:
    """Base64url without padding (RFC 7515 section 2)."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
