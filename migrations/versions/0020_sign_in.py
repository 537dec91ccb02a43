"""People who sign in: officers, sessions, attempts to sign in, and the records of both."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0020"
down_revision: str | None = "0019"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "officer",
        sa.Column("reference", sa.String(length=17), nullable=False),
        sa.Column("organisation_code", sa.String(length=18), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("holder_index", sa.LargeBinary(), nullable=True),
        sa.Column("subject_index", sa.LargeBinary(), nullable=True),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dismissed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(holder_index IS NULL) <> (subject_index IS NULL)", name=op.f("ck_officer_known_by_one")
        ),
        sa.CheckConstraint("cardinality(roles) > 0", name=op.f("ck_officer_roles")),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_officer")),
    )
    op.create_index(op.f("ix_officer_organisation_code"), "officer", ["organisation_code"], unique=False)
    for column in ("holder_index", "subject_index"):
        op.create_index(
            f"uq_officer_{column}",
            "officer",
            [column],
            unique=True,
            postgresql_where=sa.text("dismissed_at IS NULL"),
        )
    op.create_table(
        "officer_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("reference", sa.String(length=17), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["reference"], ["officer.reference"], name=op.f("fk_officer_event_reference_officer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_officer_event")),
        info={"append_only": True},
    )
    op.create_index(op.f("ix_officer_event_reference"), "officer_event", ["reference"], unique=False)
    op.create_table(
        "sign_in_attempt",
        sa.Column("state_digest", sa.LargeBinary(), nullable=False),
        sa.Column("browser_digest", sa.LargeBinary(), nullable=False),
        sa.Column("kept", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("state_digest", name=op.f("pk_sign_in_attempt")),
    )
    op.create_index(op.f("ix_sign_in_attempt_expires_at"), "sign_in_attempt", ["expires_at"], unique=False)
    op.create_table(
        "sign_in_session",
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("subject_index", sa.LargeBinary(), nullable=False),
        sa.Column("holder_index", sa.LargeBinary(), nullable=True),
        sa.Column("identity", sa.LargeBinary(), nullable=False),
        sa.Column("assurance", sa.Text(), nullable=False),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk_sign_in_session")),
        sa.UniqueConstraint("id", name=op.f("uq_sign_in_session_id")),
    )
    for column in ("subject_index", "expires_at"):
        op.create_index(op.f(f"ix_sign_in_session_{column}"), "sign_in_session", [column], unique=False)
    op.create_table(
        "sign_in_record",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("subject_index", sa.LargeBinary(), nullable=False),
        sa.Column("holder_index", sa.LargeBinary(), nullable=True),
        sa.Column("session_id", sa.String(length=16), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("assurance", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_record")),
        info={"append_only": True},
    )
    for column in ("subject_index", "holder_index"):
        op.create_index(op.f(f"ix_sign_in_record_{column}"), "sign_in_record", [column], unique=False)
    op.create_table(
        "sign_in_link",
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk_sign_in_link")),
    )
    op.create_index(op.f("ix_sign_in_link_expires_at"), "sign_in_link", ["expires_at"], unique=False)
    for table in ("officer_event", "sign_in_record"):
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
