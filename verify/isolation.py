"""Judging hostile bytes in processes of their own; see :mod:`store.isolation`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from store import isolation
from store.isolation import MEMORY_BYTES, SECONDS
from verify.errors import CheckCrashedError, CheckTooSlowError

__all__ = ["SECONDS", "IsolatedWorkers"]


class IsolatedWorkers(isolation.IsolatedWorkers):
    """Workers whose ends are told in the words of a check."""

    def __init__(
        self,
        work: Callable[..., Any],
        *,
        workers: int = 2,
        seconds: float = SECONDS,
        memory_bytes: int = MEMORY_BYTES,
        more_seconds: Callable[[Any], float] = lambda _: 0.0,
    ) -> None:
        super().__init__(
            work,
            too_slow=CheckTooSlowError,
            crashed=CheckCrashedError,
            workers=workers,
            seconds=seconds,
            memory_bytes=memory_bytes,
            more_seconds=more_seconds,
        )
