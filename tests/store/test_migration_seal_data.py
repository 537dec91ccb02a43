"""Seals that were made before seal data were: they stay as they are, and have none."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import command

from store import schema
from store.database import Database

SEAL = """
INSERT INTO organisation (code, kind, name_zh, name_en, region_code, created_at)
VALUES ('11370200990100114M', 'department', '青岛市市场监督管理局', 'Market', '370200', now());
INSERT INTO seal (number, organisation_id, kind, name, licence_types, algorithm, state, applied_by, created_at)
SELECT '3702000000001', id, 'official', name_zh, '{x}', 'ecdsa-p256', 'applied', 'a', now() FROM organisation;
"""


def upgrade_to(database: Database, revision: str) -> None:
    with database.engine.connect() as connection:
        config = schema._config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()


def test_seals_stay_as_they_are(empty: Database) -> None:
    upgrade_to(empty, "0002")
    with empty.transaction() as session:
        session.execute(sa.text(SEAL))
    schema.upgrade(empty)
    schema.require_current(empty)
    with empty.transaction() as session:
        assert session.scalar(sa.text("SELECT state FROM seal WHERE number = '3702000000001'")) == "applied"
        assert session.scalar(sa.text("SELECT count(*) FROM seal_data")) == 0
