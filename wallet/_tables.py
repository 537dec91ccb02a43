"""Tables of the package; rows never leave it."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from store.database import APPEND_ONLY, Base


class ReferenceRow(Base):
    """A holder's reference to a licence; what the licence says stays in the register."""

    __tablename__ = "wallet_reference"
    __table_args__ = (sa.UniqueConstraint("holder_index", "identifier"),)

    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    holder_index: Mapped[bytes]
    identifier: Mapped[str] = mapped_column(sa.ForeignKey("licence.identifier"))
    added_at: Mapped[datetime]
    pinned: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    hidden: Mapped[bool] = mapped_column(default=False, server_default=sa.false())


class WalletRow(Base):
    """A wallet that its holder opened."""

    __tablename__ = "wallet"

    holder_index: Mapped[bytes] = mapped_column(primary_key=True)
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class CoHoldingRow(Base):
    """That somebody is a further holder of a licence; the register's own index knows the first one only."""

    __tablename__ = "co_holding"

    identifier: Mapped[str] = mapped_column(sa.ForeignKey("licence.identifier"), primary_key=True)
    holder_index: Mapped[bytes] = mapped_column(primary_key=True, index=True)


class PresentationRow(Base):
    """A presentation that was handed out, and whether it was redeemed."""

    __tablename__ = "presentation"
    __table_args__ = (sa.CheckConstraint("(redeemed_at IS NULL) = (redeemed_by IS NULL)", name="redeemed_by_somebody"),)

    id: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    holder_index: Mapped[bytes] = mapped_column(index=True)
    identifier: Mapped[str] = mapped_column(sa.ForeignKey("licence.identifier"))
    purpose: Mapped[str]
    audience: Mapped[str | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    redeemed_at: Mapped[datetime | None]
    redeemed_by: Mapped[str | None]
    presented_by: Mapped[str] = mapped_column(server_default="holder")


class OfflinePresentationRow(Base):
    """Append-only: an offline presentation that was made. Who checked it is not known."""

    __tablename__ = "offline_presentation"
    __table_args__ = ({"info": APPEND_ONLY},)

    id: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    holder_index: Mapped[bytes] = mapped_column(index=True)
    identifier: Mapped[str] = mapped_column(sa.ForeignKey("licence.identifier"))
    purpose: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class WalletExportRow(Base):
    """Append-only: that a holder took along all that is stored about the holder."""

    __tablename__ = "wallet_export"
    __table_args__ = ({"info": APPEND_ONLY},)

    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    holder_index: Mapped[bytes] = mapped_column(index=True)
    at: Mapped[datetime]
