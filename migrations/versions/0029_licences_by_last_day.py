"""Licences of an issuer by their last day."""

from __future__ import annotations

from alembic import op

revision: str = "0029"
down_revision: str | None = "0028"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_index("ix_licence_ending", "licence", ["issuer_code", "valid_until", "id"])
