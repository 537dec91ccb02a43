"""Batches over HTTP: sent, checked, started, looked at; of one's own body only."""

from __future__ import annotations

import io
import json

import openpyxl
import pytest

from api.clients import Scope
from tests.api.conftest import Front
from tests.house import HEALTH
from tests.trust.bulk_house import SLUG, permit

CSV = {"Content-Type": "text/csv"}
NDJSON = {"Content-Type": "application/x-ndjson"}
XLSX = {"Content-Type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


@pytest.fixture
def office(front: Front) -> Front:
    front.house.seal(SLUG)
    return front


def ndjson(*rows: dict[str, str]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def workbook(*rows: dict[str, str]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(list(rows[0]))
    for row in rows:
        sheet.append(list(row.values()))
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def send(office: Front, data: bytes, kind: dict[str, str], **query: str) -> dict[str, object]:
    answer = office.http.post(
        "/v1/batches", params={"type": SLUG, "name": "a", **query}, content=data, headers={**office.issuer, **kind}
    )
    assert answer.status_code == 201, answer.text
    body: dict[str, object] = answer.json()
    return body


@pytest.mark.parametrize("kind", [NDJSON, XLSX])
def test_a_batch_is_sent_started_done_and_its_results_fetched(office: Front, kind: dict[str, str]) -> None:
    make = ndjson if kind is NDJSON else workbook
    sent = send(office, make(permit(1), permit(2)), kind)
    assert (sent["state"], sent["counts"]) == ("ready", {"waiting": 2})
    path = f"/v1/batches/{sent['reference']}"
    started = office.http.post(f"{path}/start", headers=office.issuer).json()
    assert started["state"] == "running"
    while office.house.services.batch_worker.run_once():
        pass
    done = office.http.get(path, headers=office.issuer).json()
    assert (done["state"], done["counts"]) == ("done", {"issued": 2})
    lines = office.http.get(f"{path}/lines", headers=office.issuer).json()
    licence = office.http.get(f"/v1/licences/{lines[0]['identifier']}", headers=office.issuer)
    assert licence.json()["number"] == permit(1)["permit_number"]
    page = office.http.get(f"{path}/lines", params={"after": lines[0]["line"]}, headers=office.issuer).json()
    assert page == lines[1:]
    result = office.http.get(f"{path}/result", headers=office.issuer)
    assert result.headers["content-type"].startswith("text/csv")
    assert len(result.text.splitlines()) == 3
    assert office.http.post(f"{path}/pause", headers=office.issuer).status_code == 409


def test_findings_are_told_by_line_and_field_in_both_languages(office: Front) -> None:
    sent = send(office, ndjson(permit(1), permit(2, unified_social_credit_code="1")), NDJSON)
    assert sent["state"] == "refused"
    path = f"/v1/batches/{sent['reference']}"
    (line,) = office.http.get(f"{path}/lines", params={"result": "unsound"}, headers=office.issuer).json()
    assert line["line"] == 2
    assert line["problems"][0]["path"] == "unified_social_credit_code"
    assert line["problems"][0]["message_zh"]
    assert line["problems"][0]["message_en"]
    assert office.http.post(f"{path}/start", headers=office.issuer).status_code == 409


def test_a_dry_run_can_never_be_started(office: Front) -> None:
    sent = send(office, ndjson(permit(1)), NDJSON, dry_run="true")
    assert sent["state"] == "checked"
    answer = office.http.post(f"/v1/batches/{sent['reference']}/start", headers=office.issuer)
    assert answer.json()["code"] == "trust.batch_act_refused"


def test_another_bodys_batch_looks_like_none(office: Front) -> None:
    sent = send(office, ndjson(permit(1)), NDJSON)
    made = office.house.services.clients.enrol(
        "health", name="卫健委", scopes=[Scope.ISSUE], organisation_code=HEALTH.code
    )
    assert made is not None
    office.secrets["health"] = made.secret
    other = office.bearer("health")
    path = f"/v1/batches/{sent['reference']}"
    for answer in (
        office.http.get(path, headers=other),
        office.http.get(f"{path}/lines", headers=other),
        office.http.get(f"{path}/result", headers=other),
        office.http.post(f"{path}/cancel", json={"reason": "r"}, headers=other),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "trust.batch_unknown")
    assert office.http.get("/v1/batches", headers=other).json() == []
    assert [each["reference"] for each in office.http.get("/v1/batches", headers=office.issuer).json()] == [
        sent["reference"]
    ]


@pytest.mark.parametrize(
    ("data", "kind", "status", "code"),
    [
        (b"", CSV, 422, "trust.table_unreadable"),
        (b"\xff\xfe\x00", CSV, 422, "trust.table_unreadable"),
        (b"PK\x03\x04", XLSX, 422, "trust.table_unreadable"),
        (b"a,a\n1,2\n", CSV, 422, "trust.table_unreadable"),
        (b"x", {"Content-Type": "application/pdf"}, 422, "api.request_invalid"),
        (b"a\n" + b"1\n" * 20_001, CSV, 413, "trust.table_too_large"),
    ],
)
def test_what_cannot_be_read_is_refused(
    office: Front, data: bytes, kind: dict[str, str], status: int, code: str
) -> None:
    answer = office.http.post("/v1/batches", params={"type": SLUG}, content=data, headers={**office.issuer, **kind})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("reference", ["%00", "a%27b", "x" * 41])
def test_what_is_no_reference_is_refused(office: Front, reference: str) -> None:
    assert office.http.get(f"/v1/batches/{reference}", headers=office.issuer).status_code == 422
    answer = office.http.post(
        f"/v1/imports?type={SLUG}&mends={reference}", content=b"", headers={**office.issuer, **NDJSON}
    )
    assert answer.status_code == 422


def test_who_only_checks_sends_no_batch(office: Front) -> None:
    answer = office.http.post("/v1/batches", params={"type": SLUG}, content=b"", headers={**office.checker, **CSV})
    assert answer.status_code == 403
