"""Requests that were decided before officers had to say why: they stay decided, without a reason."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import command

from store import schema
from store.database import Database
from tests.store.test_migration_seal_data import SEAL

REQUEST = """
INSERT INTO seal_request (seal_id, move, requested_by, requested_at, reason, decided_by, decided_at, approved)
SELECT id, 'review', 'a', now(), '申请', 'b', now(), false FROM seal;
"""


def test_decided_requests_stay_decided(empty: Database) -> None:
    with empty.engine.connect() as connection:
        config = schema._config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
        connection.execute(sa.text(SEAL))
        connection.execute(sa.text(REQUEST))
        connection.commit()
    schema.upgrade(empty)
    schema.require_current(empty)
    with empty.transaction() as session:
        row = session.execute(sa.text("SELECT decided_by, approved, decision_reason FROM seal_request")).one()
    assert tuple(row) == ("b", False, None)
