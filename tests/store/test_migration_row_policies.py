"""Rows from before the policies are there, for their holder alone; and the built-in database hands its tables over."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from store import schema
from store.acting import Acting, become, becoming
from store.database import Database
from store.schema import RoleUnboundError, require_bound
from tests.conftest import Databases
from tests.store.test_migration_seal_data import upgrade_to
from tests.store.test_migration_wallets import LICENCE, REFERENCES


def test_rows_from_before_belong_to_their_holders(empty: Database) -> None:
    upgrade_to(empty, "0021")
    with empty.transaction() as session:
        session.execute(sa.text("SET LOCAL session_replication_role = replica"))
        session.execute(sa.text(LICENCE))
        session.execute(sa.text(REFERENCES))
    schema.upgrade(empty)
    everything = sa.text("SELECT holder_index FROM wallet_reference ORDER BY id")
    with empty.transaction() as session:
        assert session.scalars(everything).all() == [b"\x01", b"\x02"]
    for index in (b"\x01", b"\x02", b"\x03"):
        with becoming():
            become(Acting.for_holder(index))
            with empty.transaction() as session:
                assert session.scalars(everything).all() == ([index] if index != b"\x03" else [])


def test_a_role_that_policies_do_not_bind_is_told(database: Database, databases: Databases) -> None:
    require_bound(database)
    unbound = Database(databases.superuser_url(database))
    with pytest.raises(RoleUnboundError, match="postgres"):
        require_bound(unbound)
    unbound.close()
