"""A visit to a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from playwright.sync_api import Page

from tests.browser.served import Served


@dataclass(frozen=True)
class Visit:
    """Somebody opens a page."""

    route: str
    """As the router has it."""
    role: str
    parameters: Callable[[Served], Mapping[str, str]] | None = None
    """Values for the route's parameters."""
    query: str = ""
    prepare: Callable[[Page], object] | None = None
    """Brings the open page to what is to be looked at: fills in a form and sends it, opens a dialog."""
    name: str = ""
    """What sets it apart from other visits to the page."""
    expects: tuple[str, ...] = ()
    """Regular expressions of faults that belong to it, such as an answer of 404."""

    def address(self, served: Served) -> str:
        """Where the page is."""
        path = self.route.format(**(self.parameters(served) if self.parameters else {}))
        return f"{path}?{self.query}" if self.query else path

    @property
    def title(self) -> str:
        """Its name, for reports and pictures."""
        return self.name or self.route.strip("/").translate(str.maketrans("/", "-", "{}")) or "home"
