"""How a department's system proves who it is."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jose import jwt

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_SECONDS = 240
_SPARE_SECONDS = 30.0


@dataclass(frozen=True)
class Credentials:
    """A secret, or the PEM of a P-256 key with the id under which it is registered (``private_key_jwt``, RFC 7523)."""

    client_id: str
    secret: str | None = field(default=None, repr=False)
    key_pem: str | None = field(default=None, repr=False)
    key_id: str | None = None

    def form(self, token_endpoint: str) -> dict[str, str]:
        """What is sent to the token endpoint.

        :raises ValueError: there is neither a secret nor a key with its id.
        """
        form = {"grant_type": "client_credentials", "client_id": self.client_id}
        if self.key_pem is not None and self.key_id is not None:
            claims = {
                "iss": self.client_id,
                "sub": self.client_id,
                "aud": token_endpoint,
                "jti": secrets.token_urlsafe(16),
                "exp": int(time.time()) + _ASSERTION_SECONDS,
            }
            made = jwt.encode(claims, self.key_pem, algorithm="ES256", headers={"kid": self.key_id})
            return {**form, "client_assertion_type": _ASSERTION_TYPE, "client_assertion": made}
        if self.secret is None:
            raise ValueError("give a secret, or a key and its id")
        return {**form, "client_secret": self.secret}


class Tokens:
    """The access token in hand, and until when it is good."""

    def __init__(self, base_url: str, credentials: Credentials) -> None:
        self._endpoint = f"{base_url.rstrip('/')}/oauth/token"
        self._credentials = credentials
        self._token = ""
        self._good_until = 0.0

    @property
    def in_hand(self) -> str | None:
        """The token, if it is good for a while yet."""
        return self._token if time.monotonic() < self._good_until else None

    def form(self) -> dict[str, str]:
        """What is sent to get a new one."""
        return self._credentials.form(self._endpoint)

    def keep(self, body: Mapping[str, Any]) -> str:
        """Take a new one in hand."""
        self._token = body["access_token"]
        self._good_until = time.monotonic() + body["expires_in"] - _SPARE_SECONDS
        return self._token
