"""The id of each request, and the line that says how it was answered."""

from __future__ import annotations

import logging
import re
import secrets
import time
from http import HTTPStatus

from opentelemetry.trace import SpanKind
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.logs import request_id
from store.acting import becoming
from store.measures import REQUEST_SECONDS, REQUESTS
from store.traces import TRACE_PARENT, describe, piece_of_work, trace_id

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_log = logging.getLogger("yinzheng.http")
_HEADER = b"x-request-id"
_TAKEN = re.compile(rb"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
"""Ids of callers that are taken over: a UUID, or a trace id of W3C Trace Context. Whatever is shorter or freer could be
somebody's number, or a line of its own in the log."""


class RequestLog:
    """Gives each request an id, or takes over its caller's, and logs it without its body, query or path's values.

    The answer carries the id as ``X-Request-Id``. Until somebody was let in, the request is for nobody
    (:mod:`store.acting`).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        name = _id_of(scope)
        scope.setdefault("state", {})["request_id"] = name
        header = (_HEADER, name.encode())
        started = time.perf_counter()
        status = 500

        async def with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], header]
            await send(message)

        # not undone at the end: what comes after still belongs to this request, and each request has its own context
        request_id.set(name)
        with piece_of_work("request", kind=SpanKind.SERVER, caller=_caller_trace(scope)), becoming():
            try:
                await self._app(scope, receive, with_id)
            finally:
                _tell(scope, status, time.perf_counter() - started)


def _tell(scope: Scope, status: int, seconds: float) -> None:
    """Count, trace and log one answer."""
    route = getattr(scope.get("route"), "path", None)
    # what the caller made up would be a label for good
    method = scope["method"] if scope["method"] in _METHODS else "other"
    REQUESTS.labels(method, route or "none", status).inc()
    REQUEST_SECONDS.labels(route or "none").observe(seconds)
    traced = {"http.request.method": method, "http.route": route or "none", "http.response.status_code": status}
    describe(traced, name=f"{method} {route or 'none'}", failed=status >= HTTPStatus.INTERNAL_SERVER_ERROR)
    fields = {"method": scope["method"], "route": route, "status": status, "milliseconds": round(seconds * 1e3, 1)}
    if (trace := trace_id()) is not None:
        fields["trace"] = trace
    _log.info("answered", extra={"fields": fields})


def _caller_trace(scope: Scope) -> str | None:
    given: list[bytes] = [value for name, value in scope["headers"] if name == TRACE_PARENT.encode()]
    return given[0].decode("latin-1") if len(given) == 1 else None


def _id_of(scope: Scope) -> str:
    given: list[bytes] = [value for name, value in scope["headers"] if name == _HEADER]
    if len(given) == 1 and _TAKEN.fullmatch(given[0]):
        return given[0].decode()
    return secrets.token_hex(16)
