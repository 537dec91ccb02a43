"""Two hundred redeem one presentation at once: one succeeds, whatever runs behind and whatever falls over meanwhile.

Real processes of the service on one PostgreSQL and one Redis, called over HTTP.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from threading import Timer

import httpx2
import pytest

from api.clients import Scope
from api.services import Services
from store.clock import SystemClock
from store.database import Database
from tests.api.conftest import CASE
from tests.conftest import settings_for
from tests.house import HEALTH, House
from tests.live import processes
from tests.store.redis_server import RedisServer

AT_ONCE = 200


def redeemed(urls: Sequence[str], headers: dict[str, str], token: str) -> Counter[str]:
    """The chief reasons of two hundred answers, asked for at once."""

    async def every() -> list[str]:
        limits = httpx2.Limits(max_connections=AT_ONCE)
        async with httpx2.AsyncClient(headers=headers, limits=limits, timeout=60) as client:

            async def one(number: int) -> str:
                url = f"{urls[number % len(urls)]}/v1/checks/presentation"
                answer = await client.post(url, json={**CASE, "token": token})
                assert answer.status_code == 200, answer.text
                said: str = answer.json()["reasons"][0]["code"]
                return said

            return list(await asyncio.gather(*(one(number) for number in range(AT_ONCE))))

    return Counter(asyncio.run(every()))


@pytest.mark.needs("redis-server")
def test_of_two_hundred_at_once_one_succeeds(database: Database, tmp_path: Path) -> None:
    redis = RedisServer(tmp_path)
    redis.start()
    with Services(settings_for(database, tmp_path), SystemClock()) as services:
        house = House(services)
        licence = house.issue()
        house.publish_items()
        new = services.clients.enrol("checker", name="核验", scopes=[Scope.CHECK], organisation_code=HEALTH.code)
        assert new is not None

        def shown() -> str:
            return services.presentations.present(licence.holder_index, licence.identifier, purpose="开户").token

        expected = {"presentation.valid": 1, "presentation.already_used": AT_ONCE - 1}
        with processes(4, house, redis.url) as urls:
            credentials = {"grant_type": "client_credentials", "client_id": "checker", "client_secret": new.secret}
            token = httpx2.post(f"{urls[0]}/oauth/token", data=credentials).json()["access_token"]
            headers = {"Authorization": f"Bearer {token}"}
            try:
                assert redeemed(urls[:1], headers, shown()) == expected
                assert redeemed(urls, headers, shown()) == expected
                stopping = Timer(0.3, redis.kill)
                stopping.start()
                assert redeemed(urls, headers, shown()) == expected
                stopping.join()
                assert redeemed(urls, headers, shown()) == expected
            finally:
                redis.kill()
