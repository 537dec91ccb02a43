"""What departments checked before consents were stays, and a consent never counts more uses than it allows."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from store import schema
from store.database import Database
from tests.store.test_migration_department_checks import CHECK
from tests.store.test_migration_seal_data import upgrade_to

ONE = """
INSERT INTO consent (id, holder_index, body_code, service_item, licences, max_uses, uses, given_at, until)
VALUES ('a', '\\x00', 'b', 'c', '{}', 1, 1, now(), now() + interval '1 day')
"""


def test_old_checks_stay_and_uses_are_bounded_by_the_database_too(empty: Database) -> None:
    upgrade_to(empty, "0017")
    with empty.transaction() as session:
        session.execute(sa.text(CHECK))
    schema.upgrade(empty)
    with empty.transaction() as session:
        assert session.scalar(sa.text("SELECT count(*) FROM check_record")) == 1
        session.execute(sa.text(ONE))
    with pytest.raises(IntegrityError), empty.transaction() as session:
        session.execute(sa.text("UPDATE consent SET uses = uses + 1"))
