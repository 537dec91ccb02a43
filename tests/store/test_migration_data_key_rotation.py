"""Data keys from before go on as they are; what is written under one that was retired is refused."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, OperationalError

from store import schema
from store.database import Base, Database
from tests.store.test_migration_seal_data import upgrade_to

KEY = "INSERT INTO data_key (id, purpose, wrapped, created_at) VALUES (3, 'field', '\\x01', now())"
ATTEMPT = "INSERT INTO sign_in_attempt VALUES (:state, '\\x02', :kept, now())"
ACT = "INSERT INTO acting_record (holder_index, by, name, act, at) VALUES ('\\x01', 'x', :kept, 'view', now())"
UNDER_KEY = b"\x01" + (3).to_bytes(8, "big") + b"\0" * 30


def test_keys_stay_and_a_retired_one_is_refused(empty: Database) -> None:
    upgrade_to(empty, "0025")
    with empty.transaction() as session:
        session.execute(sa.text(KEY))
        session.execute(sa.text(ATTEMPT), {"state": b"\1", "kept": UNDER_KEY})
        session.execute(sa.text(ACT), {"kept": UNDER_KEY})
    schema.upgrade(empty)
    with empty.transaction() as session:
        assert session.execute(sa.text("SELECT wrapped, retired_at FROM data_key")).one() == (b"\1", None)
        session.execute(sa.text(ATTEMPT), {"state": b"\2", "kept": UNDER_KEY})
        session.execute(sa.text("UPDATE data_key SET wrapped = NULL, retired_at = now()"))
    for state, kept in ((b"\4", b"\1"), (b"\5", b""), (b"\6", b"\2" + UNDER_KEY[1:])):
        with empty.transaction() as session:
            session.execute(sa.text(ATTEMPT), {"state": state, "kept": kept})
    with pytest.raises(OperationalError), empty.engine.begin() as connection:
        connection.execute(sa.text(ATTEMPT), {"state": b"\3", "kept": UNDER_KEY})
    with pytest.raises(OperationalError), empty.engine.begin() as connection:
        connection.execute(sa.text("UPDATE sign_in_attempt SET kept = :kept"), {"kept": UNDER_KEY})
    for change in ("DELETE FROM acting_record", "TRUNCATE acting_record", "UPDATE acting_record SET act = 'x'"):
        with pytest.raises(IntegrityError), empty.engine.begin() as connection:
            connection.execute(sa.text(change))


def test_every_table_with_encrypted_columns_has_the_trigger(database: Database) -> None:
    declared = {
        (table.name, column.name)
        for table in Base.metadata.tables.values()
        for column in table.columns
        if "encrypted" in column.info
    }
    statement = (
        "SELECT t.tgrelid::regclass::text, a.attname FROM pg_trigger t"
        " JOIN pg_attribute a ON a.attrelid = t.tgrelid AND a.attnum = ANY (t.tgattr) WHERE t.tgname = 'data_key'"
    )
    with database.transaction() as session:
        assert {(table, column) for table, column in session.execute(sa.text(statement))} == declared
