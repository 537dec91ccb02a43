"""The applicant signs at the terminal, the department seals over it, and everybody finds both good."""

from __future__ import annotations

import hashlib
import io
import json
import re
import stat
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
import zxingcpp
from asn1crypto.x509 import Certificate
from cryptography.hazmat.primitives.serialization import Encoding
from fastapi.testclient import TestClient
from PIL import Image
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from typer.testing import CliRunner, Result

from api.app import create_app
from api.cli import app
from api.clients import Scope
from seal import GrantTerms, SealUser
from store.errors import YinzhengError
from tests.house import HEALTH, MARKET
from tests.live import Live
from tests.pdfs import blank_pdf

CODE = "11010519491231002X"


class Counter:
    """A clerk's terminal over the parts of a running service."""

    def __init__(self, live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
        settings = live.house.services.settings
        assert settings.database_url is not None
        assert settings.objects_url is not None
        self.live, self.directory = live, live.directory
        monkeypatch.setenv("YINZHENG_VAR", str(settings.var))
        monkeypatch.setenv("YINZHENG_DATABASE_URL", settings.database_url.get_secret_value())
        monkeypatch.setenv("YINZHENG_OBJECTS_URL", settings.objects_url)
        monkeypatch.setenv("YINZHENG_BASE_URL", settings.base_url)
        monkeypatch.setenv("YINZHENG_ISOLATE_CHECKS", "false")

    def run(self, *words: object, said: str | None = None) -> Result:
        return CliRunner().invoke(app, [str(each) for each in words], input=said)

    def good(self, *words: object, said: str | None = None) -> str:
        result = self.run(*words, said=said)
        assert result.exit_code == 0, f"{result.output}{result.exception}"
        return result.output

    def refused(self, *words: object, said: str | None = None) -> str:
        result = self.run(*words, said=said)
        assert isinstance(result.exception, YinzhengError), result.output
        return result.exception.code

    def enrol(self) -> tuple[str, pyotp.TOTP]:
        qr = self.directory / "qr.png"
        output = self.good(
            *("signature", "enrol", "--officer", "窗口 3", "--reason", "现场核验身份证", "--qr", qr),
            said=f"张伟\n{CODE}\n",
        )
        assert CODE not in output
        assert "\u2588" in output or "\u2580" in output
        assert stat.S_IMODE(qr.stat().st_mode) == 0o600
        with Image.open(qr) as image:
            (found,) = zxingcpp.read_barcodes(image)
        uri = urlsplit(found.text)
        assert uri.scheme == "otpauth"
        number = re.search(r"sc-[0-9a-f]{16}", output)
        assert number is not None
        return number.group(), pyotp.TOTP(parse_qs(uri.query)["secret"][0])

    def seal(self) -> str:
        """A seal of the market office that may be put on applications."""
        words = ("seal", "owner", MARKET.code, "--name", MARKET.name_zh, "--english", "Market", "--region", "370200")
        self.good(*words)
        applied = self.good(
            *("seal", "apply", "--owner", MARKET.code, "--licence-type", "application"),
            *("--officer", "甲", "--reason", "受理", "--purpose", "行政审批专用章"),
        )
        request = re.search(r"request (\d+)", applied)
        number = re.search(r"\d{13}", applied)
        assert request is not None
        assert number is not None
        self.good("seal", "approve", request.group(1), "--officer", "乙")
        return number.group()


@pytest.fixture
def counter(live: Live, monkeypatch: pytest.MonkeyPatch) -> Counter:
    return Counter(live, monkeypatch)


def codes(authenticator: pyotp.TOTP) -> list[str]:
    """Three codes in a row that hold now: those of the last, this and the next half minute."""
    if time.time() % 30 > 20:  # not so late in the step that the first ends before it is used
        time.sleep(30 - time.time() % 30)
    step = int(time.time()) // 30
    return [authenticator.generate_otp(each) for each in (step - 1, step, step + 1)]


def judged(data: bytes, root: Certificate) -> list[bool]:
    """What pyHanko says of each signature."""
    context = ValidationContext(trust_roots=[root], moment=datetime.now(UTC))
    found = [each for each in PdfFileReader(io.BytesIO(data)).embedded_signatures if each.sig_object["/Type"] == "/Sig"]
    return [validate_pdf_signature(each, context).bottom_line for each in found]


@pytest.mark.needs("pdfsig")
def test_the_applicant_signs_the_department_seals_and_all_three_judges_agree(counter: Counter) -> None:
    number, authenticator = counter.enrol()
    first, second, third = codes(authenticator)
    plain, signed, both = (counter.directory / name for name in ("plain.pdf", "signed.pdf", "both.pdf"))
    plain.write_bytes(blank_pdf())
    said = counter.good(
        *("signature", "sign", plain, "--out", signed, "--credential", number),
        *("--reason", "本人承诺以上内容属实", "--x", 60, "--y", 200),
        said=f"{first}\n",
    )
    assert hashlib.sha256(blank_pdf()).hexdigest() in said
    assert first not in said
    assert counter.run("signature", "verify", signed).exit_code == 0
    seal = counter.seal()
    use = ("seal", "use", seal, signed, "--out", both, "--identifier", "申请 2026-1", "--reason", "受理")
    counter.good(*use, "--x", 140, "--y", 220)
    for command in (("signature", "verify", both), ("verify", both, "--policy", "general")):
        result = counter.run(*command, "--json")
        assert result.exit_code == 0, result.output
        signatures = json.loads(result.output)["signatures"]
        assert [each["indication"] for each in signatures] == ["TOTAL_PASSED"] * 2
    pdfsig = subprocess.run(["pdfsig", "-nocert", both], capture_output=True, text=True, check=False).stdout
    assert pdfsig.count("Signature is Valid") == 2, pdfsig
    services = counter.live.house.services
    root = Certificate.load(services.keys.authority.root.public_bytes(Encoding.DER))
    assert judged(both.read_bytes(), root) == [True, True]
    # nothing more goes on it, and what was changed after it was signed is not sealed
    assert counter.refused(*use[:3], both, *use[4:], "--x", 140, "--y", 100) == "seal.document_locked"
    altered = counter.directory / "altered.pdf"
    data = bytearray(signed.read_bytes())
    data[data.index(b"/Contents") - 40] ^= 1
    altered.write_bytes(data)
    assert counter.refused(*use[:3], altered, *use[4:], "--x", 140, "--y", 220) == "api.signatures_not_good"
    over_http(counter, seal, signed.read_bytes(), root)
    revoked(counter, number, signed, second, third)


def over_http(counter: Counter, seal: str, signed: bytes, root: Certificate) -> None:
    """A department's system seals the same application by API, as far as it was granted the use."""
    services = counter.live.house.services
    services.organisations.enrol(HEALTH)
    clients = {}
    for name, body in (("own", MARKET), ("borrower", HEALTH)):
        new = services.clients.enrol(name, name=name, scopes=[Scope.SEAL_USE], organisation_code=body.code)
        assert new is not None
        clients[name] = {"Authorization": f"Bearer {services.clients.token(new.client)}"}
    with TestClient(create_app(services), raise_server_exceptions=False) as http:

        def post(who: str, body: bytes = signed, **more: Any) -> Any:
            query = {"seal": seal, "identifier": "2026-2", "reason": "受理", "x_mm": 140, "y_mm": 220, **more}
            headers = {**clients.get(who, {}), "Content-Type": "application/pdf"}
            return http.post("/v1/seal-uses", params=query, content=body, headers=headers)

        sealed = post("own")
        assert sealed.status_code == 200, sealed.text
        assert judged(sealed.content, root) == [True, True]
        codes_seen = [
            post("nobody").json()["code"],
            post("borrower").json()["code"],
            post("own", type="business_licence").json()["code"],
            post("own", body=blank_pdf()).json()["code"],
            post("own", body=b"text").json()["code"],
            post("own", body=sealed.content).json()["code"],
            post("own", x_mm=1).json()["code"],
        ]
        assert codes_seen == [
            "api.token_missing",
            "seal.not_granted",
            "seal.type_not_allowed",
            "verify.no_signature",
            "verify.not_a_pdf",
            "seal.document_locked",
            "seal.document_unsealable",
        ]
        terms = GrantTerms(["application"], "联合受理", SealUser(HEALTH.code, "borrower"), daily_quota=1)
        services.grants.give(seal, terms, officer="甲", reason="协议")
        assert post("borrower").status_code == 403
        assert post("borrower", purpose="联合受理").status_code == 200
        assert post("borrower", purpose="联合受理").status_code == 429


def revoked(counter: Counter, number: str, signed: Path, second: str, third: str) -> None:
    """Consent, its withdrawal, and the credential's end, after which what it signed before stays good."""
    assert counter.refused("signature", "consent", number, "nobody", "--code", second) == "api.client_unknown"
    counter.good("signature", "consent", number, "own", "--code", second)
    counter.good("signature", "withdraw", number, "own")
    assert counter.refused("signature", "withdraw", number, "own") == "seal.consent_unknown"
    words = ("signature", "sign", signed, "--out", counter.directory / "x.pdf", "--credential", number)
    assert counter.refused(*words, "--code", second) == "seal.second_factor_wrong"
    act = ("--officer", "窗口 3", "--reason", "挂失")
    counter.good("signature", "suspend", number, *act)
    assert counter.refused(*words, "--code", third) == "seal.credential_not_usable"
    counter.good("signature", "resume", number, *act)
    counter.good("signature", "revoke", number, *act)
    assert counter.refused("signature", "resume", number, *act) == "seal.credential_not_usable"
    assert not (counter.directory / "x.pdf").exists()
    listed = json.loads(counter.good("signature", "list", "--json"))
    assert [(each["name"], each["state"]) for each in listed] == [("张*", "cancelled")]
    recorded = json.loads(counter.good("signature", "records", number, "--json"))
    assert [each["step"] for each in reversed(recorded)][:3] == ["authorise", "sign", "signed"]
    result = counter.run("signature", "verify", signed, "--json")
    assert json.loads(result.output)["verdict"] == "TOTAL_PASSED", result.output


def test_a_wrong_identity_number_enrols_nobody(counter: Counter) -> None:
    words = ("signature", "enrol", "--name", "张伟", "--officer", "窗口", "--reason", "r", "--code")
    assert counter.refused(*words, "110105194912310021") == "trust.citizen_id_invalid"
    assert counter.refused(*words, "91370200MA3C00000X", "--company") == "trust.uscc_invalid"
    assert json.loads(counter.good("signature", "list", "--json")) == []
