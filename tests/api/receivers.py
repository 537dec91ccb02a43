"""Somebody's system that is told of changes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest


@dataclass
class Receiver:
    """Somebody's system."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    """What it answers next; 200 when there is nothing left."""
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def acts(self) -> list[str]:
        return [json.loads(body)["data"]["act"] for _, body in self.got]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status = found.answers.pop(0) if found.answers else 200
            if status == 200:
                found.got.append(({key.lower(): value for key, value in self.headers.items()}, body))
            self.send_response(status)
            if status == 302:
                self.send_header("Location", found.url + "elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST  # noqa: N815  where a redirect would lead

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        found.url = f"http://127.0.0.1:{server.server_port}/"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield found
        server.shutdown()
        thread.join()
