"""The application over a furnished house, called through its own front door."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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
from tests.api.signing_in import Browser, sign_in
from tests.conftest import AT, Databases, settings_for
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


@dataclass(frozen=True)
class Furniture:
    """A licence, and the secrets of a client of each kind."""

    licence: Licence
    secrets: dict[str, str]


def furnish(house: House) -> Furniture:
    """Issue a licence, publish the service items, enrol the clients."""
    licence = house.issue()
    house.publish_items()
    clients = house.services.clients
    made = {
        "issuer": clients.enrol("issuer", name="签发", scopes=[Scope.ISSUE], organisation_code=MARKET.code),
        "holder": clients.enrol("holder", name="卡包", scopes=[Scope.HOLD], holder=licence.holder_index),
        "checker": clients.enrol("checker", name="核验", scopes=[Scope.CHECK], organisation_code=HEALTH.code),
    }
    return Furniture(licence, {key: value.secret for key, value in made.items()})


@contextmanager
def opened(house: House, furniture: Furniture) -> Iterator[Front]:
    """A furnished house and its front door."""
    app = create_app(house.services)
    with TestClient(app, raise_server_exceptions=False, client=("127.0.0.1", 50000)) as http:
        front = Front(house, http, furniture.licence, {}, {}, {}, dict(furniture.secrets))
        front.issuer, front.holder, front.checker = (front.bearer(each) for each in ("issuer", "holder", "checker"))
        yield front


@dataclass(frozen=True)
class Furnished:
    """A furnished house that is closed, of which there are copies for the asking."""

    database: Database
    directory: Path
    furniture: Furniture


@pytest.fixture(scope="session")
def furnished(databases: Databases) -> Iterator[Furnished]:
    database = databases.create()
    with TemporaryDirectory(prefix="yinzheng-furnished-") as name:
        with Services(settings_for(database, Path(name)), FixedClock(AT)) as services:
            furniture = furnish(House(services))
        database.close()
        yield Furnished(database, Path(name), furniture)
    databases.drop(database)


@contextmanager
def copied(databases: Databases, furnished: Furnished, clock: FixedClock, directory: Path) -> Iterator[Front]:
    """A front over a copy of the furnished house in a directory."""
    database = databases.create(like=furnished.database)
    shutil.copytree(furnished.directory, directory, dirs_exist_ok=True)
    with (
        Services(settings_for(database, directory), clock) as services,
        opened(House(services), furnished.furniture) as front,
    ):
        yield front
    databases.drop(database)


@pytest.fixture
def front(databases: Databases, furnished: Furnished, clock: FixedClock, tmp_path: Path) -> Iterator[Front]:
    with copied(databases, furnished, clock, tmp_path) as front:
        yield front


@pytest.fixture
def physician(front: Front) -> Licence:
    """A licence in the open wallet of a physician."""
    licence = front.house.issue("physician_practice_certificate")
    front.house.services.wallets.open(licence.holder_index)
    return licence


@pytest.fixture
def jingshu(front: Front, physician: Licence) -> Browser:
    """The physician, signed in."""
    return sign_in(front.http, front.house.services, "jingshu")


@pytest.fixture(scope="module")
def shared(databases: Databases, furnished: Furnished) -> Iterator[Front]:
    """One front for a module whose tests leave it as they found it."""
    with (
        TemporaryDirectory(prefix="yinzheng-front-") as directory,
        copied(databases, furnished, FixedClock(AT), Path(directory)) as front,
    ):
        yield front


@pytest.fixture
def live(database: Database, tmp_path: Path) -> Iterator[Live]:
    with serving(database, tmp_path) as made:
        yield made
