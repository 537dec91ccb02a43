"""Fills the register: what a city's officers, holders and systems do in some weeks, in its order and at its time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import accumulate
from typing import Any, Final

from api.demo_data import bulk, office, people
from api.demo_data.fields import MAKERS, WEIGHTS
from api.demo_data.ground import MARK, lay_ground, mark
from api.demo_data.invention import Invention
from api.demo_data.licences import LicenceActs
from api.errors import ClientUnknownError, DemoNotAloneError, DemoRefusedError
from api.services import Services
from api.settings import Environment, Settings
from store.clock import FixedClock

LICENCES: Final = 320
"""How many licences there are, beside those that stories need."""
DAYS: Final = 56
"""How long before the present the first act is."""
_OFFICE_OPENS: Final = timedelta(hours=1)  # nine o'clock in China, by UTC
_OFFICE_HOURS: Final = 8
_LAST: Final = timedelta(minutes=20)


def fill(
    settings: Settings,
    *,
    licences: int = LICENCES,
    now: datetime | None = None,
    told: Callable[[int], object] = lambda _: None,
) -> bool:
    """Fill the register, unless that was done before.

    :param now: the moment at which the last act is done; the present where nothing is said.
    :param told: called with the number of acts done so far.
    :return: whether it was filled now.
    :raises DemoRefusedError: no invented people may sign in here.
    :raises DemoNotAloneError: the register holds bodies already.
    """
    if settings.environment is not Environment.DEVELOPMENT or not settings.builtin_provider:
        raise DemoRefusedError
    end = (now or datetime.now(UTC)) - _LAST
    clock = FixedClock(end - timedelta(days=DAYS))
    with Services(settings, clock) as services:
        if _is_filled(services):
            return False
        if services.organisations.all():
            raise DemoNotAloneError(place=settings.var)
        # The authority may be there already; nothing is sealed from before it was.
        begun = services.keys.authority.issuing.not_valid_before_utc + timedelta(minutes=1)
        clock.advance(max(timedelta(0), min(begun, end) - clock.now()))
        _Filling(services, clock, end, licences, told).run()
    return True


def planned(licences: int = LICENCES) -> int:
    """About how many acts :func:`fill` does."""
    return round(licences * 1.15) + 45


def _is_filled(services: Services) -> bool:
    try:
        services.clients.get(MARK)
    except ClientUnknownError:
        return False
    return True


class _Filling:
    """One filling: acts by their moments."""

    def __init__(
        self, services: Services, clock: FixedClock, end: datetime, licences: int, told: Callable[[int], object]
    ) -> None:
        self._services = services
        self._clock = clock
        self._start = clock.now()
        self._end = end
        self._told = told
        self._invent = Invention(20261128)
        self._slugs = self._chosen(licences)
        self._script: list[tuple[datetime, int, Callable[[], Any]]] = []

    def run(self) -> None:
        services, invent = self._services, self._invent
        ground = lay_ground(services, invent)
        acts = LicenceActs(services, invent, ground)
        for number, slug in enumerate(self._slugs):
            at = 0.05 + 0.92 * number / len(self._slugs)
            self._plan(at, partial(acts.issue, slug, number))
            for later, act in acts.fate(slug, number):
                self._plan(at + (0.99 - at) * later, act)
        for story in (people.story, office.story, bulk.story):
            for at, act in story(services, invent, ground):
                self._plan(at, act)
        for count, (moment, _, act) in enumerate(sorted(self._script, key=lambda each: each[:2]), 1):
            self._clock.advance(max(timedelta(0), moment - self._clock.now()))
            act()
            while self._services.worker.run_once():
                pass
            self._told(count)
        self._services.ledger.sequence()
        mark(self._services)

    def _plan(self, at: float, act: Callable[[], Any]) -> None:
        """Do something when a share of the time is over, in office hours where there are days enough for them."""
        moment = self._start + (self._end - self._start) * at
        day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        hours = _OFFICE_HOURS * ((moment - day) / timedelta(days=1))
        office = day + _OFFICE_OPENS + timedelta(hours=hours)
        fits = self._end - self._start > timedelta(days=7) and office <= self._end
        self._script.append((office if fits else moment, len(self._script), act))

    def _chosen(self, licences: int) -> list[str]:
        """The types of the licences, one of each at least."""
        kinds = list(MAKERS)
        bounds = list(accumulate(WEIGHTS))
        more = max(0, licences - len(kinds))
        return kinds + self._invent.random.choices(kinds, cum_weights=bounds, k=more)
