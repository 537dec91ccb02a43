"""Metrics for Prometheus (指标): what this process counted, and how the service stands, read when it is asked for.

Served on an address of their own, which is not the public one: how busy departments are is nobody else's business.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from api.errors import SettingsError
from store.acting import crossing
from store.errors import YinzhengError
from store.measures import REGISTRY
from store.schedule import JobOutcome

if TYPE_CHECKING:
    from api.services import Services


class StandingMetrics(Collector):
    """How the service stands, from the database; the same whichever process is asked."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Everything, or only which parts are there while the database is away."""
        yield self._parts()
        reached = GaugeMetricFamily("yinzheng_database_up", "Whether the database answers.")
        try:
            with crossing():
                found = list(self._found())
        except YinzhengError:
            reached.add_metric([], 0)
            yield reached
            return
        reached.add_metric([], 1)
        yield reached
        yield from found

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Nothing: registering must not ask the database."""
        return iter(())

    def _parts(self) -> GaugeMetricFamily:
        parts = GaugeMetricFamily("yinzheng_part_up", "Whether a part can be used.", labels=["part"])
        standing = self._services.readiness.standing()
        for part in standing.asked:
            parts.add_metric([part.value], part not in standing.missing)
        return parts

    def _found(self) -> Iterator[GaugeMetricFamily]:
        services, now = self._services, self._services.clock.now()
        jobs = GaugeMetricFamily("yinzheng_outbox_jobs", "Jobs of the outbox.", labels=["state"])
        jobs.add_metric(["waiting"], services.outbox.waiting())
        jobs.add_metric(["given_up"], services.outbox.given_up())
        yield jobs
        head = services.ledger.head()
        yield GaugeMetricFamily("yinzheng_log_entries", "Entries of the log with a place.", value=head.size)
        waiting = services.ledger.waiting()
        yield GaugeMetricFamily("yinzheng_log_waiting", "Entries that wait for a place.", value=waiting)
        if head.at is not None:
            age = (now - head.at).total_seconds()
            yield GaugeMetricFamily("yinzheng_checkpoint_age_seconds", "Age of the newest checkpoint.", value=age)
        ends = GaugeMetricFamily(
            "yinzheng_certificate_days_left", "Days until the next certificate ends.", labels=["purpose"]
        )
        for purpose, at in services.keys.authority.next_ends().items():
            ends.add_metric([purpose.value], (at - now).total_seconds() / 86400)
        yield ends
        ages = GaugeMetricFamily(
            "yinzheng_job_age_seconds", "Since when a scheduled job has not succeeded.", labels=["job"]
        )
        failing = GaugeMetricFamily(
            "yinzheng_job_failing", "Whether the last run of a scheduled job failed.", labels=["job"]
        )
        for state in services.schedule.overview():
            if state.succeeded_at is not None:
                ages.add_metric([state.job.name], (now - state.succeeded_at).total_seconds())
            failing.add_metric([state.job.name], state.outcome in (JobOutcome.FAILED, JobOutcome.CUT_SHORT))
        yield ages
        yield failing


@contextmanager
def serving_metrics(services: Services) -> Iterator[int | None]:
    """Serves metrics for the length of a block where the settings say where, and tells the port.

    :raises SettingsError: the address cannot be listened on.
    """
    settings = services.settings
    if settings.metrics_port is None:
        yield None
        return
    whole = CollectorRegistry(auto_describe=True)
    whole.register(REGISTRY)
    whole.register(StandingMetrics(services))
    try:
        server, thread = start_http_server(settings.metrics_port, settings.metrics_host, whole)
    except OSError as error:
        address = f"{settings.metrics_host}:{settings.metrics_port}"
        raise SettingsError(problem=f"{address} cannot be listened on: {error.strerror}") from error
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
