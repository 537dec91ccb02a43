"""Checks from before service items were named stay on record."""

from __future__ import annotations

import sqlalchemy as sa

from store import schema
from store.database import Database
from tests.store.test_migration_seal_data import upgrade_to

CHECK = """
INSERT INTO check_record (at, checked_by, evidence, verdict, reason_codes)
VALUES (now(), 'client:old', 'pdf', 'TOTAL_PASSED', '{register.valid}')
"""


def test_old_checks_stay_on_record_without_a_case(empty: Database) -> None:
    upgrade_to(empty, "0014")
    with empty.transaction() as session:
        session.execute(sa.text(CHECK))
    schema.upgrade(empty)
    schema.require_current(empty)
    with empty.transaction() as session:
        row = session.execute(sa.text("SELECT checked_by, service_item, reference FROM check_record")).one()
        assert row == ("client:old", None, None)
        assert session.scalar(sa.text("SELECT count(*) FROM service_item")) == 0
