"""Presentations from before were shown by their holders, sessions go on, and checks from before have nobody."""

from __future__ import annotations

import sqlalchemy as sa

from store import schema
from store.database import Database
from tests.store.test_migration_department_checks import CHECK
from tests.store.test_migration_seal_data import upgrade_to
from tests.store.test_migration_wallets import LICENCE
from verify.looks import Looks

PRESENTATION = """
INSERT INTO presentation (id, holder_index, identifier, purpose, created_at, expires_at)
VALUES ('p', '\\x01', 'L', 'x', now(), now())
"""
SESSION = """
INSERT INTO sign_in_session (token_digest, id, subject_index, identity, assurance, began_at, seen_at, expires_at)
VALUES ('\\x01', 's', '\\x01', '\\x01', 'a', now(), now(), now())
"""


def test_what_was_there_stays(empty: Database) -> None:
    upgrade_to(empty, "0024")
    with empty.transaction() as session:
        session.execute(sa.text("SET LOCAL session_replication_role = replica"))
        session.execute(sa.text(LICENCE))
        session.execute(sa.text(CHECK.replace("(at,", "(identifier, at,").replace("(now()", "('L', now()")))
        session.execute(sa.text(PRESENTATION))
        session.execute(sa.text(SESSION))
    schema.upgrade(empty)
    with empty.transaction() as session:
        assert session.scalars(sa.text("SELECT presented_by FROM presentation")).all() == ["holder"]
        assert session.scalars(sa.text("SELECT acting_for FROM sign_in_session")).all() == [None]
    (look,) = Looks(empty).at(["L"])
    assert look.agreed_by is None
