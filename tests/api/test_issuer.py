"""The API of issuing departments."""

from __future__ import annotations

import pytest

from tests.api.conftest import Front
from tests.house import example


def test_a_department_issues_looks_up_downloads_and_revokes(front: Front) -> None:
    front.house.seal("food_operation_permit")
    body = {"type": "food_operation_permit", "fields": example("food_operation_permit")}
    answer = front.http.post("/v1/licences", json=body, headers=front.issuer)
    assert answer.status_code == 201, answer.text
    path = answer.headers["location"]
    assert front.http.get(path, headers=front.issuer).json() == answer.json()
    pdf = front.http.get(f"{path}/pdf", headers=front.issuer)
    assert pdf.headers["content-type"] == "application/pdf"
    assert pdf.content.startswith(b"%PDF")
    again = front.http.post("/v1/licences", json=body, headers=front.issuer)
    assert (again.status_code, again.json()["identifier"]) == (200, answer.json()["identifier"])
    revoked = front.http.post(f"{path}/revoke", json={"reason": "许可证被吊销"}, headers=front.issuer)
    assert (revoked.status_code, revoked.json()["state"]) == (200, "revoked")
    refused = front.http.post(f"{path}/resume", json={"reason": "r"}, headers=front.issuer)
    assert (refused.status_code, refused.json()["code"]) == (409, "trust.act_refused")
    events = front.http.get(f"{path}/events", headers=front.issuer).json()
    assert [event["act"] for event in events] == ["issue", "revoke"]


def test_all_wrong_fields_are_told_at_once_in_both_languages(front: Front) -> None:
    fields = {**example("business_licence"), "established_on": "2026-02-30", "colour": "red"}
    del fields["name"]
    answer = front.http.post("/v1/licences", json={"type": "business_licence", "fields": fields}, headers=front.issuer)
    assert (answer.status_code, answer.json()["code"]) == (422, "trust.fields_invalid")
    problems = {problem["path"]: problem for problem in answer.json()["problems"]}
    assert set(problems) == {"established_on", "colour", "name"}
    assert all(problem["message_zh"] and problem["message_en"] for problem in problems.values())


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"type": "no_such_type", "fields": {}}, 404, "trust.type_unknown"),
        ({"fields": {}}, 422, "api.request_invalid"),
        ({"type": "business_licence", "fields": [], "x": 1}, 422, "api.request_invalid"),
        ({"type": "business_licence", "fields": {}, "issue_date": "31.12.2026"}, 422, "api.request_invalid"),
    ],
)
def test_a_bad_order_gets_its_own_code(front: Front, body: dict[str, object], status: int, code: str) -> None:
    answer = front.http.post("/v1/licences", json=body, headers=front.issuer)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_an_order_of_more_than_a_megabyte_is_refused_unread(front: Front) -> None:
    answer = front.http.post("/v1/licences", content=b" " * (1024 * 1024 + 1), headers=front.issuer)
    assert (answer.status_code, answer.json()["code"]) == (413, "api.request_too_large")
    chunks = (b" " * 100_000 for _ in range(20))
    answer = front.http.post("/v1/licences", content=chunks, headers=front.issuer)
    assert (answer.status_code, answer.json()["code"]) == (413, "api.request_too_large")


def test_another_departments_licence_looks_like_none(front: Front) -> None:
    other = front.house.issue("physician_practice_certificate")
    for method, path in (("GET", ""), ("GET", "/pdf"), ("GET", "/events"), ("POST", "/revoke")):
        answer = front.http.request(
            method,
            f"/v1/licences/{other.identifier}{path}",
            headers=front.issuer,
            json={"reason": "r"} if method == "POST" else None,
        )
        assert (answer.status_code, answer.json()["code"]) == (404, "trust.licence_unknown")


def test_the_catalogue_is_open(front: Front) -> None:
    types = front.http.get("/v1/licence-types").json()
    assert {each["slug"] for each in types} >= {"business_licence", "food_operation_permit"}
    one = front.http.get(f"/v1/licence-types/{types[0]['code']}").json()
    assert one == types[0]
    assert front.http.get("/v1/licence-types/nope").status_code == 404
