"""Sending traces to a collector of OpenTelemetry, where the settings name one."""

from __future__ import annotations

import importlib.metadata
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from api.settings import Settings
from store import traces

_SECONDS: Final = 5.0
"""How long a collector may take for an answer. What it does not take is dropped, and nobody waits for it."""


@contextmanager
def sending_traces(settings: Settings, role: str) -> Iterator[None]:
    """Makes and sends traces for the length of a block, where the settings say where to.

    A share of the traces is recorded, by their ids, so that the spans of one trace are there whole or not at all in all
    processes, and a caller cannot have more of its requests recorded by asking for it.

    :param role: what the process does: ``api`` or ``worker``.
    """
    if settings.traces_url is None:
        yield
        return
    # half a second of loading that is for nothing where nobody collects
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased  # noqa: PLC0415

    share = TraceIdRatioBased(settings.traces_share)
    resource = Resource(
        {
            "service.namespace": "yinzheng",
            "service.name": f"yinzheng-{role}",
            "service.version": importlib.metadata.version("yinzheng"),
            "service.instance.id": f"{socket.gethostname()}:{os.getpid()}",
        }
    )
    provider = TracerProvider(
        sampler=ParentBased(share, remote_parent_sampled=share), resource=resource, shutdown_on_exit=False
    )
    exporter = OTLPSpanExporter(endpoint=settings.traces_url, timeout=_SECONDS)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    # it words every batch that a collector did not take, with the collector's address
    logging.getLogger("opentelemetry").setLevel(logging.ERROR)
    traces.trace_with(provider.get_tracer("yinzheng"))
    try:
        yield
    finally:
        traces.trace_with(None)
        provider.shutdown()
