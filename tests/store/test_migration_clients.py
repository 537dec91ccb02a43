"""Clients that were enrolled before they had terms: they keep their secret and what they could ask for."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from store import schema
from store.database import Database
from tests.store.test_migration_seal_data import upgrade_to

CLIENT = """
INSERT INTO api_client (id, name, secret_digest, scopes, organisation_code, active, created_at)
VALUES ('old', '核验', '\\x00', '{licences:check}', '11370200990100288Y', true, now())
"""


def test_clients_keep_their_secret_and_are_not_limited(empty: Database) -> None:
    upgrade_to(empty, "0005")
    with empty.transaction() as session:
        session.execute(sa.text(CLIENT))
    schema.upgrade(empty)
    with empty.transaction() as session:
        row = session.execute(sa.text("SELECT licence_types, fields, daily_quota, active FROM api_client")).one()
        assert row == (None, [], None, True)
        session.execute(sa.text("INSERT INTO api_client_event VALUES (DEFAULT, 'old', 'permit', 'a', '{}', now())"))
    with pytest.raises(IntegrityError, match="append-only"), empty.transaction() as session:
        session.execute(sa.text("UPDATE api_client_event SET actor = 'b'"))
