"""A stream of a hundred thousand checks by identifier: how fast, and how much memory the process takes meanwhile."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.http_checks import serve
from benchmarks.wire import served, when_up

SIZES = (1_000, 10_000, 100_000)
MISTAKEN = 50
"""One line in so many is not a check at all."""


def main() -> None:
    """The table."""
    with served(serve) as (port, asked, pid):
        asyncio.run(_measure(port, asked, pid))


async def _stream(port: int, authorization: str, check: dict[str, str], size: int) -> float:
    """Seconds that a stream takes, whose answers are read while it is sent: the service reads no faster than that."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    query = urlencode({"service_item": check["service_item"], "case_number": check["case_number"]})
    writer.write(
        f"POST /v1/checks/stream?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {authorization}\r\n"
        "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    )
    line = json.dumps({"identifier": check["identifier"], "holder": check["holder"]}).encode() + b"\n"

    async def send() -> None:
        for number in range(0, size, 100):
            lines = b"".join(b"{}\n" if each % MISTAKEN == 0 else line for each in range(number, number + 100))
            writer.write(b"%x\r\n%b\r\n" % (len(lines), lines))
            await writer.drain()
        writer.write(b"0\r\n\r\n")

    started = time.perf_counter()
    sending = asyncio.create_task(send())
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    answered = wrong = 0
    while length := int(await reader.readline(), 16):
        for each in (await reader.readexactly(length + 2)).splitlines():
            read = json.loads(each) if each else {}
            answered += "line" in read
            wrong += read.get("error") is not None
    await sending
    assert (answered, wrong) == (size, size // MISTAKEN), (answered, wrong)
    writer.close()
    return time.perf_counter() - started


def _peak(pid: int) -> float:
    """The most memory that a process has had so far, in MiB."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))


async def _measure(port: int, asked: bytes, pid: int) -> None:
    await when_up(port, asked)
    head, _, body = asked.partition(b"\r\n\r\n")
    authorization = next(line[15:] for line in head.decode().split("\r\n") if line.startswith("Authorization"))
    for size in SIZES:
        seconds = await _stream(port, authorization, json.loads(body), size)
        print(f"{size:>10,} lines{seconds:10.1f} s{size / seconds:10.0f} /s{_peak(pid):10.0f} MiB peak")


if __name__ == "__main__":
    main()
