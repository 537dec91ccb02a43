"""Organisations (机构) that own seals and issue licences: a tree, from the city down to the community."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session
from stdnum.cn import uscc

from seal._tables import OrganisationRow
from seal.errors import OrganisationCodeInvalidError, OrganisationTreeError, OrganisationUnknownError
from seal.kinds import SealOwnerKind
from seal.regions import Level, level_of, lies_within
from store.clock import Clock
from store.database import Database

_DEEPEST = 16


@dataclass(frozen=True)
class Organisation:
    """A body with a unified social credit code (GB 32100)."""

    code: str
    """Unified social credit code, 18 characters."""
    name_zh: str
    name_en: str
    region_code: str
    """Administrative region: 6 digits (GB/T 2260), 9 for a street or town, 12 for a community."""
    parent_code: str | None = None
    """Code of the body above it."""
    kind: SealOwnerKind = SealOwnerKind.DEPARTMENT
    """A department or a company."""

    @property
    def level(self) -> Level:
        """How high in the administration it stands; its region tells."""
        return level_of(self.region_code)


class Organisations:
    """The bodies known to the service."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def enrol(self, organisation: Organisation) -> Organisation:
        """Enter a body, or correct the names, region and place of one that is there.

        :raises OrganisationCodeInvalidError: the unified social credit code's check character is wrong.
        :raises RegionCodeError: the region's code is none.
        :raises OrganisationUnknownError: the body above it is not enrolled.
        :raises OrganisationTreeError: it cannot stand there: its region lies outside of the parent's, the parent is a
            company or below it, or it has become of another kind.
        """
        if not uscc.is_valid(organisation.code) or uscc.compact(organisation.code) != organisation.code:
            raise OrganisationCodeInvalidError(code=organisation.code)
        level_of(organisation.region_code)
        if organisation.kind is SealOwnerKind.PERSON:
            raise _misplaced(organisation.code, "个人不是机构。", "a person is no body.")
        with self._database.transaction() as session:
            # Two corrections at once could make a circle that neither sees.
            session.execute(sa.text("LOCK TABLE organisation IN SHARE ROW EXCLUSIVE MODE"))
            row = session.scalar(sa.select(OrganisationRow).where(OrganisationRow.code == organisation.code))
            if row is None:
                row = OrganisationRow(
                    code=organisation.code, kind=organisation.kind, created_at=self._clock.now(), parent=None
                )
                session.add(row)
            elif row.kind != organisation.kind:
                raise _misplaced(organisation.code, "机构类别不能更改。", "its kind cannot change.")
            row.name_zh, row.name_en = organisation.name_zh, organisation.name_en
            row.region_code = organisation.region_code
            session.flush()
            self._place(session, row, organisation)
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
            rows = session.scalars(sa.select(OrganisationRow).order_by(OrganisationRow.code))
            return [organisation_of(row) for row in rows]

    def below(self, code: str) -> list[Organisation]:
        """The bodies directly below one, by region and code.

        :raises OrganisationUnknownError: there is none with this code.
        """
        with self._database.transaction() as session:
            above = organisation_row(session, code)
            rows = session.scalars(
                sa.select(OrganisationRow)
                .where(OrganisationRow.parent_id == above.id)
                .order_by(OrganisationRow.region_code, OrganisationRow.code)
            )
            return [organisation_of(row) for row in rows]

    def line(self, code: str) -> list[Organisation]:
        """A body and those above it, up to the top of the tree.

        :raises OrganisationUnknownError: there is none with this code.
        """
        with self._database.transaction() as session:
            return [organisation_of(row) for row in _line(session, organisation_row(session, code))]

    def _place(self, session: Session, row: OrganisationRow, organisation: Organisation) -> None:
        code = organisation.code
        parent = None
        if organisation.parent_code is not None:
            parent = organisation_row(session, organisation.parent_code)
            if parent.kind == SealOwnerKind.COMPANY and organisation.kind is SealOwnerKind.DEPARTMENT:
                raise _misplaced(code, "部门不能隶属于企业。", "a department does not stand below a company.")
            if not lies_within(organisation.region_code, parent.region_code):
                raise _misplaced(
                    code,
                    f"其行政区划 {organisation.region_code} 不在上级机构的区划 {parent.region_code} 内。",
                    f"its region {organisation.region_code} is not within its parent's, {parent.region_code}.",
                )
            above = _line(session, parent)
            if row in above:
                raise _misplaced(code, "上级机构不能是其自身或其下级。", "its parent is itself or stands below it.")
            if len(above) >= _DEEPEST:
                raise _misplaced(code, "机构层级过深。", "the tree is too deep there.")
        row.parent = parent
        session.flush()
        children = session.scalars(
            sa.select(OrganisationRow.region_code).where(OrganisationRow.parent_id == row.id)
        ).all()
        outside = [region for region in children if not lies_within(region, organisation.region_code)]
        if outside:
            raise _misplaced(
                code,
                f"其下级机构的行政区划 {outside[0]} 不在 {organisation.region_code} 内。",
                f"a body below it has the region {outside[0]}, which is not within {organisation.region_code}.",
            )


def organisation_row(session: Session, code: str) -> OrganisationRow:
    """The row of a body, for the modules of this package."""
    row = session.scalar(sa.select(OrganisationRow).where(OrganisationRow.code == code))
    if row is None:
        raise OrganisationUnknownError(code=code)
    return row


def organisation_of(row: OrganisationRow) -> Organisation:
    """The value that a row stands for."""
    parent = row.parent.code if row.parent is not None else None
    return Organisation(row.code, row.name_zh, row.name_en, row.region_code, parent, SealOwnerKind(row.kind))


def _line(session: Session, row: OrganisationRow) -> list[OrganisationRow]:
    line = [row]
    while line[-1].parent_id is not None and len(line) <= _DEEPEST:
        line.append(session.get_one(OrganisationRow, line[-1].parent_id))
    return line


def _misplaced(code: str, problem_zh: str, problem_en: str) -> OrganisationTreeError:
    return OrganisationTreeError(code=code, problem_zh=problem_zh, problem_en=problem_en)
