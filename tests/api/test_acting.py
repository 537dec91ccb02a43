"""Acting for a body in the browser and over the API, from the issuer's word to the record of who looked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from api.app import create_app
from api.cli import app as cli
from api.security import ServicesDep
from api.sessions import ActingDep
from tests.api.conftest import Front
from tests.api.signing_in import Browser, identity, sign_in
from trust import HolderIndex
from wallet import ActingPerson, WalletAct

MENG, JI = "370214199412034682", "370202199308123356"


@pytest.fixture
def browser(front: Front) -> Iterator[TestClient]:
    """A browser, and a page that shows a licence of whoever is acted for."""
    app: FastAPI = create_app(front.house.services)

    @app.post("/test/show/{identifier}")
    def show(services: ServicesDep, acting: ActingDep, identifier: str) -> str:
        acting.require(WalletAct.PRESENT, licence_type="business_licence")
        made = services.presentations.present(acting.holder, identifier, purpose="开户", by=acting.by)
        services.agents.note(acting, WalletAct.PRESENT, identifier)
        return made.token

    with TestClient(app, base_url="http://127.0.0.1:8000") as made:
        yield made


def choose(browser: Browser, holder: str) -> Any:
    return browser.http.post("/acting", data={"holder": holder}, headers=browser.csrf, follow_redirects=False)


def appointed(front: Front, **changed: Any) -> Any:
    until = (front.house.services.clock.now() + timedelta(days=30)).isoformat()
    body = {
        "name": "纪海岳",
        "id_number": JI,
        "acts": ["view", "present"],
        "purpose": "办理年报",
        "until": until,
        **changed,
    }
    return front.http.post("/v1/wallet/agents", json=body, headers=front.holder)


def test_the_legal_representative_acts_once_the_issuer_has_said_who_it_is(front: Front, browser: TestClient) -> None:
    path, body = f"/v1/licences/{front.licence.identifier}/named-person", {"id_number": MENG}
    holder = front.licence.holder_index.value.hex()
    meng = sign_in(browser, front.house.services, "meng")
    assert choose(meng, holder).status_code == 403
    assert front.http.post(path, json=body, headers=front.issuer).status_code == 204
    shown = browser.get("/acting", headers={"Accept": "text/html"})
    assert front.licence.holder.name in shown.text
    assert choose(meng, holder).headers["location"] == "/acting"
    token = browser.post(f"/test/show/{front.licence.identifier}").json()
    assert front.check("presentation", token=token)["verdict"] == "TOTAL_PASSED"
    (look,) = front.http.get("/v1/wallet/looks", headers=front.holder).json()
    (act,) = front.http.get("/v1/wallet/acts", headers=front.holder).json()
    assert look["shown_by"] == act["by"]
    assert act["by"].startswith("representative:")
    assert (act["name"], act["act"], act["subject"]) == ("孟昭岚", "present", front.licence.identifier)
    assert choose(meng, "").status_code == 303
    assert browser.post(f"/test/show/{front.licence.identifier}").json()["code"] == "wallet.not_in_wallet"


def test_an_agent_who_is_dismissed_is_out_in_the_middle_of_a_session(front: Front, browser: TestClient) -> None:
    number = appointed(front).json()["number"]
    ji = sign_in(browser, front.house.services, "ji")
    assert choose(ji, front.licence.holder_index.value.hex()).status_code == 303
    path = f"/test/show/{front.licence.identifier}"
    assert browser.post(path).status_code == 200
    (listed,) = front.http.get("/v1/wallet/agents", headers=front.holder).json()
    assert (listed["in_office"], listed["id_number_masked"]) == (True, "3702**********3356")
    assert JI not in str(listed)
    dismissed = front.http.post(f"/v1/wallet/agents/{number}/dismiss", headers=front.holder)
    assert dismissed.json()["in_office"] is False
    assert browser.post(path).json()["code"] == "wallet.not_acting"
    again = front.http.post(f"/v1/wallet/agents/{number}/dismiss", headers=front.holder)
    assert (again.status_code, again.json()["code"]) == (404, "wallet.agent_unknown")


def test_the_operator_may_name_the_person_too(front: Front, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    services = front.house.services
    monkeypatch.setenv("YINZHENG_VAR", str(tmp_path))
    monkeypatch.setenv("YINZHENG_DATABASE_URL", services.database.url.render_as_string(hide_password=False))
    result = CliRunner().invoke(cli, ["licence", "name-person", front.licence.identifier], input=f"{MENG}\n")
    assert result.exit_code == 0, result.output
    assert MENG not in result.output
    index = HolderIndex.of(services.keys.vault, "citizen_id", MENG)
    assert len(services.agents.mandates(ActingPerson(index, "孟昭岚"))) == 1


def test_limits_hold_in_the_browser(front: Front, browser: TestClient) -> None:
    assert appointed(front, acts=["view"]).status_code == 201
    ji = sign_in(browser, front.house.services, "ji")
    choose(ji, front.licence.holder_index.value.hex())
    assert browser.post(f"/test/show/{front.licence.identifier}").json()["code"] == "wallet.beyond_appointment"


def test_one_chooses_only_for_whom_one_acts_and_goes_nowhere_else(front: Front, browser: TestClient) -> None:
    meng = sign_in(browser, front.house.services, "meng")
    assert choose(meng, "00" * 32).json()["code"] == "wallet.not_acting"
    assert choose(meng, "x").status_code == 422
    away = browser.post(
        "/acting", data={"holder": "", "next": "//attacker.example"}, headers=meng.csrf, follow_redirects=False
    )
    assert away.json()["code"] == "api.next_address"
    assert browser.post("/acting", data={"holder": ""}).json()["code"] == "api.csrf"


def test_the_providers_word_that_somebody_represents_a_body_counts(front: Front, browser: TestClient) -> None:
    known = identity("meng")
    code = front.licence.holder.code
    said = type(known)(**{**vars(known), "bodies": frozenset({code, "not a code"})})
    found = sign_in(browser, front.house.services, said)
    assert found.signed_in.bodies == {front.licence.holder_index}
    assert choose(found, front.licence.holder_index.value.hex()).status_code == 303


def test_what_is_wrong_is_told(front: Front) -> None:
    assert appointed(front, acts=["manage"]).status_code == 422
    assert appointed(front, id_number="1").status_code == 422
    assert appointed(front, until="2020-01-01T00:00:00Z").json()["code"] == "wallet.appointment_invalid"
    path = f"/v1/licences/{front.licence.identifier}/named-person"
    assert front.http.post(path, json={"id_number": "1"}, headers=front.issuer).status_code == 422
    other = front.house.issue("physician_practice_certificate")
    foreign = front.http.post(
        path.replace(front.licence.identifier, other.identifier), json={"id_number": MENG}, headers=front.issuer
    )
    assert foreign.status_code == 404
