"""HTTP/1.1 over kept connections, with as little as can be between a benchmark and the wire."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.queues import Queue
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.store.redis_server import free_port


def request(method: str, path: str, body: bytes = b"", *, kind: str = "application/json", **headers: str) -> bytes:
    """The bytes of a request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    if body:
        lines.append(f"Content-Type: {kind}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Connection:
    """One connection that is kept, and asked one thing after another."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def to(cls, port: int) -> Connection:
        """A connection to a port of this machine."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def ask(self, asked: bytes) -> tuple[int, bytes]:
        """The status and the body of an answer."""
        self._writer.write(asked)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        return int(head[9:12]), await self._reader.readexactly(length)

    async def good(self, asked: bytes) -> bytes:
        """The body of an answer that has to be a good one."""
        status, body = await self.ask(asked)
        assert status < 300, (status, body)
        return body


async def when_up(port: int, asked: bytes) -> None:
    """Returns once a service answers, and has answered some times."""
    while True:
        try:
            connection = await Connection.to(port)
        except OSError:
            await asyncio.sleep(0.1)
        else:
            for _ in range(50):
                await connection.good(asked)
            return


@contextmanager
def served(serve: Callable[[int, str, Queue[bytes]], None]) -> Iterator[tuple[int, bytes, int]]:
    """A service in a process of its own, on an empty directory: its port, what it said, and its process id."""
    context = multiprocessing.get_context("spawn")
    ready: Queue[bytes] = context.Queue()
    port = free_port()
    with TemporaryDirectory(prefix="yinzheng-bench-") as directory:
        Path(directory).chmod(0o755)
        server = context.Process(target=serve, args=(port, directory, ready))
        server.start()
        try:
            yield port, ready.get(timeout=180), server.pid or 0
        finally:
            server.terminate()
            server.join(30)
