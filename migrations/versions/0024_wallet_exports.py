"""That holders took along what is stored about them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0024"
down_revision: str | None = "0023"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "wallet_export",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("holder_index", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wallet_export")),
        info={"append_only": True},
    )
    op.create_index(op.f("ix_wallet_export_holder_index"), "wallet_export", ["holder_index"])
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON wallet_export "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    acting = "(SELECT current_setting('yinzheng.acting', true))"
    holder = "(SELECT decode(current_setting('yinzheng.holder', true), 'hex'))"
    rule = f"{acting} = 'service' OR ({acting} = 'holder' AND holder_index = {holder})"
    op.execute(f"CREATE POLICY own_rows ON wallet_export USING ({rule}) WITH CHECK ({rule})")
    op.execute("ALTER TABLE wallet_export ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE wallet_export FORCE ROW LEVEL SECURITY")
