"""Fixtures shared by the tests of all packages."""

from __future__ import annotations

import functools
import gc
import os
import secrets
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
import pytest
import sqlalchemy as sa
from fastapi.routing import _IncludedRouter
from pydantic import SecretStr

from api.services import Services
from api.settings import Settings
from seal import pictures
from store.acting import SERVICE
from store.clock import FixedClock, SystemClock
from store.database import Database
from store.embedded import EmbeddedPostgres
from store.schema import upgrade
from tests import log_watch
from tests.house import House
from trust import LicenceTypes
from trust.rendering import Renderer

AT = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
"""When the time of most tests stands still."""
_ROOM = 3 << 30
ROOT = Path(__file__).resolve().parent.parent


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(tool, ...): skip where a foreign tool that judges the result is missing")
    config.addinivalue_line("markers", "rehearsal: follows a guide on a machine of its own (make rehearse)")
    config.pluginmanager.register(log_watch, "log-watch")
    _share_compiled_statements()
    _share_ornaments()
    _share_routes()
    pictures.read_svg = functools.cache(pictures.read_svg)  # the same few seals are made and used all along


def pytest_collection_finish() -> None:
    """Keep the collector off what stays until the end, and let it run less often: there is much of it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _share_compiled_statements() -> None:
    """Let every engine of this process use what one of them has compiled: nearly each test has an engine of its own,
    and would compile every statement anew.
    """
    opened_alone, first, compiled = Database.__init__, list[sa.Dialect](), dict[Any, Any]()

    @functools.wraps(opened_alone)
    def opened(database: Database, *args: Any, **kwargs: Any) -> None:
        opened_alone(database, *args, **kwargs)
        first[:] = first or [database.engine.dialect]
        database.engine.dialect = first[0]
        database.engine.update_execution_options(compiled_cache=compiled)

    Database.__init__ = opened  # type: ignore[method-assign]


def _share_ornaments() -> None:
    """Draw the ground of a type's pages once in this process, and not once in each test's service."""
    made_alone, drawn = Renderer.__init__, dict[str, bytes]()

    @functools.wraps(made_alone)
    def made(renderer: Renderer, *args: Any, **kwargs: Any) -> None:
        made_alone(renderer, *args, **kwargs)
        renderer._ornaments = drawn

    Renderer.__init__ = made  # type: ignore[method-assign]


def _share_routes() -> None:
    """Let what the framework works out of a route at the first request serve the applications of all tests: nearly each
    has one of its own, and an eighth of the time would go into that.
    """
    worked_out_alone, known = _IncludedRouter._build_effective_context, dict[tuple[Any, ...], tuple[Any, Any]]()

    @functools.wraps(worked_out_alone)
    def worked_out(included: _IncludedRouter, route: Any) -> Any:
        key = (id(route), included.include_context.prefix, included.include_context.include_in_schema)
        if key not in known:
            known[key] = (
                route,
                worked_out_alone(included, route),
            )  # the route is held, so that its number stays its own
        return known[key][1]

    _IncludedRouter._build_effective_context = worked_out  # type: ignore[method-assign]


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
    return FixedClock(AT)


class Databases:
    """Fresh databases, copied from one that the migrations made."""

    _TEMPLATE = "migrated"

    def __init__(self, server: EmbeddedPostgres) -> None:
        self._url = sa.make_url(server.url).set(drivername="postgresql+psycopg")
        superuser = sa.make_url(server.superuser_url).set(drivername="postgresql+psycopg")
        self._admin = sa.create_engine(superuser, isolation_level="AUTOCOMMIT")
        # what a power cut would lose is thrown away after each test anyway
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            self._execute(f"ALTER SYSTEM SET {name} = off")
        self._execute("ALTER SYSTEM SET max_wal_size = '256MB'")
        self._execute("SELECT pg_reload_conf()")
        # rows from before a migration are put in without their surroundings
        self._execute("GRANT SET ON PARAMETER session_replication_role TO yinzheng")
        self._execute(f"CREATE DATABASE {self._TEMPLATE} OWNER yinzheng")
        template = Database(self._address(self._TEMPLATE), acting=SERVICE)
        upgrade(template)
        LicenceTypes(template, SystemClock()).seed()
        template.close()

    def create(self, *, like: Database | None = None) -> Database:
        """A database with no rows, or those of another one to which nothing is connected."""
        name = f"t{secrets.token_hex(6)}"
        template = self._TEMPLATE if like is None else like.url.database
        self._execute(f"CREATE DATABASE {name} OWNER yinzheng TEMPLATE {template} STRATEGY FILE_COPY")
        return Database(self._address(name), acting=SERVICE)

    def drop(self, database: Database) -> None:
        database.close()
        self._execute(f"DROP DATABASE {database.url.database} WITH (FORCE)")

    def superuser_url(self, database: Database) -> str:
        """The address of one of them for the superuser, whom policies on rows do not bind."""
        return self._admin.url.set(database=database.url.database).render_as_string(hide_password=False)

    def close(self) -> None:
        self._admin.dispose()

    def _address(self, name: str) -> str:
        return self._url.set(database=name).render_as_string(hide_password=False)

    def _execute(self, statement: str) -> None:
        with self._admin.connect() as connection:
            connection.execute(sa.text(statement))


def _in_memory() -> str | None:
    """A file system in memory, where making and dropping databases takes half the time; None where there is no room."""
    place = Path("/dev/shm")
    roomy = place.is_dir() and shutil.disk_usage(place).free > _ROOM and psutil.virtual_memory().available > 2 * _ROOM
    return str(place) if roomy else None


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """A PostgreSQL server of the tests' own.

    It does not live under pytest's temporary directory, which every new run by root closes to other accounts, and with
    it to the account that the server runs as.
    """
    with (
        TemporaryDirectory(prefix="yinzheng-postgres-", dir=_in_memory()) as directory,
        EmbeddedPostgres(Path(directory)) as server,
    ):
        made = Databases(server)
        yield made
        made.close()


@pytest.fixture
def database(databases: Databases) -> Iterator[Database]:
    """A fresh database with the schema of this version."""
    fresh = databases.create()
    yield fresh
    databases.drop(fresh)


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


def settings_for(database: Database, directory: Path) -> Settings:
    """How a service over a database and a directory is set up for tests."""
    own = {
        "var": directory,
        "database_url": SecretStr(database.url.render_as_string(hide_password=False)),
        "objects_url": (directory / "objects").as_uri(),
        "isolate_checks": False,
    }
    return _usual_settings().model_copy(update=own)


@functools.cache
def _usual_settings() -> Settings:
    """Those that nothing says otherwise of; to look through the environment takes longer than to copy a database."""
    return Settings()


@pytest.fixture
def house(database: Database, clock: FixedClock, tmp_path: Path) -> Iterator[House]:
    """A whole service on a fresh database, with time standing still."""
    with Services(settings_for(database, tmp_path), clock) as services:
        yield House(services)
