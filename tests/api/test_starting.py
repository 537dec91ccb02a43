"""Processes start in any order: each waits for what it cannot do without, says for what, and not for ever."""

from __future__ import annotations

import time
from pathlib import Path
from threading import Event

import pytest
import sqlalchemy as sa

from api.errors import SettingsError
from api.services import Services
from api.settings import Settings
from api.starting import StoppedError, once_there
from store.database import Database, DatabaseUnavailableError
from store.errors import YinzhengError
from store.schema import SchemaUnknownError
from tests.api.terminal import Terminal
from tests.conftest import settings_for


def test_what_waiting_does_not_mend_is_refused_at_once(database: Database, tmp_path: Path) -> None:
    with database.transaction() as session:
        session.execute(sa.text("UPDATE alembic_version SET version_num = 'of-tomorrow'"))
    told: list[YinzhengError] = []
    began = time.monotonic()
    with Services(settings_for(database, tmp_path)) as services, pytest.raises(SchemaUnknownError, match="newer"):
        once_there(lambda: services.keys, seconds=60, told=told.append)
    assert time.monotonic() - began < 30
    assert told == []


def test_a_database_that_stays_away_is_given_up_with_what_to_do(tmp_path: Path) -> None:
    done = Terminal(tmp_path).run(
        "db", "upgrade", YINZHENG_DATABASE_URL="postgresql://x:pw-of-x@127.0.0.1:1/x", YINZHENG_START_SECONDS="1"
    )
    assert done.returncode == 1
    assert "至多 1 秒" in done.stdout
    assert "[store.database_unavailable]" in done.stderr
    assert "pw-of-x" not in done.stdout + done.stderr


def test_who_is_told_to_stop_waits_no_longer() -> None:
    stop = Event()

    def away() -> None:
        stop.set()
        raise DatabaseUnavailableError

    with pytest.raises(StoppedError):
        once_there(away, seconds=60, told=lambda _: None, stop=stop)


def test_a_negative_wait_is_no_setting() -> None:
    with pytest.raises(SettingsError, match="START_SECONDS"):
        Settings.load(start_seconds=-1)
