"""Bringing a database to the tables that this version of the program knows."""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import InterfaceError, OperationalError

from store.database import Database, DatabaseUnavailableError
from store.errors import Kind, YinzhengError

_LOCK = 0x59494E5A48454E47
"""Number of the advisory lock that a migration holds: YINZHENG in ASCII."""


class SchemaOutdatedError(YinzhengError):
    """The database was not brought to this version of the program."""

    code = "store.schema_outdated"
    kind = Kind.MISCONFIGURED
    zh = "数据库结构版本为 {current}，本程序需要 {expected}，请先运行 yinzheng db upgrade。"
    en = "The database is at revision {current} and this program needs {expected}: run yinzheng db upgrade first."


class SchemaMissingError(SchemaOutdatedError):
    """The database was never brought to any version."""

    code = "store.schema_missing"
    zh = "数据库中尚无本程序的表，请先运行 yinzheng db upgrade。"
    en = "The database has no tables of this program yet: run yinzheng db upgrade first."


class SchemaUnknownError(YinzhengError):
    """The database was brought to a version that this program does not know, most likely a newer one."""

    code = "store.schema_unknown"
    kind = Kind.MISCONFIGURED
    zh = "数据库结构版本 {current} 不为本程序所知，可能由更新的版本建立，请升级本程序。"
    en = "The database is at revision {current}, which this program does not know: use the newer program that made it."


class RoleUnboundError(YinzhengError):
    """The service connects by a role to which policies on rows are nothing."""

    code = "store.role_unbound"
    kind = Kind.MISCONFIGURED
    zh = "数据库账号 {role} 为超级用户或可绕过行级安全策略，请改用普通账号（见《运行》数据库账号一节）。"
    en = (
        "The database role {role} is a superuser or bypasses row-level security: connect by an ordinary one "
        "(see Operations, The role of the database)."
    )


class DatabaseNotEmptyError(YinzhengError):
    """A database that was to be filled has tables already."""

    code = "store.database_not_empty"
    kind = Kind.CONFLICT
    zh = "目标数据库不是空的，未作任何改动。请新建一个空数据库，以 YINZHENG_DATABASE_URL 指定后重试。"
    en = (
        "The database to restore into is not empty and was left as it is. "
        "Make an empty one, name it by YINZHENG_DATABASE_URL, and try again."
    )


def upgrade(database: Database) -> None:
    """Bring the database to the newest revision; nothing happens when it is there.

    Several processes may do so at once: one works, the others wait and then find nothing left to do.

    :raises SchemaUnknownError: the database is ahead of this program.
    :raises DatabaseUnavailableError: it cannot be reached.
    """
    try:
        # The lock is a connection's own, so that a migration may use as many transactions as it needs, and is gone
        # with the connection should this process be killed.
        with database.engine.connect() as guard:
            guard.execute(sa.select(sa.func.pg_advisory_lock(_LOCK)))
            guard.commit()
            try:
                _refuse_unknown(current(database))
                with database.engine.connect() as connection:
                    config = _config()
                    config.attributes["connection"] = connection
                    command.upgrade(config, "head")
                    connection.commit()
            finally:
                guard.execute(sa.select(sa.func.pg_advisory_unlock(_LOCK)))
                guard.commit()
    except (OperationalError, InterfaceError) as error:
        raise DatabaseUnavailableError from error


@contextmanager
def filled_with(database: Database, revision: str) -> Iterator[sa.Connection]:
    """An empty database at a revision, to be filled by the block and then brought to the newest one.

    All of that is one transaction: committed when the block ends, and nothing of it is left when it raises.

    :raises DatabaseNotEmptyError: the database has tables.
    :raises SchemaUnknownError: this program does not know the revision.
    :raises DatabaseUnavailableError: it cannot be reached.
    """
    _refuse_unknown(revision)
    try:
        with database.engine.connect() as connection:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            if sa.inspect(connection).get_table_names():
                raise DatabaseNotEmptyError
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
            yield connection
            command.upgrade(config, "head")
            connection.commit()
    except (OperationalError, InterfaceError) as error:
        raise DatabaseUnavailableError from error


def current(database: Database) -> str | None:
    """The revision that the database is at; None when it was never brought to one.

    :raises DatabaseUnavailableError: it cannot be reached.
    """
    try:
        with database.engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except (OperationalError, InterfaceError) as error:
        raise DatabaseUnavailableError from error


def require_current(database: Database) -> None:
    """Make sure that the database is at the newest revision.

    :raises SchemaMissingError: nothing is in it yet.
    :raises SchemaOutdatedError: it is behind.
    :raises SchemaUnknownError: it is ahead.
    :raises DatabaseUnavailableError: it cannot be reached.
    """
    expected, _ = _revisions(_place())
    found = current(database)
    if found != expected:
        if found is None:
            raise SchemaMissingError
        _refuse_unknown(found)
        raise SchemaOutdatedError(current=found, expected=expected)


def require_bound(database: Database) -> None:
    """Make sure that policies on rows bind the role of the connections.

    :raises RoleUnboundError: it is a superuser, or may bypass them.
    :raises DatabaseUnavailableError: it cannot be reached.
    """
    statement = sa.text("SELECT rolname, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
    with database.transaction() as session:
        role, unbound = session.execute(statement).one()
    if unbound:
        raise RoleUnboundError(role=role)


def _refuse_unknown(revision: str | None) -> None:
    if revision is not None and revision not in _revisions(_place())[1]:
        raise SchemaUnknownError(current=revision)


@cache
def _revisions(place: str) -> tuple[str | None, frozenset[str]]:
    """The newest revision and all that this program knows; looked up once, for who asks again and again."""
    scripts = ScriptDirectory(place)
    return scripts.get_current_head(), frozenset(script.revision for script in scripts.walk_revisions())


def _place() -> str:
    """The directory of the migrations."""
    return str(importlib.resources.files("migrations"))


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", _place().replace("%", "%%"))
    return config
