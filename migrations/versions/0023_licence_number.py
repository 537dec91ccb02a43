"""Licences are found by their number at any size of the register, also those that hold no more."""

from __future__ import annotations

from alembic import op

revision: str = "0023"
down_revision: str | None = "0022"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_index(op.f("ix_licence_number_index"), "licence", ["number_index"], unique=False)
