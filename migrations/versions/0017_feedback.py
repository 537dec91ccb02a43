"""Feedback on licences."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "feedback",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("identifier", sa.Text(), nullable=False),
        sa.Column("issuer_code", sa.String(length=18), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=True),
        sa.Column("holder_index", sa.LargeBinary(), nullable=True),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("corrected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("corrected_by_licence", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'accepted', 'rejected', 'corrected')", name=op.f("ck_feedback_state")
        ),
        sa.CheckConstraint(
            "(client_id IS NULL) <> (holder_index IS NULL)", name=op.f("ck_feedback_raised_by_somebody")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
    )
    op.create_index(
        "uq_feedback_pending",
        "feedback",
        ["identifier", "client_id", "holder_index"],
        unique=True,
        postgresql_where=sa.text("state IN ('open', 'accepted')"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_index(op.f("ix_feedback_issuer_code"), "feedback", ["issuer_code"], unique=False)
    op.create_index(op.f("ix_feedback_client_id"), "feedback", ["client_id"], unique=False)
    op.create_index(op.f("ix_feedback_holder_index"), "feedback", ["holder_index"], unique=False)
    op.create_table(
        "feedback_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("feedback_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["feedback_id"], ["feedback.id"], name=op.f("fk_feedback_event_feedback_id_feedback")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback_event")),
        info={"append_only": True},
    )
    op.create_index(op.f("ix_feedback_event_feedback_id"), "feedback_event", ["feedback_id"], unique=False)
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON feedback_event "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
