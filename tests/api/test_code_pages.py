"""Pages that show a licence by a code, and the wallet as an app."""

from __future__ import annotations

import io
import re
from base64 import b64decode
from datetime import timedelta
from typing import Any

import zxingcpp
from PIL import Image

from api.sessions import session_cookie
from tests.api.conftest import Front
from tests.api.signing_in import Browser, sign_in
from tests.house import HEALTH
from trust import Licence
from trust.offline_credential import PREFIX

JSON = {"Accept": "application/json"}


def read(page: str) -> str:
    found = re.search(r"data:image/png;base64,([A-Za-z0-9+/=]+)", page)
    assert found is not None
    (code,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(b64decode(found[1]))))
    return str(code.text)


def made(front: Front, physician: Licence, jingshu: Browser) -> Any:
    address = f"/wallet/licences/{physician.identifier}/code"
    answer = front.http.post(address, headers={**jingshu.csrf, **JSON})
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


def test_the_page_learns_what_became_of_its_code_and_nobody_elses(
    front: Front, physician: Licence, jingshu: Browser
) -> None:
    services = front.house.services
    one, other = made(front, physician, jingshu), made(front, physician, jingshu)
    address = f"/wallet/codes/{one['number']}"
    assert front.http.get(address).json() == {"state": "open", "by": None}
    assert services.checker.check_presentation(read(one["picture"]), by=HEALTH.code).verdict.passed
    assert front.http.get(address).json() == {"state": "used", "by": services.names().body(HEALTH.code)}
    services.clock.advance(timedelta(seconds=61))  # type: ignore[attr-defined]  # the tests' own clock
    assert front.http.get(f"/wallet/codes/{other['number']}").json()["state"] == "over"
    assert front.http.get(f"/wallet/codes/{'0' * 32}").json()["state"] == "over"
    assert front.http.get("/wallet/codes/x").status_code == 422
    sign_in(front.http, services, "ji")
    assert front.http.get(address).json() == {"state": "over", "by": None}


def test_an_offline_code_has_the_fields_that_were_ticked(front: Front, physician: Licence, jingshu: Browser) -> None:
    services, http = front.house.services, front.http
    address = f"/wallet/licences/{physician.identifier}"
    offered = re.findall(r'name="fields" value="(\w+)" checked', http.get(address).text)
    assert offered == [each for each in physician.type.shown if physician.fields.get(each)]
    sizes = []
    for fields in ([], offered[:1], offered, ["id_number", "photo"]):
        data = {"fields": fields, "minutes": 3, "purpose": "<b>查"}
        page = http.post(f"{address}/offline-code", data=data, headers=jingshu.csrf)
        assert page.status_code == 200
        assert "<b>" not in page.text
        assert read(page.text).startswith(PREFIX)
        sizes.append(len(read(page.text)))
    assert sizes[0] < sizes[1] < sizes[2]
    assert abs(sizes[3] - sizes[0]) < 5
    assert len(services.offline_presentations.made_by(physician.holder_index)) == 4
    for wrong in ({"minutes": 11}, {"minutes": 0}, {"purpose": "长" * 31}):
        assert http.post(f"{address}/offline-code", data=wrong, headers=jingshu.csrf).status_code == 422
    assert http.post(f"{address}/offline-code", data={"minutes": 3}).status_code == 403


def test_what_is_kept_on_a_telephone_is_worth_nothing_to_show(
    front: Front, physician: Licence, jingshu: Browser
) -> None:
    page = front.http.get("/wallet/kept").text
    assert physician.type.name_zh in page
    for secret in (physician.identifier, physician.number, physician.holder.name, jingshu.signed_in.csrf_token):
        assert secret not in page
    assert "<form" not in page
    front.http.cookies.delete(session_cookie(front.house.services.settings))
    away = front.http.get("/wallet/kept", headers={"Accept": "text/html"}, follow_redirects=False)
    assert away.status_code == 303


def test_signing_out_takes_what_is_kept(front: Front, jingshu: Browser) -> None:
    answer = front.http.post("/sign-out", headers=jingshu.csrf, follow_redirects=False)
    assert answer.headers["clear-site-data"] == '"cache", "storage"'


def test_the_wallet_can_be_installed(front: Front) -> None:
    page = front.http.get("/wallet/manifest.webmanifest", params={"lang": "en"})
    assert page.headers["content-type"] == "application/manifest+json"
    manifest = page.json()
    assert (manifest["start_url"], manifest["scope"], manifest["display"]) == ("/wallet", "/wallet", "standalone")
    assert manifest["name"] == "Yinzheng Wallet"
    for icon in manifest["icons"]:
        picture = Image.open(io.BytesIO(front.http.get(icon["src"]).content))
        assert f"{picture.width}x{picture.height}" == icon["sizes"]
    worker = front.http.get("/wallet/worker.js")
    assert worker.headers["service-worker-allowed"] == "/wallet"
    assert worker.headers["cache-control"] == "no-cache"
    assert worker.headers["content-type"].startswith("text/javascript")
    policy = worker.headers["content-security-policy"]
    assert "worker-src 'self'" in policy
    assert "manifest-src 'self'" in policy
