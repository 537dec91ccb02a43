"""Signing in by the identity provider, and out."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.builtin_provider.router import only_here
from api.pages.frame import NAVIGATION, show
from api.security import ServicesDep, remote_address
from api.services import Services
from api.sessions import (
    CsrfCheckedDep,
    SignedInDep,
    attempt_cookie,
    forget,
    session_cookie,
    set_attempt,
    set_session,
)
from api.sign_in_errors import SignInNotSetUpError
from api.signed_in import SignedIn, SignIns, local_address
from wallet import ActingPerson

router = APIRouter()


@router.get("/sign-in", response_class=RedirectResponse)
def sign_in(
    request: Request, services: ServicesDep, onward: Annotated[str, Query(alias="next", max_length=1000)] = "/"
) -> Response:
    """Sends a browser to the provider."""
    _limited(request, services)
    local_address(onward)
    settings = services.settings
    if services.settings.builtin_provider and request.headers.get("host") != settings.origin.partition("://")[2]:
        # cookies of "localhost" are not those of "127.0.0.1", to which the provider sends back
        return RedirectResponse(f"{settings.base_url}/sign-in?{urlencode({'next': onward})}", 303)
    attempt = _sign_ins(services).begin(onward=onward, browser=request.cookies.get(attempt_cookie(settings)))
    answer = RedirectResponse(attempt.address, 303, {"Cache-Control": "no-store"})
    set_attempt(answer, settings, attempt.browser)
    return answer


@router.get("/sign-in/callback", response_class=RedirectResponse)
def callback(
    request: Request,
    services: ServicesDep,
    state: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str | None, Query(max_length=4000)] = None,
    error: Annotated[str | None, Query(max_length=200)] = None,
    iss: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """Where the provider sends browsers back to."""
    _limited(request, services)
    settings = services.settings
    browser = request.cookies.get(attempt_cookie(settings))
    identity, onward = _sign_ins(services).complete(state=state, code=code, error=error, issuer=iss, browser=browser)
    token = services.sessions.begin(identity, instead_of=request.cookies.get(session_cookie(settings)))
    answer = RedirectResponse(onward, 303, {"Cache-Control": "no-store"})
    set_session(answer, settings, token)
    return answer


@router.get("/sign-in/link/{token}", response_class=RedirectResponse, dependencies=[Depends(only_here)])
def by_link(request: Request, services: ServicesDep, token: str) -> Response:
    """Signs an invented person in; only where the built-in provider is on."""
    _limited(request, services)
    settings = services.settings
    identity = services.sign_in_links.take(token).identity(services.builtin_provider.issuer)
    made = services.sessions.begin(identity, instead_of=request.cookies.get(session_cookie(settings)))
    onward = _first_page(services, services.sessions.find(made))
    answer = RedirectResponse(onward, 303, {"Cache-Control": "no-store"})
    set_session(answer, settings, made)
    return answer


def _first_page(services: Services, found: SignedIn) -> str:
    """Where somebody begins: an officer at the first page of the role, others at their wallet, or at whose to open."""
    officer = services.officers.of(found)
    if officer is not None:
        return next((each.path for each in NAVIGATION if not officer.roles.isdisjoint(each.roles)), "/")
    if found.holder is not None and services.agents.mandates(ActingPerson(found.holder, found.name, found.bodies)):
        return "/acting"
    return "/wallet"


@router.get("/sign-out", response_class=HTMLResponse)
def sign_out_form(request: Request, services: ServicesDep, found: SignedInDep) -> HTMLResponse:
    """Who is signed in, and in how many browsers."""
    return show(request, "sign_out.html", signed_in=found, count=services.sessions.count(found))


@router.post("/sign-out", response_class=RedirectResponse, dependencies=[CsrfCheckedDep])
def sign_out(
    request: Request,
    services: ServicesDep,
    found: SignedInDep,
    everywhere: Annotated[str | None, Form(max_length=10)] = None,
) -> Response:
    """Signs out, here or everywhere."""
    name = session_cookie(services.settings)
    if everywhere is not None:
        services.sessions.end_everywhere(found)
    else:
        services.sessions.end(request.cookies[name])
    answer = RedirectResponse("/", 303, {"Cache-Control": "no-store", "Clear-Site-Data": '"cache", "storage"'})
    forget(answer, services.settings, name)
    return answer


def _sign_ins(services: Services) -> SignIns:
    found = services.sign_ins
    if found is None:
        raise SignInNotSetUpError
    return found


def _limited(request: Request, services: Services) -> None:
    services.limiter.hit(services.settings.sign_in_rate, "sign-in", remote_address(request))
