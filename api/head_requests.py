"""HEAD for what anybody may keep: the answer to GET without its body (RFC 9110, 9.3.2).

Caches, relying parties and monitors ask by it whether a list is still the one that they have. It is answered where
GET has an answer that is the same for everybody; elsewhere it would count as a look and is refused like before.
"""

from __future__ import annotations

import re
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

PUBLIC_DOCUMENTS: Final = re.compile(r"/(pki|status|log)(/.*)?|/\.well-known/[a-z-]*jwks\.json")
"""Certificates, lists, signed status answers, the log, and the keys of tokens, receipts and consents."""


class HeadRequests:
    """Asks what is behind it by GET, and passes on everything but the body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD" or not PUBLIC_DOCUMENTS.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
            return
        asked = {**scope, "method": "GET"}

        async def without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        try:
            await self._app(asked, receive, without_body)
        finally:
            scope["route"] = asked.get("route")  # for the log of requests, which is outside
