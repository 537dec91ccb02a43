"""The identity provider as this service asks it: OpenID Connect Core 1.0, authorization code with PKCE (RFC 7636).

All that is believed comes from the provider's own addresses over TLS: its metadata (OpenID Connect Discovery 1.0) by
the issuer that was configured, its keys, and the answer of its token endpoint. What a browser brings back is a code
and a state, and neither is worth anything without what this service kept (RFC 9700).
"""

from __future__ import annotations

import hashlib
import json
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.client import HTTPException
from threading import Lock
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from api.sign_in_errors import AssuranceTooLowError, ProviderUnavailableError, SignInFailedError
from keys import ProviderKeys, named_key, verify_id_token
from keys.errors import TokenExpiredError, TokenInvalidError
from keys.jwks import encode_base64url
from store.clock import Clock
from store.outgoing import direct_opener

_SECONDS: Final = 10
_LARGEST: Final = 512 * 1024
_KEPT: Final = timedelta(hours=1)
"""How long metadata and keys are used before they are asked for again."""
_KEYS_AGAIN: Final = timedelta(seconds=30)
"""How soon keys are asked for again because of a key id that is not among them."""
_LONGEST_NAME: Final = 100
_MOST_WORDS: Final = 50
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class ProviderTerms:
    """What the operator agreed with the provider."""

    issuer: str
    client_id: str
    client_secret: str | None = field(repr=False)
    """None for a client without one, which PKCE alone protects."""
    algorithm: str
    """The one by which ID tokens are signed."""
    acr: tuple[str, ...]
    """The levels of assurance (``acr``) of which one has to be reached."""
    scope: str
    name_claim: str
    number_claim: str
    """Of the citizen identity number."""
    bodies_claim: str | None
    """Of the unified social credit codes of the bodies that the person legally represents."""
    roles_claim: str | None
    """Of the roles that the provider grants; without it the register of officers alone says."""
    leeway: timedelta
    loopback: bool
    """Whether the provider may be on this machine, without TLS: for trying out."""


@dataclass(frozen=True)
class Identity:
    """Who signed in, as the provider says."""

    issuer: str
    subject: str = field(repr=False)
    name: str = field(repr=False)
    number: str | None = field(repr=False)
    """Citizen identity number, as it was given."""
    assurance: str
    roles: frozenset[str] | None = None
    bodies: frozenset[str] = frozenset()
    """Unified social credit codes of the bodies that the person legally represents, as the provider has verified."""


@dataclass(frozen=True)
class _Metadata:
    authorization: str
    token: str
    jwks: str
    userinfo: str | None
    names_itself: bool
    """Whether each answer names its issuer (RFC 9207)."""
    secret_in_form: bool


class Provider:
    """Asks the provider. Safe to use from several threads.

    :param redirect_uri: where it sends browsers back to.
    """

    def __init__(self, terms: ProviderTerms, clock: Clock, *, redirect_uri: str) -> None:
        self.terms = terms
        self._clock = clock
        self._redirect_uri = redirect_uri
        self._opener = direct_opener()
        self._lock = Lock()
        self._metadata: tuple[_Metadata, datetime] | None = None
        self._keys: tuple[ProviderKeys, datetime] | None = None

    def address(self, *, state: str, nonce: str, verifier: str) -> str:
        """Where to send a browser.

        :raises ProviderUnavailableError: the provider does not say where that is.
        """
        terms = self.terms
        asked = {
            "response_type": "code",
            "client_id": terms.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": terms.scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
            "acr_values": " ".join(terms.acr),
        }
        endpoint = self._described().authorization
        return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(asked)}"

    def check_issuer(self, issuer: str | None) -> None:
        """Make sure that an answer is this provider's and not another's (RFC 9207, 2.4): against mix-up.

        :raises SignInFailedError: it names another, or none where the provider always does.
        """
        if issuer is None and not self._described().names_itself:
            return
        if issuer != self.terms.issuer:
            raise SignInFailedError(reason="issuer")

    def identify(self, code: str, *, verifier: str, nonce: str) -> Identity:
        """Who signed in, for the code that a browser brought back.

        :raises SignInFailedError: the code is not good here, or the ID token fails its checks.
        :raises AssuranceTooLowError: the person signed in by a way that is not strong enough.
        :raises ProviderUnavailableError: the provider cannot be asked.
        """
        answer = self._redeem(code, verifier)
        token, access_token = answer.get("id_token"), answer.get("access_token")
        if not isinstance(token, str) or not isinstance(access_token, str | None):
            raise SignInFailedError(reason="token")
        terms = self.terms
        try:
            claims = verify_id_token(
                token,
                self._keys_for(token),
                self._clock,
                algorithm=terms.algorithm,
                issuer=terms.issuer,
                client_id=terms.client_id,
                nonce=nonce,
                access_token=access_token,
                leeway=terms.leeway,
            )
        except TokenInvalidError as error:
            raise SignInFailedError(reason=error.params["reason"]) from error
        except TokenExpiredError as error:
            raise SignInFailedError(reason="expired") from error
        assurance = claims.get("acr")
        if assurance not in terms.acr:
            raise AssuranceTooLowError
        return self._identity(self._with_userinfo(claims, access_token), str(assurance))

    def _identity(self, claims: Mapping[str, Any], assurance: str) -> Identity:
        terms = self.terms
        name, number = claims.get(terms.name_claim), claims.get(terms.number_claim)
        if not isinstance(name, str) or not 0 < len(name.strip()) <= _LONGEST_NAME or not name.isprintable():
            raise SignInFailedError(reason=f"claim {terms.name_claim}")
        number = number.strip() if isinstance(number, str) else None
        return Identity(
            terms.issuer,
            str(claims["sub"]),
            name.strip(),
            number,
            assurance,
            _words(claims, terms.roles_claim) if terms.roles_claim is not None else None,
            _words(claims, terms.bodies_claim) if terms.bodies_claim is not None else frozenset(),
        )

    def _with_userinfo(self, claims: Mapping[str, Any], access_token: str | None) -> Mapping[str, Any]:
        """The claims and, where one is missing, what the UserInfo endpoint adds (OpenID Connect Core 1.0, 5.3)."""
        terms = self.terms
        named = (terms.name_claim, terms.number_claim, terms.roles_claim, terms.bodies_claim)
        wanted = {each for each in named if each is not None}
        endpoint = self._described().userinfo
        if wanted <= claims.keys() or endpoint is None or access_token is None:
            return claims
        found = self._get(endpoint, {"Authorization": f"Bearer {access_token}"})
        if found.get("sub") != claims["sub"]:
            raise SignInFailedError(reason="userinfo")
        return {**{name: found[name] for name in wanted & found.keys()}, **claims}

    def _redeem(self, code: str, verifier: str) -> Mapping[str, Any]:
        terms, metadata = self.terms, self._described()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": verifier,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if terms.client_secret is None:
            form["client_id"] = terms.client_id
        elif metadata.secret_in_form:
            form |= {"client_id": terms.client_id, "client_secret": terms.client_secret}
        else:
            pair = f"{quote(terms.client_id, safe='')}:{quote(terms.client_secret, safe='')}"
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        return self._get(metadata.token, headers, urlencode(form).encode())

    def _keys_for(self, token: str) -> ProviderKeys:
        kid, now = named_key(token), self._clock.now()
        with self._lock:
            held = self._keys
            if held is not None:
                keys, read_at = held
                age = abs(now - read_at)
                if age < _KEPT and (keys.find(kid) is not None or age < _KEYS_AGAIN):
                    return keys
        keys = ProviderKeys.parse(self._fetch(self._described().jwks, {}), self.terms.algorithm)
        with self._lock:
            self._keys = (keys, now)
        return keys

    def _described(self) -> _Metadata:
        now = self._clock.now()
        with self._lock:
            if self._metadata is not None and abs(now - self._metadata[1]) < _KEPT:
                return self._metadata[0]
        found = self._get(f"{self.terms.issuer.rstrip('/')}/.well-known/openid-configuration", {})
        metadata = self._understood(found)
        with self._lock:
            self._metadata = (metadata, now)
        return metadata

    def _understood(self, found: Mapping[str, Any]) -> _Metadata:
        if found.get("issuer") != self.terms.issuer:
            raise ProviderUnavailableError(problem="issuer")
        if self.terms.algorithm not in found.get("id_token_signing_alg_values_supported", [self.terms.algorithm]):
            raise ProviderUnavailableError(problem="id_token_signing_alg_values_supported")
        if "S256" not in found.get("code_challenge_methods_supported", ["S256"]):
            raise ProviderUnavailableError(problem="code_challenge_methods_supported")
        methods = found.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        return _Metadata(
            authorization=self._endpoint(found, "authorization_endpoint"),
            token=self._endpoint(found, "token_endpoint"),
            jwks=self._endpoint(found, "jwks_uri"),
            userinfo=self._endpoint(found, "userinfo_endpoint") if "userinfo_endpoint" in found else None,
            names_itself=found.get("authorization_response_iss_parameter_supported") is True,
            secret_in_form="client_secret_basic" not in methods and "client_secret_post" in methods,
        )

    def _endpoint(self, found: Mapping[str, Any], name: str) -> str:
        value = found.get(name)
        if not isinstance(value, str) or not fit_for_provider(value, loopback=self.terms.loopback):
            raise ProviderUnavailableError(problem=name)
        return value

    def _get(self, address: str, headers: Mapping[str, str], form: bytes | None = None) -> Mapping[str, Any]:
        try:
            value = json.loads(self._fetch(address, headers, form))
        except (ValueError, RecursionError):
            raise ProviderUnavailableError(problem="not JSON") from None
        if not isinstance(value, dict):
            raise ProviderUnavailableError(problem="not JSON")
        return value

    def _fetch(self, address: str, headers: Mapping[str, str], form: bytes | None = None) -> bytes:
        request = urllib.request.Request(  # noqa: S310  the address was held to https before
            address, form, {"Accept": "application/json", **headers}
        )
        try:
            with self._opener.open(request, timeout=_SECONDS) as answer:
                data: bytes = answer.read(_LARGEST + 1)
        except urllib.error.HTTPError as error:
            with error:
                if form is not None and error.code in {400, 401, 403}:
                    raise SignInFailedError(reason="code") from None
                raise ProviderUnavailableError(problem=f"HTTP {error.code}") from None
        except (OSError, HTTPException) as error:
            raise ProviderUnavailableError(problem=type(error).__name__) from error
        if len(data) > _LARGEST:
            raise ProviderUnavailableError(problem="size")
        return data


def _words(claims: Mapping[str, Any], name: str) -> frozenset[str]:
    """What a claim lists, as an array or as words with spaces between.

    :raises SignInFailedError: it is neither, or too long.
    """
    said = claims.get(name, [])
    listed = said.split() if isinstance(said, str) else said
    if not isinstance(listed, list) or len(listed) > _MOST_WORDS:
        raise SignInFailedError(reason=f"claim {name}")
    return frozenset(each for each in listed if isinstance(each, str))


def challenge_of(verifier: str) -> str:
    """The challenge for a verifier: method S256 (RFC 7636, 4.2)."""
    return encode_base64url(hashlib.sha256(verifier.encode()).digest())


def fit_for_provider(address: str, *, loopback: bool) -> bool:
    """Whether an address may be one of a provider's: https, or on this machine where that is permitted."""
    parts = urlsplit(address)
    plain = parts.scheme == "http" and loopback and parts.hostname in LOOPBACK
    return (parts.scheme == "https" or plain) and bool(parts.hostname) and not parts.fragment and parts.username is None
