"""The record of exports comes to a database with wallets in it, and is append-only."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from store import schema
from store.database import Database
from tests.store.test_migration_seal_data import upgrade_to


def test_wallets_stay_and_the_record_cannot_be_changed(empty: Database) -> None:
    upgrade_to(empty, "0023")
    with empty.transaction() as session:
        session.execute(sa.text("INSERT INTO wallet (holder_index, opened_at) VALUES ('\\x01', now())"))
    schema.upgrade(empty)
    with empty.transaction() as session:
        assert session.scalar(sa.text("SELECT count(*) FROM wallet")) == 1
        session.execute(sa.text("INSERT INTO wallet_export (holder_index, at) VALUES ('\\x01', now())"))
    with pytest.raises(sa.exc.DBAPIError), empty.transaction() as session:
        session.execute(sa.text("UPDATE wallet_export SET at = now()"))
