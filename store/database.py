"""PostgreSQL engine, sessions and the declarative base that every package's tables share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any, ClassVar, Final

import psycopg
import sqlalchemy as sa
from psycopg.pq import ExecStatus, TransactionStatus
from sqlalchemy.exc import InterfaceError, InvalidatePoolError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from store.acting import NOBODY, Acting, acting_now
from store.errors import Kind, YinzhengError
from store.traces import span

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
            connect_args={"connect_timeout": 5, "options": "-c timezone=UTC"},
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

        :raises DatabaseUnavailableError: the server could not be reached or the connection broke.
        """
        joined = self._joined.get()
        try:
            if joined is not None:
                yield joined
                joined.flush()
            else:
                with span("transaction"), self._sessions.begin() as session:
                    yield session
        except (OperationalError, InterfaceError, PoolTimeoutError) as error:
            raise DatabaseUnavailableError from error

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
        except (OperationalError, InterfaceError, PoolTimeoutError) as error:
            raise DatabaseUnavailableError from error

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
