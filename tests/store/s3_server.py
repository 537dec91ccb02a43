"""A stand-in for S3 on loopback: as much of it as the object store uses."""

from __future__ import annotations

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class S3Server:
    """Answers in the order that a bucket with conditional writes does, and badly when told to."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.answers = threading.Event()
        """Not set: it takes requests, and answers none until it is."""
        self.answers.set()
        self.calls: set[object] = set()
        """Those that it has not answered yet."""
        self.refuses = False
        """Whether every answer is that the service is not available."""
        handler = type("Handler", (_Handler,), {"s3": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which the object store finds it."""
        return environment_of(self._server.server_port)

    def __enter__(self) -> S3Server:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.answers.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def environment_of(port: int) -> dict[str, str]:
    """The variables by which the object store finds an S3 on a port of this machine."""
    return {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "key",
        "AWS_REGION": "us-east-1",
    }


class _Handler(BaseHTTPRequestHandler):
    s3: S3Server

    def do_PUT(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        if self._is_bad():
            return
        if self.headers.get("If-None-Match") == "*" and self.path in self.s3.objects:
            self._answer(412)
        else:
            self.s3.objects[self.path] = data
            self._answer(200)

    def do_GET(self) -> None:
        if self._is_bad():
            return
        if self.path in self.s3.objects:
            self._answer(200, self.s3.objects[self.path])
        else:
            self._answer(404)

    do_HEAD = do_GET  # noqa: N815  named by the base class

    def _is_bad(self) -> bool:
        call = object()
        self.s3.calls.add(call)
        self.s3.answers.wait()
        self.s3.calls.discard(call)
        if self.s3.refuses:
            self._answer(503)
        return self.s3.refuses

    def _answer(self, status: int, data: bytes = b"") -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("ETag", f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"')
            self.send_header("Last-Modified", "Mon, 23 Nov 2026 04:00:00 GMT")
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(data)
        except ConnectionError:
            self.close_connection = True  # who asked has given up

    def log_message(self, *args: object) -> None:
        pass
