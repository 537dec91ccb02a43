"""Organisations (机构) that own seals and issue licences."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from stdnum.cn import uscc

from seal._tables import OrganisationRow
from seal.errors import OrganisationCodeInvalidError, OrganisationUnknownError
from store.clock import Clock
from store.database import Database


@dataclass(frozen=True)
class Organisation:
    """A body with a unified social credit code (GB 32100)."""

    code: str
    """Unified social credit code, 18 characters."""
    name_zh: str
    name_en: str
    region_code: str
    """Administrative region, GB/T 2260, six digits."""


class Organisations:
    """The bodies known to the service."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def enrol(self, organisation: Organisation) -> Organisation:
        """Enter a body, or correct the names and region of one that is there.

        :raises OrganisationCodeInvalidError: the unified social credit code's check character is wrong.
        """
        if not uscc.is_valid(organisation.code):
            raise OrganisationCodeInvalidError(code=organisation.code)
        values = {
            "name_zh": organisation.name_zh,
            "name_en": organisation.name_en,
            "region_code": organisation.region_code,
        }
        statement = insert(OrganisationRow).values(code=organisation.code, created_at=self._clock.now(), **values)
        with self._database.transaction() as session:
            session.execute(statement.on_conflict_do_update(index_elements=["code"], set_=values))
        return organisation

    def get(self, code: str) -> Organisation:
        """The body with a unified social credit code.

        :raises OrganisationUnknownError: there is none.
        """
        with self._database.transaction() as session:
            return organisation_of(organisation_row(session, code))

    def all(self) -> list[Organisation]:
        """Every body, by code."""
        with self._database.transaction() as session:
            return [organisation_of(row) for row in session.scalars(sa.select(OrganisationRow).order_by("code"))]


def organisation_row(session: Session, code: str) -> OrganisationRow:
    """The row of a body, for the modules of this package."""
    row = session.scalar(sa.select(OrganisationRow).where(OrganisationRow.code == code))
    if row is None:
        raise OrganisationUnknownError(code=code)
    return row


def organisation_of(row: OrganisationRow) -> Organisation:
    """The value that a row stands for."""
    return Organisation(row.code, row.name_zh, row.name_en, row.region_code)
