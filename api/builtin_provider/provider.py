"""What the built-in provider answers: OpenID Connect Discovery 1.0, and codes with PKCE (RFC 7636)."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Final
from urllib.parse import urlencode

from api.builtin_provider.people import ACR, PEOPLE
from api.openid import challenge_of
from api.sign_in_errors import SignInFailedError
from keys import TokenSigner
from keys.jwks import ALGORITHM
from store.clock import Clock

CLIENT_ID: Final = "yinzheng"
PATH: Final = "/builtin-provider"
_CODE_LIFETIME: Final = timedelta(minutes=1)
_TOKEN_LIFETIME: Final = timedelta(minutes=5)
_MOST_CODES: Final = 1000


@dataclass(frozen=True)
class _Code:
    person: str
    nonce: str
    challenge: str
    expires_at: datetime


@dataclass(frozen=True)
class Asked:
    """What a browser is sent to the provider with."""

    client_id: str
    redirect_uri: str
    response_type: str
    state: str
    nonce: str
    code_challenge: str
    code_challenge_method: str


class BuiltinProvider:
    """The provider of one process, which keeps its codes itself.

    :param signer: with the issuer of this provider.
    """

    def __init__(self, signer: TokenSigner, clock: Clock, *, base_url: str) -> None:
        self._signer = signer
        self._clock = clock
        self._redirect_uri = f"{base_url}/sign-in/callback"
        self.issuer = issuer_below(base_url)
        self._codes: dict[str, _Code] = {}
        self._lock = Lock()

    def metadata(self) -> Mapping[str, Any]:
        """OpenID Connect Discovery 1.0, 3."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks.json",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
            "token_endpoint_auth_methods_supported": ["none"],
            "code_challenge_methods_supported": ["S256"],
            "acr_values_supported": [ACR],
            "authorization_response_iss_parameter_supported": True,
        }

    def check(self, asked: Asked) -> None:
        """:raises SignInFailedError: it is not asked by this service, or without PKCE."""
        wanted = (CLIENT_ID, self._redirect_uri, "code", "S256")
        if wanted != (asked.client_id, asked.redirect_uri, asked.response_type, asked.code_challenge_method):
            raise SignInFailedError(reason="request")

    def answer(self, asked: Asked, person: str) -> str:
        """Where to send a browser back to, once somebody was chosen. Raises like :meth:`check`."""
        self.check(asked)
        if person not in PEOPLE:
            raise SignInFailedError(reason="person")
        code, now = secrets.token_urlsafe(32), self._clock.now()
        with self._lock:
            self._codes = {key: each for key, each in self._codes.items() if each.expires_at > now}
            if len(self._codes) >= _MOST_CODES:
                raise SignInFailedError(reason="busy")
            self._codes[code] = _Code(person, asked.nonce, asked.code_challenge, now + _CODE_LIFETIME)
        return f"{self._redirect_uri}?{urlencode({'code': code, 'state': asked.state, 'iss': self.issuer})}"

    def redeem(self, code: str, verifier: str, redirect_uri: str) -> Mapping[str, Any]:
        """The answer of the token endpoint; each code is taken once.

        :raises SignInFailedError: the code is not good, or not with this verifier.
        """
        with self._lock:
            kept = self._codes.pop(code, None)
        if kept is None or kept.expires_at <= self._clock.now() or redirect_uri != self._redirect_uri:
            raise SignInFailedError(reason="code")
        if not hmac.compare_digest(kept.challenge.encode(), challenge_of(verifier).encode()):
            raise SignInFailedError(reason="verifier")
        person = PEOPLE[kept.person]
        claims = {
            "sub": person.key,
            "nonce": kept.nonce,
            "acr": ACR,
            "name": person.name,
            "id_number": person.number,
        }
        token = self._signer.sign(claims, typ="JWT", audience=CLIENT_ID, lifetime=_TOKEN_LIFETIME)
        return {"id_token": token, "access_token": secrets.token_urlsafe(16), "token_type": "Bearer"}


def issuer_below(base_url: str) -> str:
    """The issuer of the built-in provider of a service."""
    return f"{base_url}{PATH}"
