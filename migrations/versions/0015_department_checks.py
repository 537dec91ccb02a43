"""Checks of departments: service items, and what each check was for.

Checks from before stay on record without service item, case and receipt.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("check_record", sa.Column("reference", sa.String(length=32), nullable=True))
    op.add_column("check_record", sa.Column("body_code", sa.String(length=18), nullable=True))
    op.add_column("check_record", sa.Column("service_item", sa.Text(), nullable=True))
    op.add_column("check_record", sa.Column("service_item_version", sa.BigInteger(), nullable=True))
    op.add_column("check_record", sa.Column("case_number", sa.Text(), nullable=True))
    op.create_index(op.f("ix_check_record_reference"), "check_record", ["reference"], unique=False)
    op.create_table(
        "service_item",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("definition", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("published_by", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_item")),
        sa.UniqueConstraint("code", "version", name=op.f("uq_service_item_code")),
        info={"append_only": True},
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON service_item "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
