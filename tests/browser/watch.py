"""What goes wrong on a page without anybody seeing it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Response, WebError

_OWN_SCHEMES = frozenset({"data", "blob", "about"})
# what Chromium says of an answer of 4xx to a page's own address, which is no fault of the page
_PAGE_ITSELF = "Failed to load resource: the server responded with a status of 4"


class Watch:
    """Notes what goes wrong in a browser's context.

    :param expects: regular expressions of what a test means to happen.
    """

    def __init__(self, context: BrowserContext, url: str, expects: Sequence[str] = ()) -> None:
        self._origin = urlsplit(url).netloc
        self.begin(expects)
        context.on("console", self._on_console)
        context.on("weberror", self._on_error)
        context.on("request", self._on_request)
        context.on("requestfailed", self._on_failed)
        context.on("response", self._on_response)

    def begin(self, expects: Sequence[str]) -> None:
        """Forget what went wrong so far."""
        self._expects = [re.compile(each) for each in expects]
        self._seen: list[str] = []

    @property
    def faults(self) -> list[str]:
        """All that went wrong and was not expected."""
        return [each for each in self._seen if not any(known.search(each) for known in self._expects)]

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type not in {"error", "warning"}:
            return
        page, place = message.page, message.location.get("url", "")
        if message.text.startswith(_PAGE_ITSELF) and page is not None and place == page.url:
            return
        self._seen.append(f"console {message.type}: {message.text} ({place})")

    def _on_error(self, error: WebError) -> None:
        self._seen.append(f"exception: {error.error}")

    def _on_request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.netloc != self._origin and address.scheme not in _OWN_SCHEMES:
            self._seen.append(f"request to another host: {request.url}")

    def _on_failed(self, request: Request) -> None:
        # a download, or leaving a page while it loads, ends what was asked for
        if request.failure != "net::ERR_ABORTED":
            self._seen.append(f"failed request: {request.method} {request.url} {request.failure}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 500:
            self._seen.append(f"answer {response.status}: {response.request.method} {response.url}")


def watched(page: Page) -> None:
    """Let what is under way on a page come to an end, so that it is noted."""
    if not page.is_closed():
        page.wait_for_timeout(1)
