"""The client for departments' systems against the service on a port: both kinds, with a secret and with a key."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from api.clients import Scope
from keys import PublicKeySet
from tests.api.client_keys import DepartmentKey, jwks
from tests.conftest import Databases
from tests.house import HEALTH
from tests.live import Live, serving
from trust import Licence
from yinzheng.client import AsyncYinzheng, Case, Credentials, HolderCode, ServiceError, Yinzheng

CASE = Case("370200-0131-001", "2026-11-0001")
PASSED = "TOTAL_PASSED"


@dataclass
class City:
    """A running service, a licence, and ways to be known."""

    live: Live
    licence: Licence
    secret: Credentials
    key: Credentials

    @property
    def pair(self) -> tuple[str, str]:
        return self.licence.identifier, self.licence.holder.code

    def shown(self) -> str:
        presentations = self.live.house.services.presentations
        return presentations.present(self.licence.holder_index, self.licence.identifier, purpose="办理许可").token


@pytest.fixture(scope="module")
def city(databases: Databases) -> Iterator[City]:
    database = databases.create()
    with TemporaryDirectory(prefix="yinzheng-client-") as directory, serving(database, Path(directory)) as live:
        house, own = live.house, DepartmentKey.make()
        house.publish_items()
        made = {}
        for name, with_secret in (("by-secret", True), ("by-key", False)):
            new = house.services.clients.enrol(
                name, name="核验", scopes=[Scope.CHECK], organisation_code=HEALTH.code, with_secret=with_secret
            )
            assert new is not None
            made[name] = new.secret
        house.services.client_proofs.set_keys("by-key", PublicKeySet.parse(jwks(own)))
        secret = Credentials("by-secret", secret=made["by-secret"])
        yield City(live, house.issue(), secret, Credentials("by-key", key_pem=own.pem, key_id=own.kid))
    databases.drop(database)


def test_a_system_checks_in_every_way(city: City) -> None:
    with Yinzheng(city.live.url, city.secret) as service:
        assert service.check_pdf(CASE, city.live.house.pdf(city.licence)).passed
        questions = [{"ask": "valid_on", "date": "1999-01-01"}]
        found = service.check_identifier(CASE, *city.pair, questions=questions)
        assert (found.verdict, found.answers) == (PASSED, (False,))
        assert service.check_presentation(CASE, city.shown()).passed
        application = {
            "applicant_code": city.licence.holder.code,
            "applicant_name": city.licence.holder.name,
            "applied_on": str(city.licence.valid_from),
        }
        materials = service.check_materials(CASE, application, consents=[city.shown()])
        assert materials.materials == {"subject": "satisfied", "former": "missing"}
        assert [each["verdict"] for each in service.check_many(CASE, [city.pair] * 3)["results"]] == [PASSED] * 3
        assert service.verify_receipt(found.receipt)["receipt_id"] == found.receipt_id


def test_a_system_queries_obtains_watches_and_says_what_is_wrong(city: City) -> None:
    holder = HolderCode("uscc", city.licence.holder.code)
    with Yinzheng(city.live.url, city.secret) as service:
        assert service.check_identifier(CASE, *city.pair).passed
        [found] = service.query(CASE, holder, consents=[city.shown()], licence_type="business_licence")
        assert found["identifier"] == city.licence.identifier
        obtained = service.obtain(CASE, *city.pair, fields=["address"], consent=city.shown())
        assert (obtained.passed, obtained.fields, obtained.pdf) == (True, {}, None)  # nobody permitted the client
        service.watch(city.licence.identifier, date.today() + timedelta(days=30))  # noqa: DTZ011
        service.unwatch(city.licence.identifier)
        said = service.say_wrong(city.licence.identifier, "住所与现场不符", field="address")
        assert said["id"] in [each["id"] for each in service.feedback()]
    assert city.licence.holder.code not in repr(holder)


def test_a_system_with_a_key_of_its_own_streams(city: City) -> None:
    with Yinzheng(city.live.url, city.key) as service:
        *answers, end = service.check_stream(CASE, (city.pair for _ in range(500)))
        assert [each["verdict"] for each in answers] == [PASSED] * 500
        assert service.verify_receipt(end["receipt"])["evidence"] == "batch"


def test_an_error_has_its_code(city: City) -> None:
    with Yinzheng(city.live.url, city.secret) as service, pytest.raises(ServiceError) as caught:
        service.check_identifier(Case("370200-9999-999", "1"), *city.pair)
    assert (caught.value.status, caught.value.code) == (403, "verify.service_item_refused")
    with Yinzheng(city.live.url, Credentials("by-secret", secret="x")) as wrong, pytest.raises(ServiceError) as caught:
        wrong.check_identifier(CASE, *city.pair)
    assert caught.value.code == "api.client_unknown"
    with pytest.raises(ValueError, match="secret"):
        Credentials("x").form("y")
    assert "x" not in repr(Credentials("id", secret="xxx")).replace("key_id", "")


def test_the_same_in_asyncio(city: City) -> None:
    async def pairs() -> AsyncIterator[tuple[str, str]]:
        for _ in range(3):
            yield city.pair

    async def run() -> None:
        async with AsyncYinzheng(city.live.url, city.key) as service:
            assert (await service.check_pdf(CASE, city.live.house.pdf(city.licence))).passed
            found = await service.check_identifier(CASE, *city.pair)
            assert found.passed
            assert (await service.check_presentation(CASE, city.shown())).passed
            assert (await service.check_materials(CASE, {}, consents=[city.shown()])).verdict == "INDETERMINATE"
            assert len((await service.check_many(CASE, [city.pair]))["results"]) == 1
            lines = [each async for each in service.check_stream(CASE, pairs())]
            assert len(lines) == 4
            assert (await service.verify_receipt(found.receipt))["verdict"] == PASSED
            holder = HolderCode("uscc", city.licence.holder.code)
            assert len(await service.query(CASE, holder, consents=[city.shown()])) == 1
            assert (await service.obtain(CASE, *city.pair, fields=[], consent=city.shown())).pdf is None
            await service.watch(city.licence.identifier, date.today() + timedelta(days=30))  # noqa: DTZ011
            await service.unwatch(city.licence.identifier)
            await service.say_wrong(city.licence.identifier, "住所与现场不符")
            assert await service.feedback()
            with pytest.raises(ServiceError):
                await service.check_identifier(Case("x", "1"), *city.pair)

    asyncio.run(run())
