"""The provider of invented people: an OpenID provider like another, and not to be had by accident."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Client

from api.app import create_app
from api.builtin_provider import OFFICERS, PEOPLE
from api.errors import SettingsError
from api.services import Services
from api.settings import Settings
from store.clock import FixedClock
from store.database import Database
from tests.conftest import ROOT, settings_for
from tests.live import serving
from trust.codes import CitizenId

PAGE = {"Accept": "text/html"}
PRODUCTION = {
    "YINZHENG_ENVIRONMENT": "production",
    "YINZHENG_DATABASE_URL": "postgresql://x/y",
    "YINZHENG_REDIS_URL": "redis://x",
    "YINZHENG_KEK_FILE": "/x",
    "YINZHENG_BASE_URL": "https://licences.example",
}


@pytest.fixture
def services(database: Database, clock: FixedClock, tmp_path: Path) -> Iterator[Services]:
    settings = settings_for(database, tmp_path).model_copy(update={"builtin_provider": True})
    with Services(settings, clock) as made:
        yield made


@pytest.fixture
def browser(services: Services) -> Iterator[TestClient]:
    with TestClient(create_app(services), base_url="http://127.0.0.1:8000", client=("127.0.0.1", 50000)) as made:
        yield made


def test_one_signs_in_as_an_invented_person_over_http(database: Database, tmp_path: Path) -> None:
    """The whole way: discovery, authorize, token, keys, by our own side of it."""
    with serving(database, tmp_path, builtin_provider=True) as live, Client(base_url=live.url) as browser:
        chooser = browser.get("/sign-in", params={"next": "/sign-out"}, headers=PAGE, follow_redirects=True)
        assert "傅𬭎" in chooser.text
        action = re.search(r'action="([^"]+)"', chooser.text)
        assert action is not None
        address = unescape(action[1])
        answer = browser.post(address, data={"person": "fu"}, headers=PAGE, follow_redirects=True)
        assert answer.url.path == "/sign-out"
        assert "傅𬭎" in answer.text
        assert "3702**********113X" in answer.text
        again = browser.post(address, data={"person": "fu"}, headers={"Accept": "*/*"}, follow_redirects=True)
        assert again.json()["code"] == "api.sign_in_failed", "the state was used"


def test_a_link_signs_in_once(services: Services, browser: TestClient, clock: FixedClock) -> None:
    link = services.sign_in_links.make(PEOPLE["meng"])
    assert link.startswith("http://127.0.0.1:8000/sign-in/link/")
    browser.cookies.set("session", "A" * 43, domain="127.0.0.1")
    assert "孟昭岚" in browser.get(link, headers=PAGE, follow_redirects=True).text
    assert browser.cookies["session"] != "A" * 43
    assert browser.get(link).json()["code"] == "api.sign_in_link"
    late = services.sign_in_links.make(PEOPLE["meng"])
    clock.advance(timedelta(minutes=15))
    assert browser.get(late).json()["code"] == "api.sign_in_link"
    assert browser.get("/sign-in/link/" + "x" * 43).status_code == 401
    assert browser.get("/sign-in/link/" + "x" * 4300).status_code == 401


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"client": ("203.0.113.9", 1)},
        {"headers": {"Host": "licences.example"}},
        {"headers": {"X-Forwarded-For": "203.0.113.9"}},
        {"headers": {"Forwarded": "for=203.0.113.9"}},
    ],
)
def test_it_answers_this_machine_only(services: Services, elsewhere: dict[str, Any]) -> None:
    caller = {"client": ("127.0.0.1", 50000), "base_url": "http://127.0.0.1:8000", **elsewhere}
    http = TestClient(create_app(services), **caller)
    link = services.sign_in_links.make(PEOPLE["meng"])
    for path in ("/builtin-provider/.well-known/openid-configuration", link.removeprefix("http://127.0.0.1:8000")):
        assert http.get(path).status_code == 404


def test_it_asks_for_what_an_attacker_would_leave_out(browser: TestClient) -> None:
    asked = {
        "client_id": "yinzheng",
        "redirect_uri": "http://127.0.0.1:8000/sign-in/callback",
        "response_type": "code",
        "state": "s",
        "nonce": "n",
        "code_challenge": "c",
        "code_challenge_method": "S256",
    }
    assert browser.get("/builtin-provider/authorize", params=asked).status_code == 200
    for name, value in (
        ("client_id", "another"),
        ("redirect_uri", "https://attacker.example/"),
        ("response_type", "token"),
        ("code_challenge_method", "plain"),
    ):
        answer = browser.get("/builtin-provider/authorize", params={**asked, name: value}, follow_redirects=False)
        assert answer.status_code == 401
    done = browser.post("/builtin-provider/authorize", params=asked, data={"person": "fu"}, follow_redirects=False)
    code = re.search(r"code=([^&]+)", done.headers["location"])
    assert code is not None
    form = {
        "grant_type": "authorization_code",
        "code": code[1],
        "code_verifier": "wrong",
        "redirect_uri": asked["redirect_uri"],
    }
    for _ in range(2):
        assert browser.post("/builtin-provider/token", data=form).json() == {"error": "invalid_grant"}


@pytest.mark.parametrize(
    "environment",
    [
        PRODUCTION,
        {"YINZHENG_BASE_URL": "https://licences.example"},
        {"YINZHENG_BASE_URL": "http://192.0.2.1:8000"},
        {"YINZHENG_HOST": "0.0.0.0"},
        {"YINZHENG_OIDC_ISSUER": "https://id.example", "YINZHENG_OIDC_CLIENT_ID": "c", "YINZHENG_OIDC_ACR": "a"},
    ],
)
def test_the_start_is_refused_elsewhere(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("YINZHENG_BUILTIN_PROVIDER", "true")
    with pytest.raises(SettingsError) as caught:
        Settings.load()
    assert "YINZHENG_BUILTIN_PROVIDER" in str(caught.value)


@pytest.mark.parametrize(
    ("environment", "problem"),
    [
        ({"YINZHENG_OIDC_CLIENT_ID": ""}, "YINZHENG_OIDC_CLIENT_ID"),
        ({"YINZHENG_OIDC_ACR": " "}, "YINZHENG_OIDC_ACR"),
        ({"YINZHENG_OIDC_ISSUER": "http://id.example"}, "https"),
        ({"YINZHENG_OIDC_ISSUER": "http://127.0.0.1:9000", **PRODUCTION}, "https"),
        ({"YINZHENG_OIDC_ALGORITHM": "HS256"}, "YINZHENG_OIDC_ALGORITHM"),
        ({"YINZHENG_OIDC_ALGORITHM": "none"}, "YINZHENG_OIDC_ALGORITHM"),
        ({"YINZHENG_OIDC_LEEWAY_SECONDS": "121"}, "YINZHENG_OIDC_LEEWAY_SECONDS"),
        ({"YINZHENG_OIDC_SCOPE": "profile"}, "openid"),
        ({"YINZHENG_SESSION_HOURS": "25"}, "YINZHENG_SESSION_HOURS"),
    ],
)
def test_settings_that_let_people_in_wrongly_are_refused(
    environment: dict[str, str], problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = {
        "YINZHENG_OIDC_ISSUER": "https://id.example/realms/city",
        "YINZHENG_OIDC_CLIENT_ID": "licences",
        "YINZHENG_OIDC_ACR": "high higher",
    }
    for name, value in good.items():
        monkeypatch.setenv(name, value)
    assert Settings.load().oidc_acr == ("high", "higher")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        Settings.load()
    assert problem in str(caught.value)


def test_without_the_setting_nothing_of_it_is_there(database: Database, clock: FixedClock, tmp_path: Path) -> None:
    with Services(settings_for(database, tmp_path), clock) as services:
        http = TestClient(create_app(services), base_url="http://127.0.0.1:8000", client=("127.0.0.1", 50000))
        for path in ("/builtin-provider/authorize", "/builtin-provider/jwks.json", "/sign-in/link/x"):
            assert http.get(path).status_code == 404
        with pytest.raises(SettingsError):
            _ = services.sign_in_links


def test_the_invented_people_are_those_of_the_examples(clock: FixedClock) -> None:
    said = "\n".join(path.read_text("utf-8") for path in (ROOT / "examples").glob("*.json"))
    for person in PEOPLE.values():
        assert CitizenId.parse(person.number, today=clock.now().date()).number == person.number
        if person not in OFFICERS:
            assert json.dumps(person.name, ensure_ascii=False) in said
            assert person.number in said
    assert len({person.role for person in OFFICERS}) == 6
