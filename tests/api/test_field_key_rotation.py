"""The data key of encrypted fields is changed while processes read and write, and then the old one is not needed."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from typer.testing import CliRunner

from api.cli import app
from api.services import Services
from keys.encrypted_columns import encrypted_columns
from keys.errors import DataKeyCurrentError, DataKeyInUseError, DataKeyUnknownError
from keys.vault import HEADER_SIZE, LOOK_AGAIN_SECONDS, blob_header
from store.clock import FixedClock
from store.database import Database, DatabaseUnavailableError
from tests.api.city import LINES, City
from tests.api.conftest import Front
from tests.conftest import settings_for
from tests.log_watch import output

EVERY_BYTEA = """
SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.atttypid = 'bytea'::regtype
"""


@pytest.fixture
def city(front: Front, tmp_path: Path) -> City:
    return City(front, tmp_path)


@contextmanager
def another_process(city: City, directory: Path) -> Iterator[Services]:
    """The parts of a process that has nothing in its memory."""
    services = city.front.house.services
    with Services(settings_for(services.database, directory), services.clock) as other:
        yield other


def settle(city: City) -> None:
    clock = city.front.house.services.clock
    assert isinstance(clock, FixedClock)
    clock.advance(timedelta(seconds=2 * LOOK_AGAIN_SECONDS))


def named_keys(database: Database) -> dict[str, set[bytes]]:
    """The beginnings of what any column of any table holds and a data key may have encrypted."""
    found: dict[str, set[bytes]] = {}
    with database.transaction() as session:
        for table, column in session.execute(sa.text(EVERY_BYTEA)).all():
            statement = f"SELECT DISTINCT substring({column} FROM 1 FOR 9) FROM {table} WHERE length({column}) > 36"
            begun = {bytes(each) for each in session.scalars(sa.text(statement))}
            found[f"{table}.{column}"] = {each for each in begun if each.startswith(b"\x01\0\0\0\0\0\0\0")}
    return found


def rest_of_the_table(database: Database, key: int) -> list[tuple[object, ...]]:
    with database.transaction() as session:
        return [tuple(each) for each in session.execute(sa.text("SELECT * FROM data_key WHERE id = :id"), {"id": key})]


def test_everything_moves_to_a_new_key_and_the_old_one_is_destroyed(city: City, tmp_path: Path) -> None:
    services = city.front.house.services
    database, field_keys = services.database, services.field_keys
    before = city.read(services)
    (old,) = field_keys.all()
    used = named_keys(database)
    declared = {each.name for each in encrypted_columns()}
    assert {name for name, begun in used.items() if begun} == declared  # of every kind there is something
    with pytest.raises(DataKeyCurrentError):
        field_keys.retire(old.id)
    new = field_keys.make()
    settle(city)
    with pytest.raises(DataKeyInUseError) as used_still:
        field_keys.retire(old.id)
    assert f"{old.fields} fields" in used_still.value.message_en
    told: list[int] = []
    came = field_keys.reencrypt(batch=7, told=told.append)
    assert (came.done, came.remaining, came.damaged) == (old.fields, 0, ())
    assert told == sorted(told)
    assert told[-1] == old.fields
    assert {begun for each in named_keys(database).values() for begun in each} == {blob_header(new)}
    field_keys.retire(old.id)
    ((_, _, wrapped, _, retired_at),) = rest_of_the_table(database, old.id)
    assert wrapped is None
    assert retired_at is not None
    for wrong in (old.id, new + 100, 2):
        with pytest.raises((DataKeyUnknownError, DataKeyCurrentError)):
            field_keys.retire(wrong)
    assert city.read(services) == before
    with another_process(city, tmp_path) as other:
        assert city.read(other) == before
    assert [(each.current, each.fields) for each in field_keys.all()] == [(False, 0), (True, old.fields)]


def test_what_others_read_and_write_meanwhile_stays_whole(city: City, tmp_path: Path) -> None:
    services = city.front.house.services
    before = city.read(services)
    (old,) = services.field_keys.all()
    over, read = threading.Event(), []

    def reading(own: Services) -> None:
        while not over.is_set():
            read.append(city.read(own) == before)

    def writing(own: Services) -> None:
        while not over.is_set():
            own.webhooks.rotate(city.webhook)

    with another_process(city, tmp_path) as other:
        others = [threading.Thread(target=reading, args=(each,)) for each in (services, other)]
        others.append(threading.Thread(target=writing, args=(other,)))
        for each in others:
            each.start()
        services.field_keys.make()
        with ThreadPoolExecutor(2) as pool:
            runs = [pool.submit(each.field_keys.reencrypt, batch=3) for each in (services, other)]
            done = sum(run.result().done for run in runs)
        over.set()
        for each in others:
            each.join()
        assert all(read)
        assert len(read) > 1
        assert done >= old.fields - 2  # the webhook's secrets may have been written anew under the new key
        services.field_keys.reencrypt()
        settle(city)
        services.field_keys.retire(old.id)
        assert city.read(other) == before


def test_a_process_that_missed_the_change_writes_nothing_that_is_lost(city: City, tmp_path: Path) -> None:
    services = city.front.house.services
    (old,) = services.field_keys.all()
    with another_process(city, tmp_path) as stale:
        stale.keys.vault.ensure()
        new = services.field_keys.make()
        assert stale.keys.vault.encrypt(b"x", context="x")[:HEADER_SIZE] == blob_header(old.id)
        services.field_keys.reencrypt()
        settle(city)
        services.field_keys.retire(old.id)
        with pytest.raises(DatabaseUnavailableError):
            stale.people.enrol("王芳", "370214199412034682", region_code="370203")
        stale.keys.vault._load().read_at -= LOOK_AGAIN_SECONDS
        stale.people.enrol("王芳", "370214199412034682", region_code="370203")
        assert services.field_keys.all()[1].id == new
        assert services.field_keys.remaining() == 0


def test_retiring_waits_for_a_write_that_is_under_way(city: City, tmp_path: Path) -> None:
    services = city.front.house.services
    (old,) = services.field_keys.all()
    with services.database.transaction() as session:
        session.execute(sa.text("CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT id, secret FROM webhook"))
        services.field_keys.make()
        services.field_keys.reencrypt()
        settle(city)
        session.execute(sa.text("UPDATE webhook w SET secret = kept.secret FROM kept WHERE kept.id = w.id"))
        with ThreadPoolExecutor(1) as pool:
            retired = pool.submit(services.field_keys.retire, old.id)
            with pytest.raises(TimeoutError):
                retired.result(timeout=0.5)
            session.commit()
            with pytest.raises(DataKeyInUseError):
                retired.result(timeout=10)
    services.field_keys.reencrypt()
    services.field_keys.retire(old.id)


def test_a_run_that_is_killed_is_begun_again(city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    services = city.front.house.services
    before = city.read(services)
    total = services.field_keys.all()[0].fields
    monkeypatch.setenv("YINZHENG_VAR", str(services.settings.var))
    monkeypatch.setenv("YINZHENG_DATABASE_URL", services.database.url.render_as_string(hide_password=False))
    slowly = (
        "import time; from keys.field_keys import FieldKeys; again = FieldKeys._again\n"
        "FieldKeys._again = lambda *args: (time.sleep(0.05), again(*args))[1]\n"
        "from api.cli import app; app(['keys', 'data', 'reencrypt', '--batch', '1'])"
    )
    assert "made" in run("keys", "data", "new")
    said = output("reencrypt")
    process = subprocess.Popen([sys.executable, "-c", slowly], stdout=said, stderr=said)
    while services.field_keys.remaining() > total - LINES // 2:
        assert process.poll() is None
        time.sleep(0.05)
    process.kill()
    process.wait()
    said.close()
    left = services.field_keys.remaining()
    assert 0 < left < total
    assert city.read(services) == before
    assert json.loads(run("keys", "data", "reencrypt", "--json")) == {"done": left, "remaining": 0, "damaged": []}
    first, second = json.loads(run("keys", "data", "list", "--json"))
    assert (first["fields"], second["fields"], second["current"]) == (0, total, True)
    refused = CliRunner().invoke(app, ["keys", "data", "retire", str(first["id"])])
    assert isinstance(refused.exception, DataKeyCurrentError)  # not a minute old
    with services.database.transaction() as session:
        session.execute(sa.text("UPDATE data_key SET created_at = created_at - interval '2 minutes'"))
    assert "destroyed" in run("keys", "data", "retire", str(first["id"]))
    assert city.read(services) == before


def test_what_cannot_be_encrypted_again_is_told_and_keeps_its_key(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    services = city.front.house.services
    monkeypatch.setattr("keys.field_keys._PATIENCE", 2)
    (old,) = services.field_keys.all()
    services.field_keys.make()
    with services.database.transaction() as session:
        session.execute(sa.text("SELECT FROM officer FOR UPDATE"))
        held = services.field_keys.reencrypt()
    assert (held.remaining, held.damaged) == (1, ())
    assert services.field_keys.reencrypt().remaining == 0
    with services.database.transaction() as session:
        session.execute(sa.text("UPDATE webhook SET secret = set_byte(secret, 30, get_byte(secret, 30) # 1)"))
    newer = services.field_keys.make()
    came = services.field_keys.reencrypt()
    assert (came.done, came.remaining, came.damaged) == (old.fields - 1, 1, ("webhook.secret",))
    settle(city)
    services.field_keys.retire(old.id)
    with pytest.raises(DataKeyInUseError):
        services.field_keys.retire(newer - 1)


def test_a_record_of_acting_cannot_be_changed_otherwise(city: City) -> None:
    for change in ("by = 'x'", "name = set_byte(name, 30, 0)", "at = now()"):
        with pytest.raises(IntegrityError), city.front.house.services.database.transaction() as session:
            session.execute(sa.text(f"UPDATE acting_record SET {change}"))


def run(*words: str) -> str:
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    return result.stdout
