"""Officers (工作人员): who works for which body, and in which roles.

They are registered by a person who answers for it; what the identity provider says can only narrow their roles.
"""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api._tables import OfficerEventRow, OfficerRow
from api.sign_in_errors import OfficerExistsError, OfficerInvalidError, OfficerUnknownError
from api.signed_in import SignedIn, subject_index
from keys import FieldVault
from seal import Organisations
from store.clock import Clock
from store.database import Database
from trust import HolderIndex
from trust.codes import CitizenId
from trust.register import local_date

_LONGEST_NAME = 50


class Role(StrEnum):
    """What an officer may do for the body."""

    ISSUER = "issuer"
    APPROVER = "approver"
    SEAL_APPLICANT = "seal_applicant"
    SEAL_APPROVER = "seal_approver"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"

    @property
    def zh(self) -> str:
        """Its name in Chinese."""
        return _ROLES_ZH[self]

    @property
    def en(self) -> str:
        """Its name in English."""
        return _ROLES_EN[self]


_ROLES_ZH = {
    Role.ISSUER: "证照经办",
    Role.APPROVER: "核验经办",
    Role.SEAL_APPLICANT: "印章申请",
    Role.SEAL_APPROVER: "印章审批",
    Role.AUDITOR: "审计",
    Role.ADMINISTRATOR: "系统管理",
}
_ROLES_EN = {
    Role.ISSUER: "issuing of licences",
    Role.APPROVER: "checking of licences",
    Role.SEAL_APPLICANT: "application for seals",
    Role.SEAL_APPROVER: "approval of seals",
    Role.AUDITOR: "audit",
    Role.ADMINISTRATOR: "administration",
}


@dataclass(frozen=True)
class Officer:
    """Somebody who works for a body."""

    reference: str
    """``O`` and 16 random digits and letters; stands for the officer in records."""
    organisation_code: str
    name: str = field(repr=False)
    roles: frozenset[Role]
    added_at: datetime
    dismissed_at: datetime | None = None

    @property
    def actor(self) -> str:
        """Who acted, for records."""
        return f"officer:{self.reference}"


class Officers:
    """The register of officers."""

    def __init__(self, database: Database, vault: FieldVault, organisations: Organisations, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._organisations = organisations
        self._clock = clock

    def add(
        self,
        organisation_code: str,
        name: str,
        roles: Iterable[Role],
        *,
        citizen_id: str | None = None,
        subject: tuple[str, str] | None = None,
        actor: str,
    ) -> Officer:
        """Register an officer of a body. One person serves one body at a time.

        :param citizen_id: by which the person is known when signing in.
        :param subject: in its place the provider's issuer and its name (``sub``) for the person.
        :raises OfficerInvalidError: there is no role or name, or not exactly one way to know the person.
        :raises OfficerExistsError: the person serves a body already.
        :raises OrganisationUnknownError: there is no such body.
        :raises CitizenIdInvalidError: the number fails its check.
        """
        organisation = self._organisations.get(organisation_code)
        chosen = sorted(set(roles))
        if not chosen:
            raise OfficerInvalidError(problem="roles")
        if (citizen_id is None) == (subject is None):
            raise OfficerInvalidError(problem="citizen_id / subject")
        holder = self._holder(citizen_id) if citizen_id is not None else None
        row = OfficerRow(
            reference=f"O{secrets.token_hex(8)}",
            organisation_code=organisation.code,
            holder_index=holder.value if holder is not None else None,
            subject_index=subject_index(self._vault, *subject) if subject is not None else None,
            roles=[role.value for role in chosen],
            added_at=self._clock.now(),
            dismissed_at=None,
        )
        row.name = self._vault.encrypt(_checked_name(name).encode(), context=_context(row))
        known = sa.or_(OfficerRow.holder_index == row.holder_index, OfficerRow.subject_index == row.subject_index)
        there = sa.select(OfficerRow.reference).where(known, OfficerRow.dismissed_at.is_(None))
        try:
            with self._database.transaction() as session:
                session.add(row)
                session.flush()
                detail = {"organisation": organisation.code, "roles": list(row.roles)}
                self._note(session, row.reference, "add", actor, detail)
        except IntegrityError:
            with self._database.transaction() as session:
                raise OfficerExistsError(reference=session.scalar(there) or "—") from None
        return self._officer_of(row)

    def change_roles(self, reference: str, roles: Iterable[Role], *, actor: str) -> Officer:
        """Give an officer other roles, from now on.

        :raises OfficerInvalidError: there is no role.
        :raises OfficerUnknownError: there is no such officer in service.
        """
        chosen = sorted(set(roles))
        if not chosen:
            raise OfficerInvalidError(problem="roles")
        with self._database.transaction() as session:
            row = self._in_service(session, reference)
            row.roles = [role.value for role in chosen]
            self._note(session, reference, "roles", actor, {"roles": list(row.roles)})
            return self._officer_of(row)

    def dismiss(self, reference: str, *, reason: str, actor: str) -> Officer:
        """Let an officer do nothing more, sessions that are open included.

        :raises OfficerUnknownError: there is no such officer in service.
        """
        with self._database.transaction() as session:
            row = self._in_service(session, reference)
            row.dismissed_at = self._clock.now()
            self._note(session, reference, "dismiss", actor, {"reason": reason[:200]})
            return self._officer_of(row)

    def of(self, signed_in: SignedIn) -> Officer | None:
        """As which officer somebody is signed in, with the roles that hold now; None where it is none."""
        known = OfficerRow.subject_index == signed_in.subject_index
        if signed_in.holder is not None:
            known = sa.or_(known, OfficerRow.holder_index == signed_in.holder.value)
        wanted = sa.select(OfficerRow).where(known, OfficerRow.dismissed_at.is_(None))
        with self._database.transaction() as session:
            row = session.scalars(wanted.order_by(OfficerRow.holder_index.nulls_last()).limit(1)).one_or_none()
        return self._officer_of(row, signed_in.roles) if row is not None else None

    def get(self, reference: str) -> Officer:
        """Somebody who is or was an officer.

        :raises OfficerUnknownError: nobody has this reference.
        """
        with self._database.transaction() as session:
            row = session.get(OfficerRow, reference)
            if row is None:
                raise OfficerUnknownError(reference=reference[:40])
            return self._officer_of(row)

    def all(self, organisation_code: str | None = None, *, dismissed: bool = False) -> Sequence[Officer]:
        """The officers of a body, or of all.

        :param dismissed: those too who serve no longer.
        """
        wanted = sa.select(OfficerRow).order_by(OfficerRow.organisation_code, OfficerRow.added_at, OfficerRow.reference)
        if organisation_code is not None:
            wanted = wanted.where(OfficerRow.organisation_code == organisation_code)
        if not dismissed:
            wanted = wanted.where(OfficerRow.dismissed_at.is_(None))
        with self._database.transaction() as session:
            return [self._officer_of(row) for row in session.scalars(wanted)]

    def served_by(self, holder: HolderIndex) -> list[Officer]:
        """All registrations that somebody has or had as an officer, by the citizen identity number."""
        wanted = sa.select(OfficerRow).where(OfficerRow.holder_index == holder.value).order_by(OfficerRow.added_at)
        with self._database.transaction() as session:
            return [self._officer_of(row) for row in session.scalars(wanted)]

    def history(self, reference: str) -> list[tuple[str, datetime]]:
        """What was done to a registration, and when, the oldest first."""
        table = OfficerEventRow
        statement = sa.select(table.act, table.at).where(table.reference == reference).order_by(table.id)
        with self._database.transaction() as session:
            return [(act, at) for act, at in session.execute(statement)]

    def _holder(self, citizen_id: str) -> HolderIndex:
        number = CitizenId.parse(citizen_id, today=local_date(self._clock.now())).number
        return HolderIndex.of(self._vault, "citizen_id", number)

    def _in_service(self, session: Session, reference: str) -> OfficerRow:
        row = session.get(OfficerRow, reference, with_for_update=True)
        if row is None or row.dismissed_at is not None:
            raise OfficerUnknownError(reference=reference[:40])
        return row

    def _note(self, session: Session, reference: str, act: str, actor: str, detail: dict[str, Any]) -> None:
        session.add(OfficerEventRow(reference=reference, act=act, actor=actor, detail=detail, at=self._clock.now()))

    def _officer_of(self, row: OfficerRow, granted: frozenset[str] | None = None) -> Officer:
        roles = frozenset(Role(each) for each in row.roles if granted is None or each in granted)
        return Officer(
            reference=row.reference,
            organisation_code=row.organisation_code,
            name=self._vault.decrypt(row.name, context=_context(row)).decode(),
            roles=roles,
            added_at=row.added_at,
            dismissed_at=row.dismissed_at,
        )


def _checked_name(name: str) -> str:
    text = unicodedata.normalize("NFC", name).strip()
    if not text or len(text) > _LONGEST_NAME or not text.isprintable():
        raise OfficerInvalidError(problem="name")
    return text


def _context(row: OfficerRow) -> str:
    return f"officer:{row.reference}"
