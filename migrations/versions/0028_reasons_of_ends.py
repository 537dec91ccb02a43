"""Who cancelled a batch and why, and why a version of a licence type was retired."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0028"
down_revision: str | None = "0027"
branch_labels: str | None = None
depends_on: str | None = None

_ONLY_FORWARD = """
CREATE OR REPLACE FUNCTION licence_type_version_only_forward() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changing text[] := ARRAY['state', 'published_by', 'published_at', 'retired_by', 'retired_at', 'retirement_reason'];
BEGIN
    IF TG_OP = 'UPDATE'
        AND (OLD.state, NEW.state) IN (('draft', 'published'), ('draft', 'retired'), ('published', 'retired'))
        AND to_jsonb(NEW) - changing = to_jsonb(OLD) - changing
        AND (OLD.published_at IS NULL
            OR (NEW.published_at, NEW.published_by) IS NOT DISTINCT FROM (OLD.published_at, OLD.published_by))
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a version of a licence type never changes' USING ERRCODE = 'integrity_constraint_violation';
END
$$
"""


def upgrade() -> None:
    op.add_column("batch", sa.Column("cancelled_by", sa.Text(), nullable=True))
    op.add_column("batch", sa.Column("cancellation_reason", sa.Text(), nullable=True))
    op.create_check_constraint(
        op.f("ck_batch_cancelled_for_a_reason"), "batch", "(cancelled_by IS NULL) = (cancellation_reason IS NULL)"
    )
    op.add_column("licence_type_version", sa.Column("retirement_reason", sa.Text(), nullable=True))
    op.create_check_constraint(
        op.f("ck_licence_type_version_retired_for_a_reason"),
        "licence_type_version",
        "retirement_reason IS NULL OR retired_at IS NOT NULL",
    )
    op.execute(_ONLY_FORWARD)
