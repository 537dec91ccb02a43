"""The wallet's pages."""

from __future__ import annotations

import io
import re
from base64 import b64decode

import zxingcpp
from PIL import Image

from api.builtin_provider import PEOPLE
from tests.api.conftest import Front
from tests.api.signing_in import sign_in


def test_a_holder_shows_a_code_once_and_sees_who_looked(front: Front) -> None:
    services = front.house.services
    browser = sign_in(front.http, services, "jingshu")
    licence = front.house.issue("physician_practice_certificate")
    assert licence.holder.code == PEOPLE["jingshu"].number
    token = {"csrf_token": browser.signed_in.csrf_token}
    assert "开通卡包" in front.http.get("/wallet").text or licence.identifier in front.http.get("/wallet").text
    assert licence.identifier in front.http.post("/wallet/open", data=token).text
    address = f"/wallet/licences/{licence.identifier}"
    assert licence.holder.name in front.http.get(address).text
    page = front.http.post(f"{address}/code", data={**token, "purpose": "住宿登记"})
    assert page.headers["cache-control"] == "no-store"
    found = re.search(r"data:image/png;base64,([A-Za-z0-9+/=]+)", page.text)
    assert found is not None
    (read,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(b64decode(found[1]))))
    first, again = (services.checker.check_presentation(read.text, by="11370200990100288Y") for _ in range(2))
    assert (first.verdict.passed, again.verdict.passed) == (True, False)
    assert "没有授权" in front.http.get("/wallet/consents").text
    front.http.get(f"/c/{licence.identifier}")
    assert "公众" in front.http.get("/wallet/looks").text


def test_nothing_is_done_without_the_token_of_the_session_nor_for_another_holder(front: Front) -> None:
    services = front.house.services
    sign_in(front.http, services, "jingshu")
    assert front.http.post("/wallet/open").status_code == 403
    other = f"/wallet/licences/{front.licence.identifier}"
    assert front.http.get(other).status_code == 404
    assert front.http.get(f"{other}/pdf").status_code == 404
