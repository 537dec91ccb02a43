"""Consents of signers to the clients that may ask them for signatures."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "signing_consent",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("credential_id", sa.BigInteger(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name=op.f("ck_signing_consent_withdrawn")
        ),
        sa.ForeignKeyConstraint(
            ["credential_id"],
            ["signing_credential.id"],
            name=op.f("fk_signing_consent_credential_id_signing_credential"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_consent")),
    )
    op.create_index(op.f("ix_signing_consent_credential_id"), "signing_consent", ["credential_id"], unique=False)
    op.create_index(
        "uq_signing_consent",
        "signing_consent",
        ["client", "credential_id"],
        unique=True,
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )
