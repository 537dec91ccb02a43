"""查询, 核验, 获取: what a department's system built to GB/T 36906 asks for."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from api.clients import ClientTerms
from tests.api.conftest import CASE, Front
from tests.house import EXAMPLES

INSPECTION = {"service_item": "370200-0723-004", "case_number": "检-1"}
WHOLE = {"service_item": "370200-0723-005", "case_number": "检-2"}


@pytest.fixture
def front(shared: Front) -> Iterator[Front]:
    yield shared
    shared.house.services.clients.permit("checker", ClientTerms())


def ask(front: Front, what: str, **body: Any) -> Any:
    return front.http.post(f"/v1/sharing/{what}", json={**CASE, **body}, headers=front.checker)


def presentation(front: Front) -> str:
    body = {"identifier": front.licence.identifier, "purpose": "办理许可"}
    token: str = front.http.post("/v1/wallet/presentations", json=body, headers=front.holder).json()["token"]
    return token


def test_a_holders_licences_are_listed_as_far_as_consented(front: Front) -> None:
    holder = {"code_type": "uscc", "code": front.licence.holder.code}
    assert ask(front, "query", holder=holder).json()["code"] == "verify.consent_missing"
    front.house.issue("food_operation_permit")
    listed = ask(front, "query", holder=holder, consents=[presentation(front)]).json()
    assert [each["identifier"] for each in listed["licences"]] == [front.licence.identifier]
    assert ask(front, "query", holder=holder, consents=["x.y.z"]).json()["licences"] == []
    other = {"code_type": "uscc", "code": "91370200MA3CQ5EX4A"}
    assert ask(front, "query", holder=other, consents=[presentation(front)]).status_code in (200, 422)
    record, *_ = front.house.services.check_records.of_licence(front.licence.identifier)
    assert record.evidence == "query"


def test_by_law_the_types_that_the_client_may_check_are_listed(front: Front) -> None:
    physician = front.house.issue("physician_practice_certificate")
    holder = {"code_type": "citizen_id", "code": physician.holder.code}
    body = {"holder": holder, **INSPECTION}
    assert len(ask(front, "query", **body).json()["licences"]) == 1
    assert ask(front, "query", **body, licence_type="business_licence").json()["licences"] == []
    assert ask(front, "query", **body, licence_type="nonsense").status_code == 404
    front.house.services.clients.permit("checker", ClientTerms(licence_types=frozenset({"business_licence"})))
    assert ask(front, "query", **body).json()["licences"] == []


def test_a_licence_is_checked(front: Front) -> None:
    body = {"identifier": front.licence.identifier, "holder": front.licence.holder.code}
    assert ask(front, "verify", **body).json()["verdict"] == "TOTAL_PASSED"


def test_the_file_is_obtained_only_where_everything_may_be_told(front: Front) -> None:
    services = front.house.services
    definition = json.loads((EXAMPLES / "service_items" / "clinic_inspection.json").read_text("utf-8"))
    whole = {**definition, "code": WHOLE["service_item"], "fields": {"physician_practice_certificate": ["*"]}}
    services.service_items.publish(whole, actor="tests")
    physician = front.house.issue("physician_practice_certificate")
    body = {"identifier": physician.identifier, "holder": physician.holder.code, "fields": ["practice_scope", "photo"]}
    assert ask(front, "obtain", **body, **WHOLE).json()["pdf"] is None
    services.clients.permit("checker", ClientTerms(fields=frozenset({"physician_practice_certificate.*"})))
    some = ask(front, "obtain", **body, **INSPECTION).json()
    assert (some["pdf"], set(some["fields"])) == (None, {"practice_scope"})
    everything = ask(front, "obtain", **body, **WHOLE).json()
    assert hashlib.sha256(base64.b64decode(everything["pdf"])).hexdigest() == physician.pdf_digest
    assert set(everything["fields"]) == {"practice_scope", "photo"}
    hidden = ask(front, "obtain", **{**body, "holder": "别人"}, **WHOLE).json()
    assert (hidden["pdf"], hidden["fields"], hidden["licence"]) == (None, {}, None)
