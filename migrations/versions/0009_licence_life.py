"""The life of a licence: versions that supersede each other, revisions, legal bases, regions; requests done once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "once",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("scope", "key", name=op.f("pk_once")),
    )
    op.add_column("licence_event", sa.Column("legal_basis", sa.Text(), nullable=True))
    op.add_column("licence", sa.Column("revision", sa.BigInteger(), server_default="1", nullable=False))
    op.add_column("licence", sa.Column("region_code", sa.String(length=12), nullable=True))
    op.add_column("licence", sa.Column("supersedes", sa.Text(), nullable=True))
    op.add_column("licence", sa.Column("superseded_by", sa.Text(), nullable=True))
    op.execute(
        "UPDATE licence SET region_code = coalesce("
        "(SELECT organisation.region_code FROM organisation WHERE organisation.code = licence.issuer_code), '')"
    )
    op.alter_column("licence", "region_code", nullable=False)
    op.create_index(op.f("ix_licence_region_code"), "licence", ["region_code"])
    op.create_unique_constraint(op.f("uq_licence_supersedes"), "licence", ["supersedes"])
    op.create_unique_constraint(op.f("uq_licence_superseded_by"), "licence", ["superseded_by"])
    op.create_foreign_key(op.f("fk_licence_supersedes_licence"), "licence", "licence", ["supersedes"], ["identifier"])
    op.create_foreign_key(
        op.f("fk_licence_superseded_by_licence"),
        "licence",
        "licence",
        ["superseded_by"],
        ["identifier"],
        deferrable=True,
        initially="DEFERRED",
    )
    op.drop_constraint(op.f("ck_licence_state"), "licence", type_="check")
    op.create_check_constraint(
        op.f("ck_licence_state"),
        "licence",
        "state IN ('valid', 'suspended', 'revoked', 'cancelled', 'superseded')",
    )
    op.create_check_constraint(
        op.f("ck_licence_superseded"), "licence", "(state = 'superseded') = (superseded_by IS NOT NULL)"
    )
