"""The API of issuing departments."""

from __future__ import annotations

import pytest
from httpx2 import Response

from tests.api.conftest import Front
from tests.house import LAW, example


def search(front: Front, **terms: object) -> Response:
    return front.http.post("/v1/licences/search", json=terms, headers=front.issuer)


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
    revoked = front.http.post(
        f"{path}/revoke", json={"reason": "许可证被吊销", "legal_basis": LAW}, headers=front.issuer
    )
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


def test_a_licence_is_changed_renewed_and_cancelled_over_http(front: Front) -> None:
    path = f"/v1/licences/{front.licence.identifier}"
    seen = front.http.get(path, headers=front.issuer)
    body = {"reason": "住所变更", "fields": {"address": "山东省青岛市市南区云栖三路68号"}}
    headers = {**front.issuer, "If-Match": seen.headers["etag"], "Idempotency-Key": "change-0001"}
    made = front.http.post(f"{path}/change", json=body, headers=headers)
    assert (made.status_code, made.json()["supersedes"]) == (201, front.licence.identifier)
    again = front.http.post(f"{path}/change", json=body, headers=headers)
    assert (again.status_code, again.json()["identifier"]) == (200, made.json()["identifier"])
    other = front.http.post(f"{path}/change", json={**body, "reason": "另一事由"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "store.once_key_reused")
    late = front.http.post(
        f"{path}/suspend", json={"reason": "核查"}, headers={**headers, "Idempotency-Key": "suspend-1"}
    )
    assert (late.status_code, late.json()["code"]) == (409, "trust.licence_changed")
    assert front.http.get(path, headers=front.issuer).json()["superseded_by"] == made.json()["identifier"]
    newest = made.headers["location"]
    bare = front.http.post(f"{newest}/cancel", json={"reason": "停业"}, headers=front.issuer)
    assert bare.status_code == 422
    law = {"reason": "停业", "legal_basis": LAW}
    assert front.http.post(f"{newest}/cancel", json=law, headers=front.issuer).json()["state"] == "cancelled"
    listed = search(front, number=front.licence.number).json()
    assert [each["state"] for each in listed["licences"]] == ["cancelled", "superseded"]
    for wrong in ("x", '"1.5"', '"-1"', "9" * 30):
        answer = front.http.post(f"{newest}/cancel", json=law, headers={**front.issuer, "If-Match": wrong})
        assert answer.status_code == 422, wrong


def test_issuing_twice_with_one_key_gives_one_licence(front: Front) -> None:
    front.house.seal("food_operation_permit")
    body = {"type": "food_operation_permit", "fields": example("food_operation_permit")}
    headers = {**front.issuer, "Idempotency-Key": "issue-0001"}
    first, second = (front.http.post("/v1/licences", json=body, headers=headers) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["identifier"] == second.json()["identifier"]
    reused = front.http.post("/v1/licences", json={**body, "issue_date": "2026-01-01"}, headers=headers)
    assert reused.json()["code"] == "store.once_key_reused"


def test_a_search_sees_the_client_s_own_licences_alone(front: Front) -> None:
    other = front.house.issue("physician_practice_certificate")
    found = search(front).json()["licences"]
    assert {each["issuer_code"] for each in found} == {front.licence.issuer_code}
    assert search(front, identifier=other.identifier).json()["licences"] == []
    for wrong in ({"issuer_code": "x"}, {"limit": 0}, {"cursor": "x"}, {"holder_code": "370200"}, {"number": "1\0"}):
        assert search(front, **wrong).status_code == 422, wrong
