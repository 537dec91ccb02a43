"""PostgreSQL engine, sessions and the declarative base that every package's tables share."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any, ClassVar, Final, NoReturn

import psycopg
import sqlalchemy as sa
from psycopg.pq import ExecStatus, TransactionStatus
from sqlalchemy.exc import DBAPIError, InterfaceError, InvalidatePoolError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from store.acting import NOBODY, Acting, acting_now
from store.errors import Kind, YinzhengError
from store.traces import span

_logger = logging.getLogger(__name__)

_PATIENT: Final = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 2, "tcp_user_timeout": 20_000}
"""For how long a server that is not heard of any more, without having closed the connection, is waited for: 20 s."""

APPEND_ONLY: Final = {"append_only": True}
"""``info`` of a table whose rows nobody changes or deletes; a migration puts a trigger on it that sees to it."""
OBJECT: Final = {"object": True}
"""``info`` of a column that holds the digest of something in the object store."""


def encrypted(context: str) -> dict[str, str]:
    """``info`` of a column whose values the vault of ``keys`` encrypts.

    :param context: what a value is bound to. ``{column}`` stands for a column of its row, in hexadecimal where that is
        bytes, and ``{column.other}`` for one of the row that the column refers to.
    """
    return {"encrypted": context}


class DatabaseUnavailableError(YinzhengError):
    """PostgreSQL cannot be reached or broke the connection."""

    code = "store.database_unavailable"
    kind = Kind.UNAVAILABLE
    zh = "数据库暂时无法连接，本次操作未生效，请稍后重试。"
    en = "The database cannot be reached; nothing was changed. Try again later."


class CommitUncertainError(DatabaseUnavailableError):
    """The connection broke while a transaction was being committed: what it wrote may be there, or may not."""

    code = "store.commit_uncertain"
    zh = "数据库在提交时断开，本次操作可能已生效，也可能未生效。请先查询结果，或以同一幂等键重试。"
    en = (
        "The connection to the database broke while the change was being committed: it may have been made, or not. "
        "Look it up, or send the request again under the same idempotency key."
    )


class DatabaseFullError(DatabaseUnavailableError):
    """PostgreSQL has no space left on its disk."""

    code = "store.database_full"
    zh = "数据库服务器磁盘已满，本次操作未生效。请管理员腾出空间后重试；查询与核验中只读的部分照常。"
    en = (
        "The disk of the database server is full and nothing was changed. "
        "Have space made there and try again; what only reads goes on."
    )


class SchemaDiffersError(YinzhengError):
    """A table or column that the program uses is not in the database."""

    code = "store.schema_differs"
    kind = Kind.UNAVAILABLE
    zh = "数据库结构与本程序版本不符，本次操作未生效。请管理员运行 yinzheng db upgrade，或换用与数据库相符的程序版本。"
    en = (
        "The schema of the database is not the one of this program and nothing was changed. "
        "Run yinzheng db upgrade, or use the version of the program that the database was brought to."
    )


class Base(DeclarativeBase):
    """Base of every table; names of constraints are fixed so that migrations can refer to them."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: sa.DateTime(timezone=True),
        bytes: sa.LargeBinary,
        int: sa.BigInteger,
        str: sa.Text,
    }


class Database:
    """A pool of connections to one PostgreSQL database.

    :param url: ``postgresql://user@host/name``; the driver is always psycopg 3.
    :param pool_size: connections kept open by this process.
    :param most: connections that it opens at the most. More than the threads of the HTTP server (40), each of which may
        hold one and need another for a moment.
    :param acting: for whom transactions outside of requests are; see :mod:`store.acting`.
    """

    def __init__(self, url: str, *, pool_size: int = 10, most: int = 60, acting: Acting = NOBODY) -> None:
        self._acting = acting
        self.url = sa.make_url(url).set(drivername="postgresql+psycopg")
        self._engine = sa.create_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=most - pool_size,
            pool_timeout=10,
            hide_parameters=True,  # they may be personal data, and errors are logged
            connect_args={"connect_timeout": 5, "options": "-c timezone=UTC", **_PATIENT},
        )
        sa.event.listen(self._engine, "checkout", self._open_first)
        sa.event.listen(self._engine, "begin", self._open_next)
        self._sessions = sessionmaker(self._engine, expire_on_commit=False)
        self._joined: ContextVar[Session | None] = ContextVar("joined", default=None)

    @property
    def engine(self) -> sa.Engine:
        """The SQLAlchemy engine, for migrations and bulk work."""
        return self._engine

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One unit of work: committed when the block ends, rolled back when it raises.

        :raises DatabaseUnavailableError: the server could not be reached, the connection broke, or its disk is full.
        :raises CommitUncertainError: the connection broke while the server was to commit.
        :raises SchemaDiffersError: a table or column is missing.
        """
        joined, committing = self._joined.get(), False
        try:
            if joined is not None:
                yield joined
                joined.flush()
            else:
                with span("transaction"), self._sessions.begin() as session:
                    yield session
                    session.flush()
                    committing = True
        except _TOLD as error:
            _tell(error, committing=committing)

    @contextmanager
    def in_turn(self, name: str) -> Iterator[Session]:
        """One unit of work like :meth:`transaction`, while nobody else in any process is in one of the same name.

        :raises DatabaseUnavailableError: the server could not be reached or the connection broke.
        """
        with self.transaction() as session:
            session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(name, 0))))
            yield session

    @contextmanager
    def still(self) -> Iterator[Session]:
        """The database as it stands at one moment, to read for as long as that takes while others write.

        :raises DatabaseUnavailableError: the server could not be reached or the connection broke.
        """
        try:
            with self._sessions() as session:
                session.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
                yield session
        except _TOLD as error:
            _tell(error)

    @contextmanager
    def together(self) -> Iterator[None]:
        """One transaction for all units of work of a block, which come to be together or not at all.

        For work that many wait for: what each transaction costs is then paid once. An error within has to leave the
        block, since nothing of a unit of work that failed is undone before the block is.

        :raises DatabaseUnavailableError: the server could not be reached or the connection broke.
        """
        with self.transaction() as session:
            token = self._joined.set(session)
            try:
                yield
            finally:
                self._joined.reset(token)

    def ping(self) -> None:
        """Ask the server for a sign of life.

        :raises DatabaseUnavailableError: there was none.
        """
        with self.transaction() as session:
            session.execute(sa.text("SELECT 1"))

    def time(self) -> datetime:
        """What the server's own clock says.

        :raises DatabaseUnavailableError: it could not be asked.
        """
        with self.transaction() as session:
            return session.execute(sa.select(sa.func.clock_timestamp(type_=sa.DateTime(timezone=True)))).scalar_one()

    def _open_first(self, connection: psycopg.Connection[Any], _record: object, _proxy: object) -> None:
        """Begin a transaction when a connection is taken from the pool, in the round trip that shows whether it lives.

        :raises InvalidatePoolError: it does not; the pool then makes another.
        """
        try:
            self._open(connection)
        except psycopg.Error as error:
            raise InvalidatePoolError from error

    def _open_next(self, connection: sa.Connection) -> None:
        held = connection.connection.dbapi_connection
        if isinstance(held, psycopg.Connection) and held.info.transaction_status is TransactionStatus.IDLE:
            self._open(held)

    def _open(self, connection: psycopg.Connection[Any]) -> None:
        """Begin a transaction, and tell for whom it is. All in one round trip, before psycopg would begin by itself."""
        if connection.autocommit:
            return
        result = connection.pgconn.exec_((acting_now() or self._acting).opening())
        if result.status != ExecStatus.COMMAND_OK:
            raise psycopg.OperationalError("no transaction could be begun")

    def close(self) -> None:
        """Close all connections of the pool."""
        self._engine.dispose()


_TOLD: Final = (OperationalError, InterfaceError, PoolTimeoutError, ProgrammingError)


def _tell(error: Exception, *, committing: bool = False) -> NoReturn:
    """Raise what callers are told of an error of the driver; the error itself where it is the program's own."""
    told = _told(error, committing=committing)
    if told is None:
        raise error
    raise told from error


def _told(error: Exception, *, committing: bool) -> YinzhengError | None:
    """What callers are told of an error of the driver; nothing where it is the program's own."""
    if not isinstance(error, DBAPIError):
        return DatabaseUnavailableError()
    if isinstance(error, ProgrammingError):
        if not isinstance(error.orig, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedColumn):
            return None
        # names what is missing, and no value
        _logger.error("the schema is not this program's: %s", error.orig.diag.message_primary)
        return SchemaDiffersError()
    if isinstance(error.orig, psycopg.errors.DiskFull):
        return DatabaseFullError()
    # a server that answers says what became of the transaction
    return CommitUncertainError() if committing and error.connection_invalidated else DatabaseUnavailableError()
