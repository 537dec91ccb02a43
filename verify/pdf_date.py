"""Dates as PDF writes them (ISO 32000-1, 7.9.4)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

_DATE = re.compile(
    r"D:([0-9]{4})([0-9]{2})?([0-9]{2})?([0-9]{2})?([0-9]{2})?([0-9]{2})?(?:Z(?:00'?00'?)?|([+-])([0-9]{2})'?([0-9]{2})?'?)?"
)
_DEFAULTS = ("1", "1", "0", "0", "0")


def read_pdf_date(value: str | None) -> datetime | None:
    """A date in UTC; one without a zone is taken to be in UTC. Nothing where it is none."""
    match = _DATE.fullmatch(value or "")
    if match is None:
        return None
    year, *parts = match.groups()[:6]
    sign, hours, minutes = match.groups()[6:]
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    try:
        zone = timezone(-offset if sign == "-" else offset)
        numbers = [int(part or default) for part, default in zip(parts, _DEFAULTS, strict=True)]
        return datetime(int(year), *numbers, tzinfo=zone).astimezone(UTC)  # type: ignore[misc,arg-type]  # month to second
    except (ValueError, OverflowError):
        return None
