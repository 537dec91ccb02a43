"""Fixtures for tests of keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from keys_house import START, House

from store.clock import FixedClock
from store.database import Database

if TYPE_CHECKING:
    from tests.conftest import Databases


@pytest.fixture
def house(database: Database, clock: FixedClock) -> House:
    """A house in which nothing has been made yet."""
    return House.open(database, clock)


@pytest.fixture(scope="module")
def standing_house(databases: Databases) -> Iterator[House]:
    """A house with its authorities, shared by the tests of a module, which leave its clock as they found it."""
    database = databases.create()
    house = House.open(database, FixedClock(START))
    house.authority.ensure()
    house.timestamps.ensure()
    yield house
    databases.drop(database)
