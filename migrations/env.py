"""How Alembic finds the tables and the database.

``store.schema`` hands its connection over. On a developer's command line (``alembic revision --autogenerate -m ...``)
the database is the one of YINZHENG_DATABASE_URL, else the built-in one in ``var/postgres``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from alembic import context
from sqlalchemy import Connection

import keys
import seal
import store
import trust
import verify
import wallet
from api import _tables as tables_of_the_edge
from store.acting import SERVICE
from store.database import Base, Database
from store.embedded import EmbeddedPostgres

PACKAGES = (store, keys, seal, trust, verify, wallet, tables_of_the_edge)
"""Each registers its tables when it is imported."""


@contextmanager
def developers_connection() -> Iterator[Connection]:
    with ExitStack() as closing:
        url = os.environ.get("YINZHENG_DATABASE_URL")
        if url is None:
            server = EmbeddedPostgres(Path(os.environ.get("YINZHENG_VAR", "var")) / "postgres")
            url = closing.enter_context(server).url
        database = Database(url, acting=SERVICE)
        closing.callback(database.close)
        with database.engine.connect() as connection:
            yield connection
            connection.commit()


def run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=Base.metadata, compare_server_default=True)
    with context.begin_transaction():
        context.run_migrations()


handed_over = context.config.attributes.get("connection")
if handed_over is not None:
    run(handed_over)
else:
    with developers_connection() as own:
        run(own)
