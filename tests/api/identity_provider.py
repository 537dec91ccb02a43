"""A provider of identities on a loopback port, which a test can bend in every way."""

from __future__ import annotations

import hashlib
import json
import threading
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from jose import jwt
from jose.jwk import construct

CLIENT_ID, SECRET = "city-licences", "a secret: 100 %"
ACR = "urn:city:real-name-face"


class Keypair:
    """An RSA key of a provider."""

    def __init__(self, kid: str, bits: int = 2048) -> None:
        self.kid = kid
        made = rsa.generate_private_key(public_exponent=65537, key_size=bits)
        self.pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        self.public_pem = made.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def jwk(self) -> dict[str, Any]:
        return {**construct(self.public_pem, "RS256").to_dict(), "kid": self.kid, "use": "sig"}


@dataclass
class IdentityProvider:
    """What it says next is what its fields say; with nothing changed it is an honest provider."""

    key: Keypair
    now: datetime
    url: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    """Put over the honest claims; None leaves one out."""
    header: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    published: list[dict[str, Any]] | None = None
    userinfo: dict[str, Any] | None = None
    token: str | None = None
    """In place of the ID token."""
    key_requests: int = 0
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def authorize(self, address: str) -> dict[str, str]:
        """What a person who signs in there brings back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return {"code": code, "state": asked["state"], "iss": self.url}

    def describe(self) -> dict[str, Any]:
        found = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "userinfo_endpoint": f"{self.url}/userinfo" if self.userinfo is not None else None,
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            **self.metadata,
        }
        return {name: value for name, value in found.items() if value is not None}

    def redeem(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        user, _, secret = b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        if (unquote(user), unquote(secret)) != (CLIENT_ID, SECRET):
            return 401, {"error": "invalid_client"}
        asked = self.codes.pop(form.get("code", ""), None)
        challenge = urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if asked is None or challenge.rstrip(b"=").decode() != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "access", "token_type": "Bearer", "id_token": self.token or self.sign(asked)}

    def sign(self, asked: dict[str, str]) -> str:
        moment = int(self.now.timestamp())
        claims = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "sub": "u-1001",
            "iat": moment,
            "exp": moment + 300,
            "nonce": asked["nonce"],
            "acr": ACR,
            "name": "孟昭岚",
            "id_number": "370214199412034682",
            **self.claims,
        }
        said = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(said, self.key.pem, "RS256", headers={"kid": self.key.kid, **self.header})

    def answer(self, method: str, path: str, body: bytes, authorization: str) -> tuple[int, dict[str, Any]]:
        if path == "/.well-known/openid-configuration":
            return 200, self.describe()
        if path == "/keys":
            self.key_requests += 1
            return 200, {"keys": self.published if self.published is not None else [self.key.jwk()]}
        if path == "/userinfo" and self.userinfo is not None:
            return 200, self.userinfo
        if path == "/token" and method == "POST":
            return self.redeem({name: values[0] for name, values in parse_qs(body.decode()).items()}, authorization)
        return 404, {}


@contextmanager
def providing(key: Keypair, now: datetime) -> Iterator[IdentityProvider]:
    """A provider, as long as the block lasts."""
    made = IdentityProvider(key, now)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            status, answer = made.answer(self.command, self.path, body, self.headers.get("authorization", ""))
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        made.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield made
        server.shutdown()
        thread.join()
