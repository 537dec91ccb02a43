"""Tables of the e-signatures of people and companies; rows never leave the package."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from store.database import APPEND_ONLY, Base, encrypted


class SigningCredentialRow(Base):
    """A person's or a company's key and certificate, and how often the second factor failed of late."""

    __tablename__ = "signing_credential"
    __table_args__ = (sa.CheckConstraint("state IN ('active', 'suspended', 'cancelled')", name="state"),)

    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    number: Mapped[str] = mapped_column(sa.String(32), unique=True)
    owner_kind: Mapped[str]
    owner_index: Mapped[bytes] = mapped_column(index=True)
    owner_code: Mapped[bytes] = mapped_column(info=encrypted("signing_credential.code:{number}"))
    owner_name: Mapped[bytes] = mapped_column(info=encrypted("signing_credential.name:{number}"))
    state: Mapped[str]
    key_id: Mapped[int] = mapped_column(sa.ForeignKey("signing_key.id"))
    certificate_id: Mapped[int] = mapped_column(sa.ForeignKey("certificate.id"))
    wrong_answers: Mapped[int]
    lockouts: Mapped[int]
    locked_until: Mapped[datetime | None]
    created_at: Mapped[datetime]


class SigningCredentialEventRow(Base):
    """Append-only history of a credential."""

    __tablename__ = "signing_credential_event"
    __table_args__ = ({"info": APPEND_ONLY},)

    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    credential_id: Mapped[int] = mapped_column(sa.ForeignKey("signing_credential.id"), index=True)
    move: Mapped[str]
    actor: Mapped[str]
    reason: Mapped[str]
    at: Mapped[datetime]


class SigningConsentRow(Base):
    """An owner's word that a client may ask for signatures with a credential; each still wants its own code."""

    __tablename__ = "signing_consent"
    __table_args__ = (
        sa.CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name="withdrawn"),
        sa.Index(
            "uq_signing_consent",
            "client",
            "credential_id",
            unique=True,
            postgresql_where=sa.text("withdrawn_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    credential_id: Mapped[int] = mapped_column(sa.ForeignKey("signing_credential.id"), index=True)
    client: Mapped[str]
    given_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None]


class TotpRow(Base):
    """The authenticator of a credential, and the last time step whose code was used."""

    __tablename__ = "signing_totp"

    credential_id: Mapped[int] = mapped_column(sa.ForeignKey("signing_credential.id"), primary_key=True)
    secret: Mapped[bytes] = mapped_column(info=encrypted("signing_totp.secret:{credential_id}"))
    last_step: Mapped[int] = mapped_column(sa.BigInteger)
    enrolled_at: Mapped[datetime]


class SignatureAuthorisationRow(Base):
    """What a person authorised: these digests, once, for a short time. Of the token only the hash is kept."""

    __tablename__ = "signature_authorisation"

    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    credential_id: Mapped[int] = mapped_column(sa.ForeignKey("signing_credential.id"), index=True)
    token_digest: Mapped[bytes] = mapped_column(unique=True)
    client: Mapped[str]
    subject: Mapped[str]
    digests: Mapped[list[str]] = mapped_column(ARRAY(sa.String(64)))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SignatureRecordRow(Base):
    """Append-only: each request to authorise or to sign, and how it ended."""

    __tablename__ = "signature_record"
    __table_args__ = (
        sa.CheckConstraint("step IN ('authorise', 'sign', 'signed')", name="step"),
        sa.CheckConstraint("result IN ('granted', 'refused', 'failed')", name="result"),
        sa.Index("ix_signature_record_credential_time", "credential_id", "at"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    credential_id: Mapped[int] = mapped_column(sa.ForeignKey("signing_credential.id"))
    authorisation_id: Mapped[int | None] = mapped_column(sa.ForeignKey("signature_authorisation.id"))
    client: Mapped[str]
    step: Mapped[str]
    digests: Mapped[list[str]] = mapped_column(ARRAY(sa.String(64)))
    result: Mapped[str]
    reason_code: Mapped[str | None]
    at: Mapped[datetime]
