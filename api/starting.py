"""Starting in any order: a process waits for the parts that it cannot do without, says for which, and not for ever."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from threading import Event
from typing import Final, TypeVar

from keys.hsm_errors import HsmUnavailableError
from store.database import DatabaseUnavailableError
from store.errors import YinzhengError
from store.schema import SchemaOutdatedError

Result = TypeVar("Result")

_LOG: Final = logging.getLogger("yinzheng.start")
_WAITED_FOR: Final = (DatabaseUnavailableError, SchemaOutdatedError, HsmUnavailableError)
"""What comes by itself or by somebody's doing. Whatever else is wrong stays so until a person changes it."""
_PAUSE: Final = 0.5


class StoppedError(Exception):
    """The process was told to stop while it waited."""


def once_there(
    opened: Callable[[], Result], *, seconds: float, told: Callable[[YinzhengError], object], stop: Event | None = None
) -> Result:
    """What a function gives, as soon as the parts that it needs are there.

    :param opened: may be called again after it has raised.
    :param seconds: how long to wait in all.
    :param told: called with what is waited for, each time that it is something else.
    :raises YinzhengError: what was still wrong at the end, or at once what waiting does not mend.
    :raises StoppedError: the event was set.
    """
    until, said = time.monotonic() + seconds, ""
    stop = stop or Event()
    while True:
        try:
            return opened()
        except _WAITED_FOR as error:
            if time.monotonic() >= until:
                raise
            if error.message_en != said:
                said = error.message_en
                _LOG.warning("waits: %s", error.code)
                told(error)
        if stop.wait(min(_PAUSE, max(0.0, until - time.monotonic()))):
            raise StoppedError
