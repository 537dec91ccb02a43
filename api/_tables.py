"""Tables of the package; rows never leave it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from store.database import APPEND_ONLY, Base


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
    secret: Mapped[bytes]
    previous_secret: Mapped[bytes | None]
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
