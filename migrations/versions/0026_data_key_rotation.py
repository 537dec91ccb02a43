"""Data keys can be retired: a row without its key stays, and nothing is written under it any more.

A write takes a lock on the data key that it names, shared with other writes, so that retiring waits for those that are
under way. The name in a record of acting may be encrypted again, under another data key and not otherwise changed.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0026"
down_revision: str | None = "0025"
branch_labels: str | None = None
depends_on: str | None = None

ENCRYPTED = {
    "acting_record": ("name",),
    "batch_line": ("data",),
    "feedback": ("text", "answer"),
    "licence": ("data",),
    "objection": ("text", "answer"),
    "officer": ("name",),
    "seal": ("name_encrypted",),
    "seal_data": ("data_encrypted",),
    "seal_person": ("code_encrypted", "name_encrypted"),
    "seal_picture": ("data_encrypted",),
    "sign_in_attempt": ("kept",),
    "sign_in_session": ("identity",),
    "signing_credential": ("owner_code", "owner_name"),
    "signing_totp": ("secret",),
    "wallet_agent": ("names",),
    "webhook": ("secret", "previous_secret"),
}
"""The columns that the vault encrypts, by table."""


def upgrade() -> None:
    op.alter_column("data_key", "wrapped", nullable=True)
    op.add_column("data_key", sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(op.f("ck_data_key_retired"), "data_key", "(wrapped IS NULL) = (retired_at IS NOT NULL)")
    # 1499087947 is the number by which keys.field_keys locks data keys
    op.execute(
        "CREATE FUNCTION names_retired_data_key(blob bytea) RETURNS boolean LANGUAGE plpgsql AS $$"
        " DECLARE key bigint;"
        " BEGIN"
        "  IF blob IS NULL OR length(blob) < 9 OR get_byte(blob, 0) <> 1 THEN RETURN false; END IF;"
        "  key := ('x' || encode(substring(blob FROM 2 FOR 8), 'hex'))::bit(64)::bigint;"
        "  PERFORM pg_advisory_xact_lock_shared(1499087947, (key & 2147483647)::integer);"
        "  RETURN EXISTS (SELECT FROM data_key WHERE id = key AND retired_at IS NOT NULL);"
        " END $$"
    )
    # of the class that the program takes for "try again later": by then the process has noticed the newer key
    op.execute(
        "CREATE FUNCTION refuse_retired_data_key() RETURNS trigger LANGUAGE plpgsql AS $$"
        " BEGIN"
        "  RAISE EXCEPTION 'a row of % names a retired data key', TG_TABLE_NAME"
        "   USING ERRCODE = 'object_not_in_prerequisite_state';"
        " END $$"
    )
    for table, columns in ENCRYPTED.items():
        named = " OR ".join(f"names_retired_data_key(NEW.{column})" for column in columns)
        op.execute(
            f"CREATE TRIGGER data_key BEFORE INSERT OR UPDATE OF {', '.join(columns)} ON {table}"
            f" FOR EACH ROW WHEN ({named}) EXECUTE FUNCTION refuse_retired_data_key()"
        )
    op.execute("DROP TRIGGER append_only ON acting_record")
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OF id, holder_index, by, act, subject, at OR DELETE OR TRUNCATE"
        " ON acting_record FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER append_only_name BEFORE UPDATE ON acting_record FOR EACH ROW"
        " WHEN (substring(OLD.name FROM 1 FOR 9) = substring(NEW.name FROM 1 FOR 9))"
        " EXECUTE FUNCTION refuse_change()"
    )
