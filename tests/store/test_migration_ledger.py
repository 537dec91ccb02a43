"""The steps that bring the ledger and the status lists, with licences in place from before."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from alembic import command

from store import schema
from store.acting import SERVICE
from store.database import Database

BEFORE, AFTER, SEATED = "0006", "0007", "0013"


@pytest.fixture
def before(database: Database) -> Iterator[Database]:
    """A database at the revision before, with two licences in it."""
    name = f"s{secrets.token_hex(6)}"
    admin = sa.create_engine(database.url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    fresh = Database(database.url.set(database=name).render_as_string(hide_password=False), acting=SERVICE)
    step(fresh, BEFORE)
    with fresh.engine.begin() as connection:
        connection.execute(sa.text("SET session_replication_role = replica"))
        for number in range(2):
            connection.execute(
                sa.text(
                    "INSERT INTO licence (identifier, type_slug, number_index, holder_index, holder_code_type,"
                    " issuer_code, issuer_name, type_version, issue_date, valid_from, state, state_since, data,"
                    " pdf_digest, seal_use_id, issued_by, issued_at) VALUES (:name, 't', :key, '', 'uscc', '', '', 1,"
                    " '2026-01-01', '2026-01-01', 'valid', now(), '', :digest, 1, '', now())"
                ),
                {"name": f"{number}", "digest": f"{number}", "key": bytes([number])},
            )
    yield fresh
    fresh.close()
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


def step(database: Database, revision: str) -> None:
    with database.engine.connect() as connection:
        config = schema._config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()


def test_licences_from_before_stay_and_wait_to_be_entered(before: Database) -> None:
    step(before, AFTER)
    with before.engine.connect() as connection:
        assert connection.scalars(sa.text("SELECT logged FROM licence")).all() == [False, False]
        assert connection.scalar(sa.text("SELECT count(*) FROM ledger_entry")) == 0


def test_licences_from_before_get_a_place_at_random_in_a_status_list(before: Database) -> None:
    step(before, SEATED)
    with before.engine.connect() as connection:
        seats = connection.execute(sa.text("SELECT status_list, status_index FROM licence")).all()
        taken = connection.execute(sa.text("SELECT list, index FROM status_seat")).all()
        assert connection.scalar(sa.text("SELECT nextval('status_seat_number')")) == 3
    assert sorted(map(tuple, seats)) == sorted(map(tuple, taken))
    assert len(set(map(tuple, seats))) == 2
    assert {number for number, _ in seats} == {1}
    assert seats[0].status_index + 1 != seats[1].status_index
