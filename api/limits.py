"""Bounds on what a request may carry, held before anything else looks at it."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import RequestTooLargeError
from api.problems import problem_response

_DEFAULT_BYTES = 1024 * 1024
_FORM_OVERHEAD = 64 * 1024
_LINGER_SECONDS = 5
_UPLOADS = ("/v1/seal-uses", "/v1/checks/pdf", "/check", "/v1/batches", "/v1/imports", "/console/batches")
_CASE_FILE = re.compile(r"/cases/[\w-]+/file")
_STREAMS = ("/v1/checks/stream",)
"""Taken as they come and never held whole; each line has a bound of its own."""


class BodyLimit:
    """Answers 413 to a body that is too large, by its declared length or by counting what comes in."""

    def __init__(self, app: ASGIApp, *, max_upload_bytes: int) -> None:
        self._app = app
        self._upload_bytes = max_upload_bytes + _FORM_OVERHEAD

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in _STREAMS:
            await self._app(scope, receive, send)
            return
        takes_files = scope["path"] in _UPLOADS or _CASE_FILE.fullmatch(scope["path"])
        limit = self._upload_bytes if takes_files else _DEFAULT_BYTES
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdecimal() and int(declared) > limit:
            await _refuse(limit, scope, receive, send)
            return
        received = 0
        exceeded = False

        async def counted() -> Message:
            nonlocal received, exceeded
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                exceeded = True
                return {"type": "http.disconnect"}
            return message

        async def unless_exceeded(message: Message) -> None:
            if not exceeded:
                await send(message)

        try:
            await self._app(scope, counted, unless_exceeded)
        except Exception:
            if not exceeded:
                raise
        if exceeded:
            await _refuse(limit, scope, receive, send)


async def _refuse(limit: int, scope: Scope, receive: Receive, send: Send) -> None:
    """Say no, and take for a while what is still coming: a connection that is closed on somebody who writes is reset,
    and takes the answer with it before it was read.
    """
    request = Request(scope)
    response = problem_response(request, RequestTooLargeError(limit=limit))
    await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
    await send({"type": "http.response.body", "body": bytes(response.body), "more_body": True})
    if "expect" not in request.headers:  # who asked first sends nothing now
        with suppress(TimeoutError):
            async with asyncio.timeout(_LINGER_SECONDS):
                while (await receive()).get("more_body", False):
                    pass
    await send({"type": "http.response.body", "body": b"", "more_body": False})
