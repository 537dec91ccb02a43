"""Licences that were issued before types had versions: they count as issued under the first."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy.exc import IntegrityError

from store import schema
from store.clock import SystemClock
from store.database import Database
from trust import LicenceTypes

LICENCE = """
INSERT INTO organisation (code, kind, name_zh, name_en, region_code, created_at)
VALUES ('11370200990100114M', 'department', '青岛市市场监督管理局', 'Market', '370200', now());
INSERT INTO seal (number, organisation_id, kind, name, licence_types, algorithm, state, applied_by, created_at)
SELECT '3702000000001', id, 'official', name_zh, '{x}', 'ecdsa-p256', 'applied', 'a', now() FROM organisation;
INSERT INTO seal_use (seal_id, at, day, caller, document_type, document_identifier, unsealed_digest)
SELECT id, now(), '2026-01-01', 'a', 'business_licence', 'i', repeat('0', 64) FROM seal;
INSERT INTO licence (identifier, type_slug, number_index, holder_index, holder_code_type, issuer_code, issuer_name,
    issue_date, valid_from, state, state_since, data, pdf_digest, seal_use_id, issued_by, issued_at)
SELECT 'i', 'business_licence', 'n', 'h', 'uscc', '11370200990100114M', '青岛市市场监督管理局',
    '2026-01-01', '2026-01-01', 'valid', now(), 'd', repeat('0', 64), id, 'a', now() FROM seal_use;
"""


def test_licences_from_before_belong_to_the_first_version(empty: Database) -> None:
    with empty.engine.connect() as connection:
        config = schema._config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
        connection.commit()
    with empty.transaction() as session:
        session.execute(sa.text(LICENCE))
    schema.upgrade(empty)
    schema.require_current(empty)
    LicenceTypes(empty, SystemClock()).seed()
    joined = "SELECT v.state FROM licence l JOIN licence_type_version v ON (slug, version) = (type_slug, type_version)"
    with empty.transaction() as session:
        assert session.scalar(sa.text(joined)) == "published"
        session.execute(sa.text("UPDATE licence SET state = 'suspended'"))
    with pytest.raises(IntegrityError), empty.transaction() as session:
        session.execute(sa.text("UPDATE licence SET type_version = 2"))
