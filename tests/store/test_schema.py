"""A database is brought to the program's revision once, and a program refuses one at another revision."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from store import schema
from store.acting import SERVICE
from store.database import Base, Database, DatabaseUnavailableError
from store.schema import SchemaMissingError, SchemaOutdatedError, SchemaUnknownError, current, require_current, upgrade

STEP = """
import time
import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {down}

def upgrade():
    op.create_table("step_{revision}", sa.Column("id", sa.BigInteger))
    time.sleep(0.1)
"""


@pytest.fixture
def steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of two migrations in place of the project's."""
    scripts = tmp_path / "100% migrations"
    (scripts / "versions").mkdir(parents=True)
    project = Path(schema._place())
    for name in ("env.py", "script.py.mako"):
        shutil.copy(project / name, scripts)
    (scripts / "versions" / "1.py").write_text(STEP.format(revision="one", down=None))
    (scripts / "versions" / "2.py").write_text(STEP.format(revision="two", down='"one"'))
    monkeypatch.setattr(schema.importlib.resources, "files", lambda _: scripts)
    return scripts


def tables(database: Database) -> set[str]:
    return set(sa.inspect(database.engine).get_table_names())


def test_an_empty_database_is_brought_to_the_newest_revision(empty: Database, steps: Path) -> None:
    assert current(empty) is None
    with pytest.raises(SchemaMissingError, match="no tables of this program yet"):
        require_current(empty)
    upgrade(empty)
    require_current(empty)
    assert current(empty) == "two"
    assert tables(empty) == {"alembic_version", "step_one", "step_two"}
    upgrade(empty)
    with empty.transaction() as session:
        session.execute(sa.text("UPDATE alembic_version SET version_num = 'one'"))
    with pytest.raises(SchemaOutdatedError, match="revision one and this program needs two") as caught:
        require_current(empty)
    assert "two" in caught.value.message_zh


def test_processes_that_upgrade_at_once_do_not_disturb_each_other(empty: Database, steps: Path) -> None:
    errors: list[Exception] = []

    def work() -> None:
        database = Database(empty.url.render_as_string(hide_password=False), acting=SERVICE)
        try:
            upgrade(database)
        except Exception as error:
            errors.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert current(empty) == "two"


def test_a_step_that_fails_leaves_nothing_half_done_and_lets_go_of_the_lock(empty: Database, steps: Path) -> None:
    broken = steps / "versions" / "2.py"
    broken.write_text(broken.read_text() + "    raise LookupError\n")
    with pytest.raises(LookupError):
        upgrade(empty)
    assert tables(empty) == set()
    broken.write_text(STEP.format(revision="two", down='"one"'))
    upgrade(empty)
    require_current(empty)


def test_a_database_of_a_newer_program_is_refused_and_left_alone(empty: Database, steps: Path) -> None:
    upgrade(empty)
    (steps / "versions" / "2.py").unlink()
    with pytest.raises(SchemaUnknownError):
        require_current(empty)
    with pytest.raises(SchemaUnknownError):
        upgrade(empty)
    assert current(empty) == "two"


def test_a_database_that_is_away_is_an_error() -> None:
    away = Database("postgresql://nobody@/none?host=/nonexistent")
    for act in (upgrade, current, require_current):
        with pytest.raises(DatabaseUnavailableError):
            act(away)


def test_the_projects_steps_make_exactly_the_tables_that_the_program_expects(empty: Database) -> None:
    upgrade(empty)
    require_current(empty)
    with empty.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []
