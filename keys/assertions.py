"""Proofs of somebody else's key: assertions with which a client authenticates (RFC 7523), and key sets to check them.

Such a token was made elsewhere, so less is known of its form than of our own: ``typ``, ``nbf`` and ``iat`` may be
missing. What chooses the key is still only a key id that was registered beforehand; no key, address or certificate in
the token is looked at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from jose.backends import ECKey
from jose.backends.base import Key
from jose.exceptions import JWKError

from keys.errors import JwksInvalidError, TokenExpiredError
from keys.jose import moment, read_object, refuse, signed_claims, split
from keys.jwks import ALGORITHM, jwk_thumbprint
from store.clock import Clock

MOST_KEYS: Final = 10
"""Keys of one set; two are enough to rotate."""

_LONGEST_LIFE: Final = timedelta(minutes=5)
_LEEWAY: Final = timedelta(seconds=30)
_HEADER: Final = frozenset({"alg", "kid", "typ"})
_TYPES: Final = frozenset({"jwt", "client-authentication+jwt"})
_KID: Final = re.compile(r"[!-~]{1,128}")
_COORDINATE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_MEMBERS: Final = frozenset({"kty", "crv", "x", "y", "kid", "alg", "use", "key_ops"})
_TOKEN_ID: Final = re.compile(r"[!-~]{8,128}")


@dataclass(frozen=True, slots=True)
class Assertion:
    """What a client's assertion says, after its signature, audience and times were checked."""

    key_id: str
    token_id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PublicKeySet:
    """Public P-256 keys by key id (RFC 7517), as somebody else handed them to us."""

    jwks: tuple[Mapping[str, str], ...]

    @classmethod
    def parse(cls, text: str, *, most: int = MOST_KEYS) -> PublicKeySet:
        """Read a JSON Web Key Set. A key without an id gets its thumbprint (RFC 7638) for one.

        :param most: how many keys it may have.
        :raises JwksInvalidError: it is none, holds a private key, a key of another kind, or one key id twice.
        """
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            raise JwksInvalidError(problem="it is not JSON") from None
        listed = value.get("keys") if isinstance(value, dict) else None
        if not isinstance(listed, list) or not 1 <= len(listed) <= most:
            raise JwksInvalidError(problem=f'it has to be {{"keys": [...]}} with 1 to {most} keys')
        found = tuple(_public_jwk(each) for each in listed)
        if len({each["kid"] for each in found}) != len(found):
            raise JwksInvalidError(problem="a key id stands twice")
        return cls(found)

    def find(self, kid: str) -> Key | None:
        """The key with an id, to verify with."""
        for jwk in self.jwks:
            if jwk["kid"] == kid:
                return ECKey(dict(jwk), ALGORITHM)
        return None


def claimed_client(token: str) -> str:
    """Whose an assertion claims to be, unproven: to find the keys that can prove it.

    :raises TokenInvalidError: it is not of the form of one.
    """
    subject = read_object(split(token)[1], "claims").get("sub")
    if not isinstance(subject, str):
        refuse("claims")
    return subject


def verify_assertion(token: str, keys: PublicKeySet, clock: Clock, *, client_id: str, audience: str) -> Assertion:
    """Check an assertion of a client (RFC 7523, 3). Whether it comes for the first time is for the caller to see to.

    :param client_id: what ``iss`` and ``sub`` have to be.
    :param audience: what ``aud`` has to be, alone or as the only one of a list: the address of the token endpoint.
    :raises TokenExpiredError: its time is over.
    :raises TokenInvalidError: anything else is wrong with it, a lifetime of more than five minutes included.
    """
    parts = split(token)
    header = read_object(parts[0], "header")
    kid = header.get("kid")
    if not header.keys() <= _HEADER or not isinstance(kid, str):
        refuse("header")
    if header.get("alg") != ALGORITHM:
        refuse("algorithm")
    if str(header.get("typ", "jwt")).lower() not in _TYPES:
        refuse("type")
    claims = signed_claims(token, parts[2], keys.find(kid))
    if claims.get("iss") != client_id or claims.get("sub") != client_id:
        refuse("issuer")
    if claims.get("aud") not in (audience, [audience]):
        refuse("audience")
    token_id = claims.get("jti")
    if not isinstance(token_id, str) or not _TOKEN_ID.fullmatch(token_id):
        refuse("claims")
    return Assertion(kid, token_id, _checked_times(claims, clock.now()))


def _checked_times(claims: Mapping[str, Any], now: datetime) -> datetime:
    expires_at = moment(claims, "exp")
    if any(moment(claims, name) > now + _LEEWAY for name in ("iat", "nbf") if name in claims):
        refuse("not yet valid")
    if now >= expires_at:
        raise TokenExpiredError
    if expires_at > now + _LONGEST_LIFE + _LEEWAY:
        refuse("lifetime")
    return expires_at


def _public_jwk(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or any(not isinstance(member, str) for member in value):
        raise JwksInvalidError(problem="a key is not an object")
    if "d" in value:
        raise JwksInvalidError(problem="it holds a private key; make a new one and hand over its public half only")
    if not value.keys() <= _MEMBERS or value.get("kty") != "EC" or value.get("crv") != "P-256":
        raise JwksInvalidError(problem="a key is not a plain P-256 key")
    if value.get("alg", ALGORITHM) != ALGORITHM or value.get("use", "sig") != "sig":
        raise JwksInvalidError(problem="a key is for another use than signing with ES256")
    point = {name: value.get(name) for name in ("x", "y")}
    if any(not isinstance(each, str) or not _COORDINATE.fullmatch(each) for each in point.values()):
        raise JwksInvalidError(problem="a key has no point")
    jwk = {"kty": "EC", "crv": "P-256", **{name: str(each) for name, each in point.items()}}
    kid = value.get("kid", jwk_thumbprint(jwk))
    if not isinstance(kid, str) or not _KID.fullmatch(kid):
        raise JwksInvalidError(problem="a key id has to be 1 to 128 printable characters")
    try:
        key = ECKey(jwk, ALGORITHM)
    except (JWKError, ValueError):
        raise JwksInvalidError(problem="a key is not a point of P-256") from None
    if not isinstance(key.prepared_key, ec.EllipticCurvePublicKey):
        raise JwksInvalidError(problem="a key is not a public key")
    return {**jwk, "kid": kid}
