"""ID tokens: what a provider of identities says of who signed in (OpenID Connect Core 1.0, 2 and 3.1.3.7).

The token was made elsewhere, with one of the provider's keys. The one algorithm is ours to set beforehand; a token
chooses nothing but a key id among the keys that the provider publishes, and what it says of keys, addresses or
certificates in its header is not looked at.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from jose import jws
from jose.backends.base import Key
from jose.exceptions import JOSEError, JWSError
from jose.jwk import construct as jwk_of

from keys.errors import ProviderKeysError, TokenExpiredError
from keys.jose import moment, read_object, refuse, split
from keys.jwks import encode_base64url
from store.clock import Clock

ID_TOKEN_ALGORITHMS: Final = ("RS256", "ES256")
"""Of those that providers sign with. One of them is allowed, never several."""
LONGEST_LEEWAY: Final = timedelta(minutes=2)
"""How far two clocks may be apart at the most."""

_MOST_KEYS: Final = 30
_LONGEST_TOKEN: Final = 32 * 1024
_OLDEST: Final = timedelta(minutes=10)
"""How long ago a token may have been made that is handed over now."""
_FEWEST_RSA_BITS: Final = 2048
_TYPES: Final = frozenset({"jwt", "id_token+jwt"})
_ASCII: Final = re.compile(r"[!-~]{1,255}", re.ASCII)
_KID: Final = re.compile(r"[ -~]{1,255}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ProviderKeys:
    """The public keys that a provider signs with by one algorithm, by key id; "" stands for a key without one."""

    keys: Mapping[str, Key]

    @classmethod
    def parse(cls, text: bytes, algorithm: str) -> ProviderKeys:
        """Read a JSON Web Key Set (RFC 7517). Keys for encryption or for other algorithms are passed over.

        :param algorithm: one of :data:`ID_TOKEN_ALGORITHMS`.
        :raises ProviderKeysError: it is none, or has no key that can be used.
        """
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            raise ProviderKeysError(problem="not JSON") from None
        listed = value.get("keys") if isinstance(value, dict) else None
        if not isinstance(listed, list) or len(listed) > _MOST_KEYS:
            raise ProviderKeysError(problem="not a key set")
        found: dict[str, Key] = {}
        for jwk in listed:
            if not isinstance(jwk, dict) or not _fits(jwk, algorithm):
                continue
            kid = jwk.get("kid", "")
            if not isinstance(kid, str) or (kid and not _KID.fullmatch(kid)) or kid in found:
                raise ProviderKeysError(problem="a key id stands twice or is no text")
            found[kid] = _key(jwk, algorithm)
        if not found:
            raise ProviderKeysError(problem=f"no key for {algorithm}")
        return cls(found)

    def find(self, kid: str | None) -> Key | None:
        """The key with an id. A token that names none is by the only key that there is, or by nobody's."""
        if kid is not None:
            return self.keys.get(kid)
        return next(iter(self.keys.values())) if len(self.keys) == 1 else None


def named_key(token: str) -> str | None:
    """The key id that a token names, unproven: to ask the provider for keys once more where it is not among them.

    :raises TokenInvalidError: it is not of the form of a token.
    """
    kid = read_object(split(token, _LONGEST_TOKEN)[0], "header").get("kid")
    if kid is not None and not isinstance(kid, str):
        refuse("key")
    return kid


def verify_id_token(
    token: str,
    keys: ProviderKeys,
    clock: Clock,
    *,
    algorithm: str,
    issuer: str,
    client_id: str,
    nonce: str,
    access_token: str | None,
    leeway: timedelta = timedelta(seconds=30),
) -> Mapping[str, Any]:
    """Check an ID token that came from the token endpoint, and give its claims.

    :param algorithm: the one that the token has to be signed by.
    :param issuer: what ``iss`` has to be.
    :param client_id: what ``aud`` has to be, alone or as the only one of a list.
    :param nonce: what this browser was sent to the provider with.
    :param access_token: what came beside it, to which ``at_hash`` has to belong where the token has one.
    :param leeway: how far the provider's clock may be from ours; at most :data:`LONGEST_LEEWAY` is given.
    :raises TokenExpiredError: its time is over.
    :raises TokenInvalidError: anything else is wrong with it.
    """
    header = read_object(split(token, _LONGEST_TOKEN)[0], "header")
    if header.get("alg") != algorithm:
        refuse("algorithm")
    if "crit" in header or str(header.get("typ", "jwt")).lower() not in _TYPES:
        refuse("header")
    key = keys.find(named_key(token))
    if key is None:
        refuse("key")
    try:
        payload = jws.verify(token, key, algorithms=[algorithm])
    except JWSError:
        refuse("signature")
    claims = read_object(payload, "claims")
    if claims.get("iss") != issuer:
        refuse("issuer")
    if claims.get("aud") not in (client_id, [client_id]) or claims.get("azp", client_id) != client_id:
        refuse("audience")
    said = claims.get("nonce")
    if not isinstance(said, str) or not hmac.compare_digest(said.encode(), nonce.encode()):
        refuse("nonce")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not _ASCII.fullmatch(subject):
        refuse("claims")
    _check_hash(claims, access_token)
    _check_times(claims, clock, min(leeway, LONGEST_LEEWAY))
    return claims


def _check_hash(claims: Mapping[str, Any], access_token: str | None) -> None:
    """OpenID Connect Core 1.0, 3.1.3.6: half of the SHA-256, both algorithms being of that size."""
    if access_token is None or "at_hash" not in claims:
        return
    half = hashlib.sha256(access_token.encode()).digest()[:16]
    if claims["at_hash"] != encode_base64url(half):
        refuse("access token")


def _check_times(claims: Mapping[str, Any], clock: Clock, leeway: timedelta) -> None:
    now = clock.now()
    issued_at, expires_at = moment(claims, "iat"), moment(claims, "exp")
    if now >= expires_at + leeway:
        raise TokenExpiredError
    if issued_at > now + leeway or ("nbf" in claims and moment(claims, "nbf") > now + leeway):
        refuse("not yet valid")
    if issued_at < now - _OLDEST - leeway:
        refuse("too old")


def _fits(jwk: Mapping[str, Any], algorithm: str) -> bool:
    kind = {"RS256": "RSA", "ES256": "EC"}[algorithm]
    operations = jwk.get("key_ops", ["verify"])
    return (
        jwk.get("kty") == kind
        and jwk.get("use", "sig") == "sig"
        and jwk.get("alg", algorithm) == algorithm
        and jwk.get("crv", "P-256") == "P-256"
        and isinstance(operations, list)
        and "verify" in operations
    )


def _key(jwk: Mapping[str, Any], algorithm: str) -> Key:
    members = {"RS256": ("kty", "n", "e"), "ES256": ("kty", "crv", "x", "y")}[algorithm]
    public = {name: jwk.get(name) for name in members}
    if any(not isinstance(value, str) for value in public.values()):
        raise ProviderKeysError(problem="a key lacks a part")
    try:
        key: Any = jwk_of(public, algorithm)
    except (JOSEError, ValueError):
        raise ProviderKeysError(problem="a key is none") from None
    if algorithm == "RS256" and key.prepared_key.key_size < _FEWEST_RSA_BITS:
        raise ProviderKeysError(problem="an RSA key is shorter than 2048 bits")
    made: Key = key
    return made
