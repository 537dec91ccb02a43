"""Tables of the licence types; rows never leave the package."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from store.database import APPEND_ONLY, Base


class TypeRow(Base):
    """Append-only: the name and the code of a type, which it keeps for good."""

    __tablename__ = "licence_type"
    __table_args__ = ({"info": APPEND_ONLY},)

    slug: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(21), unique=True)


class TypeVersionRow(Base):
    """One version of a type. A trigger lets nothing but its state go forward."""

    __tablename__ = "licence_type_version"
    __table_args__ = (
        sa.CheckConstraint("state IN ('draft', 'published', 'retired')", name="state"),
        sa.CheckConstraint("origin IN ('package', 'administrator')", name="origin"),
        sa.CheckConstraint("version > 0", name="version"),
        sa.CheckConstraint("(published_at IS NULL) = (published_by IS NULL)", name="published_by_somebody"),
        sa.CheckConstraint("(retired_at IS NULL) = (retired_by IS NULL)", name="retired_by_somebody"),
        sa.CheckConstraint("retirement_reason IS NULL OR retired_at IS NOT NULL", name="retired_for_a_reason"),
        sa.CheckConstraint("state <> 'published' OR published_at IS NOT NULL", name="published"),
        sa.CheckConstraint("(state = 'retired') = (retired_at IS NOT NULL)", name="retired"),
        sa.Index(
            "uq_licence_type_version_published", "slug", unique=True, postgresql_where=sa.text("state = 'published'")
        ),
    )

    slug: Mapped[str] = mapped_column(sa.ForeignKey("licence_type.slug"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[str]
    origin: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str]
    package: Mapped[bytes] = mapped_column(deferred=True)
    """The files, as a ZIP file."""
    digest: Mapped[str] = mapped_column(sa.String(64))
    drafted_by: Mapped[str]
    drafted_at: Mapped[datetime]
    published_by: Mapped[str | None]
    published_at: Mapped[datetime | None]
    retired_by: Mapped[str | None]
    retired_at: Mapped[datetime | None]
    retirement_reason: Mapped[str | None]
    """Nothing where a newer version took its place."""
