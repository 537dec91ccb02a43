"""Watches (状态关注): a client that relied on a licence is told by its webhooks if the licence's status changes.

Where to is what an administrator set up for the client (``yinzheng webhook add``): whoever calls the API cannot make
this service call an address. Acts on the licence come from the change feed (:mod:`api.webhooks`); an expiry is no act
and is told here, the day after the last day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from api._tables import WatchRow, WebhookRow
from api.clients import Client
from api.errors import WatchPeriodError, WatchRefusedError
from api.webhooks import DELIVER
from store.acting import crossing
from store.clock import Clock
from store.database import Database
from store.ledger import Ledger
from store.outbox import Outbox
from trust import Register
from trust.register import local_date
from verify import CheckRecords

LONGEST = timedelta(days=2 * 366)


@dataclass(frozen=True)
class Watch:
    """A licence that a client is told of."""

    identifier: str
    until: date
    """The last day on which a change is told."""


class Watches:
    """The watches of all clients."""

    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        register: Register,
        records: CheckRecords,
        ledger: Ledger,
        clock: Clock,
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._register = register
        self._records = records
        self._ledger = ledger
        self._clock = clock

    def begin(self, client: Client, identifier: str, until: date) -> Watch:
        """Tell a client of a licence that it checked before; doing it again sets the date anew.

        :raises WatchPeriodError: the date is over, or more than two years ahead.
        :raises WatchRefusedError: the client has not checked it; whether the register has it is not told.
        :raises IdentifierInvalidError: it is no identifier.
        """
        today = self._register.today()
        if not today <= until <= today + LONGEST:
            raise WatchPeriodError
        with crossing():
            licence = self._register.find(identifier)
        if licence is None or not self._records.has_checked(client.id, identifier):
            raise WatchRefusedError
        row = insert(WatchRow).values(
            client_id=client.id,
            identifier=identifier,
            until=until,
            place=self._ledger.head().size,
            expires_on=licence.valid_until,
            expiry_told=False,
            created_at=self._clock.now(),
        )
        with self._database.transaction() as session:
            session.execute(
                row.on_conflict_do_update(index_elements=["client_id", "identifier"], set_={"until": until})
            )
        return Watch(identifier, until)

    def end(self, client: Client, identifier: str) -> None:
        """Tell a client of a licence no longer.

        :raises WatchRefusedError: it was not told of it.
        """
        wanted = sa.and_(WatchRow.client_id == client.id, WatchRow.identifier == identifier)
        with self._database.transaction() as session:
            if session.execute(sa.delete(WatchRow).where(wanted).returning(WatchRow.identifier)).first() is None:
                raise WatchRefusedError

    def of(self, client: Client) -> list[Watch]:
        """What a client is told of."""
        statement = sa.select(WatchRow).where(WatchRow.client_id == client.id).order_by(WatchRow.identifier)
        with self._database.transaction() as session:
            return [Watch(row.identifier, row.until) for row in session.scalars(statement)]

    def tell_expiries(self, *, at_most: int = 500) -> int:
        """Make jobs of the expiries that nobody has been told of, and tell how many those were."""
        now = self._clock.now()
        due = (
            sa.select(WatchRow)
            .where(
                WatchRow.expires_on < local_date(now),
                WatchRow.expires_on < WatchRow.until,
                ~WatchRow.expiry_told,
            )
            .order_by(WatchRow.expires_on)
            .limit(at_most)
            .with_for_update(skip_locked=True)
        )
        with self._database.transaction() as session:
            rows = session.scalars(due).all()
            for row in rows:
                row.expiry_told = True
                hooks = sa.select(WebhookRow.id).where(WebhookRow.client_id == row.client_id, WebhookRow.active)
                for webhook in session.scalars(hooks).all():
                    body = {
                        "type": "licence.expired",
                        "timestamp": f"{now:%Y-%m-%dT%H:%M:%SZ}",
                        "data": {"identifier": row.identifier, "valid_until": str(row.expires_on), "state": "expired"},
                    }
                    name = f"{webhook}:expired:{row.identifier}"
                    self._outbox.add(session, DELIVER, {"webhook": webhook, "body": body, "name": name}, key=name)
            return len(rows)
