"""The application over a furnished house, called through its own front door."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.clients import Scope
from api.services import Services
from store.clock import FixedClock
from store.database import Database
from tests.api.receivers import receiver  # noqa: F401  a fixture
from tests.conftest import Databases, settings_for
from tests.house import HEALTH, MARKET, House
from tests.live import Live, serving
from trust import Licence

CASE = {"service_item": "370200-0131-001", "case_number": "2026-11-0001"}
"""What a check names."""


@dataclass
class Front:
    """Clients of each kind, and the house behind."""

    house: House
    http: TestClient
    licence: Licence
    issuer: dict[str, str]
    holder: dict[str, str]
    checker: dict[str, str]
    secrets: dict[str, str]

    def token(self, client_id: str) -> str:
        answer = self.http.post(
            "/oauth/token",
            data={
                "grant_type": "client_credentials",
                "client_id": client_id,
                "client_secret": self.secrets[client_id],
            },
        )
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["access_token"]
        return token

    def check(self, way: str, /, *, who: str = "checker", **body: Any) -> Any:
        """A check for :data:`CASE`, as the JSON of its answer."""
        headers = {"checker": self.checker}.get(who) or self.bearer(who)
        return self.http.post(f"/v1/checks/{way}", json={**CASE, **body}, headers=headers).json()

    def bearer(self, client_id: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(client_id)}"}


@contextmanager
def opened(house: House) -> Iterator[Front]:
    """A house with a licence and a client of each kind, and its front door."""
    licence = house.issue()
    house.publish_items()
    clients = house.services.clients
    made: dict[str, Any] = {
        "issuer": clients.enrol("issuer", name="签发", scopes=[Scope.ISSUE], organisation_code=MARKET.code),
        "holder": clients.enrol("holder", name="卡包", scopes=[Scope.HOLD], holder=licence.holder_index),
        "checker": clients.enrol("checker", name="核验", scopes=[Scope.CHECK], organisation_code=HEALTH.code),
    }
    app = create_app(house.services)
    with TestClient(app, raise_server_exceptions=False, client=("127.0.0.1", 50000)) as http:
        front = Front(house, http, licence, {}, {}, {}, {key: value.secret for key, value in made.items()})
        front.issuer, front.holder, front.checker = (front.bearer(each) for each in ("issuer", "holder", "checker"))
        yield front


@pytest.fixture
def front(house: House) -> Iterator[Front]:
    with opened(house) as front:
        yield front


@pytest.fixture(scope="module")
def shared(databases: Databases) -> Iterator[Front]:
    """One front for a module whose tests leave it as they found it."""
    database = databases.create()
    clock = FixedClock(datetime(2026, 11, 23, 4, 0, tzinfo=UTC))
    with (
        TemporaryDirectory(prefix="yinzheng-front-") as directory,
        Services(settings_for(database, Path(directory)), clock) as services,
        opened(House(services)) as front,
    ):
        yield front
    databases.drop(database)


@pytest.fixture
def live(database: Database, tmp_path: Path) -> Iterator[Live]:
    with serving(database, tmp_path) as made:
        yield made
