"""The trust list: authorities that an administrator decided to rely on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "trust_anchor",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("der", sa.LargeBinary(), nullable=False),
        sa.Column("purposes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("trusted_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trusted_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_by", sa.Text(), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removal_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("cardinality(purposes) > 0", name=op.f("ck_trust_anchor_purposes")),
        sa.CheckConstraint("trusted_until > trusted_since", name=op.f("ck_trust_anchor_period")),
        sa.CheckConstraint(
            "(removed_by IS NULL) = (removed_at IS NULL) AND (removed_by IS NULL) = (removal_reason IS NULL)",
            name=op.f("ck_trust_anchor_removed"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trust_anchor")),
    )
    op.create_index(
        "uq_trust_anchor_fingerprint",
        "trust_anchor",
        ["fingerprint"],
        unique=True,
        postgresql_where=sa.text("removed_at IS NULL"),
    )
