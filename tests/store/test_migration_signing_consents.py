"""Signing credentials from before clients asked for signatures: nobody has consented to anything."""

from __future__ import annotations

import sqlalchemy as sa

from store import schema
from store.database import Database
from tests.store.test_migration_seal_data import SEAL, upgrade_to


def test_nobody_has_consented(empty: Database) -> None:
    upgrade_to(empty, "0009")
    with empty.transaction() as session:
        session.execute(sa.text(SEAL))
    schema.upgrade(empty)
    schema.require_current(empty)
    with empty.transaction() as session:
        assert session.scalar(sa.text("SELECT count(*) FROM signing_consent")) == 0
        assert session.scalar(sa.text("SELECT count(*) FROM seal")) == 1
