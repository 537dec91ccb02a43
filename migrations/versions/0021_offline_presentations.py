"""Offline presentations that were made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "offline_presentation",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("holder_index", sa.LargeBinary(), nullable=False),
        sa.Column("identifier", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["identifier"], ["licence.identifier"], name=op.f("fk_offline_presentation_identifier_licence")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offline_presentation")),
        info={"append_only": True},
    )
    op.create_index(op.f("ix_offline_presentation_holder_index"), "offline_presentation", ["holder_index"])
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON offline_presentation "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
