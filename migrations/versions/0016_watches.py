"""Licences that clients relied on and are told of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "licence_watch",
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("identifier", sa.Text(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("expiry_told", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["api_client.id"], name=op.f("fk_licence_watch_client_id_api_client")),
        sa.PrimaryKeyConstraint("client_id", "identifier", name=op.f("pk_licence_watch")),
    )
    op.create_index(op.f("ix_licence_watch_expires_on"), "licence_watch", ["expires_on"], unique=False)
