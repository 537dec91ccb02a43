"""Departments' own keys, assertions and certificates, for tests."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from jose import jwt
from jose.backends import ECKey

ENDPOINT = "http://127.0.0.1:8000/oauth/token"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True)
class DepartmentKey:
    """A key of a department, on P-256 where nothing else is said."""

    private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    kid: str

    @classmethod
    def make(cls, kid: str = "k1") -> DepartmentKey:
        return cls(ec.generate_private_key(ec.SECP256R1()), kid)

    @property
    def pem(self) -> str:
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    def jwk(self) -> dict[str, Any]:
        made: dict[str, Any] = ECKey(self.pem, "ES256").public_key().to_dict()
        return {**made, "kid": self.kid}

    def assertion(self, client_id: str, now: datetime, **changed: Any) -> str:
        headers = {"kid": self.kid, **changed.pop("headers", {})}
        claims = {
            "iss": client_id,
            "sub": client_id,
            "aud": ENDPOINT,
            "jti": secrets.token_urlsafe(16),
            "iat": int(now.timestamp()),
            "exp": int((now + timedelta(minutes=4)).timestamp()),
            **changed,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(claims, self.pem, algorithm="ES256", headers=headers)

    def certificate(self, now: datetime, *, days: int = 30) -> x509.Certificate:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "核验系统")])
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.private.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=days))
            .sign(self.private, hashes.SHA256())
        )


def jwks(*keys: DepartmentKey) -> str:
    return json.dumps({"keys": [key.jwk() for key in keys]})
