"""Officers: registered, known when they sign in, and out at once when they are dismissed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import pytest
import sqlalchemy as sa
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from api.app import create_app
from api.cli import app as cli
from api.errors import RequestInvalidError
from api.officers import Officer, Officers, Role
from api.sessions import MaybeOfficerDep, PersonDep, officer_with
from api.sign_in_errors import OfficerExistsError, OfficerInvalidError, OfficerUnknownError
from seal.errors import OrganisationUnknownError
from store.database import Database
from store.errors import YinzhengError
from tests.api.signing_in import ISSUER, identity, sign_in, somebody
from tests.house import HEALTH, MARKET, House
from trust.errors import CitizenIdInvalidError

NUMBER = "370202198604121027"
NAME = "卢青禾"


@pytest.fixture
def officers(house: House) -> Officers:
    house.services.organisations.enrol(MARKET)
    house.services.organisations.enrol(HEALTH)
    return house.services.officers


@pytest.fixture
def http(house: House) -> Iterator[TestClient]:
    """The service with pages that ask who is there."""
    app: FastAPI = create_app(house.services)

    @app.get("/test/issuing")
    def issuing(found: Annotated[Officer, Depends(officer_with(Role.ISSUER, Role.ADMINISTRATOR))]) -> str:
        return found.actor

    @app.get("/test/person")
    def own(found: PersonDep) -> str:
        return found.actor

    @app.get("/test/anybody")
    def anybody(found: MaybeOfficerDep) -> str:
        return found.reference if found is not None else "-"

    with TestClient(app, base_url="http://127.0.0.1:8000") as made:
        yield made


def test_an_officer_is_let_in_by_role_and_out_at_once(house: House, officers: Officers, http: TestClient) -> None:
    assert http.get("/test/issuing").status_code == 401
    assert http.get("/test/anybody").json() == "-"
    sign_in(http, house.services, identity("issuer"))
    assert http.get("/test/issuing").json()["code"] == "api.not_an_officer"
    made = officers.add(MARKET.code, NAME, [Role.ISSUER, Role.AUDITOR], citizen_id=NUMBER, actor="tests")
    assert http.get("/test/issuing").json() == made.actor == f"officer:{made.reference}"
    officers.change_roles(made.reference, [Role.AUDITOR], actor="tests")
    assert http.get("/test/issuing").status_code == 403
    officers.change_roles(made.reference, [Role.ADMINISTRATOR], actor="tests")
    assert http.get("/test/issuing").status_code == 200
    officers.dismiss(made.reference, reason="调离", actor="tests")
    assert http.get("/test/issuing").status_code == 403
    assert http.get("/test/anybody").json() == "-"
    with house.services.database.transaction() as session:
        acts = session.execute(sa.text("SELECT act, actor FROM officer_event ORDER BY id")).all()
    assert [tuple(each) for each in acts] == [(act, "tests") for act in ("add", "roles", "roles", "dismiss")]


def test_an_officer_may_be_known_by_the_providers_name_for_him(
    house: House, officers: Officers, http: TestClient
) -> None:
    made = officers.add(HEALTH.code, "宋知远", [Role.ISSUER], subject=(ISSUER, "s-7"), actor="tests")
    sign_in(http, house.services, somebody("宋知远", None, "s-7"))
    assert http.get("/test/issuing").json() == made.actor
    assert http.get("/test/person").json()["code"] == "api.identity_number_missing"
    sign_in(http, house.services, somebody("宋知远", None, "s-8"))
    assert http.get("/test/issuing").status_code == 403


def test_what_the_provider_grants_can_only_narrow_roles(house: House, officers: Officers, http: TestClient) -> None:
    officers.add(MARKET.code, NAME, [Role.AUDITOR], citizen_id=NUMBER, actor="tests")
    for granted, status in (({"issuer", "auditor"}, 403), (set(), 403)):
        found = somebody(NAME, NUMBER)
        sign_in(http, house.services, type(found)(**{**vars(found), "roles": frozenset(granted)}))
        assert http.get("/test/issuing").status_code == status
    (made,) = officers.all()
    officers.change_roles(made.reference, [Role.ISSUER], actor="tests")
    assert http.get("/test/issuing").status_code == 403, "the provider grants nothing"
    sign_in(http, house.services, somebody(NAME, NUMBER))
    assert http.get("/test/issuing").status_code == 200, "the provider is not asked"


def test_a_person_serves_one_body_at_a_time(officers: Officers) -> None:
    first = officers.add(MARKET.code, NAME, [Role.ISSUER], citizen_id=NUMBER, actor="tests")
    with pytest.raises(OfficerExistsError) as caught:
        officers.add(HEALTH.code, NAME, [Role.ISSUER], citizen_id=NUMBER, actor="tests")
    assert first.reference in caught.value.message_zh
    officers.dismiss(first.reference, reason="调离", actor="tests")
    again = officers.add(HEALTH.code, NAME, [Role.ISSUER], citizen_id=NUMBER, actor="tests")
    assert [each.reference for each in officers.all()] == [again.reference]
    assert officers.all(MARKET.code) == []
    assert [each.reference for each in officers.all(MARKET.code, dismissed=True)] == [first.reference]
    for act in (
        lambda: officers.dismiss(first.reference, reason="", actor="tests"),
        lambda: officers.change_roles("O0", [Role.ISSUER], actor="tests"),
    ):
        with pytest.raises(OfficerUnknownError):
            act()


def test_what_is_not_right_registers_nobody(officers: Officers) -> None:
    with pytest.raises(OfficerInvalidError):
        officers.add(MARKET.code, NAME, [], citizen_id=NUMBER, actor="tests")
    with pytest.raises(OfficerInvalidError):
        officers.add(MARKET.code, " ", [Role.ISSUER], citizen_id=NUMBER, actor="tests")
    with pytest.raises(OfficerInvalidError):
        officers.add(MARKET.code, NAME, [Role.ISSUER], actor="tests")
    with pytest.raises(OfficerInvalidError):
        officers.add(MARKET.code, NAME, [Role.ISSUER], citizen_id=NUMBER, subject=("i", "s"), actor="tests")
    with pytest.raises(CitizenIdInvalidError):
        officers.add(MARKET.code, NAME, [Role.ISSUER], citizen_id=NUMBER[:-1] + "0", actor="tests")
    with pytest.raises(OrganisationUnknownError):
        officers.add("91370202MA3QYH7K6G", NAME, [Role.ISSUER], citizen_id=NUMBER, actor="tests")
    assert officers.all(dismissed=True) == []


def test_officers_are_managed_at_the_terminal(
    officers: Officers, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YINZHENG_VAR", str(tmp_path))
    monkeypatch.setenv("YINZHENG_DATABASE_URL", database.url.render_as_string(hide_password=False))

    def run(*words: str, said: str | None = None) -> str:
        result = CliRunner().invoke(cli, ["officer", *words], input=said)
        if isinstance(result.exception, YinzhengError):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.output

    add = ("add", "--body", MARKET.code, "--name", NAME, "--role", "issuer", "--role", "auditor")
    shown = run(*add, "--id-number", "-", said=f"{NUMBER}\n")
    assert NUMBER not in shown
    (made,) = officers.all()
    assert made.roles == {Role.ISSUER, Role.AUDITOR}
    assert made.reference in shown
    run("roles", made.reference, "--role", "approver")
    listed = json.loads(run("list", "--json"))
    assert [(each["reference"], each["roles"]) for each in listed] == [(made.reference, ["approver"])]
    assert "核验经办" in run("list")
    run("dismiss", made.reference, "--reason", "调离")
    assert json.loads(run("list", "--json")) == []
    assert json.loads(run("list", "--dismissed", "--json"))[0]["dismissed_at"] is not None
    with pytest.raises(RequestInvalidError):
        run(*add, "--subject", "u-1")
    monkeypatch.setenv("YINZHENG_OIDC_ISSUER", ISSUER)
    monkeypatch.setenv("YINZHENG_OIDC_CLIENT_ID", "licences")
    monkeypatch.setenv("YINZHENG_OIDC_ACR", "high")
    run(*add, "--subject", "u-1")
    assert len(officers.all()) == 1


def test_names_rest_encrypted(house: House, officers: Officers) -> None:
    officers.add(MARKET.code, NAME, [Role.ISSUER], citizen_id=NUMBER, actor="tests")
    with house.services.database.transaction() as session:
        rows = repr(session.execute(sa.text("SELECT * FROM officer")).all())
    assert NAME not in rows
    assert NUMBER not in rows
    assert officers.all()[0].name == NAME
    assert NAME not in repr(officers.all())
