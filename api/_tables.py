"""Tables of the package; rows never leave it."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from store.database import Base


class ClientRow(Base):
    """A system that calls the API."""

    __tablename__ = "api_client"
    __table_args__ = (
        sa.CheckConstraint("(organisation_code IS NULL) <> (holder_index IS NULL)", name="acts_for_somebody"),
    )

    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    name: Mapped[str]
    secret_digest: Mapped[bytes]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    organisation_code: Mapped[str | None] = mapped_column(sa.String(18))
    holder_index: Mapped[bytes | None]
    active: Mapped[bool]
    created_at: Mapped[datetime]
