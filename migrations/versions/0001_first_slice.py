"""The first schema.

There is no way down: a register of legal acts is restored from a back-up, not taken apart.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = '0001'
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None

APPEND_ONLY = (
    "check_record",
    "certificate_revocation",
    "revocation_list",
    "seal_event",
    "signing_credential_event",
    "seal_use",
    "signature_record",
    "seal_use_outcome",
    "licence_event",
    "licence_pdf",
)
"""Tables whose rows nobody changes, not even by mistake."""

_REFUSE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'table % is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END
$$
"""


def upgrade() -> None:
    op.create_table('api_client',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('secret_digest', sa.LargeBinary(), nullable=False),
    sa.Column('scopes', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('organisation_code', sa.String(length=18), nullable=True),
    sa.Column('holder_index', sa.LargeBinary(), nullable=True),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('(organisation_code IS NULL) <> (holder_index IS NULL)', name=op.f('ck_api_client_acts_for_somebody')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_api_client'))
    )
    op.create_table('check_record',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('checked_by', sa.Text(), nullable=False),
    sa.Column('evidence', sa.Text(), nullable=False),
    sa.Column('identifier', sa.Text(), nullable=True),
    sa.Column('document_digest', sa.String(length=64), nullable=True),
    sa.Column('verdict', sa.Text(), nullable=False),
    sa.Column('reason_codes', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('purpose', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_check_record')),
    info={'append_only': True}
    )
    op.create_index(op.f('ix_check_record_at'), 'check_record', ['at'], unique=False)
    op.create_index(op.f('ix_check_record_identifier'), 'check_record', ['identifier'], unique=False)
    op.create_table('data_key',
    sa.Column('id', sa.BigInteger(), nullable=False),
    sa.Column('purpose', sa.Text(), nullable=False),
    sa.Column('wrapped', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_data_key'))
    )
    op.create_index(op.f('ix_data_key_purpose'), 'data_key', ['purpose'], unique=False)
    op.create_table('foreign_certificate',
    sa.Column('id', sa.BigInteger(), nullable=False),
    sa.Column('issuer_id', sa.BigInteger(), nullable=True),
    sa.Column('fingerprint', sa.LargeBinary(), nullable=False),
    sa.Column('der', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['issuer_id'], ['foreign_certificate.id'], name=op.f('fk_foreign_certificate_issuer_id_foreign_certificate')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_foreign_certificate')),
    sa.UniqueConstraint('fingerprint', name=op.f('uq_foreign_certificate_fingerprint'))
    )
    op.create_table('key_encryption_key',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('salt', sa.LargeBinary(), nullable=False),
    sa.Column('scrypt_n', sa.BigInteger(), nullable=True),
    sa.Column('scrypt_r', sa.BigInteger(), nullable=True),
    sa.Column('scrypt_p', sa.BigInteger(), nullable=True),
    sa.Column('check_value', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('id = 1', name=op.f('ck_key_encryption_key_single')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_key_encryption_key'))
    )
    op.create_table('organisation',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('code', sa.String(length=18), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('name_zh', sa.Text(), nullable=False),
    sa.Column('name_en', sa.Text(), nullable=False),
    sa.Column('region_code', sa.String(length=12), nullable=False),
    sa.Column('parent_id', sa.BigInteger(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("kind IN ('company', 'department')", name=op.f('ck_organisation_kind')),
    sa.CheckConstraint('parent_id <> id', name=op.f('ck_organisation_own_parent')),
    sa.ForeignKeyConstraint(['parent_id'], ['organisation.id'], name=op.f('fk_organisation_parent_id_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_organisation')),
    sa.UniqueConstraint('code', name=op.f('uq_organisation_code'))
    )
    op.create_index(op.f('ix_organisation_parent_id'), 'organisation', ['parent_id'], unique=False)
    op.create_table('outbox',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('topic', sa.Text(), nullable=False),
    sa.Column('key', sa.Text(), nullable=True),
    sa.Column('payload', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('attempts', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('next_attempt_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_error', sa.Text(), nullable=True),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('dead_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outbox')),
    sa.UniqueConstraint('topic', 'key', name=op.f('uq_outbox_topic'))
    )
    op.create_index('ix_outbox_done_at', 'outbox', ['done_at'], unique=False, postgresql_where=sa.text('done_at IS NOT NULL'))
    op.create_index('ix_outbox_waiting', 'outbox', ['next_attempt_at'], unique=False, postgresql_where=sa.text('done_at IS NULL AND dead_at IS NULL'))
    op.create_table('seal_person',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('reference', sa.String(length=20), nullable=False),
    sa.Column('region_code', sa.String(length=12), nullable=False),
    sa.Column('code_index', sa.LargeBinary(), nullable=False),
    sa.Column('code_encrypted', sa.LargeBinary(), nullable=False),
    sa.Column('name_encrypted', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_seal_person')),
    sa.UniqueConstraint('code_index', name=op.f('uq_seal_person_code_index')),
    sa.UniqueConstraint('reference', name=op.f('uq_seal_person_reference'))
    )
    op.create_table('signing_key',
    sa.Column('id', sa.BigInteger(), nullable=False),
    sa.Column('algorithm', sa.Text(), nullable=False),
    sa.Column('purpose', sa.Text(), nullable=False),
    sa.Column('label', sa.Text(), nullable=False),
    sa.Column('public_key', sa.LargeBinary(), nullable=False),
    sa.Column('location', sa.Text(), nullable=False),
    sa.Column('wrapped', sa.LargeBinary(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("(location = 'soft') = (wrapped IS NOT NULL)", name=op.f('ck_signing_key_location')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_signing_key')),
    sa.UniqueConstraint('public_key', name=op.f('uq_signing_key_public_key'))
    )
    op.create_index(op.f('ix_signing_key_purpose'), 'signing_key', ['purpose'], unique=False)
    op.create_table('timestamp_clock',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('last_time', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('id = 1', name=op.f('ck_timestamp_clock_single')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_timestamp_clock'))
    )
    op.create_table('certificate',
    sa.Column('id', sa.BigInteger(), nullable=False),
    sa.Column('key_id', sa.BigInteger(), nullable=False),
    sa.Column('issuer_id', sa.BigInteger(), nullable=True),
    sa.Column('foreign_issuer_id', sa.BigInteger(), nullable=True),
    sa.Column('profile', sa.Text(), nullable=False),
    sa.Column('serial', sa.Text(), nullable=False),
    sa.Column('der', sa.LargeBinary(), nullable=False),
    sa.Column('not_before', sa.DateTime(timezone=True), nullable=False),
    sa.Column('not_after', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("state IN ('active', 'retired', 'revoked')", name=op.f('ck_certificate_state')),
    sa.CheckConstraint('issuer_id IS NULL OR foreign_issuer_id IS NULL', name=op.f('ck_certificate_one_issuer')),
    sa.ForeignKeyConstraint(['foreign_issuer_id'], ['foreign_certificate.id'], name=op.f('fk_certificate_foreign_issuer_id_foreign_certificate')),
    sa.ForeignKeyConstraint(['issuer_id'], ['certificate.id'], name=op.f('fk_certificate_issuer_id_certificate')),
    sa.ForeignKeyConstraint(['key_id'], ['signing_key.id'], name=op.f('fk_certificate_key_id_signing_key')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_certificate'))
    )
    op.create_index(op.f('ix_certificate_foreign_issuer_id'), 'certificate', ['foreign_issuer_id'], unique=False)
    op.create_index(op.f('ix_certificate_issuer_id'), 'certificate', ['issuer_id'], unique=False)
    op.create_index(op.f('ix_certificate_key_id'), 'certificate', ['key_id'], unique=False)
    op.create_index(op.f('ix_certificate_profile'), 'certificate', ['profile'], unique=False)
    op.create_index('uq_certificate_serial', 'certificate', ['serial'], unique=True, postgresql_where=sa.text('foreign_issuer_id IS NULL'))
    op.create_table('certificate_revocation',
    sa.Column('certificate_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('issuer_id', sa.BigInteger(), nullable=False),
    sa.Column('serial', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('invalid_since', sa.DateTime(timezone=True), nullable=True),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.CheckConstraint('invalid_since <= revoked_at', name=op.f('ck_certificate_revocation_invalid_first')),
    sa.ForeignKeyConstraint(['certificate_id'], ['certificate.id'], name=op.f('fk_certificate_revocation_certificate_id_certificate')),
    sa.ForeignKeyConstraint(['issuer_id'], ['certificate.id'], name=op.f('fk_certificate_revocation_issuer_id_certificate')),
    sa.PrimaryKeyConstraint('certificate_id', name=op.f('pk_certificate_revocation')),
    sa.UniqueConstraint('serial', name=op.f('uq_certificate_revocation_serial')),
    info={'append_only': True}
    )
    op.create_index(op.f('ix_certificate_revocation_issuer_id'), 'certificate_revocation', ['issuer_id'], unique=False)
    op.create_table('revocation_list',
    sa.Column('issuer_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('number', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('this_update', sa.DateTime(timezone=True), nullable=False),
    sa.Column('next_update', sa.DateTime(timezone=True), nullable=False),
    sa.Column('entries', sa.BigInteger(), nullable=False),
    sa.Column('der', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['issuer_id'], ['certificate.id'], name=op.f('fk_revocation_list_issuer_id_certificate')),
    sa.PrimaryKeyConstraint('issuer_id', 'number', name=op.f('pk_revocation_list')),
    info={'append_only': True}
    )
    op.create_table('seal',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('number', sa.String(length=13), nullable=False),
    sa.Column('organisation_id', sa.BigInteger(), nullable=True),
    sa.Column('person_id', sa.BigInteger(), nullable=True),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=True),
    sa.Column('name_encrypted', sa.LargeBinary(), nullable=True),
    sa.Column('purpose', sa.Text(), nullable=True),
    sa.Column('licence_types', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('wanted_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('algorithm', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('applied_by', sa.Text(), nullable=False),
    sa.Column('reviewed_by', sa.Text(), nullable=True),
    sa.Column('document', sa.Text(), nullable=True),
    sa.Column('supersedes_id', sa.BigInteger(), nullable=True),
    sa.Column('key_id', sa.BigInteger(), nullable=True),
    sa.Column('certificate_id', sa.BigInteger(), nullable=True),
    sa.Column('valid_from', sa.DateTime(timezone=True), nullable=True),
    sa.Column('valid_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('registered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("kind IN ('company', 'contract', 'finance', 'legal_representative', 'official', 'signature', 'special')", name=op.f('ck_seal_kind')),
    sa.CheckConstraint("state IN ('active', 'applied', 'cancelled', 'changed', 'expired', 'frozen', 'made', 'registered', 'rejected', 'reviewed')", name=op.f('ck_seal_state')),
    sa.CheckConstraint("state IN ('applied', 'rejected') OR (reviewed_by IS NOT NULL AND lower(reviewed_by) <> lower(applied_by))", name=op.f('ck_seal_reviewed_by_another')),
    sa.CheckConstraint("state IN ('applied', 'rejected', 'reviewed', 'cancelled') OR (key_id IS NOT NULL AND certificate_id IS NOT NULL AND valid_until IS NOT NULL)", name=op.f('ck_seal_made_with_certificate')),
    sa.CheckConstraint("state NOT IN ('registered', 'active', 'frozen', 'changed') OR registered_at IS NOT NULL", name=op.f('ck_seal_registered_before_use')),
    sa.CheckConstraint('(name IS NULL) <> (name_encrypted IS NULL)', name=op.f('ck_seal_one_name')),
    sa.CheckConstraint('(organisation_id IS NULL) <> (person_id IS NULL)', name=op.f('ck_seal_one_owner')),
    sa.CheckConstraint('supersedes_id <> id', name=op.f('ck_seal_own_successor')),
    sa.ForeignKeyConstraint(['certificate_id'], ['certificate.id'], name=op.f('fk_seal_certificate_id_certificate')),
    sa.ForeignKeyConstraint(['key_id'], ['signing_key.id'], name=op.f('fk_seal_key_id_signing_key')),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_seal_organisation_id_organisation')),
    sa.ForeignKeyConstraint(['person_id'], ['seal_person.id'], name=op.f('fk_seal_person_id_seal_person')),
    sa.ForeignKeyConstraint(['supersedes_id'], ['seal.id'], name=op.f('fk_seal_supersedes_id_seal')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_seal')),
    sa.UniqueConstraint('number', name=op.f('uq_seal_number'))
    )
    op.create_index('ix_seal_expiring', 'seal', ['valid_until'], unique=False, postgresql_where=sa.text("state IN ('active', 'frozen')"))
    op.create_index(op.f('ix_seal_organisation_id'), 'seal', ['organisation_id'], unique=False)
    op.create_index(op.f('ix_seal_person_id'), 'seal', ['person_id'], unique=False)
    op.create_index('uq_seal_successor', 'seal', ['supersedes_id'], unique=True, postgresql_where=sa.text("state NOT IN ('rejected', 'cancelled')"))
    op.create_table('signing_credential',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('number', sa.String(length=32), nullable=False),
    sa.Column('owner_kind', sa.Text(), nullable=False),
    sa.Column('owner_index', sa.LargeBinary(), nullable=False),
    sa.Column('owner_code', sa.LargeBinary(), nullable=False),
    sa.Column('owner_name', sa.LargeBinary(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('key_id', sa.BigInteger(), nullable=False),
    sa.Column('certificate_id', sa.BigInteger(), nullable=False),
    sa.Column('wrong_answers', sa.BigInteger(), nullable=False),
    sa.Column('lockouts', sa.BigInteger(), nullable=False),
    sa.Column('locked_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("state IN ('active', 'suspended', 'cancelled')", name=op.f('ck_signing_credential_state')),
    sa.ForeignKeyConstraint(['certificate_id'], ['certificate.id'], name=op.f('fk_signing_credential_certificate_id_certificate')),
    sa.ForeignKeyConstraint(['key_id'], ['signing_key.id'], name=op.f('fk_signing_credential_key_id_signing_key')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_signing_credential')),
    sa.UniqueConstraint('number', name=op.f('uq_signing_credential_number'))
    )
    op.create_index(op.f('ix_signing_credential_owner_index'), 'signing_credential', ['owner_index'], unique=False)
    op.create_table('seal_certificate',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('seal_id', sa.BigInteger(), nullable=False),
    sa.Column('key_id', sa.BigInteger(), nullable=False),
    sa.Column('certificate_id', sa.BigInteger(), nullable=False),
    sa.Column('serial', sa.Text(), nullable=False),
    sa.Column('not_before', sa.DateTime(timezone=True), nullable=False),
    sa.Column('not_after', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_from', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('compromised_since', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('used_until IS NULL OR used_until >= used_from', name=op.f('ck_seal_certificate_period')),
    sa.ForeignKeyConstraint(['certificate_id'], ['certificate.id'], name=op.f('fk_seal_certificate_certificate_id_certificate')),
    sa.ForeignKeyConstraint(['key_id'], ['signing_key.id'], name=op.f('fk_seal_certificate_key_id_signing_key')),
    sa.ForeignKeyConstraint(['seal_id'], ['seal.id'], name=op.f('fk_seal_certificate_seal_id_seal')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_seal_certificate')),
    sa.UniqueConstraint('certificate_id', name=op.f('uq_seal_certificate_certificate_id'))
    )
    op.create_index(op.f('ix_seal_certificate_seal_id'), 'seal_certificate', ['seal_id'], unique=False)
    op.create_index('uq_seal_certificate_current', 'seal_certificate', ['seal_id'], unique=True, postgresql_where=sa.text('used_until IS NULL'))
    op.create_table('seal_event',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('seal_id', sa.BigInteger(), nullable=False),
    sa.Column('move', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('officer', sa.Text(), nullable=False),
    sa.Column('second_officer', sa.Text(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('document', sa.Text(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("NOT move IN ('cancel', 'change', 'make', 'reject', 'review', 'rotate', 'thaw') OR (second_officer IS NOT NULL AND lower(second_officer) <> lower(officer))", name=op.f('ck_seal_event_two_officers')),
    sa.CheckConstraint("move IN ('activate', 'apply', 'cancel', 'change', 'expire', 'freeze', 'make', 'register', 'reject', 'review', 'rotate', 'thaw')", name=op.f('ck_seal_event_move')),
    sa.ForeignKeyConstraint(['seal_id'], ['seal.id'], name=op.f('fk_seal_event_seal_id_seal')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_seal_event')),
    info={'append_only': True}
    )
    op.create_index(op.f('ix_seal_event_seal_id'), 'seal_event', ['seal_id'], unique=False)
    op.create_table('seal_grant',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('seal_id', sa.BigInteger(), nullable=False),
    sa.Column('organisation_id', sa.BigInteger(), nullable=True),
    sa.Column('client_id', sa.String(length=64), nullable=True),
    sa.Column('licence_types', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('daily_quota', sa.BigInteger(), nullable=True),
    sa.Column('valid_from', sa.DateTime(timezone=True), nullable=False),
    sa.Column('valid_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('purpose', sa.Text(), nullable=False),
    sa.Column('granted_by', sa.Text(), nullable=False),
    sa.Column('granted_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('document', sa.Text(), nullable=True),
    sa.Column('revoked_by', sa.Text(), nullable=True),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('revocation_reason', sa.Text(), nullable=True),
    sa.CheckConstraint('(revoked_at IS NULL) = (revoked_by IS NULL)', name=op.f('ck_seal_grant_revoked')),
    sa.CheckConstraint('cardinality(licence_types) > 0', name=op.f('ck_seal_grant_licence_types')),
    sa.CheckConstraint('client_id IS NULL OR organisation_id IS NOT NULL', name=op.f('ck_seal_grant_client_of_a_body')),
    sa.CheckConstraint('daily_quota > 0', name=op.f('ck_seal_grant_daily_quota')),
    sa.CheckConstraint('valid_until > valid_from', name=op.f('ck_seal_grant_period')),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_seal_grant_organisation_id_organisation')),
    sa.ForeignKeyConstraint(['seal_id'], ['seal.id'], name=op.f('fk_seal_grant_seal_id_seal')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_seal_grant'))
    )
    op.create_index(op.f('ix_seal_grant_organisation_id'), 'seal_grant', ['organisation_id'], unique=False)
    op.create_index(op.f('ix_seal_grant_seal_id'), 'seal_grant', ['seal_id'], unique=False)
    op.create_table('seal_picture',
    sa.Column('seal_id', sa.BigInteger(), nullable=False),
    sa.Column('format', sa.Text(), nullable=False),
    sa.Column('uploaded', sa.Boolean(), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('width_mm', sa.Double(), nullable=False),
    sa.Column('height_mm', sa.Double(), nullable=False),
    sa.Column('data_encrypted', sa.LargeBinary(), nullable=False),
    sa.CheckConstraint("format IN ('svg', 'png')", name=op.f('ck_seal_picture_format')),
    sa.ForeignKeyConstraint(['seal_id'], ['seal.id'], name=op.f('fk_seal_picture_seal_id_seal')),
    sa.PrimaryKeyConstraint('seal_id', name=op.f('pk_seal_picture'))
    )
    op.create_table('seal_request',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('seal_id', sa.BigInteger(), nullable=False),
    sa.Column('move', sa.Text(), nullable=False),
    sa.Column('requested_by', sa.Text(), nullable=False),
    sa.Column('requested_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('document', sa.Text(), nullable=True),
    sa.Column('compromised_since', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_by', sa.Text(), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('approved', sa.Boolean(), nullable=True),
    sa.CheckConstraint("move IN ('cancel', 'make', 'review', 'rotate', 'thaw')", name=op.f('ck_seal_request_move')),
    sa.CheckConstraint('(decided_by IS NULL) = (decided_at IS NULL) AND (decided_by IS NULL) = (approved IS NULL)', name=op.f('ck_seal_request_decided')),
    sa.CheckConstraint('decided_by IS NULL OR lower(decided_by) <> lower(requested_by)', name=op.f('ck_seal_request_two_officers')),
    sa.ForeignKeyConstraint(['seal_id'], ['seal.id'], name=op.f('fk_seal_request_seal_id_seal')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_seal_request'))
    )
    op.create_index('uq_seal_request_open', 'seal_request', ['seal_id', 'move'], unique=True, postgresql_where=sa.text('decided_at IS NULL'))
    op.create_table('signature_authorisation',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('credential_id', sa.BigInteger(), nullable=False),
    sa.Column('token_digest', sa.LargeBinary(), nullable=False),
    sa.Column('client', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('digests', postgresql.ARRAY(sa.String(length=64)), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['credential_id'], ['signing_credential.id'], name=op.f('fk_signature_authorisation_credential_id_signing_credential')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_signature_authorisation')),
    sa.UniqueConstraint('token_digest', name=op.f('uq_signature_authorisation_token_digest'))
    )
    op.create_index(op.f('ix_signature_authorisation_credential_id'), 'signature_authorisation', ['credential_id'], unique=False)
    op.create_table('signing_credential_event',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('credential_id', sa.BigInteger(), nullable=False),
    sa.Column('move', sa.Text(), nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['credential_id'], ['signing_credential.id'], name=op.f('fk_signing_credential_event_credential_id_signing_credential')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_signing_credential_event')),
    info={'append_only': True}
    )
    op.create_index(op.f('ix_signing_credential_event_credential_id'), 'signing_credential_event', ['credential_id'], unique=False)
    op.create_table('signing_totp',
    sa.Column('credential_id', sa.BigInteger(), nullable=False),
    sa.Column('secret', sa.LargeBinary(), nullable=False),
    sa.Column('last_step', sa.BigInteger(), nullable=False),
    sa.Column('enrolled_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['credential_id'], ['signing_credential.id'], name=op.f('fk_signing_totp_credential_id_signing_credential')),
    sa.PrimaryKeyConstraint('credential_id', name=op.f('pk_signing_totp'))
    )
    op.create_table('seal_grant_day',
    sa.Column('grant_id', sa.BigInteger(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('uses', sa.BigInteger(), nullable=False),
    sa.CheckConstraint('uses >= 0', name=op.f('ck_seal_grant_day_uses')),
    sa.ForeignKeyConstraint(['grant_id'], ['seal_grant.id'], name=op.f('fk_seal_grant_day_grant_id_seal_grant')),
    sa.PrimaryKeyConstraint('grant_id', 'day', name=op.f('pk_seal_grant_day'))
    )
    op.create_table('seal_use',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('seal_id', sa.BigInteger(), nullable=False),
    sa.Column('grant_id', sa.BigInteger(), nullable=True),
    sa.Column('caller', sa.Text(), nullable=False),
    sa.Column('organisation_code', sa.String(length=18), nullable=True),
    sa.Column('client_id', sa.String(length=64), nullable=True),
    sa.Column('document_type', sa.Text(), nullable=False),
    sa.Column('document_identifier', sa.Text(), nullable=False),
    sa.Column('unsealed_digest', sa.String(length=64), nullable=False),
    sa.Column('purpose', sa.Text(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.ForeignKeyConstraint(['grant_id'], ['seal_grant.id'], name=op.f('fk_seal_use_grant_id_seal_grant')),
    sa.ForeignKeyConstraint(['seal_id'], ['seal.id'], name=op.f('fk_seal_use_seal_id_seal')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_seal_use')),
    info={'append_only': True}
    )
    op.create_index('ix_seal_use_caller', 'seal_use', ['caller', 'id'], unique=False)
    op.create_index(op.f('ix_seal_use_document_identifier'), 'seal_use', ['document_identifier'], unique=False)
    op.create_index('ix_seal_use_seal_day', 'seal_use', ['seal_id', 'day'], unique=False)
    op.create_index('ix_seal_use_seal_time', 'seal_use', ['seal_id', 'at'], unique=False)
    op.create_index('ix_seal_use_time', 'seal_use', ['at'], unique=False)
    op.create_table('signature_record',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('credential_id', sa.BigInteger(), nullable=False),
    sa.Column('authorisation_id', sa.BigInteger(), nullable=True),
    sa.Column('client', sa.Text(), nullable=False),
    sa.Column('step', sa.Text(), nullable=False),
    sa.Column('digests', postgresql.ARRAY(sa.String(length=64)), nullable=False),
    sa.Column('result', sa.Text(), nullable=False),
    sa.Column('reason_code', sa.Text(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("result IN ('granted', 'refused', 'failed')", name=op.f('ck_signature_record_result')),
    sa.CheckConstraint("step IN ('authorise', 'sign', 'signed')", name=op.f('ck_signature_record_step')),
    sa.ForeignKeyConstraint(['authorisation_id'], ['signature_authorisation.id'], name=op.f('fk_signature_record_authorisation_id_signature_authorisation')),
    sa.ForeignKeyConstraint(['credential_id'], ['signing_credential.id'], name=op.f('fk_signature_record_credential_id_signing_credential')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_signature_record')),
    info={'append_only': True}
    )
    op.create_index('ix_signature_record_credential_time', 'signature_record', ['credential_id', 'at'], unique=False)
    op.create_table('licence',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('identifier', sa.Text(), nullable=False),
    sa.Column('type_slug', sa.Text(), nullable=False),
    sa.Column('number_index', sa.LargeBinary(), nullable=False),
    sa.Column('holder_index', sa.LargeBinary(), nullable=False),
    sa.Column('holder_code_type', sa.Text(), nullable=False),
    sa.Column('issuer_code', sa.String(length=18), nullable=False),
    sa.Column('issuer_name', sa.Text(), nullable=False),
    sa.Column('issue_date', sa.Date(), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_until', sa.Date(), nullable=True),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('state_since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state_reason', sa.Text(), nullable=True),
    sa.Column('data', sa.LargeBinary(), nullable=False),
    sa.Column('pdf_digest', sa.String(length=64), nullable=False),
    sa.Column('proof_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('seal_use_id', sa.BigInteger(), nullable=False),
    sa.Column('issued_by', sa.Text(), nullable=False),
    sa.Column('issued_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("holder_code_type IN ('citizen_id', 'uscc')", name=op.f('ck_licence_holder_code_type')),
    sa.CheckConstraint("state IN ('valid', 'suspended', 'revoked')", name=op.f('ck_licence_state')),
    sa.ForeignKeyConstraint(['seal_use_id'], ['seal_use.id'], name=op.f('fk_licence_seal_use_id_seal_use')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_licence')),
    sa.UniqueConstraint('identifier', name=op.f('uq_licence_identifier')),
    sa.UniqueConstraint('pdf_digest', name=op.f('uq_licence_pdf_digest'))
    )
    op.create_index(op.f('ix_licence_holder_index'), 'licence', ['holder_index'], unique=False)
    op.create_index(op.f('ix_licence_issuer_code'), 'licence', ['issuer_code'], unique=False)
    op.create_index(op.f('ix_licence_proof_until'), 'licence', ['proof_until'], unique=False)
    op.create_index('uq_licence_live_number', 'licence', ['type_slug', 'number_index'], unique=True, postgresql_where=sa.text("state IN ('valid', 'suspended')"))
    op.create_table('seal_use_outcome',
    sa.Column('use_id', sa.BigInteger(), nullable=False),
    sa.Column('result', sa.Text(), nullable=False),
    sa.Column('reason_code', sa.Text(), nullable=True),
    sa.Column('sealed_digest', sa.String(length=64), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("(result = 'sealed') = (reason_code IS NULL)", name=op.f('ck_seal_use_outcome_reason_code')),
    sa.CheckConstraint("(result = 'sealed') = (sealed_digest IS NOT NULL)", name=op.f('ck_seal_use_outcome_sealed_digest')),
    sa.CheckConstraint("result IN ('sealed', 'refused', 'failed')", name=op.f('ck_seal_use_outcome_result')),
    sa.ForeignKeyConstraint(['use_id'], ['seal_use.id'], name=op.f('fk_seal_use_outcome_use_id_seal_use')),
    sa.PrimaryKeyConstraint('use_id', name=op.f('pk_seal_use_outcome')),
    info={'append_only': True}
    )
    op.create_index(op.f('ix_seal_use_outcome_sealed_digest'), 'seal_use_outcome', ['sealed_digest'], unique=False)
    op.create_table('licence_event',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('licence_id', sa.BigInteger(), nullable=False),
    sa.Column('act', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['licence_id'], ['licence.id'], name=op.f('fk_licence_event_licence_id_licence')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_licence_event')),
    info={'append_only': True}
    )
    op.create_index(op.f('ix_licence_event_licence_id'), 'licence_event', ['licence_id'], unique=False)
    op.create_table('licence_pdf',
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('licence_id', sa.BigInteger(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['licence_id'], ['licence.id'], name=op.f('fk_licence_pdf_licence_id_licence')),
    sa.PrimaryKeyConstraint('digest', name=op.f('pk_licence_pdf')),
    info={'append_only': True}
    )
    op.create_index(op.f('ix_licence_pdf_licence_id'), 'licence_pdf', ['licence_id'], unique=False)
    op.create_table('presentation',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('holder_index', sa.LargeBinary(), nullable=False),
    sa.Column('identifier', sa.Text(), nullable=False),
    sa.Column('purpose', sa.Text(), nullable=False),
    sa.Column('audience', sa.Text(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('redeemed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('redeemed_by', sa.Text(), nullable=True),
    sa.CheckConstraint('(redeemed_at IS NULL) = (redeemed_by IS NULL)', name=op.f('ck_presentation_redeemed_by_somebody')),
    sa.ForeignKeyConstraint(['identifier'], ['licence.identifier'], name=op.f('fk_presentation_identifier_licence')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_presentation'))
    )
    op.create_index(op.f('ix_presentation_holder_index'), 'presentation', ['holder_index'], unique=False)
    op.create_table('wallet_reference',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('holder_index', sa.LargeBinary(), nullable=False),
    sa.Column('identifier', sa.Text(), nullable=False),
    sa.Column('added_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['identifier'], ['licence.identifier'], name=op.f('fk_wallet_reference_identifier_licence')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_wallet_reference')),
    sa.UniqueConstraint('holder_index', 'identifier', name=op.f('uq_wallet_reference_holder_index'))
    )
    op.execute(_REFUSE)
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
