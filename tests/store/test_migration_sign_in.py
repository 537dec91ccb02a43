"""Clients from before stay, and the records of who signs in and of officers are append-only from the start."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from store import schema
from store.database import Database
from tests.store.test_migration_seal_data import upgrade_to

CLIENT = """
INSERT INTO api_client (id, name, scopes, organisation_code, fields, active, created_at)
VALUES ('c', 'c', '{licences:check}', '11370200990100288Y', '{}', true, now())
"""
RECORD = """
INSERT INTO sign_in_record (subject_index, session_id, act, assurance, at) VALUES ('\\x01', 's', 'sign_in', 'a', now())
"""


def test_records_are_append_only_and_clients_stay(empty: Database) -> None:
    upgrade_to(empty, "0019")
    with empty.transaction() as session:
        session.execute(sa.text(CLIENT))
    schema.upgrade(empty)
    with empty.transaction() as session:
        assert session.scalars(sa.text("SELECT id FROM api_client WHERE active")).all() == ["c"]
        session.execute(sa.text(RECORD))
    for change in ("UPDATE sign_in_record SET act = 'x'", "DELETE FROM sign_in_record", "TRUNCATE officer_event"):
        with pytest.raises(sa.exc.DBAPIError), empty.transaction() as session:
            session.execute(sa.text(change))
