"""A browser and a furnished service for each worker; see the package's text on how to use them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import chromium_started, installed
from tests.browser.judge import AXE
from tests.browser.served import Served, served_from
from tests.browser.watch import Watch, watched
from tests.conftest import Databases

TIMEOUT_MS = 20_000
"""A page may wait for a service that shares two cores with a browser and with other tests."""

expect.set_options(timeout=TIMEOUT_MS)


class BrowserAs(Protocol):
    """Opens a page as somebody."""

    def __call__(
        self,
        role: str,
        *,
        width: int = 1440,
        height: int = 900,
        language: str = "zh",
        expects: Sequence[str] = (),
        **options: Any,
    ) -> Page:
        """A page in a browser of its own, whose addresses begin at the service.

        :param role: one of :data:`tests.browser.served.ROLES`, or ``anonymous``.
        :param expects: regular expressions of the faults that are meant to happen.
        :param options: more of a Playwright context: ``color_scheme``, ``java_script_enabled``, ``permissions``.
        """


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium. It ends with the package: while it runs, this thread has an event loop, which others mind."""
    if installed() is None:
        pytest.skip("chromium is not installed")
    with chromium_started() as browser:
        yield browser


@pytest.fixture(scope="session")
def axe() -> Path:
    """axe-core, which ``npm ci`` in this directory installs."""
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: npm ci in tests/browser")
    return AXE


@pytest.fixture(scope="package")
def served(databases: Databases) -> Iterator[Served]:
    """The service with its demo data."""
    database = databases.create()
    with (
        TemporaryDirectory(prefix="yinzheng-browser-") as directory,
        served_from(database, Path(directory)) as made,
    ):
        yield made
    databases.drop(database)


def opened_as(
    chromium: Browser, served: Served, role: str, language: str = "zh", expects: Sequence[str] = (), **options: Any
) -> tuple[Page, Watch]:
    """A page in a browser of its own, and what watches it; see :class:`BrowserAs`."""
    given = {"base_url": served.url, "reduced_motion": "reduce", **options}
    context = chromium.new_context(locale="zh-CN" if language == "zh" else "en-GB", **given)
    context.set_default_timeout(TIMEOUT_MS)
    context.add_cookies(served.cookies(role, language))
    watch = Watch(context, served.url, expects)
    return context.new_page(), watch


@pytest.fixture
def browser_as(chromium: Browser, served: Served) -> Iterator[BrowserAs]:
    """Opens pages as somebody, and tells at the end what went wrong on them."""
    opened: list[tuple[Page, Watch]] = []

    def open_page(
        role: str,
        *,
        width: int = 1440,
        height: int = 900,
        language: str = "zh",
        expects: Sequence[str] = (),
        **options: Any,
    ) -> Page:
        made = opened_as(
            chromium, served, role, language, expects, viewport={"width": width, "height": height}, **options
        )
        opened.append(made)
        return made[0]

    yield open_page
    for page, _ in opened:
        watched(page)
        page.context.close()
    faults = [fault for _, watch in opened for fault in watch.faults]
    assert not faults, "\n".join(faults)
