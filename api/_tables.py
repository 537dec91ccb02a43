"""Tables of the package; rows never leave it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from store.database import APPEND_ONLY, Base, encrypted


class ClientRow(Base):
    """A system that calls the API, and what it may ask for; NULL in a list of permissions: no limit."""

    __tablename__ = "api_client"
    __table_args__ = (
        sa.CheckConstraint("(organisation_code IS NULL) <> (holder_index IS NULL)", name="acts_for_somebody"),
        sa.CheckConstraint("daily_quota > 0", name="daily_quota"),
    )

    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    name: Mapped[str]
    contact: Mapped[str | None]
    secret_digest: Mapped[bytes | None]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    organisation_code: Mapped[str | None] = mapped_column(sa.String(18))
    holder_index: Mapped[bytes | None]
    licence_types: Mapped[list[str] | None] = mapped_column(ARRAY(sa.Text))
    service_items: Mapped[list[str] | None] = mapped_column(ARRAY(sa.Text))
    fields: Mapped[list[str]] = mapped_column(ARRAY(sa.Text), server_default=sa.text("'{}'"))
    rate: Mapped[str | None]
    daily_quota: Mapped[int | None]
    active: Mapped[bool]
    created_at: Mapped[datetime]


class ClientKeyRow(Base):
    """A public key of a client, with which its assertions (RFC 7523) are checked."""

    __tablename__ = "api_client_key"

    client_id: Mapped[str] = mapped_column(sa.ForeignKey("api_client.id"), primary_key=True)
    kid: Mapped[str] = mapped_column(sa.String(128), primary_key=True)
    jwk: Mapped[dict[str, Any]] = mapped_column(JSONB)
    added_at: Mapped[datetime]


class ClientCertificateRow(Base):
    """A certificate by which a client is known over mutual TLS (RFC 8705)."""

    __tablename__ = "api_client_certificate"

    client_id: Mapped[str] = mapped_column(sa.ForeignKey("api_client.id"), primary_key=True)
    thumbprint: Mapped[str] = mapped_column(sa.String(43), primary_key=True)
    not_after: Mapped[datetime]
    added_at: Mapped[datetime]


class ClientAssertionRow(Base):
    """An assertion that was taken, until it would have ended: it is not taken again."""

    __tablename__ = "api_client_assertion"

    client_id: Mapped[str] = mapped_column(sa.ForeignKey("api_client.id"), primary_key=True)
    token_id: Mapped[str] = mapped_column(sa.String(128), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class ClientUsageRow(Base):
    """How many checks a client made on a day."""

    __tablename__ = "api_client_usage"

    client_id: Mapped[str] = mapped_column(sa.ForeignKey("api_client.id"), primary_key=True)
    day: Mapped[date] = mapped_column(sa.Date, primary_key=True)
    used: Mapped[int]


class ClientEventRow(Base):
    """Append-only: what was done to a client, and by whom."""

    __tablename__ = "api_client_event"
    __table_args__ = ({"info": APPEND_ONLY},)

    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    client_id: Mapped[str] = mapped_column(sa.ForeignKey("api_client.id"), index=True)
    act: Mapped[str]
    actor: Mapped[str]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB)
    at: Mapped[datetime]


class WebhookRow(Base):
    """Where a client is told of changes to its body's licences; its secrets rest encrypted."""

    __tablename__ = "webhook"
    __table_args__ = (
        sa.CheckConstraint("(previous_secret IS NULL) = (previous_until IS NULL)", name="previous_secret"),
    )

    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    client_id: Mapped[str] = mapped_column(sa.ForeignKey("api_client.id"), index=True)
    url: Mapped[str]
    secret: Mapped[bytes] = mapped_column(info=encrypted("webhook.secret:{id}"))
    previous_secret: Mapped[bytes | None] = mapped_column(info=encrypted("webhook.secret:{id}"))
    previous_until: Mapped[datetime | None]
    active: Mapped[bool]
    place: Mapped[int]
    """In the ledger, of the last change that was passed on."""
    round: Mapped[int] = mapped_column(server_default="0")
    """Counts up when changes are told again."""
    created_at: Mapped[datetime]
    created_by: Mapped[str]


class WatchRow(Base):
    """A licence of whose changes a client is told."""

    __tablename__ = "licence_watch"

    client_id: Mapped[str] = mapped_column(sa.ForeignKey("api_client.id"), primary_key=True)
    identifier: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[date] = mapped_column(sa.Date)
    place: Mapped[int]
    """Of the first change in the ledger that is told."""
    expires_on: Mapped[date | None] = mapped_column(sa.Date, index=True)
    expiry_told: Mapped[bool]
    created_at: Mapped[datetime]


class OfficerRow(Base):
    """Somebody who works for a body, known by the citizen identity number or by the provider's name for him."""

    __tablename__ = "officer"
    __table_args__ = (
        sa.CheckConstraint("(holder_index IS NULL) <> (subject_index IS NULL)", name="known_by_one"),
        sa.CheckConstraint("cardinality(roles) > 0", name="roles"),
        sa.Index(
            "uq_officer_holder_index",
            "holder_index",
            unique=True,
            postgresql_where=sa.text("dismissed_at IS NULL"),
        ),
        sa.Index(
            "uq_officer_subject_index",
            "subject_index",
            unique=True,
            postgresql_where=sa.text("dismissed_at IS NULL"),
        ),
    )

    reference: Mapped[str] = mapped_column(sa.String(17), primary_key=True)
    organisation_code: Mapped[str] = mapped_column(sa.String(18), index=True)
    name: Mapped[bytes] = mapped_column(info=encrypted("officer:{reference}"))
    holder_index: Mapped[bytes | None]
    subject_index: Mapped[bytes | None]
    roles: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    added_at: Mapped[datetime]
    dismissed_at: Mapped[datetime | None]


class OfficerEventRow(Base):
    """Append-only: what was done to an officer's registration, and by whom."""

    __tablename__ = "officer_event"
    __table_args__ = ({"info": APPEND_ONLY},)

    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    reference: Mapped[str] = mapped_column(sa.ForeignKey("officer.reference"), index=True)
    act: Mapped[str]
    actor: Mapped[str]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB)
    at: Mapped[datetime]


class SignInAttemptRow(Base):
    """A browser that was sent to the provider, until it comes back once."""

    __tablename__ = "sign_in_attempt"

    state_digest: Mapped[bytes] = mapped_column(primary_key=True)
    browser_digest: Mapped[bytes]
    kept: Mapped[bytes] = mapped_column(info=encrypted("sign_in_attempt:{state_digest}"))
    """Nonce, verifier and where to go on, encrypted."""
    expires_at: Mapped[datetime] = mapped_column(index=True)


class SessionRow(Base):
    """Somebody who is signed in; of the token in the browser only its digest is here."""

    __tablename__ = "sign_in_session"

    token_digest: Mapped[bytes] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(sa.String(16), unique=True)
    subject_index: Mapped[bytes] = mapped_column(index=True)
    holder_index: Mapped[bytes | None]
    identity: Mapped[bytes] = mapped_column(info=encrypted("sign_in_session:{id}"))
    """Name, masked number and the bodies that the person represents, encrypted."""
    acting_for: Mapped[bytes | None]
    """The holder for whom the person acts in this session; NULL: for himself."""
    assurance: Mapped[str]
    roles: Mapped[list[str] | None] = mapped_column(ARRAY(sa.Text))
    began_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class SignInRecordRow(Base):
    """Append-only: who signed in and out, and when."""

    __tablename__ = "sign_in_record"
    __table_args__ = ({"info": APPEND_ONLY},)

    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    subject_index: Mapped[bytes] = mapped_column(index=True)
    holder_index: Mapped[bytes | None] = mapped_column(index=True)
    session_id: Mapped[str] = mapped_column(sa.String(16))
    act: Mapped[str]
    assurance: Mapped[str]
    at: Mapped[datetime]


class SignInLinkRow(Base):
    """A link by which an invented person signs in once; only where the built-in provider is on."""

    __tablename__ = "sign_in_link"

    token_digest: Mapped[bytes] = mapped_column(primary_key=True)
    person: Mapped[str]
    expires_at: Mapped[datetime] = mapped_column(index=True)
