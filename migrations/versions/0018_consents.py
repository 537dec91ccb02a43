"""Consent: what holders agreed to, what departments ask for, and the signed records of both."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "consent",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("holder_index", sa.LargeBinary(), nullable=False),
        sa.Column("body_code", sa.String(length=18), nullable=False),
        sa.Column("service_item", sa.String(length=64), nullable=False),
        sa.Column("licences", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("max_uses", sa.BigInteger(), nullable=False),
        sa.Column("uses", sa.BigInteger(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("uses >= 0 AND uses <= max_uses", name=op.f("ck_consent_within_what_was_agreed")),
        sa.CheckConstraint("until > given_at", name=op.f("ck_consent_period")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    op.create_index(
        "ix_consent_body_code_service_item", "consent", ["body_code", "service_item", "holder_index"], unique=False
    )
    op.create_index(op.f("ix_consent_holder_index"), "consent", ["holder_index"], unique=False)
    op.create_table(
        "consent_use",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("consent_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["consent_id"], ["consent.id"], name=op.f("fk_consent_use_consent_id_consent")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_use")),
        sa.UniqueConstraint("consent_id", "number", name=op.f("uq_consent_use_consent_id")),
        info={"append_only": True},
    )
    op.create_table(
        "consent_request",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("holder_index", sa.LargeBinary(), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("body_code", sa.String(length=18), nullable=False),
        sa.Column("service_item", sa.String(length=64), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("wanted", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("max_uses", sa.BigInteger(), nullable=False),
        sa.Column("days", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("consent_id", sa.String(length=32), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'agreed', 'partly_agreed', 'refused')", name=op.f("ck_consent_request_state")
        ),
        sa.CheckConstraint("(state = 'open') = (answered_at IS NULL)", name=op.f("ck_consent_request_answered")),
        sa.CheckConstraint(
            "(consent_id IS NOT NULL) = (state IN ('agreed', 'partly_agreed'))",
            name=op.f("ck_consent_request_consent"),
        ),
        sa.ForeignKeyConstraint(["consent_id"], ["consent.id"], name=op.f("fk_consent_request_consent_id_consent")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_request")),
    )
    op.create_index("ix_consent_request_body_code", "consent_request", ["body_code", "holder_index"], unique=False)
    op.create_index(op.f("ix_consent_request_holder_index"), "consent_request", ["holder_index"], unique=False)
    op.create_table(
        "consent_record",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("subject", sa.String(length=32), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_record")),
        sa.UniqueConstraint("subject", "act", name=op.f("uq_consent_record_subject")),
        info={"append_only": True},
    )
    for table in ("consent_use", "consent_record"):
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
