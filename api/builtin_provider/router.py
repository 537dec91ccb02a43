"""The built-in provider's endpoints and its page. Each refuses what does not come from this machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse

from api.builtin_provider.people import HOLDERS, OFFICERS
from api.builtin_provider.provider import PATH, Asked
from api.errors import PathUnknownError
from api.openid import LOOPBACK
from api.pages.frame import show
from api.security import ServicesDep
from api.sign_in_errors import SignInFailedError

_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


def only_here(request: Request, services: ServicesDep) -> None:
    """:raises PathUnknownError: the provider is off, or somebody calls from elsewhere or through a proxy."""
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname
    proxied = any(name in request.headers for name in _FORWARDED)
    caller = request.client.host if request.client is not None else ""
    if not services.settings.builtin_provider or host not in LOOPBACK or proxied or caller not in LOOPBACK:
        raise PathUnknownError


router = APIRouter(prefix=PATH, dependencies=[Depends(only_here)])

_Short = Query(max_length=200)


def _asked(
    client_id: Annotated[str, _Short],
    redirect_uri: Annotated[str, _Short],
    response_type: Annotated[str, _Short],
    state: Annotated[str, _Short],
    nonce: Annotated[str, _Short],
    code_challenge: Annotated[str, _Short],
    code_challenge_method: Annotated[str, _Short],
) -> Asked:
    return Asked(client_id, redirect_uri, response_type, state, nonce, code_challenge, code_challenge_method)


AskedDep = Annotated[Asked, Depends(_asked)]


@router.get("/.well-known/openid-configuration")
def metadata(services: ServicesDep) -> Mapping[str, Any]:
    """What the provider says of itself."""
    return services.builtin_provider.metadata()


@router.get("/jwks.json")
def jwks(services: ServicesDep) -> Mapping[str, Any]:
    """Its keys."""
    return services.keys.token_keys.jwks()


@router.get("/authorize", response_class=HTMLResponse)
def authorize(request: Request, services: ServicesDep, asked: AskedDep) -> HTMLResponse:
    """Whom to sign in as."""
    services.builtin_provider.check(asked)
    return show(request, "builtin_provider.html", holders=HOLDERS, officers=OFFICERS, query=request.url.query)


@router.post("/authorize", response_class=RedirectResponse)
def choose(services: ServicesDep, asked: AskedDep, person: Annotated[str, Form(max_length=40)]) -> RedirectResponse:
    """Signs somebody in, and sends the browser back."""
    return RedirectResponse(services.builtin_provider.answer(asked, person), 303)


@router.post("/token")
def token(
    services: ServicesDep,
    grant_type: Annotated[str, Form(max_length=40)],
    code: Annotated[str, Form(max_length=100)],
    code_verifier: Annotated[str, Form(max_length=128)],
    redirect_uri: Annotated[str, Form(max_length=200)],
) -> JSONResponse:
    """Takes a code."""
    if grant_type != "authorization_code":
        return JSONResponse({"error": "unsupported_grant_type"}, 400)
    try:
        answer = services.builtin_provider.redeem(code, code_verifier, redirect_uri)
    except SignInFailedError:
        return JSONResponse({"error": "invalid_grant"}, 400, {"Cache-Control": "no-store"})
    return JSONResponse(dict(answer), headers={"Cache-Control": "no-store"})
