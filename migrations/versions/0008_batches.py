"""Batches of licences to issue and to import."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "batch",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("type_slug", sa.Text(), nullable=False),
        sa.Column("issuer_code", sa.String(length=18), nullable=True),
        sa.Column("issue_date", sa.Date(), nullable=True),
        sa.Column("sealed", sa.Boolean(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_reason", sa.Text(), nullable=True),
        sa.Column("mapping", postgresql.JSONB(), nullable=True),
        sa.Column("mends_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('issue', 'import')", name=op.f("ck_batch_kind")),
        sa.CheckConstraint(
            "state IN ('loading', 'ready', 'refused', 'checked', 'running', 'paused', 'cancelled', 'done')",
            name=op.f("ck_batch_state"),
        ),
        sa.ForeignKeyConstraint(["mends_id"], ["batch.id"], name=op.f("fk_batch_mends_id_batch")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch")),
        sa.UniqueConstraint("reference", name=op.f("uq_batch_reference")),
    )
    op.create_index(op.f("ix_batch_issuer_code"), "batch", ["issuer_code"], unique=False)
    op.create_index(
        "ix_batch_running", "batch", ["id"], unique=False, postgresql_where=sa.text("state = 'running'")
    )
    op.create_table(
        "batch_line",
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=True),
        sa.Column("number_index", sa.LargeBinary(), nullable=True),
        sa.Column("holder_index", sa.LargeBinary(), nullable=True),
        sa.Column("name_index", sa.LargeBinary(), nullable=True),
        sa.Column("content_index", sa.LargeBinary(), nullable=True),
        sa.Column("findings", postgresql.JSONB(), nullable=True),
        sa.Column("mends_line", sa.BigInteger(), nullable=True),
        sa.Column("claim", sa.Text(), nullable=True),
        sa.Column("claim_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("identifier", sa.Text(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'issued', 'existing', 'failed', 'unsound', 'mended', 'cancelled')",
            name=op.f("ck_batch_line_state"),
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_batch_line_batch_id_batch")),
        sa.PrimaryKeyConstraint("batch_id", "line", name=op.f("pk_batch_line")),
    )
    op.create_index(
        "ix_batch_line_waiting",
        "batch_line",
        ["batch_id", "attempts", "line"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
