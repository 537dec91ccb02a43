"""How much a client may check a day, counted in PostgreSQL for all processes."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from api._tables import ClientUsageRow
from api.clients import Client
from api.errors import QuotaUsedError
from store.clock import Clock
from store.database import Database
from trust.register import ZONE, local_date


class Quotas:
    """Counts checks against daily quotas; a day is the calendar's where the licences hold."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def take(self, client: Client, checks: int = 1) -> None:
        """Count checks that are about to be made.

        :raises QuotaUsedError: there are not that many left today; none was counted.
        """
        now = self._clock.now()
        quota = client.terms.daily_quota
        if quota is not None and checks > quota:
            raise _used(quota, now)
        row = insert(ClientUsageRow).values(client_id=client.id, day=local_date(now), used=checks)
        statement = row.on_conflict_do_update(
            index_elements=["client_id", "day"],
            set_={"used": ClientUsageRow.used + checks},
            where=sa.true() if quota is None else ClientUsageRow.used + checks <= quota,
        ).returning(ClientUsageRow.used)
        with self._database.transaction() as session:
            counted = session.execute(statement).first() is not None
        if not counted and quota is not None:
            raise _used(quota, now)

    def used_today(self, client: Client) -> int:
        """How many checks a client has made today."""
        with self._database.transaction() as session:
            row = session.get(ClientUsageRow, (client.id, local_date(self._clock.now())))
            return row.used if row is not None else 0


def _used(quota: int, now: datetime) -> QuotaUsedError:
    tomorrow = datetime.combine(local_date(now) + timedelta(days=1), time(), ZONE)
    return QuotaUsedError(quota=quota, retry_after=max(1, int((tomorrow - now).total_seconds())))
