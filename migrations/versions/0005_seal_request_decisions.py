"""Why a second officer decided as they did."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("seal_request", sa.Column("decision_reason", sa.Text(), nullable=True))
