"""How much a client may check a day, counted in PostgreSQL for all processes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
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
        if not self._counted(client, checks):
            raise self._used(client)

    def take_each(self, clients: Sequence[Client]) -> list[QuotaUsedError | None]:
        """Count a check of each of some clients that are about to be made; the error of one that has none left."""
        wanted = Counter(each.id for each in clients)
        granted: dict[str, int] = {}
        # in one order, so that two processes that count for the same clients do not wait for each other
        for client in sorted({each.id: each for each in clients}.values(), key=lambda each: each.id):
            many = wanted[client.id]
            if not self._counted(client, many):
                many = 0
                while many < wanted[client.id] and self._counted(client, 1):
                    many += 1
            granted[client.id] = many
        outcomes: list[QuotaUsedError | None] = []
        for client in clients:
            granted[client.id] -= 1
            outcomes.append(None if granted[client.id] >= 0 else self._used(client))
        return outcomes

    def _counted(self, client: Client, checks: int) -> bool:
        now = self._clock.now()
        quota = client.terms.daily_quota
        if quota is not None and checks > quota:
            return False
        row = insert(ClientUsageRow).values(client_id=client.id, day=local_date(now), used=checks)
        statement = row.on_conflict_do_update(
            index_elements=["client_id", "day"],
            set_={"used": ClientUsageRow.used + checks},
            where=sa.true() if quota is None else ClientUsageRow.used + checks <= quota,
        ).returning(ClientUsageRow.used)
        with self._database.transaction() as session:
            return session.execute(statement).first() is not None

    def used_today(self, client: Client) -> int:
        """How many checks a client has made today."""
        with self._database.transaction() as session:
            row = session.get(ClientUsageRow, (client.id, local_date(self._clock.now())))
            return row.used if row is not None else 0

    def _used(self, client: Client) -> QuotaUsedError:
        now = self._clock.now()
        tomorrow = datetime.combine(local_date(now) + timedelta(days=1), time(), ZONE)
        retry_after = max(1, int((tomorrow - now).total_seconds()))
        return QuotaUsedError(quota=client.terms.daily_quota or 0, retry_after=retry_after)
