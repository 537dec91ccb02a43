"""The command ``yinzheng`` as a person types it, on the embedded default."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from cryptography.hazmat.primitives import hashes
from terminal import Terminal, demonstrated

from tests.house import LAW
from tests.pdfs import blank_pdf
from tests.verify import files
from tests.verify.pki import make_pki
from tests.verify.signing import seal_signer

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture(scope="module")
def terminal() -> Iterator[Terminal]:
    """A terminal where the demo has run."""
    with TemporaryDirectory(prefix="yinzheng-demo-") as directory, demonstrated(Path(directory)) as made:
        yield made


def test_the_demo_runs_again_and_keeps_what_the_first_run_made(terminal: Terminal) -> None:
    before = {path.name: path.read_bytes() for path in (terminal.var / "demo").iterdir() if path.suffix != ".png"}
    assert len([name for name in before if name.endswith(".pdf")]) == 11
    again = terminal.process("demo")
    assert again.returncode == 0, again.stderr
    assert "client_secret=" not in again.stdout
    for name, data in before.items():
        assert (terminal.var / "demo" / name).read_bytes() == data


def test_exit_codes_tell_passed_failed_and_unreadable(terminal: Terminal, tmp_path: Path) -> None:
    licence = terminal.var / "demo" / "business_licence.pdf"
    root = terminal.var / "demo" / "root.pem"
    assert terminal.run("verify", licence).returncode == 0
    assert terminal.run("verify", licence, "--trust", root).returncode == 0
    tampered = tmp_path / "tampered.pdf"
    data = bytearray(licence.read_bytes())
    data[5000] ^= 1
    tampered.write_bytes(data)
    assert terminal.process("verify", tampered).returncode == 1
    (tmp_path / "plain.pdf").write_bytes(blank_pdf())
    (tmp_path / "text.pdf").write_text("hello")
    for name in ("plain.pdf", "text.pdf", "missing.pdf"):
        assert terminal.run("verify", tmp_path / name, "--trust", root).returncode == 2


def test_the_json_of_a_check_has_what_programs_rely_on(terminal: Terminal) -> None:
    answer = terminal.json("verify", terminal.var / "demo" / "food_operation_permit.pdf")
    assert answer["verdict"] == "TOTAL_PASSED"
    assert {"reasons", "signatures", "licence"} <= answer.keys()
    assert all({"code", "message_zh", "message_en"} <= reason.keys() for reason in answer["reasons"])  # type: ignore[attr-defined]


def test_a_check_leaves_reports_for_the_case_file(terminal: Terminal, tmp_path: Path) -> None:
    licence, root = terminal.var / "demo" / "business_licence.pdf", terminal.var / "demo" / "root.pem"
    page, xml = tmp_path / "case" / "report.pdf", tmp_path / "case" / "report.xml"
    done = terminal.run("verify", licence, "--report", page, "--report-xml", xml, "--purpose", "年检")
    assert done.returncode == 0, done.stderr
    assert page.read_bytes().startswith(b"%PDF-")
    assert b"mainindication:total-passed" in xml.read_bytes()
    altered = tmp_path / "altered.pdf"
    altered.write_bytes(licence.read_bytes() + b"(more)")
    assert terminal.run("verify", altered, "--trust", root, "--report-xml", xml).returncode == 1
    assert b"mainindication:total-failed" in xml.read_bytes()
    altered.write_text("hello")
    missing = tmp_path / "none.pdf"
    assert terminal.run("verify", altered, "--report", missing).returncode == 2
    assert not missing.exists()


def test_a_licence_is_issued_suspended_resumed_and_revoked(terminal: Terminal, tmp_path: Path) -> None:
    data, out = EXAMPLES / "physician_practice_certificate.json", tmp_path / "out.pdf"
    issued = terminal.json("issue", "--type", "physician_practice_certificate", "--data", data, "--out", out)
    assert issued["created"] is False
    assert out.read_bytes().startswith(b"%PDF")
    identifier = str(issued["identifier"])
    assert terminal.json("licence", "suspend", identifier, "--reason", "核查")["state"] == "suspended"
    assert terminal.json("licence", "resume", identifier, "--reason", "无误")["state"] == "valid"
    assert (
        terminal.json("licence", "revoke", identifier, "--reason", "撤回", "--legal-basis", LAW)["state"] == "revoked"
    )
    assert terminal.json("licence", "status", identifier)["state_reason"] == "撤回"
    assert terminal.run("verify", out).returncode == 1
    again = terminal.run("licence", "resume", identifier, "--reason", "x")
    assert again.returncode == 1
    assert "trust.act_refused" in again.stderr


def test_the_version_is_told(terminal: Terminal) -> None:
    assert terminal.run("--version").stdout == f"yinzheng {version('yinzheng')}\n"


def test_errors_are_one_line_in_each_language_and_no_traceback(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text('{"a":')
    (tmp_path / "date.json").write_text('{"issue_date": "2026-02-30"}')
    kek = tmp_path / "kek"
    kek.write_bytes(os.urandom(32))
    kek.chmod(0o600)
    out = tmp_path / "o.pdf"
    issue = ("issue", "--type", "business_licence", "--out", out, "--data")
    cases: list[tuple[str, tuple[str | Path, ...], dict[str, str]]] = [
        ("api.file_unreadable", (*issue, tmp_path / "bad.json"), {}),
        ("api.file_unreadable", (*issue, tmp_path / "none.json"), {}),
        ("api.request_invalid", (*issue, tmp_path / "date.json"), {}),
        ("trust.identifier_invalid", ("licence", "status", "1.2.3"), {}),
        ("keys.kek_wrong", ("keys", "list"), {"YINZHENG_KEK_FILE": str(kek)}),
        ("store.database_unavailable", ("keys", "list"), {"YINZHENG_DATABASE_URL": "postgresql://x@127.0.0.1:1/x"}),
        ("api.settings", ("keys", "list"), {"YINZHENG_PORT": "many"}),
        ("api.settings", ("serve",), {"YINZHENG_ENVIRONMENT": "production"}),
    ]
    for code, words, settings in cases:
        result = terminal.process(*words, **settings) if code == "api.settings" else terminal.run(*words, **settings)
        assert result.returncode == 1, words
        assert f"[{code}]" in result.stderr
        assert "Traceback" not in result.stderr
        assert len(result.stderr.strip().splitlines()) == 2
    assert not out.exists()


def test_keys_and_the_trust_anchor_are_shown(terminal: Terminal) -> None:
    assert "root-ca" in terminal.run("keys", "list").stdout
    assert terminal.run("keys", "root").stdout == (terminal.var / "demo" / "root.pem").read_text()


def test_an_administrator_keeps_the_trust_list(terminal: Terminal, tmp_path: Path) -> None:
    root, file, out = tmp_path / "root.crt", tmp_path / "foreign.pdf", tmp_path / "anchors.pem"
    pki = make_pki()
    root.write_bytes(pki.root.der)
    file.write_bytes(files.sealed(seal_signer(pki).cms))
    assert terminal.run("verify", file, "--policy", "general").returncode == 1
    words = ("--purpose", "signature", "--purpose", "time_stamp", "--reason", "青数据〔2026〕8号")
    added = terminal.run("anchors", "add", root, *words, "--until", "2036-01-01", "--json")
    (entry,) = json.loads(added.stdout)
    assert entry["sha256"] == pki.root.certificate.fingerprint(hashes.SHA256()).hex()
    assert entry["added_by"].startswith("cli:")
    assert terminal.run("verify", file, "--policy", "general").returncode == 0
    again = terminal.run("anchors", "add", root, *words)
    assert again.returncode == 1
    assert "verify.anchor_known" in again.stderr
    listed = terminal.run("anchors", "list").stdout
    assert "青数据〔2026〕8号" in listed
    assert "Yinzheng Root CA" in listed
    assert terminal.run("anchors", "export", "--purpose", "signature", "--out", out).returncode == 0
    assert out.read_bytes().count(b"BEGIN CERTIFICATE") == 2
    removed = terminal.run("anchors", "remove", str(entry["id"]), "--reason", "机构停止服务")
    assert removed.returncode == 0
    assert terminal.run("verify", file, "--policy", "general").returncode == 1


def test_a_certificate_is_revoked_with_its_reason_and_date(terminal: Terminal) -> None:
    seals = [each for each in terminal.json("keys", "list") if each["purpose"] == "timestamp"]  # type: ignore[attr-defined,index]
    number = str(seals[0]["certificates"][0]["id"])  # type: ignore[index]
    early = terminal.run("keys", "revoke", number, "--reason", "keyCompromise", "--since", "2001-01-01")
    assert early.returncode == 1
    assert "since" in early.stderr.lower()
    done = terminal.run("keys", "revoke", number, "--reason", "superseded", "--json")
    assert json.loads(done.stdout)["state"] == "revoked"
    assert terminal.run("keys", "revoke", number, "--reason", "superseded").returncode == 1


def test_a_licence_type_is_exported_changed_drafted_looked_at_and_published(terminal: Terminal, tmp_path: Path) -> None:
    slug, home = "teacher_qualification_certificate", tmp_path / "own"
    assert slug in terminal.run("type", "list").stdout
    assert "certificate_number" in terminal.run("type", "show", slug).stdout
    assert terminal.run("type", "export", slug, "--out", home).returncode == 0
    template = home / "template.typ"
    template.write_text(template.read_text() + "#at(22mm, 145mm, text(size: 7pt)[本式样由管理员修订])\n")
    made = terminal.json("type", "draft", slug, home)
    assert (made["version"], made["state"]) == (2, "draft")
    assert terminal.run("type", "preview", slug, "2", "--out", tmp_path / "specimen.png").returncode == 0
    assert (tmp_path / "specimen.png").read_bytes().startswith(b"\x89PNG")
    assert terminal.json("type", "publish", slug, "2")["state"] == "published"
    assert "trust.type_state" in terminal.run("type", "publish", slug, "2").stderr
    package = tmp_path / "package.zip"
    assert terminal.run("type", "export", slug, "--out", package).returncode == 0
    assert terminal.json("type", "import", slug, package)["version"] == 3
    assert terminal.json("type", "retire", slug, "3", "--reason", "式样有误")["state"] == "retired"
    listed: list[dict[str, object]] = json.loads(terminal.run("type", "list", "--all", "--json").stdout)
    states = [(each["version"], each["state"]) for each in listed if each["slug"] == slug]
    assert states == [(1, "retired"), (2, "published"), (3, "retired")]
