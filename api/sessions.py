"""Who is signed in, for pages: dependencies that page routers use.

A page for one person takes :data:`PersonDep`, one for officers :func:`officer_with`. A router whose pages change
something depends on :func:`csrf_checked`, and its forms carry ``signed_in.csrf_token`` in the field ``csrf_token``.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request, Response

from api.officers import Officer, Role
from api.security import ServicesDep
from api.settings import Settings
from api.sign_in_errors import CsrfError, IdentityNumberMissingError, NotAnOfficerError, SignInRequiredError
from api.signed_in import ATTEMPT_LIFETIME, SignedIn
from store.acting import Acting as Rows
from store.acting import become
from trust import HolderIndex
from wallet import Acting, ActingPerson

CSRF_FIELD = "csrf_token"
CSRF_HEADER = "X-CSRF-Token"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


@dataclass(frozen=True)
class Person:
    """A natural person who is signed in."""

    signed_in: SignedIn
    holder: HolderIndex
    name: str = field(repr=False)
    number_masked: str
    assurance: str

    @property
    def acting(self) -> ActingPerson:
        """The person as one who may act for others."""
        return ActingPerson(self.holder, self.name, self.signed_in.bodies)

    @property
    def actor(self) -> str:
        """Who acted, for records: tells nothing without the key of the blind index."""
        return f"person:{self.holder.value.hex()[:32]}"


def session_cookie(settings: Settings) -> str:
    """The name of the cookie with the session's token; over https no other host can set it (RFC 6265bis)."""
    return _cookie(settings, "session")


def attempt_cookie(settings: Settings) -> str:
    """The name of the cookie that binds an attempt to sign in to the browser."""
    return _cookie(settings, "sign-in")


def _cookie(settings: Settings, name: str) -> str:
    return f"__Host-{name}" if _secure(settings) else name


def _secure(settings: Settings) -> bool:
    return settings.base_url.startswith("https://")


def set_session(response: Response, settings: Settings, token: str) -> None:
    """Give a browser its session. It ends with the browser, or when the service says so."""
    response.set_cookie(
        session_cookie(settings), token, path="/", httponly=True, samesite="lax", secure=_secure(settings)
    )


def set_attempt(response: Response, settings: Settings, browser: str) -> None:
    """Bind an attempt to sign in to a browser."""
    seconds = int(ATTEMPT_LIFETIME.total_seconds())
    name = attempt_cookie(settings)
    response.set_cookie(
        name, browser, max_age=seconds, path="/", httponly=True, samesite="lax", secure=_secure(settings)
    )


def forget(response: Response, settings: Settings, name: str) -> None:
    """Take a cookie away."""
    response.delete_cookie(name, path="/", httponly=True, samesite="lax", secure=_secure(settings))


def maybe_signed_in(request: Request, services: ServicesDep) -> SignedIn | None:
    """Who is signed in; None where nobody is."""
    token = request.cookies.get(session_cookie(services.settings))
    if token is None:
        return None
    try:
        return services.sessions.find(token)
    except SignInRequiredError:
        return None


MaybeSignedInDep = Annotated[SignedIn | None, Depends(maybe_signed_in)]


def signed_in(found: MaybeSignedInDep) -> SignedIn:
    """Who is signed in.

    :raises SignInRequiredError: nobody is. A browser that asked for a page is sent to sign in.
    """
    if found is None:
        raise SignInRequiredError
    return found


SignedInDep = Annotated[SignedIn, Depends(signed_in)]


def person(found: SignedInDep) -> Person:
    """Who is signed in, as a holder of licences.

    :raises SignInRequiredError: nobody is.
    :raises IdentityNumberMissingError: the provider gave no valid citizen identity number.
    """
    if found.holder is None or found.number_masked is None:
        raise IdentityNumberMissingError
    become(Rows.for_holder(found.holder.value))
    return Person(found, found.holder, found.name, found.number_masked, found.assurance)


PersonDep = Annotated[Person, Depends(person)]


def acting(services: ServicesDep, found: PersonDep) -> Acting:
    """For whom the person acts: for himself, or for the holder whom he chose at ``/acting``.

    A page asks :meth:`~wallet.Acting.require` before it does something, hands ``acting.by`` on to what keeps records,
    and notes it with ``services.agents.note``.

    :raises SignInRequiredError: nobody is signed in.
    :raises NotActingError: the person acts for that holder no longer.
    """
    allowed = services.agents.acting(found.acting, found.signed_in.acting_for or found.holder)
    become(Rows.for_holder(allowed.holder.value))
    return allowed


ActingDep = Annotated[Acting, Depends(acting)]


def maybe_officer(services: ServicesDep, found: MaybeSignedInDep) -> Officer | None:
    """As which officer somebody is signed in; None where it is none."""
    return services.officers.of(found) if found is not None else None


MaybeOfficerDep = Annotated[Officer | None, Depends(maybe_officer)]


def officer_with(*roles: Role) -> Callable[..., Officer]:
    """A dependency that lets in officers with one of some roles, as they hold at this moment.

    It raises :class:`SignInRequiredError` or :class:`NotAnOfficerError`.
    """

    def officer(services: ServicesDep, found: SignedInDep) -> Officer:
        known = services.officers.of(found)
        if known is None or known.roles.isdisjoint(roles):
            raise NotAnOfficerError(roles="、".join(role.zh for role in roles))
        become(Rows.for_client(f"officer:{known.reference}", known.organisation_code))
        return known

    return officer


async def csrf_checked(request: Request, services: ServicesDep, found: SignedInDep) -> None:
    """Make sure that a request that changes something comes from a page of this session.

    The token is in the field ``csrf_token`` of a form or in the header ``X-CSRF-Token``; and where the browser says
    from which origin the request comes, it is ours.

    :raises SignInRequiredError: nobody is signed in.
    :raises CsrfError: one of the two is not right.
    """
    if request.method in _SAFE:
        return
    check_origin(request, services.settings)
    given: object = request.headers.get(CSRF_HEADER)
    if given is None and request.headers.get("content-type", "").startswith(_FORMS):
        given = (await request.form()).get(CSRF_FIELD)
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), found.csrf_token.encode()):
        raise CsrfError


CsrfCheckedDep = Depends(csrf_checked)
"""For ``APIRouter(dependencies=[...])``."""


def check_origin(request: Request, settings: Settings) -> None:
    """Make sure that a request does not come from another site's page.

    :raises CsrfError: the browser says that it does.
    """
    origin = request.headers.get("origin")
    if origin is not None and origin != settings.origin:
        raise CsrfError
    if origin is None and request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise CsrfError
