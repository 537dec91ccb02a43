"""A Redis server of the tests' own, and an empty database."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from redis_server import RedisServer, free_port

from store.acting import SERVICE
from store.database import Database


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def dead_redis_url() -> str:
    """An address where nobody listens."""
    return f"redis://127.0.0.1:{free_port()}/0"


@pytest.fixture
def empty(database: Database) -> Iterator[Database]:
    """A database without any table, on the server of the other one."""
    name = f"s{secrets.token_hex(6)}"
    url = database.url
    admin = sa.create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    fresh = Database(url.set(database=name).render_as_string(hide_password=False), acting=SERVICE)
    yield fresh
    fresh.close()
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()
