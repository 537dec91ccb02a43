"""Reports over HTTP: the same verdict in the form that the caller asks for."""

from __future__ import annotations

from tests.api.conftest import CASE, Front
from tests.pdfs import blank_pdf


def test_the_accept_header_chooses_the_form(front: Front) -> None:
    pdf = front.house.pdf(front.licence)
    for accept, form, start in (
        ("application/pdf", "application/pdf", b"%PDF-"),
        ("application/xml", "application/xml", b"<?xml"),
        ("application/json", "application/json", b"{"),
        ("*/*", "application/json", b"{"),
        ("text/html", "application/json", b"{"),
        ("application/pdf;q=0.2, application/xml;q=0.9", "application/xml", b"<?xml"),
        ("application/*;q=0.5, application/pdf", "application/pdf", b"%PDF-"),
        ("application/pdf;q=0, */*;q=0.1", "application/json", b"{"),
        ("application/pdf;q=x", "application/json", b"{"),
        (",;=,;q=,/", "application/json", b"{"),
    ):
        headers = {**front.checker, "Content-Type": "application/pdf", "Accept": accept}
        answer = front.http.post("/v1/checks/pdf", params={**CASE, "purpose": "年检"}, content=pdf, headers=headers)
        assert answer.status_code == 200, accept
        assert answer.headers["content-type"].split(";")[0] == form, accept
        assert answer.content.startswith(start), accept


def test_a_check_with_a_report_is_on_record_too(front: Front) -> None:
    headers = {**front.checker, "Content-Type": "application/pdf", "Accept": "application/pdf"}
    front.http.post("/v1/checks/pdf", params=CASE, content=front.house.pdf(front.licence), headers=headers)
    assert len(front.house.services.check_records.of_licence(front.licence.identifier)) == 1


def test_what_cannot_be_judged_gets_a_problem_in_any_form(front: Front) -> None:
    for accept in ("application/pdf", "application/xml"):
        headers = {**front.checker, "Content-Type": "application/pdf", "Accept": accept}
        answer = front.http.post("/v1/checks/pdf", params=CASE, content=blank_pdf(), headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "verify.no_signature")
        assert answer.headers["content-type"] == "application/problem+json"


def test_the_forms_are_documented(front: Front) -> None:
    described = front.http.get("/openapi.json").json()["paths"]["/v1/checks/pdf"]["post"]["responses"]["200"]
    assert set(described["content"]) == {"application/json", "application/pdf", "application/xml"}
