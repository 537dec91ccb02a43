"""Access tokens for clients (RFC 6749, 4.4), and the keys to check our tokens with."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any, Literal
from urllib.parse import unquote_plus

from fastapi import APIRouter, Form, Header, Request, Response

from api.clients import TOKEN_LIFETIME
from api.errors import ClientUnknownError
from api.problems import responses
from api.schemas import TokenAnswer
from api.security import ServicesDep, remote_address

router = APIRouter(tags=["访问令牌 Tokens"])


@router.post("/oauth/token", summary="获取访问令牌 Get an access token", responses=responses(401, 422, 429))
def token(
    request: Request,
    response: Response,
    services: ServicesDep,
    grant_type: Annotated[Literal["client_credentials"], Form()],
    client_id: Annotated[str | None, Form(max_length=64)] = None,
    client_secret: Annotated[str | None, Form(max_length=128)] = None,
    authorization: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> TokenAnswer:
    """以客户端标识和密钥换取 15 分钟有效的访问令牌；也可用 HTTP Basic 传递。

    Trades a client's identifier and secret, in the form or by HTTP Basic, for an access token good for 15 minutes.
    """
    services.limiter.hit(services.settings.token_rate, "token", remote_address(request))
    if authorization is not None:
        client_id, client_secret = _basic(authorization)
    if client_id is None or client_secret is None or "\0" in client_id:
        raise ClientUnknownError
    access_token = services.clients.token(client_id, client_secret)
    client = services.clients.authenticate(access_token)
    response.headers["Cache-Control"] = "no-store"
    return TokenAnswer(
        access_token=access_token,
        expires_in=int(TOKEN_LIFETIME.total_seconds()),
        scope=" ".join(sorted(client.scopes)),
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
