"""The book of seals (印章登记簿), as it is read: seals, what waits, what happened, what may be used for what."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from keys import FieldVault
from seal._tables import (
    OrganisationRow,
    SealCertificateRow,
    SealEventRow,
    SealGrantRow,
    SealRequestRow,
    SealRow,
)
from seal.errors import SealRequestUnknownError, SealUnknownError
from seal.pictures import SealPicture, picture_of
from seal.seals import (
    Seal,
    SealCertificate,
    SealEvent,
    SealRequest,
    certificate_of,
    event_of,
    request_of,
    seal_of,
)
from seal.states import SealState
from store.clock import Clock
from store.database import Database


class SealBook:
    """Reads what is known of seals; :class:`seal.registry.SealRegistry` writes it."""

    def __init__(self, database: Database, vault: FieldVault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock

    def get(self, number: str) -> Seal:
        """The seal with a number.

        :raises SealUnknownError: there is none.
        """
        with self._database.transaction() as session:
            return self._seal_of(seal_row(session, number))

    def all(self) -> list[Seal]:
        """Every seal, by number."""
        with self._database.transaction() as session:
            return [self._seal_of(row) for row in session.scalars(sa.select(SealRow).order_by(SealRow.number))]

    def of_person(self, reference: str) -> list[Seal]:
        """A person's seals, the oldest first."""
        statement = sa.select(SealRow).where(SealRow.person.has(reference=reference)).order_by(SealRow.id)
        with self._database.transaction() as session:
            return [self._seal_of(row) for row in session.scalars(statement)]

    def usable_for(
        self,
        licence_type: str,
        organisation_code: str | None = None,
        *,
        user: str | None = None,
        client_id: str | None = None,
    ) -> list[Seal]:
        """Bodies' active seals that may be put on a type of document now, quotas aside, newest last.

        :param organisation_code: of the body that owns the seal; any where left out.
        :param user: code of the body that uses it; the owner where left out.
        :param client_id: the client through which the user comes.
        """
        now = self._clock.now()
        using = sa.orm.aliased(OrganisationRow)
        whose = SealGrantRow.organisation_id.is_(None) | (using.id == SealRow.organisation_id)
        if user is not None:
            whose = (using.code == user) | (SealGrantRow.organisation_id.is_(None) & (OrganisationRow.code == user))
        granted = (
            sa.select(SealRow.id)
            .join(OrganisationRow, OrganisationRow.id == SealRow.organisation_id)
            .join(SealGrantRow, SealGrantRow.seal_id == SealRow.id)
            .outerjoin(using, using.id == SealGrantRow.organisation_id)
            .where(
                SealRow.state == SealState.ACTIVE,
                SealRow.valid_until > now,
                SealGrantRow.revoked_at.is_(None),
                SealGrantRow.valid_from <= now,
                sa.or_(SealGrantRow.valid_until.is_(None), SealGrantRow.valid_until > now),
                SealGrantRow.licence_types.contains([licence_type]),
                sa.or_(SealGrantRow.client_id.is_(None), SealGrantRow.client_id == client_id),
                whose,
            )
        )
        if organisation_code is not None:
            granted = granted.where(OrganisationRow.code == organisation_code)
        with self._database.transaction() as session:
            rows = session.scalars(sa.select(SealRow).where(SealRow.id.in_(granted)).order_by(SealRow.id))
            return [self._seal_of(row) for row in rows]

    def waiting(self) -> list[SealRequest]:
        """Requests that wait for a second officer, oldest first."""
        statement = (
            sa.select(SealRequestRow, SealRow.number)
            .join(SealRow, SealRow.id == SealRequestRow.seal_id)
            .where(SealRequestRow.decided_at.is_(None))
            .order_by(SealRequestRow.id)
        )
        with self._database.transaction() as session:
            return [request_of(row, number) for row, number in session.execute(statement)]

    def find_request(self, request_id: int) -> SealRequest:
        """A request, whether it waits or was decided.

        :raises SealRequestUnknownError: there is none.
        """
        with self._database.transaction() as session:
            row = session.get(SealRequestRow, request_id)
            if row is None:
                raise SealRequestUnknownError(request=request_id)
            return request_of(row, session.get_one(SealRow, row.seal_id).number)

    def requests(self, number: str) -> list[SealRequest]:
        """All that was asked for a seal, and how it was decided, oldest first."""
        with self._database.transaction() as session:
            seal = seal_row(session, number)
            rows = session.scalars(
                sa.select(SealRequestRow).where(SealRequestRow.seal_id == seal.id).order_by(SealRequestRow.id)
            )
            return [request_of(row, number) for row in rows]

    def history(self, number: str) -> list[SealEvent]:
        """All that happened to a seal, oldest first."""
        with self._database.transaction() as session:
            seal = seal_row(session, number)
            rows = session.scalars(
                sa.select(SealEventRow).where(SealEventRow.seal_id == seal.id).order_by(SealEventRow.id)
            )
            return [event_of(row) for row in rows]

    def certificates(self, number: str) -> list[SealCertificate]:
        """The certificates that a seal has had, oldest first; the one in use is last."""
        with self._database.transaction() as session:
            seal = seal_row(session, number)
            rows = session.scalars(
                sa.select(SealCertificateRow)
                .where(SealCertificateRow.seal_id == seal.id)
                .order_by(SealCertificateRow.id)
            )
            return [certificate_of(row) for row in rows]

    def successor(self, number: str) -> str | None:
        """The number of the seal that took a seal's place."""
        with self._database.transaction() as session:
            seal = seal_row(session, number)
            return session.scalar(
                sa.select(SealRow.number).where(SealRow.supersedes_id == seal.id, SealRow.registered_at.is_not(None))
            )

    def artwork(self, seal: Seal) -> SealPicture:
        """The picture of a seal, as it was approved."""
        with self._database.transaction() as session:
            return picture_of(seal_row(session, seal.number).picture, seal.number, self._vault)

    def _seal_of(self, row: SealRow) -> Seal:
        return seal_of(row, self._vault)


def locked_seal(session: Session, number: str) -> SealRow:
    """The row of a seal, locked against changes until the transaction ends; for the modules of this package.

    :raises SealUnknownError: there is none.
    """
    return seal_row(session, number, lock=True)


def seal_row(session: Session, number: str, *, lock: bool = False) -> SealRow:
    """The row of a seal, for the modules of this package.

    :raises SealUnknownError: there is none.
    """
    statement = sa.select(SealRow).where(SealRow.number == number)
    if lock:
        statement = statement.with_for_update(of=SealRow)
    row = session.scalar(statement)
    if row is None:
        raise SealUnknownError(number=number)
    return row
