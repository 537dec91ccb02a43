"""Wrapped keys say by what algorithm they are wrapped: those that are there, by AES-256-GCM."""

from __future__ import annotations

from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.execute(r"UPDATE signing_key SET wrapped = '\x01'::bytea || wrapped WHERE wrapped IS NOT NULL")
    op.execute(r"UPDATE data_key SET wrapped = '\x01'::bytea || wrapped")
