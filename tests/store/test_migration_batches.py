"""The step that adds batches leaves the licences as they are."""

from __future__ import annotations

import sqlalchemy as sa
from test_migration_seal_data import SEAL, upgrade_to

from store import schema
from store.database import Database


def test_what_is_there_stays(empty: Database) -> None:
    upgrade_to(empty, "0007")
    with empty.transaction() as session:
        session.execute(sa.text(SEAL))
    schema.upgrade(empty)
    schema.require_current(empty)
    with empty.transaction() as session:
        assert session.scalar(sa.text("SELECT count(*) FROM seal")) == 1
        assert session.scalar(sa.text("SELECT count(*) FROM batch")) == 0
        assert session.scalar(sa.text("SELECT count(*) FROM batch_line")) == 0
