"""Signing in at an identity provider that others wrote, found by discovery: node's ``oidc-provider``, certified by the
OpenID Foundation.
"""

from __future__ import annotations

import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import parse_qsl, urlsplit

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.services import Services
from store.clock import SystemClock
from store.database import Database
from tests.conftest import settings_for
from tests.log_watch import output
from tests.store.redis_server import free_port

HERE = Path(__file__).parent
BASE = "http://127.0.0.1:8000"
ACR = "urn:city:real-name-face"
NUMBER = "370214199412034682"

pytestmark = [
    pytest.mark.needs("node"),
    pytest.mark.skipif(not (HERE / "node_modules").is_dir(), reason="npm ci was not run in tests/identity"),
]


@contextmanager
def providing(secret: str, *, acr: str = ACR) -> Iterator[str]:
    """The provider's issuer, as long as the block lasts."""
    port = free_port()
    person = ("s-17", "孟昭岚", NUMBER)
    words = [str(port), f"{BASE}/sign-in/callback", "city-licences", secret, acr, *person]
    with output("provider") as said:
        process = subprocess.Popen(
            ["node", "provider.mjs", *words], cwd=HERE, stdout=subprocess.PIPE, stderr=said, text=True
        )
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()
            process.stdout.close()


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def visit(address: str) -> str:
    """Go where the provider sends a browser, from page to page: the address of ours that it comes back to."""
    browser = urllib.request.build_opener(_Stay, urllib.request.HTTPCookieProcessor(CookieJar()))
    for _ in range(10):
        if address.startswith(f"{BASE}/"):
            return address
        with pytest.raises(HTTPError) as caught:
            browser.open(address, timeout=30)
        caught.value.close()
        assert caught.value.code in {302, 303}, caught.value
        address = urllib.request.urljoin(address, caught.value.headers["Location"])
    raise AssertionError("no end")


def test_a_person_signs_in_at_a_provider_by_others(database: Database, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("a secret: 100 %\n")
    with providing("a secret: 100 %") as issuer:
        settings = settings_for(database, tmp_path).model_copy(
            update={
                "oidc_issuer": issuer,
                "oidc_client_id": "city-licences",
                "oidc_client_secret_file": tmp_path / "secret",
                "oidc_acr": (ACR,),
            }
        )
        with Services(settings, SystemClock()) as services:
            http = TestClient(create_app(services), base_url=BASE, client=("127.0.0.1", 50000))
            leaving = http.get("/sign-in", params={"next": "/sign-out"}, follow_redirects=False)
            back = urlsplit(visit(leaving.headers["location"]))
            brought = dict(parse_qsl(back.query))
            assert brought["iss"] == issuer
            answer = http.get(back.path, params=brought, follow_redirects=False)
            assert (answer.status_code, answer.headers["location"]) == (303, "/sign-out")
            found = services.sessions.find(http.cookies["session"])
            assert found is not None
            assert (found.name, found.number_masked, found.assurance) == ("孟昭岚", "3702**********4682", ACR)
            again = http.get(back.path, params=brought, follow_redirects=False)
            assert again.status_code == 401
