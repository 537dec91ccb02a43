"""What a process counts and times while it works, for Prometheus; given out by :mod:`api.metrics`.

Labels are of small, closed sets: never an identifier, an address or a name.
"""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

REGISTRY: Final = CollectorRegistry(auto_describe=True)
"""Of this process alone, without what the library counts by itself."""

_QUICK: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

REQUESTS: Final = Counter(
    "yinzheng_http_requests",
    "Requests answered, by route and status.",
    ["method", "route", "status"],
    registry=REGISTRY,
)
REQUEST_SECONDS: Final = Histogram(
    "yinzheng_http_request_seconds", "How long requests took.", ["route"], buckets=_QUICK, registry=REGISTRY
)
CHECKS: Final = Counter("yinzheng_checks", "Checks of licences.", ["evidence", "verdict"], registry=REGISTRY)
CHECK_REASONS: Final = Counter("yinzheng_check_reasons", "What verdicts rested on.", ["reason"], registry=REGISTRY)
SEAL_USES: Final = Counter("yinzheng_seal_uses", "Uses of seals, by how they ended.", ["result"], registry=REGISTRY)
TIME_STAMP_SECONDS: Final = Histogram(
    "yinzheng_time_stamp_seconds",
    "How long time stamps took, by whether one was had.",
    ["outcome"],
    buckets=_QUICK,
    registry=REGISTRY,
)
SIGNATURE_SECONDS: Final = Histogram(
    "yinzheng_signature_seconds",
    "How long signatures took, by where the key is.",
    ["custody"],
    buckets=_QUICK,
    registry=REGISTRY,
)
