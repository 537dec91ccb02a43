"""A service in a process of its own, as `yinzheng serve` starts it, with parts that can be made to fail one by one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import httpx2
from pydantic import SecretStr

from api.clients import Scope
from api.services import Services
from api.settings import Settings
from store.acting import SERVICE
from store.database import Database
from store.embedded import EmbeddedPostgres
from store.schema import upgrade
from tests.api.conftest import CASE
from tests.house import HEALTH, MARKET, House
from tests.log_watch import output
from tests.seal.stamping_server import Authority
from tests.store.redis_server import RedisServer, free_port
from tests.store.s3_server import S3Server
from tests.trust.bulk_house import SLUG
from trust import LicenceTypes

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 120


def until(there: Callable[[], Any], *, seconds: float = SECONDS) -> Any:
    """What a function gives, once that is something."""
    deadline = time.monotonic() + seconds
    while not (found := there()):
        assert time.monotonic() < deadline, "it did not come to be"
        time.sleep(0.1)
    return found


@dataclass
class Process:
    """A process of the service, and what it said."""

    running: subprocess.Popen[bytes]
    said: Path

    def text(self) -> str:
        """All that it said until now."""
        return self.said.read_text("utf-8", errors="replace")

    def stop(self) -> int:
        """Tell it to end, and tell how it did."""
        self.running.send_signal(signal.SIGTERM)
        return self.running.wait(SECONDS)

    def kill(self) -> None:
        """End it as the kernel does."""
        self.running.kill()
        self.running.wait()


class Stage:
    """PostgreSQL, Redis, S3 and two time-stamp authorities of its own; nothing runs at first but the last three."""

    def __init__(self) -> None:
        self._closing = ExitStack()
        self.var = Path(self._closing.enter_context(TemporaryDirectory(prefix="yinzheng-faults-")))
        self.redis = RedisServer(self.var)
        self._closing.callback(self.redis.kill)
        self.s3 = self._closing.enter_context(S3Server())
        self._closing.enter_context(mock.patch.dict(os.environ, self.s3.environment))
        self.postgres = EmbeddedPostgres(self.var / "postgres")
        self._closing.callback(self.postgres.close)
        self.database_url = self.postgres.start()
        self.stamps = {1: True, 2: True}
        """Which of the time-stamp authorities answer."""
        self._authorities = [Authority(lambda request, each=each: self._stamped(each, request)) for each in (1, 2)]
        for authority in self._authorities:
            self._closing.callback(authority.close)
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        # one for all calls: making one takes longer than most calls do
        self._http = self._closing.enter_context(httpx2.Client(base_url=self.url, timeout=SECONDS))
        self._house: House | None = None
        self._headers: dict[str, str] = {}
        self.processes: list[Process] = []
        self.issued: set[str] = set()
        """The identifiers of all licences that were given out."""
        self.sound: str | None = None
        """The identifier of a licence that is there."""

    def settings(self) -> dict[str, str]:
        """The environment of a process of the service."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("YINZHENG_")}
        return {
            **own,
            "PYTHONPATH": str(ROOT),
            "YINZHENG_VAR": str(self.var),
            "YINZHENG_PORT": str(self._port),
            "YINZHENG_DATABASE_URL": self.database_url,
            "YINZHENG_REDIS_URL": self.redis.url,
            "YINZHENG_OBJECTS_URL": "s3://bucket/licences",
            "YINZHENG_TSA_URLS": " ".join(each.url for each in self._authorities),
            "YINZHENG_ISOLATE_CHECKS": "false",
        }

    def start(self, command: str = "serve") -> Process:
        """Start a process of the service, without waiting for it."""
        said = output(command)
        program = [sys.executable, "-c", "from api.__main__ import main; main()", command]
        running = subprocess.Popen(program, env=self.settings(), cwd=self.var, stdout=said, stderr=said)
        said.close()
        self.processes.append(Process(running, Path(said.name)))
        return self.processes[-1]

    def migrate(self) -> None:
        """What `yinzheng db upgrade` does."""
        database = Database(self.database_url, acting=SERVICE)
        upgrade(database)
        LicenceTypes(database, self.house.services.clock).seed()
        database.close()

    @property
    def house(self) -> House:
        """The same service in this process, to furnish it, and to look behind it."""
        if self._house is None:
            settings = Settings(
                var=self.var,
                database_url=SecretStr(self.database_url),
                objects_url="s3://bucket/licences",
                base_url=self.url,
                isolate_checks=False,
            )
            self._house = House(self._closing.enter_context(Services(settings)))
        return self._house

    def furnish(self) -> None:
        """A seal, and a client that issues and checks."""
        self.house.seal(SLUG)
        self.house.publish_items()
        new = self.house.services.clients.enrol(
            "office", name="窗口", scopes=[Scope.ISSUE, Scope.CHECK], organisation_code=MARKET.code
        )
        assert new is not None
        self.house.services.organisations.enrol(HEALTH)
        credentials = {"grant_type": "client_credentials", "client_id": "office", "client_secret": new.secret}
        token = self._http.post("/oauth/token", data=credentials).json()["access_token"]
        self._headers = {"Authorization": f"Bearer {token}"}

    def ready(self) -> tuple[str, list[str]]:
        """What the service says of itself."""
        try:
            said = self._http.get("/readyz").json()
        except httpx2.TransportError:
            return "gone", []
        return said["status"], said["missing"]

    def is_ready(self, *missing: str) -> bool:
        """Whether it comes to say that just these parts are missing."""
        return bool(until(lambda: self.ready()[1] == list(missing) and self.ready()[0] != "gone"))

    def post(self, path: str, body: Any, *, key: str | None = None) -> Any:
        """A request of the client."""
        headers = {**self._headers, **({"Idempotency-Key": key} if key else {})}
        return self._http.post(path, json=body, headers=headers)

    def get(self, path: str) -> Any:
        """A request of the client."""
        return self._http.get(path, headers=self._headers)

    def check(self, identifier: str, holder: str) -> Any:
        """A check by identifier."""
        return self.post("/v1/checks/identifier", {**CASE, "identifier": identifier, "holder": holder})

    def close(self) -> None:
        for each in self.processes:
            each.kill()
        self._closing.close()

    def _stamped(self, authority: int, request: bytes) -> tuple[int, bytes]:
        if not self.stamps[authority]:
            return 503, b""
        return 200, self.house.services.keys.timestamps.respond(request)
