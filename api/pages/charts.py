"""A month of days as a calendar, and as bars of SVG: what is drawn where."""

from __future__ import annotations

from calendar import Calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Self

from api.errors import RequestInvalidError
from seal import UseDay

WIDTH: Final = 640
HEIGHT: Final = 180
_LEFT, _TOP, _BOTTOM = 36, 12, 24
_STEPS = (1, 2, 5)
_LEVELS = 4
_FIRST_YEAR: Final = 2000


@dataclass(frozen=True)
class Month:
    """A month of the calendar."""

    first: date

    @classmethod
    def of(cls, text: str, today: date) -> Self:
        """Read ``YYYY-MM``; nothing is the month of today.

        :raises RequestInvalidError: it is no month.
        """
        if not text:
            return cls(today.replace(day=1))
        try:
            found = cls(date.fromisoformat(f"{text}-01"))
        except ValueError:
            raise RequestInvalidError(problem="month: YYYY-MM") from None
        if not _FIRST_YEAR <= found.first.year <= today.year + 1:
            raise RequestInvalidError(problem="month: YYYY-MM")
        return found

    @property
    def last(self) -> date:
        """Its last day."""
        return max(day for day in Calendar().itermonthdates(self.first.year, self.first.month) if self._has(day))

    @property
    def key(self) -> str:
        """As an address names it."""
        return f"{self.first:%Y-%m}"

    @property
    def before(self) -> Month:
        """The month before."""
        return Month((self.first - timedelta(days=1)).replace(day=1))

    @property
    def after(self) -> Month:
        """The month after."""
        return Month((self.last + timedelta(days=1)).replace(day=1))

    @property
    def weeks(self) -> list[list[date | None]]:
        """Weeks from Monday on; days of other months are none."""
        weeks = Calendar().monthdatescalendar(self.first.year, self.first.month)
        return [[day if self._has(day) else None for day in week] for week in weeks]

    @property
    def days(self) -> list[date]:
        """All its days."""
        return [self.first + timedelta(days=offset) for offset in range(self.last.day)]

    def _has(self, day: date) -> bool:
        return (day.year, day.month) == (self.first.year, self.first.month)


@dataclass(frozen=True)
class Bar:
    """One day: what was sealed stands below, all else above it."""

    day: date
    x: float
    width: float
    sealed: int
    other: int
    sealed_y: float
    sealed_height: float
    other_y: float
    other_height: float


@dataclass(frozen=True)
class Line:
    """A line across the chart."""

    y: float
    count: int


@dataclass(frozen=True)
class Chart:
    """Bars of a month."""

    bars: list[Bar]
    lines: list[Line]
    total_sealed: int
    total_other: int


def chart_of(month: Month, used: Mapping[date, UseDay]) -> Chart:
    """Bars over a scale that ends at a round number."""
    counts = [(day, *counts_of(used.get(day))) for day in month.days]
    top = _round_up(max((sealed + other for _, sealed, other in counts), default=0))
    floor, tall = HEIGHT - _BOTTOM, HEIGHT - _BOTTOM - _TOP
    pitch = (WIDTH - _LEFT) / len(counts)
    bars = []
    for place, (day, sealed, other) in enumerate(counts):
        low, high = round(tall * sealed / top, 1), round(tall * other / top, 1)
        bars.append(
            Bar(
                day,
                round(_LEFT + place * pitch + pitch * 0.15, 1),
                round(pitch * 0.7, 1),
                sealed,
                other,
                round(floor - low, 1),
                low,
                round(floor - low - high, 1),
                high,
            )
        )
    lines = [Line(round(floor - tall * count / top, 1), count) for count in sorted({0, top // 2, top})]
    return Chart(bars, lines, sum(each[1] for each in counts), sum(each[2] for each in counts))


def counts_of(day: UseDay | None) -> tuple[int, int]:
    """How often a seal was put on something on a day, and how often it was not."""
    return (day.sealed, day.refused + day.failed + day.cut_short) if day is not None else (0, 0)


def level_of(count: int, most: int) -> int:
    """How dark a day of the calendar is: 0 for none, up to 4 for as many as on any."""
    return 0 if not count else max(1, -(-_LEVELS * count // max(most, 1)))


def _round_up(most: int) -> int:
    """The next of 2, 4, 10, 20, 40, 100 and so on, which halves evenly."""
    scale = 1
    while True:
        for step in _STEPS:
            if 2 * step * scale >= most:
                return 2 * step * scale
        scale *= 10
