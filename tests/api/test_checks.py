"""The API and the page of those who check."""

from __future__ import annotations

import pytest

from tests.api.conftest import CASE, Front
from tests.house import LAW
from tests.pdfs import blank_pdf, encrypted_pdf
from tests.verify import files
from tests.verify.pki import make_pki
from tests.verify.signing import seal_signer
from trust import Decision
from verify import AnchorPurpose, AnchorTerms


def check(front: Front, data: bytes, **query: str) -> dict[str, object]:
    headers = {**front.checker, "Content-Type": "application/pdf"}
    answer = front.http.post("/v1/checks/pdf", content=data, headers=headers, params={**CASE, **query})
    body: dict[str, object] = {**answer.json(), "http": answer.status_code}
    return body


def test_a_sealed_licence_passes_and_rests_on_both_file_and_register(front: Front) -> None:
    answer = check(front, front.house.pdf(front.licence))
    assert answer["verdict"] == "TOTAL_PASSED", answer
    assert {reason["rests_on"] for reason in answer["reasons"]} == {"pdf", "register", "log"}  # type: ignore[attr-defined]


def test_a_revoked_licence_fails_even_though_its_pdf_is_intact(front: Front) -> None:
    front.house.services.register.revoke(front.licence.identifier, Decision("a", "r", LAW))
    answer = check(front, front.house.pdf(front.licence))
    assert answer["verdict"] == "TOTAL_FAILED"
    assert "register.revoked" in {reason["code"] for reason in answer["reasons"]}  # type: ignore[attr-defined]
    assert answer["signatures"][0]["indication"] == "TOTAL_PASSED"  # type: ignore[index]


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"", 422, "verify.empty_file"),
        (b"hello", 422, "verify.not_a_pdf"),
        (encrypted_pdf(), 422, "verify.encrypted"),
        (blank_pdf(), 422, "verify.no_signature"),
    ],
    ids=["empty", "text", "encrypted", "unsigned"],
)
def test_what_cannot_be_judged_gets_an_error_with_a_code(front: Front, data: bytes, status: int, code: str) -> None:
    answer = check(front, data)
    assert (answer["http"], answer["code"]) == (status, code)


def test_two_hundred_megabytes_are_refused_unread(front: Front) -> None:
    answer = front.http.post(
        "/v1/checks/pdf",
        content=(b"\0" * 1_000_000 for _ in range(200)),
        headers={**front.checker, "Content-Type": "application/pdf"},
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "api.request_too_large")


def test_an_identifier_is_checked_against_the_register(front: Front) -> None:
    def ask(identifier: str) -> dict[str, object]:
        body: dict[str, object] = front.check("identifier", identifier=identifier, holder=front.licence.holder.code)
        return body

    assert ask(front.licence.identifier)["verdict"] == "TOTAL_PASSED"
    wrong = front.licence.identifier[:-1] + ("A" if front.licence.identifier[-1] != "A" else "B")
    assert ask(wrong)["code"] == "trust.identifier_invalid"
    unknown = "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U"
    assert ask(unknown)["verdict"] == "TOTAL_FAILED"


def test_the_page_shows_the_verdict_in_both_languages(front: Front) -> None:
    page = front.http.get(f"/c/{front.licence.identifier}")
    assert "核验通过" in page.text
    assert front.licence.holder.name in page.text
    english = front.http.get(f"/c/{front.licence.identifier}?lang=en")
    assert "You can rely on it" in english.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_a_persons_name_and_number_are_masked_on_the_page(front: Front) -> None:
    physician = front.house.issue("physician_practice_certificate")
    page = front.http.get(f"/c/{physician.identifier}").text
    assert physician.holder.name not in page
    assert physician.holder.code not in page
    assert physician.number not in page


def test_the_page_takes_a_file_or_an_identifier(front: Front) -> None:
    pdf = front.house.pdf(front.licence)
    page = front.http.post("/check", files={"file": ("a.pdf", pdf, "application/pdf")})
    assert "核验通过" in page.text
    assert "核验通过" in front.http.post("/check", data={"identifier": f" {front.licence.identifier} "}).text
    assert front.http.post("/check", data={"identifier": ""}).status_code == 422
    broken = front.http.post("/check", data={"identifier": "<script>alert(1)</script>"})
    assert broken.status_code == 422
    assert "<script>alert" not in broken.text
    tampered = front.http.post("/check", files={"file": ("a.pdf", pdf[:-9] + b"x" + pdf[-8:], "application/pdf")})
    assert "核验通过" not in tampered.text


def test_every_check_is_on_record(front: Front) -> None:
    front.http.get(f"/c/{front.licence.identifier}")
    check(front, front.house.pdf(front.licence))
    records = front.house.services.check_records.of_licence(front.licence.identifier)
    assert [(record.evidence, record.checked_by) for record in records] == [
        ("pdf", "client:checker"),
        ("identifier", "public"),
    ]


def test_the_page_is_limited(front: Front) -> None:
    statuses = [front.http.get(f"/c/{front.licence.identifier}").status_code for _ in range(70)]
    assert statuses[-1] == 429


def test_a_foreign_file_is_judged_by_the_trust_list_alone(front: Front) -> None:
    pki = make_pki()
    file = files.sealed(seal_signer(pki).cms)
    assert check(front, file)["verdict"] == "TOTAL_FAILED"
    assert check(front, file, policy="general")["verdict"] == "INDETERMINATE"
    terms = AnchorTerms([AnchorPurpose.SIGNATURE, AnchorPurpose.TIME_STAMP], "互认")
    front.house.services.trust_list.add(pki.root.certificate, terms, actor="cli:admin")
    answer = check(front, file, policy="general")
    assert (answer["verdict"], answer["licence"]) == ("TOTAL_PASSED", None), answer
    assert check(front, file)["verdict"] == "TOTAL_FAILED"
    assert check(front, file, policy="none")["http"] == 422


def test_the_answer_names_what_was_known_of_revocation(front: Front) -> None:
    answer = check(front, front.house.pdf(front.licence))
    words = answer["signatures"][0]["revocation"]  # type: ignore[index]
    assert {word["status"] for word in words} == {"good"}
    assert {word["source"] for word in words} <= {"ocsp", "crl"}
