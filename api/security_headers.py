"""The headers by which browsers hold pages to what they may do."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECURITY_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; connect-src 'self'; "
        "manifest-src 'self'; worker-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "x-content-type-options": "nosniff",
    # with no-referrer browsers would send forms with "Origin: null", which could not be told from another site's
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
_RAW = [(name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]
_SCANNING = ("/", "/check", "/cases", "/cases/")
"""Pages that read codes by the camera; what lies below the last as well."""


class SecurityHeaders:
    """Sets them on every answer that passes by. That to an unforeseen error does not: it is made outside."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        scanning = path in _SCANNING or path.startswith(_SCANNING[-1])
        policy = (b"permissions-policy", b"camera=(self)" if scanning else b"camera=()")

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_RAW, policy]
            await send(message)

        await self._app(scope, receive, with_headers)
