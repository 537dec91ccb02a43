"""What a proxy says of a request, believed only from the proxies that the settings name.

A proxy tells the address of the client (``X-Forwarded-For``), that it came over TLS (``X-Forwarded-Proto``), and the
certificate that the client showed. From anybody else these are words that anybody could write.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, cast

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from api.settings import Settings


class BehindProxies:
    """Takes a proxy's word for where a request came from, and takes the header with a certificate off all others."""

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._networks = settings.trusted_proxies
        trusted = [str(each) for each in self._networks]
        self._told = cast("ASGIApp", ProxyHeadersMiddleware(cast("Any", app), trusted_hosts=trusted))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif self._trusts(scope.get("client")):
            await self._told(scope, receive, send)
        else:
            name = (self._settings.client_certificate_header or "").lower().encode()
            headers = [each for each in scope["headers"] if each[0] != name]
            await self._app({**scope, "headers": headers}, receive, send)

    def _trusts(self, client: tuple[str, int] | None) -> bool:
        try:
            address = ip_address(client[0]) if client is not None else None
        except ValueError:
            return False
        return address is not None and any(address in network for network in self._networks)
