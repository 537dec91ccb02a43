"""The city whose terminal runs the commands of the documentation."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from store.database import Database
from tests.docs.city import City, furnished_city


@pytest.fixture
def city(database: Database, empty: Database) -> Iterator[City]:
    with furnished_city(database, empty) as made:
        yield made
