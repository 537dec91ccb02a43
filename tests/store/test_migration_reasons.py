"""Batches that were cancelled and versions that were retired before reasons were asked for stay as they are."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from store import schema
from store.clock import SystemClock
from store.database import Database
from tests.store.test_migration_seal_data import upgrade_to
from trust import LicenceTypes

BEFORE = """
INSERT INTO batch (reference, kind, type_slug, sealed, actor, file_name, state, created_at, ended_at)
VALUES ('b', 'issue', 'x', true, 'a', 'f', 'cancelled', now(), now());
INSERT INTO licence_type (slug, code) VALUES ('x', 'c');
INSERT INTO licence_type_version (slug, version, state, origin, name_zh, name_en, package, digest, drafted_by,
    drafted_at, retired_by, retired_at)
SELECT 'x', version, state, 'administrator', 'x', 'x', 'p', repeat('0', 64), 'a', now(), by, at
FROM (VALUES (1, 'retired', 'a', now()), (2, 'draft', NULL, NULL)) AS given (version, state, by, at);
"""


def test_what_ended_without_a_reason_stays_and_what_ends_now_keeps_its_own(empty: Database) -> None:
    upgrade_to(empty, "0027")
    with empty.transaction() as session:
        session.execute(sa.text(BEFORE))
    schema.upgrade(empty)
    schema.require_current(empty)
    types = LicenceTypes(empty, SystemClock())
    types.retire("x", 2, actor="a", reason="不再需要")
    assert [each.retirement_reason for each in types.versions("x")] == [None, "不再需要"]
    with empty.transaction() as session:
        assert session.scalar(sa.text("SELECT cancellation_reason FROM batch")) is None
    with pytest.raises(IntegrityError), empty.transaction() as session:
        session.execute(sa.text("UPDATE licence_type_version SET retirement_reason = 'other'"))
