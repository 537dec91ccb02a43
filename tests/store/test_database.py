"""What callers are told when PostgreSQL breaks off, by where it does."""

from __future__ import annotations

import time

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import ProgrammingError

from store.breaker import Breaker
from store.database import CommitUncertainError, Database, DatabaseUnavailableError, SchemaDiffersError

BREAKS_WHILE_COMMITTING = """
CREATE TABLE note (said text);
CREATE FUNCTION break_off() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER breaks AFTER INSERT ON note DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION break_off();
"""


def test_a_connection_that_breaks_while_committing_leaves_it_open_and_says_so(database: Database) -> None:
    with database.transaction() as session:
        session.execute(sa.text(BREAKS_WHILE_COMMITTING))
    with pytest.raises(CommitUncertainError) as caught, database.transaction() as session:
        session.execute(sa.text("INSERT INTO note VALUES ('x')"))
    assert "同一幂等键" in caught.value.message_zh
    with pytest.raises(DatabaseUnavailableError) as before, database.transaction() as session:
        session.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))
    assert before.value.code == "store.database_unavailable"
    with database.transaction() as session:
        assert session.scalar(sa.text("SELECT count(*) FROM note")) == 0


def test_a_server_that_refuses_to_commit_has_not(database: Database) -> None:
    with database.transaction() as session:
        session.execute(sa.text("CREATE TABLE pair (number int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED)"))
    with pytest.raises(sa.exc.IntegrityError), database.transaction() as session:
        session.execute(sa.text("INSERT INTO pair VALUES (1), (1)"))


def test_a_column_that_is_not_there_is_the_schemas_and_other_mistakes_are_the_programs(database: Database) -> None:
    for statement in ("SELECT of_tomorrow FROM licence", "SELECT 1 FROM of_tomorrow"):
        with pytest.raises(SchemaDiffersError), database.transaction() as session:
            session.execute(sa.text(statement))
        with pytest.raises(SchemaDiffersError), database.still() as session:
            session.execute(sa.text(statement))
    with pytest.raises(ProgrammingError) as caught, database.transaction() as session:
        session.execute(sa.text("SELEKT 1"))
    assert isinstance(caught.value.orig, psycopg.errors.SyntaxError)


def test_of_many_that_come_after_a_pause_one_tries(caplog: pytest.LogCaptureFixture) -> None:
    breaker = Breaker("the part", pause=0.2)
    assert [breaker.allows() for _ in range(3)] == [True] * 3
    breaker.failed(OSError("with words"))
    assert breaker.broken
    assert not breaker.allows()
    time.sleep(0.25)
    assert [breaker.allows() for _ in range(3)] == [True, False, False]
    breaker.succeeded()
    assert [breaker.allows() for _ in range(3)] == [True] * 3
    assert [each.getMessage() for each in caplog.records] == [
        "the part cannot be reached (OSError)",
        "the part answers again",
    ]
