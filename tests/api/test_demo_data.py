"""Demo data: a city that the pages have something to show of, and that goes nowhere else."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.builtin_provider import PEOPLE
from api.clients import Scope
from api.commands.demo import demo
from api.commands.service import _listener
from api.demo_data import fill
from api.demo_data.city import COMPANY, HEALTH, MARKET
from api.errors import DemoDatabaseError, DemoNotAloneError, DemoRefusedError, SettingsError
from api.services import Services
from api.settings import Environment, Settings
from seal import SealState, UseSearch
from store.database import Database
from tests.conftest import Databases, settings_for
from tests.house import MARKET as TESTS_MARKET
from trust import HolderIndex, LicenceState
from trust.batch import BatchState
from trust.searching import LicenceSearch
from verify.feedback import FeedbackState
from wallet import ActingPerson, Capacity, RequestState


@pytest.fixture(scope="module")
def city(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    database = databases.create()
    settings = settings_for(database, tmp_path_factory.mktemp("city")).model_copy(update={"builtin_provider": True})
    assert fill(settings, licences=40)
    assert not fill(settings), "what is there is used"
    with Services(settings) as services:
        yield services
    databases.drop(database)


def person(city: Services, key: str) -> ActingPerson:
    index = HolderIndex.of(city.keys.vault, "citizen_id", PEOPLE[key].number)
    return ActingPerson(index, PEOPLE[key].name)


def test_there_are_licences_of_every_type_in_every_state(city: Services) -> None:
    found = city.searching.search(LicenceSearch(), limit=1000).licences
    assert {each.type.slug for each in found} == {each.slug for each in city.catalogue} - {"citizen_identity_card"}
    states = Counter(each.state_on(city.register.today()) for each in found)
    assert set(states) == set(LicenceState) - {LicenceState.NOT_YET_VALID}
    assert len({each.issue_date for each in found}) > 20
    for each in found:
        if each.state_on(city.register.today()) is LicenceState.VALID and each.pdf_digest is not None:
            assert city.checker.check_pdf(city.register.pdf(each)).passed
            break


def test_everybody_who_signs_in_has_something_to_do(city: Services) -> None:
    holder = person(city, "jingshu").index
    assert len(city.wallets.licences(holder)) >= 5
    assert len(city.looks.at(city.wallets.identifiers(holder))) > 8
    assert RequestState.OPEN in {each.state for each in city.consent_requests.of_holder(holder)}
    assert len(city.objections.of_holder(holder)) == 2
    assert {each.capacity for each in city.agents.mandates(person(city, "meng"))} == {Capacity.REPRESENTATIVE}
    assert {each.capacity for each in city.agents.mandates(person(city, "ji"))} == {Capacity.AGENT}
    assert {each.capacity for each in city.agents.mandates(person(city, "fu"))} == {Capacity.PARENT}
    for key, invented in PEOPLE.items():
        signed_in = city.sessions.find(city.sessions.begin(invented.identity("https://id.example")))
        officer = city.officers.of(signed_in)
        assert (officer.roles if officer else set()) == ({invented.role} if invented.role else set()), key


def test_the_officers_queues_are_not_empty(city: Services) -> None:
    own = [each for each in city.seals.all() if each.owner == MARKET]
    assert {each.state_at(city.clock.now()) for each in own} >= {
        SealState.ACTIVE,
        SealState.APPLIED,
        SealState.FROZEN,
        SealState.CANCELLED,
        SealState.EXPIRED,
        SealState.REJECTED,
    }
    waiting = city.seals.waiting()
    assert {each.move.value for each in waiting} == {"review", "thaw", "rotate"}
    assert {city.seals.get(each.seal_number).owner.code for each in waiting} == {MARKET.code, COMPANY.code, HEALTH.code}
    days = city.seal_uses.days(UseSearch())
    assert len(days) > 20
    assert sum(each.refused for each in days) == 1
    states = [each.state for each in city.batches.latest()]
    assert set(states) >= {BatchState.READY, BatchState.PAUSED, BatchState.DONE, BatchState.REFUSED}
    assert {each.state for each in city.feedback.received(MARKET.code)} == set(FeedbackState)


def test_it_never_goes_into_production_nor_where_nobody_invented_signs_in(database: Database, tmp_path: Path) -> None:
    plain = settings_for(database, tmp_path)
    production = plain.model_copy(update={"environment": Environment.PRODUCTION, "builtin_provider": True})
    for settings in (plain, production):
        with pytest.raises(DemoRefusedError):
            fill(settings)
    with Services(plain) as services:
        assert services.organisations.all() == []


def test_the_other_demo_is_refused_in_production_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kek = tmp_path / "kek"
    kek.write_text("0" * 64)
    for name, value in {
        "ENVIRONMENT": "production",
        "DATABASE_URL": "postgresql://x/y",
        "REDIS_URL": "redis://x",
        "KEK_FILE": str(kek),
        "BASE_URL": "https://licences.example",
        "VAR": str(tmp_path),
    }.items():
        monkeypatch.setenv(f"YINZHENG_{name}", value)
    with pytest.raises(DemoRefusedError):
        demo()


def test_production_does_not_start_on_a_database_that_a_demo_filled(database: Database, tmp_path: Path) -> None:
    settings = settings_for(database, tmp_path)
    production = settings.model_copy(update={"environment": Environment.PRODUCTION})
    with Services(production) as services:
        assert services.clients.all() == []
        services.organisations.enrol(TESTS_MARKET)
        body = TESTS_MARKET.code
        services.clients.enrol("demo-checker", name="核验系统", scopes=[Scope.CHECK], organisation_code=body)
    with Services(production) as services, pytest.raises(DemoDatabaseError):
        _ = services.database


def test_it_goes_beside_nobody_elses_bodies(database: Database, tmp_path: Path) -> None:
    settings = settings_for(database, tmp_path).model_copy(update={"builtin_provider": True})
    with Services(settings) as services:
        services.organisations.enrol(TESTS_MARKET)
    with pytest.raises(DemoNotAloneError):
        fill(settings, licences=12)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"port": 8080}, "http://127.0.0.1:8080"),
        ({"host": "localhost", "port": 9000}, "http://localhost:9000"),
        ({"host": "::1"}, "http://[::1]:8000"),
        ({"host": "0.0.0.0"}, "http://127.0.0.1:8000"),
        ({"port": 8080, "base_url": "https://licences.example"}, "https://licences.example"),
    ],
)
def test_the_address_follows_where_the_service_listens(given: dict[str, object], expected: str) -> None:
    assert Settings.load(**given).base_url == expected


def test_the_environment_says_where_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YINZHENG_PORT", "8081")
    assert Settings.load().base_url == "http://127.0.0.1:8081"
    assert Settings.load(port=8082).base_url == "http://127.0.0.1:8082"
    monkeypatch.setenv("YINZHENG_BASE_URL", "https://licences.example")
    assert Settings.load().base_url == "https://licences.example"


def test_an_address_that_is_taken_shows_before_anything_is_done() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = Settings.load(port=taken.getsockname()[1])
        with pytest.raises(SettingsError, match="cannot be listened on"):
            _listener(settings)
