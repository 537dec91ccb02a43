"""Access tokens for clients (RFC 6749, 4.4), and the keys to check our tokens with."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import unquote_plus

from cryptography import x509
from fastapi import APIRouter, Form, Header, Request, Response

from api.certificates import certificate_of
from api.client_proofs import ClientProofs, thumbprint
from api.clients import TOKEN_LIFETIME, Client
from api.errors import ClientUnknownError
from api.problems import responses
from api.schemas import TokenAnswer
from api.security import ServicesDep, remote_address

router = APIRouter(tags=["访问令牌 Tokens"])

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True)
class _Given:
    """What a request brings to prove whose it is."""

    client_id: str | None
    secret: str | None
    assertion: str | None
    certificate: x509.Certificate | None

    def proved(self, proofs: ClientProofs) -> Client:
        """The client; exactly one proof counts (RFC 6749, 2.3), and a certificate alone only where no other is there.

        :raises ClientUnknownError: there is no proof, more than one, or it is wrong.
        """
        if self.assertion is not None and self.secret is None:
            return proofs.by_assertion(self.assertion, self.client_id)
        if self.assertion is None and self.secret is not None and self.client_id is not None:
            return proofs.by_secret(self.client_id, self.secret)
        if self.assertion is None and self.secret is None and self.client_id and self.certificate is not None:
            return proofs.by_certificate(self.client_id, self.certificate)
        raise ClientUnknownError


@router.post("/oauth/token", summary="获取访问令牌 Get an access token", responses=responses(401, 403, 413, 422))
def token(
    request: Request,
    response: Response,
    services: ServicesDep,
    grant_type: Annotated[Literal["client_credentials"], Form()],
    client_id: Annotated[str | None, Form(max_length=64)] = None,
    client_secret: Annotated[str | None, Form(max_length=128)] = None,
    client_assertion_type: Annotated[str | None, Form(max_length=200, examples=[_ASSERTION_TYPE])] = None,
    client_assertion: Annotated[str | None, Form(max_length=8192)] = None,
    scope: Annotated[str | None, Form(max_length=200, description="Scopes wanted; all where left out.")] = None,
    authorization: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> TokenAnswer:
    """证明客户端身份，换取 15 分钟有效的访问令牌。三种方式任选其一：

    - `private_key_jwt`（推荐，RFC 7523）：`client_assertion` 为以登记公钥对应的私钥签名的 JWT（ES256），
      有效期不超过 5 分钟，只能使用一次；
    - 双向 TLS（RFC 8705）：只传 `client_id`，令牌与证书绑定；
    - `client_secret`：表单或 HTTP Basic，仅供演示与初次联调。

    Proves which client asks, for an access token good for 15 minutes: by an assertion signed with its own key
    (recommended; each is good for once), by its certificate over mutual TLS (the token is bound to it), or by a secret
    in the form or by HTTP Basic (for demonstrations and first steps).
    """
    services.limiter.hit(services.settings.token_rate, "token", remote_address(request))
    if (client_assertion is None) != (client_assertion_type != _ASSERTION_TYPE):
        raise ClientUnknownError
    if authorization is not None:
        client_id, client_secret = _basic(authorization)
    certificate = certificate_of(request, services.settings.client_certificate_header)
    proofs = services.client_proofs
    client = _Given(client_id, client_secret, client_assertion, certificate).proved(proofs)
    bound = thumbprint(certificate) if certificate is not None and proofs.holds(client.id, certificate) else None
    access_token = services.clients.token(client, scope=scope, thumbprint=bound)
    granted = services.clients.authenticate(access_token, thumbprint=bound)
    response.headers["Cache-Control"] = "no-store"
    return TokenAnswer(
        access_token=access_token,
        expires_in=int(TOKEN_LIFETIME.total_seconds()),
        scope=" ".join(sorted(granted.scopes)),
    )


@router.get("/.well-known/jwks.json", summary="令牌公钥 Keys of our tokens", responses=responses())
def jwks(services: ServicesDep, response: Response) -> dict[str, Any]:
    """RFC 7517."""
    response.headers["Cache-Control"] = "public, max-age=300"
    return dict(services.keys.token_keys.jwks())


def _basic(header: str) -> tuple[str, str]:
    """The credentials of an HTTP Basic header, form-encoded first as RFC 6749, 2.3.1 wants."""
    kind, _, value = header.partition(" ")
    if kind.lower() != "basic":
        raise ClientUnknownError
    try:
        user, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ClientUnknownError from error
    return unquote_plus(user), unquote_plus(secret)
