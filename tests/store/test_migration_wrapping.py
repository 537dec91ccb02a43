"""Keys that were wrapped before blobs named their algorithm are opened afterwards."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import command

from store import schema
from store.database import Database

KEYS = r"""
INSERT INTO signing_key (algorithm, purpose, label, public_key, location, wrapped, created_at)
VALUES ('sm2', 'seal', 'soft', 'one', 'soft', '\xaabb', now()),
       ('sm2', 'seal', 'token', 'two', 'pkcs11:token', NULL, now());
INSERT INTO data_key (purpose, wrapped, created_at) VALUES ('field', '\xccdd', now());
"""


def upgrade_to(database: Database, revision: str) -> None:
    with database.engine.connect() as connection:
        config = schema._config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()


def test_what_is_there_is_said_to_be_wrapped_by_aes(empty: Database) -> None:
    upgrade_to(empty, "0013")
    with empty.transaction() as session:
        session.execute(sa.text(KEYS))
    schema.upgrade(empty)
    with empty.transaction() as session:
        wrapped = session.scalars(sa.text("SELECT wrapped FROM signing_key ORDER BY id")).all()
        assert [None if each is None else bytes(each) for each in wrapped] == [b"\x01\xaa\xbb", None]
        assert bytes(session.scalars(sa.text("SELECT wrapped FROM data_key")).one()) == b"\x01\xcc\xdd"
