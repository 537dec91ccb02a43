"""Licence types as versions that never change, and the version under which each licence was issued.

Licences from before were issued under the first version, which the program brings in when it starts: hence the foreign
key that holds for new rows only.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = '0004'
down_revision: str | None = '0003'
branch_labels: str | None = None
depends_on: str | None = None

_ONLY_FORWARD = """
CREATE FUNCTION licence_type_version_only_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE'
        AND (OLD.state, NEW.state) IN (('draft', 'published'), ('draft', 'retired'), ('published', 'retired'))
        AND to_jsonb(NEW) - ARRAY['state', 'published_by', 'published_at', 'retired_by', 'retired_at']
            = to_jsonb(OLD) - ARRAY['state', 'published_by', 'published_at', 'retired_by', 'retired_at']
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
    op.create_table('licence_type',
    sa.Column('slug', sa.Text(), nullable=False),
    sa.Column('code', sa.String(length=21), nullable=False),
    sa.PrimaryKeyConstraint('slug', name=op.f('pk_licence_type')),
    sa.UniqueConstraint('code', name=op.f('uq_licence_type_code')),
    info={'append_only': True}
    )
    op.create_table('licence_type_version',
    sa.Column('slug', sa.Text(), nullable=False),
    sa.Column('version', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('origin', sa.Text(), nullable=False),
    sa.Column('name_zh', sa.Text(), nullable=False),
    sa.Column('name_en', sa.Text(), nullable=False),
    sa.Column('package', sa.LargeBinary(), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('drafted_by', sa.Text(), nullable=False),
    sa.Column('drafted_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('published_by', sa.Text(), nullable=True),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('retired_by', sa.Text(), nullable=True),
    sa.Column('retired_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("(published_at IS NULL) = (published_by IS NULL)", name=op.f('ck_licence_type_version_published_by_somebody')),
    sa.CheckConstraint("(retired_at IS NULL) = (retired_by IS NULL)", name=op.f('ck_licence_type_version_retired_by_somebody')),
    sa.CheckConstraint("(state = 'retired') = (retired_at IS NOT NULL)", name=op.f('ck_licence_type_version_retired')),
    sa.CheckConstraint("origin IN ('package', 'administrator')", name=op.f('ck_licence_type_version_origin')),
    sa.CheckConstraint("state <> 'published' OR published_at IS NOT NULL", name=op.f('ck_licence_type_version_published')),
    sa.CheckConstraint("state IN ('draft', 'published', 'retired')", name=op.f('ck_licence_type_version_state')),
    sa.CheckConstraint('version > 0', name=op.f('ck_licence_type_version_version')),
    sa.ForeignKeyConstraint(['slug'], ['licence_type.slug'], name=op.f('fk_licence_type_version_slug_licence_type')),
    sa.PrimaryKeyConstraint('slug', 'version', name=op.f('pk_licence_type_version'))
    )
    op.create_index('uq_licence_type_version_published', 'licence_type_version', ['slug'], unique=True, postgresql_where=sa.text("state = 'published'"))
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON licence_type "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute(_ONLY_FORWARD)
    op.execute(
        "CREATE TRIGGER only_forward BEFORE UPDATE OR DELETE ON licence_type_version "
        "FOR EACH ROW EXECUTE FUNCTION licence_type_version_only_forward()"
    )
    op.execute(
        "CREATE TRIGGER never_emptied BEFORE TRUNCATE ON licence_type_version "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.add_column('licence', sa.Column('type_version', sa.BigInteger(), server_default='1', nullable=False))
    op.alter_column('licence', 'type_version', server_default=None)
    op.create_foreign_key(
        op.f('fk_licence_type_slug_licence_type_version'),
        'licence', 'licence_type_version', ['type_slug', 'type_version'], ['slug', 'version'],
        postgresql_not_valid=True,
    )
