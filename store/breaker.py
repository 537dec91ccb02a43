"""A pause between attempts to reach a part that just failed, so that its time-outs are not paid on every call."""

from __future__ import annotations

import logging
import threading
import time

_PAUSE_SECONDS = 5.0

_logger = logging.getLogger(__name__)


class Breaker:
    """Remembers that a part failed and for how long to leave it alone; says so in the log once per outage.

    :param part: the name of the part, for the log.
    """

    def __init__(self, part: str, pause: float = _PAUSE_SECONDS) -> None:
        self._part = part
        self._pause = pause
        self._broken = False
        self._retry_at = 0.0
        self._lock = threading.Lock()

    @property
    def broken(self) -> bool:
        """Whether the part failed when it was last tried."""
        return self._broken

    def allows(self) -> bool:
        """Whether the part should be tried now. Of many who ask at the end of a pause, one is to try; the others would
        wait with it for a part that hangs."""
        if not self._broken:
            return True
        with self._lock:
            if time.monotonic() < self._retry_at:
                return False
            self._retry_at = time.monotonic() + self._pause
            return True

    def failed(self, error: Exception) -> None:
        """Note that the part failed."""
        self._retry_at = time.monotonic() + self._pause
        if not self._broken:
            # The error's text can hold the address with its password; its type is enough to tell what is wrong.
            _logger.warning("%s cannot be reached (%s)", self._part, type(error).__name__)
        self._broken = True

    def succeeded(self) -> None:
        """Note that the part answered."""
        if self._broken:
            _logger.warning("%s answers again", self._part)
        self._broken = False
