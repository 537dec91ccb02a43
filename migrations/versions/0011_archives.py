"""Licences taken over from paper or from other systems: their origin and their scans; they need not be sealed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("licence", sa.Column("origin", sa.Text(), server_default="issued", nullable=False))
    op.add_column("licence", sa.Column("scan_digest", sa.String(length=64), nullable=True))
    op.alter_column("licence", "pdf_digest", nullable=True)
    op.alter_column("licence", "seal_use_id", nullable=True)
    op.create_check_constraint(op.f("ck_licence_origin"), "licence", "origin IN ('issued', 'imported')")
    op.create_check_constraint(
        op.f("ck_licence_sealed"),
        "licence",
        "(pdf_digest IS NULL) = (seal_use_id IS NULL) AND (origin = 'imported' OR pdf_digest IS NOT NULL)",
    )
    op.create_check_constraint(op.f("ck_licence_scan"), "licence", "origin = 'imported' OR scan_digest IS NULL")
