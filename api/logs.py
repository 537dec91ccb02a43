"""What the service logs: one JSON object a line, without personal data.

Each line has ``at`` (UTC, ISO 8601), ``level``, ``logger``, ``message`` and, within a request, ``request``: the id that
the answer carries as ``X-Request-Id``. What happened to be in an exception's own words, such as the row that broke a
constraint, stays out: of exceptions the types and the places in the code are logged.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from store.errors import YinzhengError

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the request that is being answered, in its threads too."""

_ROOT = Path(__file__).resolve().parent.parent
_MAX_MESSAGE = 4_000
_MAX_FRAMES = 40
_MAX_CAUSES = 5
_TALKATIVE = ("httpx2", "httpcore2", "alembic", "fontTools", "PIL", "pyhanko", "multipart", "python_multipart")
"""Libraries that log addresses or contents of what they work on below the level of a warning."""


class JsonLines(logging.Formatter):
    """Writes a record as one line of ASCII. ``extra={"fields": {…}}`` adds members to it."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage()[:_MAX_MESSAGE],
        }
        if (request := request_id.get()) is not None:
            line["request"] = request
        line |= getattr(record, "fields", {})
        if record.exc_info and record.exc_info[1] is not None:
            line["exceptions"] = list(_told(record.exc_info[1]))
        return json.dumps(line, default=str)


def configure(stream: TextIO | None = None) -> None:
    """Make this process log JSON lines, from the level of information on.

    :param stream: where to; standard error where nothing is said.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def _told(error: BaseException) -> Iterator[dict[str, Any]]:
    """An exception and what caused it, the last one first, by type, code and place."""
    seen: BaseException | None = error
    for _ in range(_MAX_CAUSES):
        if seen is None:
            return
        told: dict[str, Any] = {"type": f"{type(seen).__module__}.{type(seen).__qualname__}"}
        if isinstance(seen, YinzhengError):
            told["code"] = seen.code
        told["where"] = list(_places(seen.__traceback__))[-_MAX_FRAMES:]
        yield told
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)


def _places(trace: TracebackType | None) -> Iterator[str]:
    while trace is not None:
        code = trace.tb_frame.f_code
        path = Path(code.co_filename)
        shown = path.relative_to(_ROOT) if path.is_relative_to(_ROOT) else Path(*path.parts[-2:])
        yield f"{shown}:{trace.tb_lineno} {code.co_name}"
        trace = trace.tb_next
