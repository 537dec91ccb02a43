"""References from before become co-holdings where they are, and old checks are shown without a basis."""

from __future__ import annotations

import sqlalchemy as sa

from store import schema
from store.database import Database
from tests.store.test_migration_department_checks import CHECK
from tests.store.test_migration_seal_data import upgrade_to
from verify.looks import Looks

LICENCE = """
INSERT INTO licence (identifier, type_slug, number_index, holder_index, holder_code_type, issuer_code, issuer_name,
    issue_date, valid_from, state, state_since, data, issued_by, issued_at, type_version, logged, region_code,
    status_list, status_index, origin)
VALUES ('L', 'x', '\\x01', '\\x01', 'uscc', 'x', 'x', '2026-01-01', '2026-01-01', 'valid', now(), '\\x01', 'x', now(),
    1, false, 'x', 1, 1, 'imported')
"""
REFERENCES = """
INSERT INTO wallet_reference (holder_index, identifier, added_at) VALUES ('\\x01', 'L', now()), ('\\x02', 'L', now())
"""


def test_co_holders_are_known_and_old_checks_stay(empty: Database) -> None:
    upgrade_to(empty, "0018")
    with empty.transaction() as session:
        session.execute(sa.text("SET LOCAL session_replication_role = replica"))
        session.execute(sa.text(LICENCE))
        session.execute(sa.text(REFERENCES))
        session.execute(sa.text(CHECK.replace("(at,", "(identifier, at,").replace("(now()", "('L', now()")))
    schema.upgrade(empty)
    with empty.transaction() as session:
        found = session.execute(sa.text("SELECT identifier, holder_index FROM co_holding")).all()
        assert [tuple(each) for each in found] == [("L", b"\x02")]
        assert session.scalars(sa.text("SELECT pinned OR hidden FROM wallet_reference")).all() == [False, False]
    (look,) = Looks(empty).at(["L"])
    assert look.basis is None
