"""Who acts for a holder: persons whom licences name, agents, what they did; and in whose name a session acts.

Presentations from before were shown by the holder; of checks from before it is not known who showed the licence.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0025"
down_revision: str | None = "0024"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "named_person",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("identifier", sa.Text(), nullable=False),
        sa.Column("person_index", sa.LargeBinary(), nullable=False),
        sa.Column("confirmed_by", sa.Text(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["identifier"], ["licence.identifier"], name=op.f("fk_named_person_identifier_licence")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_named_person")),
        info={"append_only": True},
    )
    op.create_table(
        "wallet_agent",
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("holder_index", sa.LargeBinary(), nullable=False),
        sa.Column("person_index", sa.LargeBinary(), nullable=False),
        sa.Column("names", sa.LargeBinary(), nullable=False),
        sa.Column("acts", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("licence_types", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("service_items", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("appointed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("appointed_by", sa.Text(), nullable=False),
        sa.Column("dismissed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dismissed_by", sa.Text(), nullable=True),
        sa.CheckConstraint("cardinality(acts) > 0", name=op.f("ck_wallet_agent_acts")),
        sa.CheckConstraint("until > appointed_at", name=op.f("ck_wallet_agent_period")),
        sa.CheckConstraint(
            "(dismissed_at IS NULL) = (dismissed_by IS NULL)", name=op.f("ck_wallet_agent_dismissed_by_somebody")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_wallet_agent")),
    )
    op.create_table(
        "acting_record",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("holder_index", sa.LargeBinary(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acting_record")),
        info={"append_only": True},
    )
    for table, columns in (
        ("named_person", ("identifier", "person_index")),
        ("wallet_agent", ("holder_index", "person_index")),
        ("acting_record", ("holder_index",)),
    ):
        for column in columns:
            op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)
    for table in ("named_person", "acting_record"):
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    acting = "(SELECT current_setting('yinzheng.acting', true))"
    index = "(SELECT decode(current_setting('yinzheng.holder', true), 'hex'))"
    rule = f"{acting} = 'service' OR ({acting} = 'holder' AND holder_index = {index})"
    for table in ("wallet_agent", "acting_record"):
        op.execute(f"CREATE POLICY own_rows ON {table} USING ({rule}) WITH CHECK ({rule})")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.add_column("presentation", sa.Column("presented_by", sa.Text(), server_default="holder", nullable=False))
    op.add_column("check_record", sa.Column("agreed_by", sa.Text(), nullable=True))
    op.add_column("sign_in_session", sa.Column("acting_for", sa.LargeBinary(), nullable=True))
