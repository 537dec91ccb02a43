"""How soon each page shows something, and what it loads: in Chromium, with an empty cache, over the demo data.

Each page is opened several times, each time in a browser that has never seen it; the median is told. The service runs
in the same process, so that what is measured is both of them on one machine.
"""

from __future__ import annotations

import statistics
import sys

from playwright.sync_api import Browser

from tests.browser.chromium import chromium_started, installed
from tests.browser.judge import weight
from tests.browser.served import Served, served_alone
from tests.browser.visits import visits
from tests.browser.visits.visit import Visit

TIMES = 5
AIM_MS, AIM_BYTES = 1000, 100_000
_PAINTED = """() => new Promise((done) => new PerformanceObserver((list) => {
  for (const each of list.getEntriesByName("first-contentful-paint")) done(each.startTime);
}).observe({type: "paint", buffered: true}))"""


def once(browser: Browser, served: Served, visit: Visit) -> tuple[float, int]:
    """Milliseconds to the first contentful paint, and bytes loaded."""
    with browser.new_context(base_url=served.url, viewport={"width": 360, "height": 800}) as context:
        context.add_cookies(served.cookies(visit.role, "zh"))
        page = context.new_page()
        page.goto(visit.address(served))
        painted: float = page.evaluate(_PAINTED)
        return painted, sum(weight(page).values())


def table(browser: Browser, served: Served) -> None:
    """A line for each page, the slowest first."""
    rows = []
    for visit in (each for each in visits() if each.prepare is None):
        found = [once(browser, served, visit) for _ in range(TIMES)]
        rows.append((statistics.median(each[0] for each in found), found[0][1], visit.title))
    print(f"{'':<52}{'first paint':>12}{'loaded':>12}")
    for painted, loaded, title in sorted(rows, reverse=True):
        print(f"{title:<52}{painted:>9.0f} ms{loaded / 1000:>9.1f} kB")
    paints, heaviest = [row[0] for row in rows], max(row[1] for row in rows)
    print(
        f"{len(rows)} pages: slowest {max(paints):.0f} ms (aim {AIM_MS}), median {statistics.median(paints):.0f} ms, "
        f"heaviest {heaviest / 1000:.1f} kB (aim {AIM_BYTES / 1000:.0f})"
    )


def main() -> None:
    """The table."""
    if installed() is None:
        sys.exit("chromium is not installed")
    with served_alone() as served, chromium_started() as browser:
        table(browser, served)


if __name__ == "__main__":
    main()
