"""The step that lets licences be imported: those that were issued stay as they are, and cannot lose their seal."""

from __future__ import annotations

import sqlalchemy as sa
from test_migration_seal_data import SEAL, upgrade_to

from store import schema
from store.database import Database


def test_licences_are_issued_ones_from_then_on(empty: Database) -> None:
    upgrade_to(empty, "0010")
    with empty.transaction() as session:
        session.execute(sa.text(SEAL))
    schema.upgrade(empty)
    schema.require_current(empty)
    columns = {each["name"]: each for each in sa.inspect(empty.engine).get_columns("licence")}
    assert columns["origin"]["default"] == "'issued'::text"
    assert columns["pdf_digest"]["nullable"]
    names = {each["name"] for each in sa.inspect(empty.engine).get_check_constraints("licence")}
    assert {"ck_licence_origin", "ck_licence_sealed", "ck_licence_scan"} <= names
