"""People who sign in, for tests of pages."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi.testclient import TestClient

from api.builtin_provider import ACR, PEOPLE
from api.openid import Identity
from api.services import Services
from api.sessions import CSRF_HEADER, session_cookie
from api.signed_in import SignedIn

ISSUER = "https://id.example"


@dataclass(frozen=True)
class Browser:
    """A browser in which somebody is signed in."""

    http: TestClient
    signed_in: SignedIn
    token: str

    @property
    def csrf(self) -> dict[str, str]:
        """The header by which a request shows that it comes from a page."""
        return {CSRF_HEADER: self.signed_in.csrf_token}


def identity(key: str) -> Identity:
    """One of the invented people of :mod:`api.builtin_provider.people`."""
    return PEOPLE[key].identity(ISSUER)


def sign_in(http: TestClient, services: Services, who: Identity | str) -> Browser:
    """Sign somebody in, in the browser that a test client is."""
    found = identity(who) if isinstance(who, str) else who
    token = services.sessions.begin(found)
    http.cookies.set(session_cookie(services.settings), token)
    return Browser(http, services.sessions.find(token), token)


def somebody(name: str, number: str | None, subject: str = "s-1") -> Identity:
    """Somebody of whom a test needs a certain name or number."""
    return Identity(ISSUER, subject, name, number, ACR)
