"""Dates and times as people type them into forms, in the city's time."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import overload

from api.errors import RequestInvalidError
from seal.grants import CHINA


def moment_of(text: str) -> datetime | None:
    """A moment from a field of date and time; None where nothing was typed.

    :raises RequestInvalidError: it is none.
    """
    if not text.strip():
        return None
    try:
        found = datetime.fromisoformat(text.strip())
        return found.replace(tzinfo=CHINA) if found.tzinfo is None else found
    except ValueError:
        raise RequestInvalidError(problem="YYYY-MM-DDTHH:MM") from None


def day_of(text: str) -> date | None:
    """A day from a field of a date; None where nothing was typed.

    :raises RequestInvalidError: it is none.
    """
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise RequestInvalidError(problem="YYYY-MM-DD") from None


@overload
def begin_of(day: date) -> datetime: ...
@overload
def begin_of(day: None) -> None: ...
def begin_of(day: date | None) -> datetime | None:
    """The first moment of a day."""
    return datetime.combine(day, time.min, CHINA) if day is not None else None


@overload
def end_of(day: date) -> datetime: ...
@overload
def end_of(day: None) -> None: ...
def end_of(day: date | None) -> datetime | None:
    """The first moment after a day; past the end of the calendar its last."""
    if day is None:
        return None
    return begin_of(day + timedelta(days=1)) if day < date.max else datetime.max.replace(tzinfo=CHINA)
