"""Departments check for a case, are told no more than they may know, and get a receipt of each check."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from jose import jws
from starlette.types import Message

from api.check_batches import FullDuplexResponse
from api.clients import ClientTerms
from api.commands.receipts import verify_receipt
from keys.record_log import canonical_json, salted_digest
from store.merkle import holds_inclusion, leaf_hash
from tests.api.conftest import CASE, Front
from tests.house import LAW
from tests.verify.test_report_pdf import attachment
from trust import Decision, Register
from verify.check_errors import ReceiptInvalidError
from verify.reasons import CATALOGUE

UNKNOWN = "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U"
INSPECTION = {"service_item": "370200-0723-004", "case_number": "检-1"}


def codes(answer: dict[str, Any]) -> list[str]:
    return [each["code"] for each in answer["reasons"]]


def presentation(front: Front, **more: str) -> str:
    body = {"identifier": front.licence.identifier, "purpose": "办理许可", **more}
    token: str = front.http.post("/v1/wallet/presentations", json=body, headers=front.holder).json()["token"]
    return token


@pytest.fixture
def front(shared: Front) -> Iterator[Front]:
    """The front of the module, with a licence that holds and a client that may check anything."""
    services = shared.house.services
    shared.licence = shared.house.issue()
    yield shared
    services.clients.permit("checker", ClientTerms())
    services.clients.resume("checker")


@pytest.fixture
def company(front: Front) -> dict[str, str]:
    """What a check names of the front's licence."""
    return {"identifier": front.licence.identifier, "holder": front.licence.holder.code}


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"service_item": "370200-9999-999"}, 403, "verify.service_item_refused"),
        ({"service_item": "'; DROP"}, 403, "verify.service_item_refused"),
        ({"service_item": None}, 422, "api.request_invalid"),
        ({"case_number": None}, 422, "api.request_invalid"),
        ({"case_number": " "}, 422, "verify.case_number_invalid"),
        ({"case_number": "a\nb"}, 422, "verify.case_number_invalid"),
        ({"case_number": "x" * 65}, 422, "api.request_invalid"),
        ({"holder": None}, 422, "api.request_invalid"),
    ],
    ids=str,
)
def test_a_check_names_service_item_case_and_holder(
    front: Front, company: dict[str, str], changed: dict[str, Any], status: int, code: str
) -> None:
    body = {name: value for name, value in {**CASE, **company, **changed}.items() if value is not None}
    answer = front.http.post("/v1/checks/identifier", json=body, headers=front.checker)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_an_item_that_a_client_may_not_name_looks_like_none(front: Front, company: dict[str, str]) -> None:
    front.house.services.clients.permit("checker", ClientTerms(service_items=frozenset({"370200-0723-004"})))
    refused, unknown = (
        front.check("identifier", **company),
        front.check("identifier", **company, service_item="370200-9999-999"),
    )
    assert refused == unknown
    listed = front.http.get("/v1/service-items", headers=front.checker).json()
    assert [each["code"] for each in listed] == ["370200-0723-004"]
    assert front.http.get(f"/v1/service-items/{CASE['service_item']}", headers=front.checker).status_code == 403


def test_the_holders_code_or_name_is_the_second_fact(front: Front, company: dict[str, str]) -> None:
    for holder in (
        company["holder"],
        company["holder"].lower(),
        front.licence.holder.name,
        "　青岛 " * 0 + company["holder"],
    ):
        assert front.check("identifier", **{**company, "holder": holder})["verdict"] == "TOTAL_PASSED"
    for holder in ("91370200MA3CQ5EX4A"[::-1], front.licence.holder.name[:-1], "%", "*"):
        answer = front.check("identifier", **{**company, "holder": holder})
        assert (codes(answer), answer["licence"]) == (["register.unknown"], None)


@pytest.fixture
def hidden(front: Front, company: dict[str, str]) -> list[dict[str, str]]:
    """A licence that does not exist, one of another holder, and one of a type that the client may not check."""
    physician = front.house.issue("physician_practice_certificate")
    front.house.services.clients.permit("checker", ClientTerms(licence_types=frozenset({"business_licence"})))
    return [
        {"identifier": UNKNOWN, "holder": company["holder"]},
        {**company, "holder": "青岛某某公司"},
        {"identifier": physician.identifier, "holder": physician.holder.code},
    ]


def test_what_may_not_be_seen_looks_like_what_does_not_exist(front: Front, hidden: list[dict[str, str]]) -> None:
    questions = [{"ask": "valid_on", "date": "2026-11-23"}, {"ask": "holder_at_least", "age": 18}]
    answers = [front.check("identifier", **each, questions=questions, fields=["name"]) for each in hidden]
    for answer in answers:
        del answer["receipt"], answer["receipt_id"]
    assert answers[0] == answers[1] == answers[2]
    assert answers[0]["answers"][0]["answer"] is None


def test_and_the_same_work_is_done_for_it(
    front: Front, hidden: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Time is what is done: statements sent, fields decrypted, signatures made, and how many bytes of each."""
    work: list[str] = []
    services = front.house.services
    decrypt, sign = services.keys.vault.decrypt, services.keys.custody.sign

    def counted_decrypt(blob: bytes, *, context: str) -> bytes:
        work.append("decrypt")
        return decrypt(blob, context=context)

    def counted_sign(key_id: int, data: bytes) -> bytes:
        work.append("sign")
        return sign(key_id, data)

    def counted_statement(*args: Any) -> None:
        work.append(args[2].split("WHERE", maxsplit=1)[0])

    monkeypatch.setattr(services.keys.vault, "decrypt", counted_decrypt)
    monkeypatch.setattr(services.keys.custody, "sign", counted_sign)
    monkeypatch.setattr(services.catalogue, "_max_age", -1.0)  # it looks again each time, not whenever a second is over
    front.check("identifier", **hidden[0])  # what is made once is made
    sa.event.listen(services.database.engine, "before_cursor_execute", counted_statement)
    done = []
    for each in hidden:
        work.clear()
        assert codes(front.check("identifier", **each)) == ["register.unknown"]
        done.append(tuple(work))
    sa.event.remove(services.database.engine, "before_cursor_execute", counted_statement)
    assert done[0] == done[1] == done[2]
    assert done[0].count("decrypt") == 1
    assert done[0].count("sign") == 1


def test_the_decoy_is_of_the_size_of_a_licence(front: Front) -> None:
    register: Register = front.house.services.register
    with front.house.services.database.transaction() as session:
        size = session.scalar(sa.text("SELECT length(data) FROM licence"))
    assert size is not None
    assert 0.5 < len(register._decoy) / size < 4


def test_a_file_of_a_type_that_may_not_be_seen_says_nothing_of_its_licence(front: Front) -> None:
    front.house.services.clients.permit("checker", ClientTerms(licence_types=frozenset({"food_operation_permit"})))
    headers = {**front.checker, "Content-Type": "application/pdf"}
    data = front.house.pdf(front.licence)
    answer = front.http.post("/v1/checks/pdf", params=CASE, content=data, headers=headers).json()
    assert answer["licence"] is None
    assert "register.unknown" in codes(answer)
    assert "register.valid" not in codes(answer)


def test_questions_are_answered_instead_of_data(front: Front, company: dict[str, str]) -> None:
    asked = [
        ({"ask": "valid_on", "date": "2026-11-23"}, True),
        ({"ask": "valid_on", "date": "1999-01-01"}, False),
        ({"ask": "valid_on"}, None),
        ({"ask": "holder_is", "holder": company["holder"]}, True),
        ({"ask": "holder_is", "holder": "91370200MA3CQ5EX4B"}, False),
        ({"ask": "holder_at_least", "age": 18}, None),
    ]
    answer = front.check("identifier", **company, questions=[question for question, _ in asked])
    assert [each["answer"] for each in answer["answers"]] == [expected for _, expected in asked]
    assert answer["fields"] == {}
    physician = front.house.issue("physician_practice_certificate")
    person = {"identifier": physician.identifier, "holder": physician.holder.name}
    ages = [{"ask": "holder_at_least", "age": age} for age in (1, 18, 150)]
    answer = front.check("identifier", **person, **INSPECTION, questions=ages)
    assert [each["answer"] for each in answer["answers"]] == [True, True, False]
    assert physician.holder.code not in json.dumps(answer)


def test_a_scope_is_asked_about_entry_by_entry_where_the_item_provides_for_it(
    front: Front, company: dict[str, str]
) -> None:
    scope = str(front.licence.fields["business_scope"])
    entry = next(each for each in scope.replace("，", "；").replace("。", "；").split("；") if each)
    questions = [
        {"ask": "includes", "field": "business_scope", "text": text} for text in (entry, entry[1:], "烟草制品")
    ]
    answer = front.check("identifier", **company, questions=questions)
    assert [each["answer"] for each in answer["answers"]] == [True, False, False]
    refused = front.check("identifier", **company, questions=[{"ask": "includes", "field": "address", "text": "青岛"}])
    assert refused["code"] == "verify.question_refused"


def test_fields_need_the_clients_permission_the_item_and_a_consent(front: Front, company: dict[str, str]) -> None:
    clients = front.house.services.clients
    wanted = ["name", "address", "legal_representative", "nonsense"]
    clients.permit("checker", ClientTerms(fields=frozenset({"business_licence.*"})))
    assert front.check("identifier", **company, fields=wanted)["fields"] == {}
    told = front.check("identifier", **company, fields=wanted, consent=presentation(front))["fields"]
    assert told == {key: front.licence.fields[key] for key in ("name", "address")}
    shown = front.check("presentation", token=presentation(front), fields=wanted)
    assert shown["fields"] == told
    clients.permit("checker", ClientTerms(fields=frozenset({"business_licence.name"})))
    assert set(front.check("presentation", token=presentation(front), fields=wanted)["fields"]) == {"name"}
    other_item = front.check("presentation", token=presentation(front), fields=wanted, **INSPECTION)
    assert other_item["fields"] == {}
    clients.permit("checker", ClientTerms())
    assert front.check("presentation", token=presentation(front), fields=wanted)["fields"] == {}


def test_a_consent_that_does_not_hold_says_so_and_tells_nothing(front: Front, company: dict[str, str]) -> None:
    front.house.services.clients.permit("checker", ClientTerms(fields=frozenset({"business_licence.*"})))
    used = presentation(front)
    front.check("presentation", token=used)
    answer = front.check("identifier", **company, fields=["name"], consent=used)
    assert (answer["fields"], codes(answer)[-1]) == ({}, "presentation.already_used")
    assert front.check("identifier", **company, fields=["name"], consent="x.y.z")["fields"] == {}


APPLICATION = {"applied_on": "2026-11-20"}


def materials(front: Front, **changed: Any) -> dict[str, Any]:
    application = {
        **APPLICATION,
        "applicant_code": front.licence.holder.code,
        "applicant_name": front.licence.holder.name,
        **changed.pop("application", {}),
    }
    consents = changed.pop("consents") if "consents" in changed else [presentation(front)]
    body = {"consents": consents, "application": application, **changed}
    answer: dict[str, Any] = front.check("materials", **body)
    return answer


def test_the_clerk_asks_for_nothing_that_the_city_has(front: Front) -> None:
    answer = materials(front)
    assert answer["verdict"] == "TOTAL_PASSED", answer
    first, second = answer["materials"]
    assert (first["outcome"], first["licences"][0]["identifier"]) == ("satisfied", front.licence.identifier)
    assert (second["outcome"], second["required"], second["licences"]) == ("missing", False, [])
    record, *_ = front.house.services.check_records.of_licence(front.licence.identifier)
    assert (record.evidence, record.case_number) == ("materials", CASE["case_number"])


@pytest.mark.parametrize(
    ("application", "outcome", "code", "verdict"),
    [
        ({"applicant_name": "青岛别的公司"}, "doubtful", "materials.differs", "INDETERMINATE"),
        ({"applied_on": "soon"}, "doubtful", "materials.date_missing", "INDETERMINATE"),
        ({"applied_on": "1999-01-01"}, "doubtful", "materials.not_in_force", "INDETERMINATE"),
    ],
    ids=["differs", "no date", "not yet"],
)
def test_what_does_not_fit_is_doubtful(
    front: Front, application: dict[str, str], outcome: str, code: str, verdict: str
) -> None:
    answer = materials(front, application=application)
    first = answer["materials"][0]
    assert (first["outcome"], codes(first), answer["verdict"]) == (outcome, [code], verdict)


def test_a_licence_that_is_over_satisfies_nothing(front: Front) -> None:
    token = presentation(front)
    front.house.services.register.revoke(front.licence.identifier, Decision("a", "r", LAW))
    answer = materials(front, consents=[token])
    assert (answer["materials"][0]["outcome"], answer["verdict"]) == ("missing", "TOTAL_FAILED")
    assert codes(answer["materials"][0]) == ["materials.over"]


def test_materials_need_a_consent_unless_a_law_does_without(front: Front) -> None:
    refused = materials(front, consents=[])
    assert refused["code"] == "verify.consent_missing"
    applicant = {"code_type": "uscc", "code": front.licence.holder.code}
    assert materials(front, consents=[], applicant=applicant)["code"] == "verify.consent_missing"
    assert materials(front, consents=["x.y.z"])["materials"][0]["outcome"] == "missing"
    physician = front.house.issue("physician_practice_certificate")
    person = {"code_type": "citizen_id", "code": physician.holder.code}
    by_law = front.check(
        "materials", **INSPECTION, applicant=person, application={"physician_name": physician.holder.name}
    )
    assert by_law["materials"][0]["outcome"] == "satisfied"
    broken = front.check("materials", **INSPECTION, applicant={"code_type": "citizen_id", "code": "1"})
    assert broken["code"] == "trust.citizen_id_invalid"


def test_a_type_that_the_client_may_not_check_is_not_looked_at(front: Front) -> None:
    front.house.services.clients.permit("checker", ClientTerms(licence_types=frozenset({"food_operation_permit"})))
    first = materials(front)["materials"][0]
    assert (codes(first), first["licences"]) == (["materials.not_permitted"], [])


def test_each_answer_has_the_one_form(front: Front, company: dict[str, str]) -> None:
    headers = {**front.checker, "Content-Type": "application/pdf"}
    data = front.house.pdf(front.licence)
    by_pdf = front.http.post("/v1/checks/pdf", params=CASE, content=data, headers=headers).json()
    answers = [
        by_pdf,
        front.check("identifier", **company),
        front.check("presentation", token=presentation(front)),
        materials(front),
    ]
    assert len({frozenset(answer) for answer in answers}) == 1
    assert all(answer["verdict"] == "TOTAL_PASSED" for answer in answers)
    assert all(set(codes(answer)) <= set(CATALOGUE) for answer in answers)


def verify(front: Front, receipt: str) -> Any:
    return front.http.post("/v1/receipts/verify", json={"receipt": receipt})


def test_anybody_verifies_a_receipt_later(front: Front, company: dict[str, str]) -> None:
    answer = front.check("identifier", **company)
    said = verify(front, answer["receipt"]).json()
    assert said["receipt_id"] == answer["receipt_id"]
    assert (said["service_item"], said["case_number"], said["client"]) == (*CASE.values(), "checker")
    assert (said["verdict"], said["identifier"]) == ("TOTAL_PASSED", front.licence.identifier)
    assert said["log"] is None
    front.house.services.register.revoke(front.licence.identifier, Decision("a", "r", LAW))
    assert verify(front, answer["receipt"]).json()["verdict"] == "TOTAL_PASSED"
    (key,) = front.http.get("/.well-known/receipt-jwks.json").json()["keys"]
    claims = json.loads(jws.verify(answer["receipt"], key, algorithms=["ES256"]))
    assert claims["jti"] == answer["receipt_id"]
    assert "exp" not in claims
    assert key["kid"] not in {each["kid"] for each in front.http.get("/.well-known/jwks.json").json()["keys"]}


def test_the_receipt_of_a_file_names_its_digest(front: Front) -> None:
    headers = {**front.checker, "Content-Type": "application/pdf"}
    data = front.house.pdf(front.licence)
    answer = front.http.post("/v1/checks/pdf", params=CASE, content=data, headers=headers).json()
    assert verify(front, answer["receipt"]).json()["digest"] == hashlib.sha256(data).hexdigest()


def test_a_receipt_is_in_the_log_and_the_proof_leads_to_its_head(front: Front, company: dict[str, str]) -> None:
    answer = front.check("identifier", **company)
    front.house.services.ledger.sequence()
    log = verify(front, answer["receipt"]).json()["log"]
    leaf, opening = base64.b64decode(log["leaf"]), log["opening"].encode()
    hashes = [base64.b64decode(each) for each in log["hashes"]]
    root = base64.b64decode(log["root"])
    assert holds_inclusion(leaf_hash(leaf), log["position"], log["tree_size"], hashes, root)
    assert json.loads(leaf)["digest"] == salted_digest(bytes.fromhex(log["salt"]), opening)
    assert json.loads(opening)["receipt_sha256"] == hashlib.sha256(answer["receipt"].encode()).hexdigest()
    assert canonical_json(json.loads(opening)) == opening


def test_what_is_no_receipt_is_refused(front: Front, company: dict[str, str]) -> None:
    receipt = front.check("identifier", **company)["receipt"]
    head, body, signature = receipt.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    claims["verdict"] = "TOTAL_FAILED"
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    for bad in (
        "",
        "x",
        f"{head}.{forged}.{signature}",
        f"{head}.{body}.{signature[:-2]}AA",
        front.checker["Authorization"].removeprefix("Bearer "),
        presentation(front),
        "a" * 9000,
    ):
        answer = verify(front, bad)
        assert (answer.status_code, answer.json()["code"]) == (422, "verify.receipt_invalid"), bad[:30]


def test_a_thousand_are_checked_in_a_call_and_a_bad_one_does_not_fail_the_rest(
    front: Front, company: dict[str, str]
) -> None:
    bad: list[Any] = [{"identifier": "x", "holder": "y"}, {"identifier": 7}, {}, {**company, "more": 1}]
    checks = [company, {"identifier": UNKNOWN, "holder": "x"}, *bad, *[company] * 994]
    answer = front.check("identifiers", checks=checks)
    results = answer["results"]
    assert [each["line"] for each in results] == list(range(1, 1001))
    assert [each["error"] for each in results[:6]] == [
        None,
        None,
        "trust.identifier_invalid",
        *["api.line_invalid"] * 3,
    ]
    assert (results[0]["verdict"], results[1]["reasons"]) == ("TOTAL_PASSED", ["register.unknown"])
    digest = hashlib.sha256()
    for each in results:
        digest.update(json.dumps(each, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
    said = verify(front, answer["receipt"]).json()
    assert (said["digest"], said["evidence"], said["receipt_id"]) == (digest.hexdigest(), "batch", answer["receipt_id"])
    records = front.house.services.check_records.of_licence(front.licence.identifier)
    assert sum(each.reference == answer["receipt_id"] for each in records) == 995
    assert front.check("identifiers", checks=[company] * 1001)["code"] == "api.request_invalid"
    assert front.check("identifiers", checks=[])["code"] == "api.request_invalid"


def stream(front: Front, content: Any) -> list[dict[str, Any]]:
    with front.http.stream("POST", "/v1/checks/stream", params=CASE, content=content, headers=front.checker) as answer:
        assert answer.status_code == 200
        return [json.loads(line) for line in answer.iter_lines()]


def test_a_stream_is_answered_line_by_line(front: Front, company: dict[str, str]) -> None:
    good = json.dumps(company).encode()
    long = b'{"identifier": "' + b"1" * 10_000 + b'", "holder": "x"}'
    lines = [good, b"", b"nonsense", b"[" * 3000, long, b"\xff", b"null", good]
    *answers, end = stream(front, b"\n".join(lines))
    assert [each["error"] for each in answers] == [None, *["api.line_invalid"] * 5, None]
    said = verify(front, end["receipt"]).json()
    assert (said["evidence"], said["receipt_id"]) == ("batch", end["receipt_id"])
    empty = stream(front, b"")
    assert list(empty[0]) == ["receipt", "receipt_id"]


def test_lines_may_be_cut_anywhere(front: Front, company: dict[str, str]) -> None:
    data = (json.dumps(company, ensure_ascii=False) + "\n").encode() * 3 + b"x" * 9000 + b"\n" + b"y" * 9000

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(data), 7):
            yield data[start : start + 7]

    *answers, end = stream(front, pieces())
    assert [each["error"] for each in answers] == [None] * 3 + ["api.line_invalid"] * 2
    assert "receipt" in end


def test_a_client_that_sends_all_before_it_reads_is_not_waited_for() -> None:
    lines = [b"%d\n" % number for number in range(20_000)]
    got = bytearray()

    async def answered() -> None:
        sent_all = asyncio.Event()

        async def answers() -> AsyncIterator[bytes]:
            for line in lines:
                yield line
            sent_all.set()

        async def send(message: Message) -> None:
            if message["type"] == "http.response.body":
                await asyncio.wait_for(sent_all.wait(), 20)
                got.extend(message["body"])

        async def receive() -> Message:
            raise AssertionError("the request is not this answer's to read")

        await FullDuplexResponse(answers())({"type": "http"}, receive, send)

    asyncio.run(answered())
    assert got == b"".join(lines)


def leave(front: Front, checks: int) -> None:
    """Leave a client some checks for the rest of the day."""
    services = front.house.services
    used = services.quotas.used_today(services.clients.get("checker"))
    services.clients.permit("checker", ClientTerms(daily_quota=used + checks))


def test_a_stream_ends_where_the_quota_does(front: Front, company: dict[str, str]) -> None:
    leave(front, 300)
    *answers, end = stream(front, (json.dumps(company).encode() + b"\n") * 500)
    assert (len(answers), end["error"]) == (200, "api.quota_used")


def test_a_suspended_client_is_out_in_the_middle_of_a_stream(front: Front, company: dict[str, str]) -> None:
    def pieces() -> Iterator[bytes]:
        yield (json.dumps(company) + "\n").encode() * 5
        front.house.services.clients.suspend("checker")
        yield (json.dumps(company) + "\n").encode() * 5

    *answers, end = stream(front, pieces())
    assert end["error"] == "api.client_unknown"
    assert len(answers) <= 5


def test_checks_count_against_the_quota(front: Front, company: dict[str, str]) -> None:
    leave(front, 3)
    assert "results" in front.check("identifiers", checks=[company] * 2)
    assert front.check("identifiers", checks=[company] * 2)["code"] == "api.quota_used"
    assert front.check("identifier", **company)["verdict"] == "TOTAL_PASSED"
    answer = front.http.post("/v1/checks/identifier", json={**CASE, **company}, headers=front.checker)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0


def test_a_receipt_is_verified_at_the_terminal_with_the_public_keys_alone(
    front: Front, company: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = front.check("identifier", **company)
    keys, file = tmp_path / "keys.json", tmp_path / "receipt.jws"
    keys.write_text(front.http.get("/.well-known/receipt-jwks.json").text)
    file.write_text(answer["receipt"] + "\n")
    verify_receipt(file, keys, as_json=True)
    assert json.loads(capsys.readouterr().out)["id"] == answer["receipt_id"]
    verify_receipt(file, keys, as_json=False)
    assert "回执有效" in capsys.readouterr().out
    file.write_text(answer["receipt"][:-2] + "AA")
    with pytest.raises(ReceiptInvalidError):
        verify_receipt(file, keys, as_json=True)


@pytest.mark.needs("pdfsig", "pdfinfo")
def test_a_receipt_comes_as_one_sealed_page_with_the_signed_receipt_in_it(
    front: Front, company: dict[str, str], tmp_path: Path
) -> None:
    headers = {**front.checker, "Accept": "application/pdf"}
    answer = front.http.post("/v1/checks/identifier", json={**CASE, **company}, headers=headers)
    assert answer.headers["content-type"] == "application/pdf", answer.text
    file = tmp_path / "receipt.pdf"
    file.write_bytes(answer.content)

    def judged(*words: str) -> str:
        return subprocess.run([*words, str(file)], capture_output=True, text=True, check=True).stdout

    said = judged("pdfsig", "-nocert")
    assert "Signature is Valid" in said
    assert "Total document signed" in said
    assert re.search(r"^Pages: +1$", judged("pdfinfo"), re.MULTILINE)
    receipt = json.loads(attachment(answer.content))["receipt"]
    assert verify(front, receipt).json()["case_number"] == CASE["case_number"]
