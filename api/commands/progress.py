"""How long work shows how far it is: a bar on a terminal, plain lines elsewhere. Counts only, never what they count."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from api.commands.common import errors

_EVERY_SECONDS = 5.0


class Told:
    """Takes the counts."""

    def __init__(self, what: str, total: int | None, bar: Progress | None) -> None:
        self._what = what
        self._total = total
        self._bar = bar
        self._task = bar.add_task(what, total=total) if bar is not None else None
        self._said_at = time.monotonic()

    def __call__(self, count: int) -> None:
        """So many are done."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=count)
            return
        if time.monotonic() - self._said_at >= _EVERY_SECONDS or count == self._total:
            self._said_at = time.monotonic()
            errors.print(f"{self._what}: {count}" + (f" / {self._total}" if self._total is not None else ""))


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Told]:
    """Show progress on the standard error, so that it never mixes with results."""
    if not errors.is_terminal:
        yield Told(what, total, None)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True) as bar:
        yield Told(what, total, bar)
