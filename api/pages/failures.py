"""Errors as a person in a browser reads them."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from fastapi import Request
from fastapi.responses import Response

from api.languages import words_of
from api.pages.frame import show, to
from api.problems import status_of
from api.sign_in_errors import (
    AssuranceTooLowError,
    NextAddressError,
    SignInDeclinedError,
    SignInFailedError,
    SignInRequiredError,
)
from api.signed_in import local_address
from store.errors import YinzhengError

_AGAIN = (SignInRequiredError, SignInFailedError, SignInDeclinedError, AssuranceTooLowError)


def failure(request: Request, error: YinzhengError) -> Response | None:
    """A page that tells an error, to whoever asked for a page; who is not signed in is sent to sign in."""
    if "text/html" not in request.headers.get("accept", ""):
        return None
    if isinstance(error, SignInRequiredError) and request.method in {"GET", "HEAD"}:
        asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return to(f"/sign-in?{urlencode({'next': asked})}")
    message = words_of(request, error)
    return show(
        request,
        "failure.html",
        status=status_of(error),
        error=error,
        message=message,
        again=isinstance(error, _AGAIN),
        onward=_before(request),
    )


def _before(request: Request) -> str:
    """The own page that a form was sent from, where a reader goes back to after signing in; else where all begins."""
    before = urlsplit(request.headers.get("referer", ""))
    if request.method != "POST" or before.netloc != request.headers.get("host"):
        return "/"
    try:
        return local_address(before.path + (f"?{before.query}" if before.query else ""))
    except NextAddressError:
        return "/"
