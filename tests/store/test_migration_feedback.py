"""What clients checked before watches and feedback were: they can watch it and speak of it afterwards."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from store import schema
from store.database import Database
from tests.store.test_migration_department_checks import CHECK
from tests.store.test_migration_seal_data import upgrade_to

ONE = """
INSERT INTO feedback (id, identifier, issuer_code, client_id, text, state, opened_at, due_at)
VALUES (:id, 'x', 'y', 'old', '\\x00', 'open', now(), now())
"""


def test_old_checks_stay_and_one_feedback_is_pending_at_a_time(empty: Database) -> None:
    upgrade_to(empty, "0015")
    with empty.transaction() as session:
        session.execute(sa.text(CHECK))
    schema.upgrade(empty)
    with empty.transaction() as session:
        assert session.scalar(sa.text("SELECT count(*) FROM check_record")) == 1
        assert session.scalar(sa.text("SELECT count(*) FROM licence_watch")) == 0
        session.execute(sa.text(ONE), {"id": "a"})
    with pytest.raises(IntegrityError), empty.transaction() as session:
        session.execute(sa.text(ONE), {"id": "b"})
