"""The ledger: entries, their places in an append-only Merkle log, and which licences have one.

Licences from before have none; they are entered afterwards, since a migration has no keys to make their salts with.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | None = None
depends_on: str | None = None

APPEND_ONLY = ("ledger_entry", "ledger_leaf", "ledger_node", "ledger_head")


def upgrade() -> None:
    op.create_table(
        "ledger_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("opening", sa.LargeBinary(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entry")),
        sa.UniqueConstraint("subject", "number", name=op.f("uq_ledger_entry_subject")),
    )
    op.create_table(
        "ledger_waiting",
        sa.Column("entry_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["ledger_entry.id"], name=op.f("fk_ledger_waiting_entry_id_ledger_entry")
        ),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_ledger_waiting")),
    )
    op.create_table(
        "ledger_leaf",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["ledger_entry.id"], name=op.f("fk_ledger_leaf_entry_id_ledger_entry")),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_ledger_leaf")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_ledger_leaf_entry_id")),
    )
    op.create_table(
        "ledger_node",
        sa.Column("level", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "position", name=op.f("pk_ledger_node")),
    )
    op.create_table(
        "ledger_head",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_ledger_head")),
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.add_column("licence", sa.Column("logged", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.alter_column("licence", "logged", server_default=None)
    op.create_index("ix_licence_unlogged", "licence", ["id"], unique=False, postgresql_where=sa.text("NOT logged"))
