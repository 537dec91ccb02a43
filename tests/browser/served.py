"""The service that browsers of the tests open, furnished, and who signs in there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from api.builtin_provider import OFFICERS, PEOPLE
from api.languages import COOKIE
from api.officers import Role
from api.sessions import session_cookie
from store.database import Database
from tests.house import HEALTH, ISSUERS, House
from tests.live import serving
from trust import HolderIndex, Licence
from wallet import ActingPerson, Appointment
from wallet.agents import APPOINTABLE
from wallet.consent_requests import Asked

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


@dataclass
class Served:
    """The service, and short ways to what it holds."""

    house: House
    url: str

    def licence(self, slug: str = "business_licence") -> Licence:
        """A valid licence of a type."""
        return next(each for each in self._licences if each.type.slug == slug)

    def __post_init__(self) -> None:
        self._licences: list[Licence] = []

    def furnish(self) -> None:
        """Licences of all types in their holders' wallets, an officer of each role, an agent, a request for consent."""
        services = self.house.services
        self._licences = [self.house.issue(slug) for slug in ISSUERS]
        self.house.publish_items()
        for each in OFFICERS:
            assert each.body is not None
            assert each.role is not None
            services.officers.add(each.body, each.name, [each.role], citizen_id=each.number, actor="tests")
        for key in ("jingshu", "meng", "ji", "fu"):
            services.wallets.open(self._index(key))
        company = self.licence()
        services.wallets.open(company.holder_index)
        services.agents.confirm(company, PEOPLE["meng"].number, actor="tests")
        ji = PEOPLE["ji"]
        until = services.clock.now() + timedelta(days=90)
        services.agents.appoint(
            company.holder_index, Appointment(ji.name, ji.number, APPOINTABLE, until, "办理年报"), actor="tests"
        )
        asked = Asked(
            client_id="tests",
            body_code=HEALTH.code,
            service_item="370200-0723-004",
            case_number="2026-11-0001",
            purpose="医疗机构执业监督检查",
            wanted={"physician_practice_certificate": frozenset({"practice_scope"})},
        )
        services.consent_requests.ask(self._index("jingshu"), asked, answer_within=timedelta(days=7))

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
def served_from(database: Database, directory: Path) -> Iterator[Served]:
    """A furnished service with its background work, as long as the block lasts."""
    rates = dict.fromkeys(("check_rate", "sign_in_rate", "token_rate"), "100000/minute")
    with serving(database, directory, builtin_provider=True, with_worker=True, **rates) as live:
        made = Served(live.house, live.url)
        made.furnish()
        yield made
