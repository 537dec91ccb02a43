"""The table of the seal data (GB/T 38540); rows never leave the package."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from store.database import Base, encrypted


class SealDataRow(Base):
    """The seal data that a seal has, or had before others took over; encrypted, for the picture is in them."""

    __tablename__ = "seal_data"
    __table_args__ = (
        sa.CheckConstraint("used_until IS NULL OR used_until >= made_at", name="period"),
        sa.Index("uq_seal_data_current", "seal_id", unique=True, postgresql_where=sa.text("used_until IS NULL")),
    )

    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    seal_id: Mapped[int] = mapped_column(sa.ForeignKey("seal.id"), index=True)
    key_id: Mapped[int] = mapped_column(sa.ForeignKey("signing_key.id"))
    certificate_id: Mapped[int] = mapped_column(sa.ForeignKey("certificate.id"), unique=True)
    digest: Mapped[str] = mapped_column(sa.String(64))
    data_encrypted: Mapped[bytes] = mapped_column(deferred=True, info=encrypted("seal_data.data:{seal_id.number}"))
    made_at: Mapped[datetime]
    valid_until: Mapped[datetime]
    used_until: Mapped[datetime | None]
