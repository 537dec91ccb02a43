"""A database with jobs of the outbox gets a schedule in which everything is due."""

from __future__ import annotations

import sqlalchemy as sa

from api.jobs import scheduled_jobs
from api.services import Services
from api.settings import Settings
from store import schema
from store.clock import SystemClock
from store.database import Database
from store.schedule import JobOutcome, Schedule
from tests.store.test_migration_seal_data import upgrade_to

JOB = """
INSERT INTO outbox (topic, key, payload, created_at, next_attempt_at) VALUES ('x', 'y', '{}', now(), now())
"""


def test_jobs_stay_and_everything_is_due(empty: Database) -> None:
    upgrade_to(empty, "0026")
    with empty.transaction() as session:
        session.execute(sa.text(JOB))
    schema.upgrade(empty)
    with empty.transaction() as session:
        assert session.scalars(sa.text("SELECT key FROM outbox")).all() == ["y"]
    schedule = Schedule(empty, SystemClock(), scheduled_jobs(Services(Settings())))
    assert {(each.outcome, each.due_at) for each in schedule.overview()} == {(JobOutcome.NEVER, None)}
