"""Seal data of GB/T 38540 for the seals of bodies.

Seals that were made before have none until they get a new key.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "seal_data",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("seal_id", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.BigInteger(), nullable=False),
        sa.Column("certificate_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("data_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("used_until IS NULL OR used_until >= made_at", name=op.f("ck_seal_data_period")),
        sa.ForeignKeyConstraint(["seal_id"], ["seal.id"], name=op.f("fk_seal_data_seal_id_seal")),
        sa.ForeignKeyConstraint(["key_id"], ["signing_key.id"], name=op.f("fk_seal_data_key_id_signing_key")),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["certificate.id"], name=op.f("fk_seal_data_certificate_id_certificate")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seal_data")),
        sa.UniqueConstraint("certificate_id", name=op.f("uq_seal_data_certificate_id")),
    )
    op.create_index(op.f("ix_seal_data_seal_id"), "seal_data", ["seal_id"], unique=False)
    op.create_index(
        "uq_seal_data_current", "seal_data", ["seal_id"], unique=True, postgresql_where=sa.text("used_until IS NULL")
    )
