"""Clients: contact, what they may ask for, keys, certificates, quotas, and the record of what was done to them.

Clients that were enrolled before keep their secret, and may ask for what they could ask for until now.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | None = None
depends_on: str | None = None

_TRIGGER = (
    "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
)


def upgrade() -> None:
    op.add_column("api_client", sa.Column("contact", sa.Text(), nullable=True))
    op.add_column("api_client", sa.Column("licence_types", postgresql.ARRAY(sa.Text()), nullable=True))
    op.add_column("api_client", sa.Column("service_items", postgresql.ARRAY(sa.Text()), nullable=True))
    op.add_column(
        "api_client",
        sa.Column("fields", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    )
    op.add_column("api_client", sa.Column("rate", sa.Text(), nullable=True))
    op.add_column("api_client", sa.Column("daily_quota", sa.BigInteger(), nullable=True))
    op.alter_column("api_client", "secret_digest", nullable=True)
    op.create_check_constraint(op.f("ck_api_client_daily_quota"), "api_client", "daily_quota > 0")
    op.create_table(
        "api_client_key",
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("kid", sa.String(length=128), nullable=False),
        sa.Column("jwk", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["api_client.id"], name=op.f("fk_api_client_key_client_id_api_client")),
        sa.PrimaryKeyConstraint("client_id", "kid", name=op.f("pk_api_client_key")),
    )
    op.create_table(
        "api_client_certificate",
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("thumbprint", sa.String(length=43), nullable=False),
        sa.Column("not_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["api_client.id"], name=op.f("fk_api_client_certificate_client_id_api_client")
        ),
        sa.PrimaryKeyConstraint("client_id", "thumbprint", name=op.f("pk_api_client_certificate")),
    )
    op.create_table(
        "api_client_assertion",
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("token_id", sa.String(length=128), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["api_client.id"], name=op.f("fk_api_client_assertion_client_id_api_client")
        ),
        sa.PrimaryKeyConstraint("client_id", "token_id", name=op.f("pk_api_client_assertion")),
    )
    op.create_index(op.f("ix_api_client_assertion_expires_at"), "api_client_assertion", ["expires_at"], unique=False)
    op.create_table(
        "api_client_usage",
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["api_client.id"], name=op.f("fk_api_client_usage_client_id_api_client")
        ),
        sa.PrimaryKeyConstraint("client_id", "day", name=op.f("pk_api_client_usage")),
    )
    op.create_table(
        "api_client_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["api_client.id"], name=op.f("fk_api_client_event_client_id_api_client")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_client_event")),
        info={"append_only": True},
    )
    op.create_index(op.f("ix_api_client_event_client_id"), "api_client_event", ["client_id"], unique=False)
    op.execute(_TRIGGER.format(table="api_client_event"))
