"""The service that browsers of the tests open, furnished, and who signs in there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from api.builtin_provider import PEOPLE
from api.demo_data import fill
from api.languages import COOKIE
from api.officers import Role
from api.sessions import session_cookie
from store.database import Database
from store.embedded import EmbeddedPostgres
from tests.conftest import Databases
from tests.house import House, example
from tests.live import serving
from trust import HolderIndex, Licence, LicenceState
from trust.searching import LicenceSearch
from wallet import ActingPerson

ANONYMOUS: Final = "anonymous"
ROLES: Final = {
    "holder": "jingshu",
    "representative": "meng",
    "agent": "ji",
    "parent": "fu",
    **{role.value: role.value for role in Role},
}
"""What a test calls somebody, and the invented person who that is; beside them there is :data:`ANONYMOUS`.

``representative`` and ``agent`` act for the company from the moment that they sign in, ``parent`` for himself.
"""


LICENCES: Final = 12
"""How many licences the demo data have here, beside those of their stories."""


@dataclass
class Served:
    """The service with its demo data, and short ways to what it holds."""

    house: House
    url: str

    def licence(self, slug: str = "business_licence", state: LicenceState = LicenceState.VALID) -> Licence:
        """A licence of a type in a state; of valid ones that of the examples, whose holder signs in, where there is."""
        services = self.house.services
        if state is LicenceState.VALID:
            number = example(slug).get(services.catalogue.get(slug).number_field, "")
            found = services.register.live(slug, str(number))
            if found is not None:
                return found
        page = services.searching.search(LicenceSearch(licence_type=slug, state=state), limit=1)
        return page.licences[0]

    def cookies(self, role: str, language: str) -> list[dict[str, str]]:
        """The cookies of a browser in which somebody has signed in and chosen a language."""
        cookies = [{"name": COOKIE, "value": language, "url": self.url}]
        if role != ANONYMOUS:
            cookies.append({"name": session_cookie(self.house.services.settings), "value": self._token(role)})
            cookies[-1]["url"] = self.url
        return cookies

    def _token(self, role: str) -> str:
        services, key = self.house.services, ROLES[role]
        person = PEOPLE[key]
        token = services.sessions.begin(person.identity(services.builtin_provider.issuer))
        if role in {"representative", "agent"}:
            acting = ActingPerson(self._index(key), person.name)
            mandates = services.agents.mandates(acting)
            services.sessions.act_for(services.sessions.find(token), mandates[0].holder)
        return token

    def _index(self, key: str) -> HolderIndex:
        return HolderIndex.of(self.house.services.keys.vault, "citizen_id", PEOPLE[key].number)


@contextmanager
def served_alone(licences: int = LICENCES) -> Iterator[Served]:
    """The same with a database of its own, outside of tests."""
    with (
        TemporaryDirectory(prefix="yinzheng-postgres-") as directory,
        TemporaryDirectory(prefix="yinzheng-city-") as var,
        EmbeddedPostgres(Path(directory)) as server,
    ):
        databases = Databases(server)
        database = databases.create()
        with served_from(database, Path(var), licences=licences) as served:
            yield served
        databases.drop(database)
        databases.close()


@contextmanager
def served_from(database: Database, directory: Path, *, licences: int = LICENCES) -> Iterator[Served]:
    """A service with demo data and its background work, as long as the block lasts."""
    rates = dict.fromkeys(("check_rate", "sign_in_rate", "token_rate"), "100000/minute")
    prepared = partial(fill, licences=licences)
    with serving(database, directory, builtin_provider=True, with_worker=True, prepared=prepared, **rates) as live:
        yield Served(live.house, live.url)
