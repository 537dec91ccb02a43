"""The catalogue's administrators over HTTP: draft, preview, publish, retire."""

from __future__ import annotations

import json

import pytest

from api.clients import Scope
from tests.api.conftest import Front
from tests.house import MARKET
from trust import TypePackage
from trust.catalogue import packages_in, types_directory

PACKAGE = dict(packages_in(types_directory()))["food_operation_permit"]


def package(**changes: object) -> bytes:
    definition = json.loads(PACKAGE.files["type.json"]) | {"code": "11370200MB2890017R050"} | changes
    return TypePackage({**PACKAGE.files, "type.json": json.dumps(definition).encode()}).to_zip()


@pytest.fixture
def administrator(front: Front) -> dict[str, str]:
    made = front.house.services.clients.enrol(
        "catalogue", name="目录", scopes=[Scope.CATALOGUE], organisation_code=MARKET.code
    )
    assert made is not None
    front.secrets["catalogue"] = made.secret
    return front.bearer("catalogue")


def test_a_type_is_drafted_looked_at_published_and_retired(front: Front, administrator: dict[str, str]) -> None:
    http, base = front.http, "/v1/licence-types/stall_permit/versions"
    answer = http.post(base, content=package(), headers=administrator | {"content-type": "application/zip"})
    assert answer.status_code == 201, answer.text
    assert (answer.json()["version"], answer.json()["state"]) == (1, "draft")
    assert answer.json()["drafted_by"] == "client:catalogue"
    assert http.get("/v1/licence-types/stall_permit").status_code == 404
    for form, start in (("pdf", b"%PDF"), ("png", b"\x89PNG")):
        drawn = http.post(f"{base}/1/preview", json={"form": form}, headers=administrator)
        assert drawn.status_code == 200, drawn.text
        assert drawn.content.startswith(start)
    refused = http.post(f"{base}/1/preview", json={"fields": {"colour": "red"}}, headers=administrator)
    assert (refused.status_code, refused.json()["code"]) == (422, "trust.fields_invalid")
    assert http.get(f"{base}/1/package", headers=administrator).content == package()
    assert http.post(f"{base}/1/publish", headers=administrator).json()["published_by"] == "client:catalogue"
    assert http.get("/v1/licence-types/stall_permit").json()["name_zh"] == "食品经营许可证"
    again = http.post(f"{base}/1/publish", headers=administrator)
    assert (again.status_code, again.json()["code"]) == (409, "trust.type_state")
    assert http.post(f"{base}/1/retire", headers=administrator).status_code == 422
    retired = http.post(f"{base}/1/retire", json={"reason": "已无此证"}, headers=administrator).json()
    assert (retired["state"], retired["retirement_reason"]) == ("retired", "已无此证")
    gone = http.get("/v1/licence-types/stall_permit")
    assert (gone.status_code, gone.json()["code"]) == (409, "trust.type_not_published")
    assert [each["state"] for each in http.get(base, headers=administrator).json()] == ["retired"]


def test_only_administrators_of_the_catalogue_may(front: Front, administrator: dict[str, str]) -> None:
    base = "/v1/licence-types/business_licence/versions"
    for method, path in (
        ("GET", base),
        ("POST", base),
        ("GET", f"{base}/1/package"),
        ("POST", f"{base}/1/preview"),
        ("POST", f"{base}/1/publish"),
        ("POST", f"{base}/1/retire"),
    ):
        assert front.http.request(method, path).status_code == 401
        answer = front.http.request(method, path, headers=front.issuer)
        assert (answer.status_code, answer.json()["code"]) == (403, "api.scope_missing")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"no zip", 422, "trust.type_package_invalid"),
        (package(colour="red"), 422, "trust.type_definition_invalid"),
        (package(code="11370200MB2890017R001"), 409, "trust.type_code_taken"),
        (b" " * (1024 * 1024 + 1), 413, "api.request_too_large"),
    ],
)
def test_a_package_that_cannot_be_taken_is_refused(
    front: Front, administrator: dict[str, str], body: bytes, status: int, code: str
) -> None:
    headers = administrator | {"content-type": "application/zip"}
    answer = front.http.post("/v1/licence-types/stall_permit/versions", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
