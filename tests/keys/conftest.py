"""Fixtures for tests of keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from keys_house import START, House
from softhsm import SoftHsm

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


@pytest.fixture(scope="session")
def softhsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoftHsm]:
    """SoftHSM, which reads where its tokens are from the environment when the module starts."""
    hsm = SoftHsm.set_up(tmp_path_factory.mktemp("softhsm"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(hsm.config))
        yield hsm


@pytest.fixture
def hsm(softhsm: SoftHsm) -> Iterator[SoftHsm]:
    """SoftHSM with its tokens in place before and after."""
    yield softhsm
    softhsm.put_back()
