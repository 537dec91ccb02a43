"""Tables of the package; rows never leave it."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from store.database import APPEND_ONLY, Base


class CheckRecordRow(Base):
    """Append-only: a check and its answer."""

    __tablename__ = "check_record"
    __table_args__ = ({"info": APPEND_ONLY},)

    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    checked_by: Mapped[str]
    evidence: Mapped[str]
    identifier: Mapped[str | None] = mapped_column(index=True)
    document_digest: Mapped[str | None] = mapped_column(sa.String(64))
    verdict: Mapped[str]
    reason_codes: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    purpose: Mapped[str | None]
