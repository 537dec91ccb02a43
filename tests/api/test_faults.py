"""One part after another fails under a running service: what needs it is refused, the rest goes on, nothing is lost.

The service is a real process on a PostgreSQL, a Redis, an S3 and two time-stamp authorities of its own. Each test
breaks one part, looks, and mends it; docs/faults.md tells the same in a table.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.fault_stage import Stage, until

pytestmark = pytest.mark.needs("redis-server")


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """The service, started before any of its parts was there."""
    made = Stage()
    try:
        made.postgres.close()
        process = made.start()
        until(lambda: "Waiting" in process.text())
        assert "The database cannot be reached" in process.text()
        made.postgres.start()
        until(lambda: "run yinzheng db upgrade first" in process.text())
        assert process.running.poll() is None
        made.migrate()
        made.is_ready("redis")
        made.furnish()
        yield made
    finally:
        made.close()


def test_a_service_that_began_before_its_parts_names_what_is_missing_and_takes_it_when_it_comes(stage: Stage) -> None:
    assert "缺少 redis" in stage.processes[0].text()
    assert stage.ready() == ("impaired", ["redis"])
    stage.redis.start()
    assert stage.is_ready()
