"""Checks over HTTP beside a bare endpoint of the same server: what authentication, permission, record and receipt cost.

The service runs on the built-in database in one process of uvicorn, with its background work and with rate limits out
of the way. The bare endpoint returns a constant. Both are asked by one process over as many connections. Then checks
arrive at 70 % of what was reached, at random moments that wait for no answer (an open loop); latencies count from the
moment of arrival.
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import time
from collections.abc import Awaitable, Callable
from multiprocessing.queues import Queue
from pathlib import Path

from benchmarks.measure import ROUNDS
from benchmarks.wire import Connection, request, served, when_up

CONNECTIONS = 64
SECONDS = 3.0
SHARE = 0.7
OPEN_SECONDS = 15.0


def serve(port: int, directory: str, ready: Queue[bytes]) -> None:
    """The service in a process of its own, with the bare endpoint beside it."""
    import uvicorn  # noqa: PLC0415  only this process serves

    from api.app import create_app  # noqa: PLC0415
    from api.clients import ClientTerms, Scope  # noqa: PLC0415
    from api.services import Services  # noqa: PLC0415
    from api.settings import Settings  # noqa: PLC0415
    from tests.house import HEALTH, House  # noqa: PLC0415

    settings = Settings(var=Path(directory), base_url=f"http://127.0.0.1:{port}", isolate_checks=False)
    with Services(settings) as services:
        house = House(services)
        licence = house.issue()
        house.publish_items()
        new = services.clients.enrol(
            "bench",
            name="bench",
            scopes=[Scope.CHECK],
            organisation_code=HEALTH.code,
            terms=ClientTerms(rate="999999/second"),
        )
        assert new is not None
        app = create_app(services, with_worker=True)

        @app.get("/bare")
        def bare() -> dict[str, str]:
            return {"status": "ok"}

        body = json.dumps(
            {
                "service_item": "370200-0131-001",
                "case_number": "2026-11-0001",
                "identifier": licence.identifier,
                "holder": licence.holder.code,
            }
        ).encode()
        token = services.clients.token(new.client)
        ready.put(request("POST", "/v1/checks/identifier", body, Authorization=f"Bearer {token}"))
        uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)


async def _closed(port: int, asked: bytes) -> float:
    """Answers a second to clients that ask again as soon as they have an answer."""
    connections = [await Connection.to(port) for _ in range(CONNECTIONS)]
    ends, answers = time.perf_counter() + SECONDS, 0

    async def ask_on(connection: Connection) -> None:
        nonlocal answers
        while time.perf_counter() < ends:
            await connection.good(asked)
            answers += 1

    started = time.perf_counter()
    await asyncio.gather(*map(ask_on, connections))
    return answers / (time.perf_counter() - started)


async def _open(port: int, asked: bytes, rate: float) -> list[float]:
    """Seconds from arrival to answer, of requests that arrive at random at a rate."""
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(8 * CONNECTIONS):
        free.put_nowait(await Connection.to(port))
    seconds: list[float] = []

    async def one(arrived: float) -> None:
        connection = await free.get()
        await connection.good(asked)
        free.put_nowait(connection)
        seconds.append(time.perf_counter() - arrived)

    chance = random.Random(1)
    due, ends, begun = time.perf_counter(), time.perf_counter() + OPEN_SECONDS, set()
    while due < ends:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        begun.add(asyncio.create_task(one(due)))
        due += chance.expovariate(rate)
    await asyncio.gather(*begun)
    return sorted(seconds)


async def _measure(port: int, check: bytes) -> None:
    bare = request("GET", "/bare")
    await when_up(port, check)
    speeds: dict[str, float] = {}
    ways: dict[str, Callable[[], Awaitable[float]]] = {
        "bare": lambda: _closed(port, bare),
        "check": lambda: _closed(port, check),
    }
    for _ in range(ROUNDS):
        for name, measured in ways.items():
            speeds[name] = max(speeds.get(name, 0.0), await measured())
    print(f"{'an endpoint that returns a constant':<58}{speeds['bare']:10.0f} /s")
    print(
        f"{'a check by identifier, with record and receipt':<58}{speeds['check']:10.0f} /s"
        f"{speeds['check'] / speeds['bare']:10.2f} of it (aim: 0.50)"
    )
    found = await _open(port, check, SHARE * speeds["check"])
    median, last = statistics.median(found), found[int(len(found) * 0.99)]
    print(
        f"{'at 70 % of that: median, 99th percentile':<58}{median * 1e3:8.1f} ms{last * 1e3:8.1f} ms"
        f"{last / median:10.1f} times (aim: 5)"
    )


def main() -> None:
    """The table."""
    with served(serve) as (port, check, _):
        asyncio.run(_measure(port, check))


if __name__ == "__main__":
    main()
