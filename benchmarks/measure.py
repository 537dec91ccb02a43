"""How things are timed: the best of several rounds, so that what else the machine does counts least."""

from __future__ import annotations

import time
from collections.abc import Callable

ROUNDS = 5
SECONDS_PER_ROUND = 0.6


def seconds_per_call(work: Callable[[], object]) -> float:
    """Seconds that one call takes, warm, in the best of several rounds."""
    work()
    best = float("inf")
    for _ in range(ROUNDS):
        calls = 0
        started = time.perf_counter()
        while (elapsed := time.perf_counter() - started) < SECONDS_PER_ROUND:
            work()
            calls += 1
        best = min(best, elapsed / calls)
    return best


def row(what: str, seconds: float, *, against: float | None = None) -> str:
    """One line of a table: how long, how many a second, and how many times the peer's speed."""
    ratio = f"{against / seconds:8.2f} ×" if against is not None else " " * 10
    return f"{what:<58}{seconds * 1e3:10.3f} ms{1 / seconds:12.0f} /s{ratio}"
