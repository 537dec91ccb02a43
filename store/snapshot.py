"""The whole database as one stream, as it stood at one moment, and the way back into an empty one.

The tables are copied in PostgreSQL's binary form inside one REPEATABLE READ transaction; the schema is not copied but
made anew by the migrations, up to the revision that the stream names, and brought to the present one afterwards. The
stream is a row of frames:

    length of the content (4 bytes) | kind (1 byte) | content

of the kinds ``H`` (head, JSON), ``T`` (a table and its columns, JSON), ``D`` (rows of that table) and ``E`` (end, JSON:
how many rows each table had, and where sequences stood). It has no check of its own: it travels inside of what has.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import psycopg
import sqlalchemy as sa
from psycopg import Connection as DriverConnection
from psycopg import sql
from sqlalchemy.exc import InterfaceError, OperationalError

from store.acting import crossing
from store.database import Base, Database, DatabaseUnavailableError
from store.errors import Kind, YinzhengError
from store.schema import current, filled_with

FORMAT: Final = "yinzheng-snapshot/1"

_LARGEST: Final = 64 * 1024 * 1024
_TABLES = """
SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> 'alembic_version'
    AND a.attgenerated = ''
GROUP BY c.relname ORDER BY c.relname
"""
_SEQUENCES = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL"
_FOREIGN_KEYS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype = 'f' AND connamespace = 'public'::regnamespace
"""
_BOUND = """
SELECT relname FROM pg_class WHERE relforcerowsecurity AND relnamespace = 'public'::regnamespace ORDER BY relname
"""


class SnapshotUnreadableError(YinzhengError):
    """A stream is no snapshot, or not one that this program understands."""

    code = "store.snapshot_unreadable"
    kind = Kind.INVALID
    zh = "备份内容无法识别：{problem}。请使用制作该备份的版本或更新的版本。"
    en = "The snapshot is not understood: {problem}. Use the version of the program that made it, or a newer one."


@dataclass(frozen=True)
class Snapshot:
    """What a stream holds."""

    revision: str
    """Of the schema."""
    at: datetime
    """When it was taken, by the database's clock."""
    rows: dict[str, int]
    """How many, by table."""

    def with_rows(self, rows: dict[str, int]) -> Snapshot:
        """The same, with the count of rows that the end of the stream tells."""
        return replace(self, rows=rows)


def dump(database: Database, write: Callable[[bytes], object], *, named: Callable[[str], object]) -> Snapshot:
    """Write the database as a stream.

    :param named: given the digest of each object that a row names (:data:`store.database.OBJECT`), some repeatedly.
    :raises DatabaseUnavailableError: it cannot be read to the end.
    """
    try:
        revision = current(database) or ""
        with crossing(), database.engine.connect() as connection:
            connection.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
            return _dump(connection, revision, write, named)
    except (OperationalError, InterfaceError, psycopg.OperationalError) as error:
        raise DatabaseUnavailableError from error


def _dump(
    connection: sa.Connection, revision: str, write: Callable[[bytes], object], named: Callable[[str], object]
) -> Snapshot:
    at: datetime = connection.execute(sa.text("SELECT now()")).scalar_one()
    write(_frame(b"H", {"format": FORMAT, "revision": revision, "at": at.isoformat()}))
    rows: dict[str, int] = {}
    with _driver(connection).cursor() as cursor:
        for table, columns in cursor.execute(_TABLES).fetchall():
            write(_frame(b"T", {"table": table, "columns": columns}))
            copy_out = sql.SQL("COPY {} ({}) TO STDOUT (FORMAT BINARY)").format(*_names(table, columns))
            with cursor.copy(copy_out) as copy:
                for piece in copy:
                    write(_frame(b"D", bytes(piece)))
            rows[table] = cursor.rowcount
        for table, column in _object_columns():
            statement = sql.SQL("SELECT {1} FROM {0} WHERE {1} IS NOT NULL").format(*_names(table, [column]))
            for (digest,) in cursor.stream(statement):
                named(digest)
        sequences = dict(cursor.execute(_SEQUENCES).fetchall())
    write(_frame(b"E", {"rows": rows, "sequences": sequences}))
    return Snapshot(revision, at, rows)


def examine(stream: Iterable[bytes]) -> Snapshot:
    """Read a stream to its end, and tell what it holds.

    :raises SnapshotUnreadableError: it is no snapshot.
    """
    frames = _frames(stream)
    head, (kind, content) = _head(frames), (b"", b"")
    for kind, content in frames:  # noqa: B007  the last one is looked at below
        pass
    return head.with_rows(_end(kind, content)["rows"])


def load(database: Database, stream: Iterable[bytes]) -> Snapshot:
    """Bring a snapshot into an empty database, and that to this version's schema: all of it or, on any error, nothing.

    :raises store.schema.DatabaseNotEmptyError: the database has tables already.
    :raises store.schema.SchemaUnknownError: the snapshot was taken by a newer program.
    :raises SnapshotUnreadableError: the stream is no snapshot, or rows are missing.
    :raises DatabaseUnavailableError: the database cannot be reached.
    """
    frames = _frames(stream)
    head = _head(frames)
    try:
        with filled_with(database, head.revision) as connection:
            rows = _fill(_driver(connection), frames)
    except psycopg.OperationalError as error:
        raise DatabaseUnavailableError from error
    except psycopg.Error as error:
        raise SnapshotUnreadableError(problem=type(error).__name__) from error
    return head.with_rows(rows)


def _fill(connection: DriverConnection[Any], frames: Iterator[tuple[bytes, bytes]]) -> dict[str, int]:
    with connection.cursor() as cursor:
        tables = [table for table, _ in cursor.execute(_TABLES).fetchall()]
        # Rows come table by table. Foreign keys are made anew when all are there, which holds all rows to them; the
        # triggers that keep rows from being deleted rest while those go that a migration itself had put in.
        foreign_keys = cursor.execute(_FOREIGN_KEYS).fetchall()
        for table, name, _ in foreign_keys:
            cursor.execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(*_names(table, [name])))
        # Policies bind the owner of the tables too, and COPY does not go through them.
        bound = [table for (table,) in cursor.execute(_BOUND).fetchall()]
        for table in bound:
            cursor.execute(sql.SQL("ALTER TABLE {} NO FORCE ROW LEVEL SECURITY").format(sql.Identifier(table)))
        for table in tables:
            cursor.execute(sql.SQL("ALTER TABLE {0} DISABLE TRIGGER USER").format(sql.Identifier(table)))
            cursor.execute(sql.SQL("DELETE FROM {0}").format(sql.Identifier(table)))
        end = _copy_in(cursor, tables, frames)
        for table in tables:
            cursor.execute(sql.SQL("ALTER TABLE {0} ENABLE TRIGGER USER").format(sql.Identifier(table)))
        for table, name, definition in foreign_keys:
            statement = sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} ").format(*_names(table, [name]))
            cursor.execute(statement + sql.SQL(definition))
        for table in bound:
            cursor.execute(sql.SQL("ALTER TABLE {} FORCE ROW LEVEL SECURITY").format(sql.Identifier(table)))
        for sequence, value in end["sequences"].items():
            cursor.execute("SELECT setval(quote_ident(%s)::regclass, %s)", (sequence, value))
        # what is asked next, such as by the doctor, would else be planned for tables without rows
        cursor.execute("ANALYZE")
    rows: dict[str, int] = end["rows"]
    return rows


def _copy_in(cursor: Any, tables: list[str], frames: Iterator[tuple[bytes, bytes]]) -> dict[str, Any]:
    rows: dict[str, int] = {}
    kind, content = next(frames, (b"", b""))
    while kind == b"T":
        said = _json(content)
        table = said["table"]
        if table not in tables:
            raise SnapshotUnreadableError(problem=f"table {table}")
        copy_in = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(*_names(table, said["columns"]))
        with cursor.copy(copy_in) as copy:
            for kind, content in frames:
                if kind != b"D":
                    break
                copy.write(content)
        rows[table] = cursor.rowcount
    end = _end(kind, content)
    if end["rows"] != rows or next(frames, None) is not None:
        raise SnapshotUnreadableError(problem="rows are missing")
    return end


def _driver(connection: sa.Connection) -> DriverConnection[Any]:
    # a statement of SQLAlchemy's has to come first, for its transaction to be begun
    connection.execute(sa.text("SELECT 1"))
    driver = connection.connection.driver_connection
    if not isinstance(driver, DriverConnection):
        raise TypeError("the driver is not psycopg")
    return driver


def _object_columns() -> list[tuple[str, str]]:
    tables = Base.metadata.tables.values()
    return [(table.name, column.name) for table in tables for column in table.columns if "object" in column.info]


def _names(table: str, columns: list[str]) -> tuple[sql.Composable, sql.Composable]:
    return sql.Identifier(table.strip('"')), sql.SQL(", ").join(sql.Identifier(column) for column in columns)


def _head(frames: Iterator[tuple[bytes, bytes]]) -> Snapshot:
    kind, content = next(frames, (b"", b""))
    head = _json(content) if kind == b"H" else {}
    try:
        if head["format"] != FORMAT:
            raise SnapshotUnreadableError(problem="format")
        return Snapshot(str(head["revision"]), datetime.fromisoformat(head["at"]), {})
    except (KeyError, TypeError, ValueError) as error:
        raise SnapshotUnreadableError(problem="head") from error


def _end(kind: bytes, content: bytes) -> dict[str, Any]:
    end = _json(content) if kind == b"E" else {}
    if not isinstance(end.get("rows"), dict) or not isinstance(end.get("sequences"), dict):
        raise SnapshotUnreadableError(problem="no end")
    return end


def _frame(kind: bytes, content: bytes | dict[str, Any]) -> bytes:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return len(data).to_bytes(4, "big") + kind + data


def _frames(stream: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """The frames of a stream; it is read to its end, so that what checks it has its say on all of it."""
    held = bytearray()
    for piece in stream:
        held += piece
        while len(held) >= 5 and len(held) - 5 >= (length := int.from_bytes(held[:4], "big")):
            kind, content = bytes(held[4:5]), bytes(held[5 : 5 + length])
            del held[: 5 + length]
            yield kind, content
        if len(held) > _LARGEST:
            raise SnapshotUnreadableError(problem="size")
    if held:
        raise SnapshotUnreadableError(problem="cut")


def _json(content: bytes) -> dict[str, Any]:
    try:
        value: object = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise SnapshotUnreadableError(problem="not JSON") from error
    if not isinstance(value, dict):
        raise SnapshotUnreadableError(problem="not JSON")
    return value
