"""A furnished service with its background work, and a terminal beside it, for the commands of the documentation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from api.clients import Scope
from store.database import Database
from tests.docs.shell import Shell, shell
from tests.live import Live, serving
from trust import Licence


@dataclass(kw_only=True)
class City(Shell):
    """A terminal beside a service."""

    live: Live
    licence: Licence
    empty: Database
    """Another database, without a table."""

    def client(self, name: str, scope: Scope, **more: Any) -> tuple[str, str]:
        """A client's secret and a token for it."""
        clients = self.live.house.services.clients
        new = clients.enrol(name, name=name, scopes=[scope], **more)
        assert new is not None
        return new.secret, clients.token(new.client)

    def tell(self, stories: Iterable[Callable[[City], None]], test: str, subtests: pytest.Subtests) -> None:
        """Have stories take their blocks from the pages, all that say that a file of tests runs them."""
        for story in stories:
            with subtests.test(story.__name__):
                story(self)
        self.has_run_all_of(test)


@contextmanager
def furnished_city(database: Database, empty: Database) -> Iterator[City]:
    """A city, for the length of the block."""
    with (
        TemporaryDirectory(prefix="yinzheng-city-") as directory,
        serving(database, Path(directory), with_worker=True, pki_rate="100000/minute") as live,
    ):
        house = live.house
        house.publish_items()
        licence = house.issue()
        known = {"BASE": live.url, "YINZHENG_BASE_URL": live.url, "IDENTIFIER": str(licence.identifier)}
        with shell(database, Path(directory), **known) as terminal:
            terminal.keep("licence.pdf", house.pdf(licence))
            yield City(terminal.directory, terminal.environment, live=live, licence=licence, empty=empty)
