"""Wallets that are opened and closed, who looked and on what basis, and objections.

Co-holders of licences are noted from the references that wallets have; checks from before have no basis.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "wallet",
        sa.Column("holder_index", sa.LargeBinary(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("holder_index", name=op.f("pk_wallet")),
    )
    for name in ("pinned", "hidden"):
        op.add_column(
            "wallet_reference", sa.Column(name, sa.Boolean(), server_default=sa.text("false"), nullable=False)
        )
    op.create_table(
        "co_holding",
        sa.Column("identifier", sa.Text(), nullable=False),
        sa.Column("holder_index", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["identifier"], ["licence.identifier"], name=op.f("fk_co_holding_identifier_licence")),
        sa.PrimaryKeyConstraint("identifier", "holder_index", name=op.f("pk_co_holding")),
    )
    op.create_index(op.f("ix_co_holding_holder_index"), "co_holding", ["holder_index"], unique=False)
    op.execute(
        "INSERT INTO co_holding (identifier, holder_index) SELECT r.identifier, r.holder_index "
        "FROM wallet_reference r JOIN licence l ON l.identifier = r.identifier WHERE l.holder_index <> r.holder_index"
    )
    op.add_column("check_record", sa.Column("basis", sa.Text(), nullable=True))
    op.add_column("check_record", sa.Column("consent_number", sa.String(length=32), nullable=True))
    op.add_column("check_record", sa.Column("quiet", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_table(
        "objection",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("check_id", sa.BigInteger(), nullable=False),
        sa.Column("holder_index", sa.LargeBinary(), nullable=False),
        sa.Column("body_code", sa.String(length=18), nullable=True),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('open', 'answered')", name=op.f("ck_objection_state")),
        sa.CheckConstraint(
            "(state = 'answered') = (answer IS NOT NULL AND answered_at IS NOT NULL AND answered_by IS NOT NULL)",
            name=op.f("ck_objection_answered"),
        ),
        sa.ForeignKeyConstraint(["check_id"], ["check_record.id"], name=op.f("fk_objection_check_id_check_record")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objection")),
        sa.UniqueConstraint("check_id", "holder_index", name=op.f("uq_objection_check_id")),
    )
    op.create_index(op.f("ix_objection_body_code"), "objection", ["body_code"], unique=False)
    op.create_index(op.f("ix_objection_holder_index"), "objection", ["holder_index"], unique=False)
