"""Signed tokens: JSON Web Tokens (RFC 7519) with one algorithm, ES256, following RFC 8725.

A token says what it is (``typ``), who made it, for whom, from when until when, and has an id of its own; a verifier
must know all of that beforehand. Nothing in a token chooses the key or the algorithm, other than a key id that names
one of our own.
"""

from __future__ import annotations

import json
import re
import secrets
from base64 import b64encode, urlsafe_b64decode
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, NoReturn, Protocol

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from jose import jws
from jose.backends.base import Key
from jose.exceptions import JWSError

from keys.custody import KeyCustody, KeyInfo, KeyPurpose
from keys.errors import PurposeMismatchError, TokenExpiredError, TokenInvalidError
from keys.jwks import ALGORITHM, encode_base64url, public_jwk
from keys.service_certificate import ServiceCertificate
from store.clock import Clock
from store.errors import YinzhengError

MAXIMUM_TOKEN: Final = 8192
"""Characters of a token that are looked at; what is longer is refused unread."""

_SIGNING: Final = frozenset({KeyPurpose.TOKEN, KeyPurpose.RECEIPT, KeyPurpose.CONSENT, KeyPurpose.STATUS_LIST})
_OWN_CLAIMS: Final = frozenset({"iss", "aud", "iat", "nbf", "exp"})
_HEADER: Final = frozenset({"alg", "kid", "typ"})
_COMPACT: Final = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)", re.ASCII)
SIGNATURE_SIZE: Final = 64
"""Bytes of an ES256 signature (RFC 7518, 3.4)."""

_LATEST: Final = 253402300799
"""The end of the year 9999 in seconds, after which no date can be told."""


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """What a token says, after its signature, type, issuer, audience and times were checked.

    ``claims`` has all claims, the registered ones too. ``expires_at`` is None for a statement, which has no end.
    """

    typ: str
    key_id: str
    token_id: str
    issued_at: datetime
    expires_at: datetime | None
    claims: Mapping[str, Any]


class VerifyingKeys(Protocol):
    """Public keys by key id."""

    def find(self, kid: str) -> Key | None:
        """The key with this id, to verify with."""
        ...


class _CustodyKey(Key):
    """A key for python-jose whose private half stays in the custody."""

    def __init__(self, custody: KeyCustody, key_id: int, kid: str) -> None:
        self._custody = custody
        self.key_id = key_id
        self.kid = kid

    def sign(self, msg: bytes) -> bytes:
        r, s = decode_dss_signature(self._custody.sign(self.key_id, msg))
        # RFC 7518 3.4: two numbers of fixed length instead of DER
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


class TokenSigner:
    """Makes tokens. Safe to use from several threads.

    :param key: a P-256 key made for tokens, receipts, consents or status lists, or where the one of now is told.
    :param issuer: the ``iss`` of every token.
    :param chain: the key's certificate and those above it, DER, for readers who know the root only (``x5c``).
    :raises PurposeMismatchError: the key is another.
    """

    def __init__(
        self,
        custody: KeyCustody,
        key: KeyInfo | ServiceCertificate,
        clock: Clock,
        *,
        issuer: str,
        chain: Sequence[bytes] = (),
    ) -> None:
        self._custody = custody
        self._service = None if isinstance(key, KeyInfo) else key
        self._clock = clock
        self._issuer = issuer
        # RFC 7515 4.1.6: plain Base64, other than all else in a token
        self._header: dict[str, object] = {"x5c": [b64encode(each).decode() for each in chain]} if chain else {}
        self._key = _signing(custody, key if isinstance(key, KeyInfo) else custody.info(key.current().key_id))

    def sign(self, claims: Mapping[str, object], *, typ: str, lifetime: timedelta, audience: str | None = None) -> str:
        """Sign claims as a token in compact form.

        ``iss``, ``iat``, ``nbf``, ``exp`` and, with an audience, ``aud`` are added; a random ``jti`` unless the claims
        have one.

        :param typ: what sort of token it is, such as ``presentation+jwt``; the verifier must expect the same.
        :param lifetime: from now, in whole seconds.
        :raises ValueError: the claims contain one that is added here, or what JSON cannot hold.
        """
        now = int(self._clock.now().timestamp())
        body = self._body(claims, audience)
        body.update(iat=now, nbf=now, exp=now + int(lifetime.total_seconds()))
        return self._signed(body, typ)

    def sign_statement(self, claims: Mapping[str, object], *, typ: str, audience: str | None = None) -> str:
        """Sign claims that stay true for good, such as a receipt or a notice (RFC 8417): a token without end.

        :raises ValueError: the claims contain one that is added here, or what JSON cannot hold.
        """
        body = self._body(claims, audience)
        body["iat"] = int(self._clock.now().timestamp())
        return self._signed(body, typ)

    def _body(self, claims: Mapping[str, object], audience: str | None) -> dict[str, object]:
        if _OWN_CLAIMS & claims.keys():
            raise ValueError("the signer sets iss, aud, iat, nbf and exp itself")
        body: dict[str, object] = {"jti": secrets.token_urlsafe(16), **claims, "iss": self._issuer}
        if audience is not None:
            body["aud"] = audience
        return body

    def _signed(self, body: Mapping[str, object], typ: str) -> str:
        payload = json.dumps(body, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
        key = self._current()
        headers = {"typ": typ, "kid": key.kid, **self._header}
        try:
            return jws.sign(payload, key, headers=headers, algorithm=ALGORITHM)
        except JWSError as error:
            # python-jose wraps whatever the key raised
            if isinstance(error.__context__, YinzhengError):
                raise error.__context__ from None
            raise

    def _current(self) -> _CustodyKey:
        if self._service is not None and (key_id := self._service.current().key_id) != self._key.key_id:
            self._key = _signing(self._custody, self._custody.info(key_id))
        return self._key


def _signing(custody: KeyCustody, key: KeyInfo) -> _CustodyKey:
    if key.purpose not in _SIGNING:
        raise PurposeMismatchError(key_id=key.id, purpose=key.purpose.value, wanted=KeyPurpose.TOKEN.value)
    try:
        return _CustodyKey(custody, key.id, public_jwk(key)["kid"])
    except ValueError:
        raise PurposeMismatchError(key_id=key.id, purpose=key.algorithm.value, wanted=ALGORITHM) from None


class TokenVerifier:
    """Checks tokens. Safe to use from several threads.

    :param issuer: the only ``iss`` accepted.
    :param leeway: how far ahead of ours the clock of the process that made the token may be; nothing is given on
        expiry.
    """

    def __init__(
        self,
        keys: VerifyingKeys,
        clock: Clock,
        *,
        issuer: str,
        leeway: timedelta = timedelta(seconds=5),
        maximum_size: int = MAXIMUM_TOKEN,
    ) -> None:
        self._keys = keys
        self._clock = clock
        self._issuer = issuer
        self._leeway = leeway
        self._maximum_size = maximum_size

    def verify(
        self, token: str, *, typ: str, audience: str | None = None, required: Collection[str] = ()
    ) -> VerifiedToken:
        """Check a token and hand out what it says.

        :param typ: the only type accepted.
        :param audience: the ``aud`` that it must have; with none it must have none.
        :param required: further claims that must be there.
        :raises TokenExpiredError: it was ours, for this use, and its time is over.
        :raises TokenInvalidError: anything else is wrong with it.
        """
        kid, token_id, claims = self._checked(token, typ=typ, audience=audience, required=required)
        issued_at, expires_at = self._check_times(claims)
        return VerifiedToken(typ, kid, token_id, issued_at, expires_at, MappingProxyType(claims))

    def verify_statement(
        self, token: str, *, typ: str, audience: str | None = None, required: Collection[str] = ()
    ) -> VerifiedToken:
        """Check what :meth:`TokenSigner.sign_statement` made; ``expires_at`` of the answer is None.

        :raises TokenInvalidError: something is wrong with it; one that has an end is no statement.
        """
        kid, token_id, claims = self._checked(token, typ=typ, audience=audience, required=required)
        issued_at = moment(claims, "iat")
        if claims.keys() & {"nbf", "exp"}:
            refuse("claims")
        if issued_at > self._clock.now() + self._leeway:
            refuse("not yet valid")
        return VerifiedToken(typ, kid, token_id, issued_at, None, MappingProxyType(claims))

    def _checked(
        self, token: str, *, typ: str, audience: str | None, required: Collection[str]
    ) -> tuple[str, str, dict[str, Any]]:
        """Key id, token id and claims of a token whose times are yet to be checked."""
        parts = split(token, self._maximum_size)
        kid = _check_header(parts[0], typ)
        claims = signed_claims(token, parts[2], self._keys.find(kid))
        if claims.get("iss") != self._issuer:
            refuse("issuer")
        if claims.get("aud") != audience or ("aud" in claims) != (audience is not None):
            refuse("audience")
        token_id = claims.get("jti")
        if not isinstance(token_id, str) or not token_id or not claims.keys() >= set(required):
            refuse("claims")
        return kid, token_id, claims

    def _check_times(self, claims: Mapping[str, Any]) -> tuple[datetime, datetime]:
        issued_at, not_before, expires_at = (moment(claims, name) for name in ("iat", "nbf", "exp"))
        now = self._clock.now()
        if max(issued_at, not_before) > now + self._leeway:
            refuse("not yet valid")
        if now >= expires_at:
            raise TokenExpiredError
        return issued_at, expires_at


def signed_claims(token: str, signature: bytes, key: Key | None) -> dict[str, Any]:
    """What a token claims, once its signature is that of a key; what the claims say is for the caller to check.

    :param signature: the token's third part, decoded.
    :param key: None where nobody knows the key that the token names.
    :raises TokenInvalidError: there is no key, or the signature is not by it.
    """
    if key is None:
        refuse("key")
    if len(signature) != SIGNATURE_SIZE:
        refuse("signature")
    try:
        payload = jws.verify(token, key, algorithms=[ALGORITHM])
    except JWSError:
        refuse("signature")
    return read_object(payload, "claims")


def split(token: str, maximum_size: int = MAXIMUM_TOKEN) -> tuple[bytes, bytes, bytes]:
    """Header, payload and signature of a token in compact form, decoded.

    :raises TokenInvalidError: it is longer than may be, or not in that form.
    """
    if not isinstance(token, str) or len(token) > maximum_size:
        refuse("size")
    match = _COMPACT.fullmatch(token)
    if match is None:
        refuse("format")
    header, payload, signature = (_decode(part) for part in match.groups())
    return header, payload, signature


def _check_header(data: bytes, typ: str) -> str:
    header = read_object(data, "header")
    # jwk, jku, x5u, x5c, crit, zip and whatever else may come: ours have these three and no more
    if header.keys() != _HEADER:
        refuse("header")
    if header["alg"] != ALGORITHM:
        refuse("algorithm")
    if header["typ"] != typ:
        refuse("type")
    kid = header["kid"]
    if not isinstance(kid, str):
        refuse("key")
    return kid


def _decode(part: str) -> bytes:
    try:
        data = urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        refuse("format")
    # a token has one spelling, so that it is recognised when it comes a second time
    if encode_base64url(data) != part:
        refuse("format")
    return data


def read_object(data: bytes, what: str) -> dict[str, Any]:
    """A JSON object without doubtful members.

    :raises TokenInvalidError: it is none.
    """
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_without_duplicates, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        refuse(what)
    if not isinstance(value, dict):
        refuse(what)
    return value


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a member stands twice")
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def moment(claims: Mapping[str, Any], name: str) -> datetime:
    """The time that a claim tells (NumericDate, RFC 7519, 2), in whole seconds.

    :raises TokenInvalidError: it tells none.
    """
    seconds = claims.get(name)
    if type(seconds) is not int or not 0 <= seconds <= _LATEST:
        refuse("claims")
    return datetime.fromtimestamp(seconds, UTC)


def refuse(reason: str) -> NoReturn:
    """:raises TokenInvalidError: always, naming the part that is wrong."""
    raise TokenInvalidError(reason=reason)
