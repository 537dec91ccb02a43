"""Seal signatures that stand by themselves: signed by grant and on record, checked by command and over HTTP."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.serialization import Encoding
from typer.testing import CliRunner, Result

from api.cli import app
from keys import RevocationReason
from keys.sm2 import sm3
from seal import DetachedOrder, Move, SealUser, UseResult, UseSearch
from seal.errors import SealNotGrantedError, SealTypeNotAllowedError
from seal.esl_errors import DigestInvalidError, EslNotMadeError
from seal.ses_signature import read_ses_signature
from store.clock import FixedClock
from store.errors import YinzhengError
from tests.api.conftest import Front
from tests.house import APPLICANT, APPROVER, House
from tests.seal.esl_house import openssl_verifies

DATA = "青岛市的一份 OFD".encode()
PATH = "/Doc_0/Signs/Sign_0/Signature.xml"


def order(house: House, **changed: Any) -> DetachedOrder:
    values = {
        "seal_number": house.seal().number,
        "caller": "tests",
        "document_type": "business_licence",
        "document_identifier": "OFD-1",
        "digest": sm3(DATA),
        "property_info": PATH,
    }
    return DetachedOrder(**{**values, **changed})


def uses(house: House) -> list[tuple[UseResult, str | None]]:
    found = house.services.seal_uses.search(UseSearch(seal_number=house.seal().number)).uses
    return [(each.result, each.reason_code) for each in found]


class TestSigning:
    def test_is_a_use_on_record_like_any_other(self, house: House) -> None:
        made = house.services.detached_sealer.sign(order(house))
        (use,) = house.services.seal_uses.search(UseSearch(seal_number=house.seal().number)).uses
        assert (use.id, use.result, use.unsealed_digest) == (made.use_id, UseResult.SEALED, sm3(DATA).hex())
        assert use.sealed_digest == made.digest == hashlib.sha256(made.data).hexdigest()
        assert use.grant_id is not None

    @pytest.mark.needs("openssl")
    def test_openssl_agrees_on_it(self, house: House, tmp_path: Path) -> None:
        read = read_ses_signature(house.services.detached_sealer.sign(order(house)).data)
        assert (read.digest, read.property, read.signed_at) == (sm3(DATA), PATH, house.services.clock.now())
        assert openssl_verifies(read.certificate, read.signed_part, read.signature, tmp_path)

    def test_is_refused_without_a_grant_and_the_refusal_is_on_record(self, house: House) -> None:
        sign = house.services.detached_sealer.sign
        with pytest.raises(SealTypeNotAllowedError):
            sign(order(house, document_type="food_operation_permit"))
        with pytest.raises(SealNotGrantedError):
            sign(order(house, user=SealUser("11370200990100288Y"), purpose="OFD"))
        with pytest.raises(EslNotMadeError):
            sign(order(house, property_info="签章"))
        with pytest.raises(DigestInvalidError):
            sign(order(house, digest=b"short"))
        assert uses(house) == [
            (UseResult.FAILED, "seal.esl_not_made"),
            (UseResult.REFUSED, "seal.not_granted"),
            (UseResult.REFUSED, "seal.type_not_allowed"),
        ]

    def test_stops_with_the_seal_and_with_its_certificate(self, house: House) -> None:
        services = house.services
        found = services.seal_data.current(house.seal().number)
        with services.database.transaction() as session:
            services.keys.authority.revoke(session, found.certificate_id, RevocationReason.SUPERSEDED, actor="a")
        with pytest.raises(YinzhengError) as refused:
            services.detached_sealer.sign(order(house))
        assert refused.value.code == "seal.certificate_stopped"
        services.seals.freeze(house.seal().number, officer=APPLICANT, reason="r")


class TestChecking:
    def test_holds_for_its_data_alone(self, house: House) -> None:
        made = house.services.detached_sealer.sign(order(house)).data
        check = house.services.checker.check_seal_signature
        verdict = check(made, sm3(DATA), property_info=PATH)
        assert verdict.passed
        (report,) = verdict.signatures
        assert (report.kind.value, report.field_name) == ("ses", PATH)
        assert report.seal_data is not None
        assert report.seal_data.id == house.seal().number
        assert [each.code for each in check(made, sm3(DATA + b"!")).reasons] == ["ses.hash_mismatch"]
        assert [each.code for each in check(made, sm3(DATA), property_info="/Doc_1").reasons] == ["ses.other_field"]

    def test_does_not_hold_once_its_certificate_has_ended_or_was_revoked(self, house: House, clock: FixedClock) -> None:
        made = house.services.detached_sealer.sign(order(house)).data
        check = house.services.checker.check_seal_signature
        seal = house.seal()
        clock.advance(timedelta(hours=1))
        request = house.services.seals.request(
            seal.number, Move.ROTATE, officer=APPLICANT, reason="r", compromised_since=clock.now()
        )
        house.services.seals.approve(request.id, officer=APPROVER)
        assert [each.code for each in check(made, sm3(DATA)).reasons] == ["ses.revoked"]
        clock.advance(timedelta(days=365 * 4))
        assert "ses.certificate_out_of_bounds" in [each.code for each in check(made, sm3(DATA)).reasons]


@pytest.fixture
def run(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs a command on the house's database."""
    monkeypatch.setenv("YINZHENG_VAR", str(tmp_path))
    monkeypatch.setenv("YINZHENG_DATABASE_URL", house.services.database.url.render_as_string(hide_password=False))
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


class TestCommands:
    def test_sign_and_verify_a_file(
        self, house: House, run: Callable[..., Result], tmp_path: Path, clock: FixedClock
    ) -> None:
        clock.advance(datetime.now(UTC) - clock.now() - timedelta(days=1))  # commands go by the machine's clock
        number = house.seal().number
        file, out, roots = tmp_path / "data.ofd", tmp_path / "data.ses", tmp_path / "roots.pem"
        file.write_bytes(DATA)
        words = ("ses", "sign", "--seal", number, "--type", "business_licence", "--out", out)
        assert run(*words, file).exit_code == 0
        assert run("ses", "verify", out, file).exit_code == 0
        told = json.loads(run("ses", "verify", out, "--digest", sm3(DATA).hex(), "--json").output)
        assert told["verdict"] == "TOTAL_PASSED"
        assert told["signatures"][0]["seal_data"]["id"] == number
        file.write_bytes(DATA + b"!")
        assert run("ses", "verify", out, file).exit_code == 1
        authority = house.services.keys.authority
        chain = (authority.gm_root, authority.gm_issuing)
        roots.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in chain))
        by_itself = ("ses", "verify", out, "--digest", sm3(DATA).hex(), "--trust", roots)
        assert run(*by_itself).exit_code == 0
        roots.write_bytes(authority.root.public_bytes(Encoding.PEM))
        assert run(*by_itself).exit_code == 1

    @pytest.mark.parametrize("words", [("--digest", "zz"), ("--digest", "00"), ("missing.ofd",)])
    def test_what_cannot_be_read_exits_2(self, run: Callable[..., Result], tmp_path: Path, words: tuple[str]) -> None:
        out = tmp_path / "no.ses"
        out.write_bytes(b"\x30\x00")
        assert run("ses", "verify", out, *words).exit_code == 2
        done = run("ses", "verify", out, "--digest", "00" * 32, "--json")
        assert done.exit_code == 2
        assert json.loads(done.output)["reasons"][0]["code"] == "seal.esl_unreadable"
        assert run("ses", "verify", out).exit_code == 2
        assert run("ses", "verify", out, out, "--digest", "00" * 32).exit_code == 2


def test_over_http_a_department_signs_and_another_checks(front: Front) -> None:
    number = front.house.seal().number
    body = {
        "digest": sm3(DATA).hex(),
        "document_type": "business_licence",
        "document_identifier": "OFD-1",
        "property_info": PATH,
    }
    path = f"/v1/seals/{number}/signatures"
    made = front.http.post(path, json=body, headers=front.issuer)
    assert made.status_code == 201, made.text
    signature = made.json()["signature"]
    assert read_ses_signature(base64.b64decode(signature)).property == PATH
    question = {"signature": signature, "digest": sm3(DATA).hex(), "property_info": PATH}
    answer = front.http.post("/v1/checks/seal-signature", json=question, headers=front.checker)
    assert answer.status_code == 200, answer.text
    assert answer.json()["verdict"] == "TOTAL_PASSED"
    assert answer.json()["signatures"][0]["seal_data"]["id"] == number
    with front.house.services.database.transaction() as session:
        (record,) = session.execute(sa.text("SELECT evidence, verdict FROM check_record")).all()
    assert tuple(record) == ("seal_signature", "TOTAL_PASSED")
    broken = front.http.post("/v1/checks/seal-signature", json={**question, "signature": "MAA="}, headers=front.checker)
    assert (broken.status_code, broken.json()["code"]) == (422, "seal.esl_unreadable")
    assert front.http.post(path, json=body, headers=front.checker).status_code == 403
    other = front.house.seal("physician_practice_certificate").number
    refused = front.http.post(f"/v1/seals/{other}/signatures", json=body, headers=front.issuer)
    assert (refused.status_code, refused.json()["code"]) == (403, "seal.not_granted")
    assert front.http.post(path, json={**body, "digest": "00"}, headers=front.issuer).status_code == 422
