"""Offline presentations come to a database that has wallets already, and what is on record of them stays."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from store import schema
from store.database import Database
from tests.store.test_migration_seal_data import upgrade_to
from tests.store.test_migration_wallets import LICENCE, REFERENCES

MADE = """
INSERT INTO offline_presentation (id, holder_index, identifier, purpose, created_at, expires_at)
VALUES ('x', '\\x01', 'L', 'p', now(), now())
"""


def test_wallets_stay_and_records_are_append_only(empty: Database) -> None:
    upgrade_to(empty, "0020")
    with empty.transaction() as session:
        session.execute(sa.text("SET LOCAL session_replication_role = replica"))
        session.execute(sa.text(LICENCE))
        session.execute(sa.text(REFERENCES))
    schema.upgrade(empty)
    with empty.transaction() as session:
        assert session.scalar(sa.text("SELECT count(*) FROM wallet_reference")) == 2
        session.execute(sa.text(MADE))
    for change in ("UPDATE offline_presentation SET purpose = 'q'", "DELETE FROM offline_presentation"):
        with pytest.raises(sa.exc.DBAPIError), empty.transaction() as session:
            session.execute(sa.text(change))
