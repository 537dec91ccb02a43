"""What we take from others: advisories on it, and what must not go out with it."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import secrets
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jose import jwt

ROOT = Path(__file__).resolve().parent.parent
# Locked for other systems or versions of Python than this one, and for building the project.
NOT_EVERYWHERE = {"async-timeout", "colorama", "httpx2-jsfetch", "tongsuopy", "tzdata", "exceptiongroup"}
COME_WITH_PYTHON = {"setuptools", "wheel"}
BUILDERS = {"editables", "hatchling", "pathspec", "pluggy", "tomlkit", "trove-classifiers"}
ECDSA = "GHSA-wj6h-64fc-37mp"


def tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / ".ci" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def accepted() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads((ROOT / ".ci" / "accepted_findings.toml").read_text("utf-8"))[
        "accepted"
    ]
    return found


class TestAdvisories:
    def test_each_accepted_finding_has_a_reason_a_test_and_a_day(self) -> None:
        lock = (ROOT / "requirements-dev.lock").read_text("utf-8")
        for each in accepted():
            assert f"\n{each['package']}==" in lock
            assert len(each["reason"].split()) > 20
            file, name = each["test"].split("::")
            functions = ast.walk(ast.parse((ROOT / file).read_text("utf-8")))
            assert name in {node.name for node in functions if isinstance(node, ast.FunctionDef)}
            assert each["until"] < datetime.now(UTC).date() + timedelta(days=366), "look again within a year"

    def test_a_finding_counts_unless_it_is_accepted_for_its_package(self) -> None:
        audit = tool("audit")
        report = [
            {
                "name": "ecdsa",
                "version": "0.19.2",
                "vulns": [{"id": "PYSEC-1", "aliases": [ECDSA], "fix_versions": []}],
            },
            {"name": "jinja2", "version": "3.1.6", "vulns": []},
        ]
        assert audit.judge(report, accepted()) == ([], [])
        assert audit.judge(report, []) == (["ecdsa 0.19.2: PYSEC-1, fixed in: none yet"], [])
        report[0]["name"] = "another"
        assert [line.split(":")[0] for line in audit.judge(report, accepted())[0]] == [
            "another 0.19.2",
            "ecdsa CVE-2024-23342",  # accepted, but nobody finds it any more
        ]

    def test_a_package_that_nobody_speaks_for_is_not_audited(self) -> None:
        findings, passed_over = tool("audit").judge([{"name": "ours", "skip_reason": "not found"}], [])
        assert (findings, passed_over) == ([], ["ours: not audited: not found"])

    def test_an_acceptance_ends_with_its_day(self) -> None:
        audit = tool("audit")
        last = date(2027, 5, 31)
        entry = {"package": "ecdsa", "ids": [ECDSA], "until": last}
        assert audit.past_their_day([entry], last) == []
        assert audit.past_their_day([entry], last + timedelta(days=1)) != []

    def test_a_service_is_believed_if_it_knows_what_everybody_knows(
        self, advisories: Advisories, tmp_path: Path
    ) -> None:
        lock = tmp_path / "some.lock"
        lock.write_text("ecdsa==0.19.2\nsix==1.17.0\n")

        def audit() -> tuple[int, str]:
            command = [sys.executable, ".ci/audit.py", "--osv-url", advisories.address, "--lock", str(lock)]
            result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
            return result.returncode, result.stdout

        code, words = audit()
        assert (code, advisories.asked) == (3, ["jinja2"])
        assert "NOT audited" in words
        advisories.known = {"jinja2": "CVE-2019-10906", "six": "CVE-2026-0001"}
        code, words = audit()
        assert code == 1
        assert "six 1.17.0: CVE-2026-0001" in words


class Advisories:
    """A service that knows the advisories it is told of, by package."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        self.asked: list[str] = []
        self.address = ""

    def answer(self, query: dict[str, Any]) -> dict[str, Any]:
        package = query["package"]
        self.asked.append(package["name"])
        known = self.known.get(package["name"])
        return {"vulns": [{"id": known, "summary": "", "affected": [{"package": package}]}]} if known else {}


@pytest.fixture
def advisories() -> Iterator[Advisories]:
    service = Advisories()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = json.loads(self.rfile.read(int(self.headers["content-length"])))
            body = json.dumps(service.answer(query)).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name it has in the library
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        service.address = f"http://127.0.0.1:{server.server_port}/v1/query"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield service
        server.shutdown()
        thread.join()


Bills = tuple[dict[str, Any], dict[str, Any]]


@pytest.fixture(scope="module")
def bills(tmp_path_factory: pytest.TempPathFactory) -> Bills:
    """Of what runs, and of everything. CI holds them to the schema (`make sbom`), which takes longer."""
    place = tmp_path_factory.mktemp("bills")
    subprocess.run([sys.executable, ".ci/sbom.py", "--unchecked", "--to", str(place)], cwd=ROOT, check=True)
    runs, everything = (json.loads((place / name).read_text("utf-8")) for name in ("sbom.json", "sbom-dev.json"))
    return runs, everything


class TestBillOfMaterials:
    def test_each_package_that_runs_has_a_licence_that_is_allowed(self, bills: Bills) -> None:
        page = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
        table = page.split("| 许可 licence |")[1].split("\n\n")[0]
        allowed = set(re.findall(r"`([\w.-]+)`", table))
        assert len(allowed) > 10
        for component in bills[0]["components"]:
            found = [each.get("expression") or each["license"].get("id", "") for each in component["licenses"]]
            names = {name for each in found for name in re.split(r" AND | OR |[()]", each)}
            assert names, component["name"]
            assert names <= allowed, f"{component['name']}: {names}"

    def test_they_hold_what_the_lock_files_do(self, bills: Bills) -> None:
        for bill, lock in zip(bills, ("requirements.lock", "requirements-dev.lock"), strict=True):
            locked = set(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / lock).read_text("utf-8"), re.MULTILINE))
            listed = {
                (re.sub(r"[._-]+", "-", each["name"]).lower(), each["version"])
                for each in bill["components"]
                if each["purl"].startswith("pkg:pypi/")
            }
            assert {(name, version) for name, version in listed if name not in COME_WITH_PYTHON} <= locked
            assert {name for name, _ in locked} - {name for name, _ in listed} <= NOT_EVERYWHERE | BUILDERS
            # who needs whom ends at what is listed
            refs = {each["bom-ref"] for each in bill["components"]}
            needed = {ref for each in bill["dependencies"] for ref in each.get("dependsOn", ())}
            assert needed <= refs
        assert "axe-core" in {each["name"] for each in bills[1]["components"]}


def test_a_planted_secret_is_found_wherever_it_is_and_not_shown(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    password, word = secrets.token_hex(12), secrets.token_hex(32)
    token = jwt.encode({"sub": "officer"}, key, "ES256")
    planted = {
        "keys/spare.py": f'KEY = """\n{pem}"""\n',
        "tests/test_sign_in.py": "TOKEN = 'ghp_" + secrets.token_hex(18) + "'\n",
        "docs/operations.md": f"    psql postgresql://yinzheng:{password}@database/yinzheng\n",
        "deploy/values.yml": f"kek: '{word}'\n",
        "deploy/more.yml": f"password: '{password}-Word'\n",
        "deploy/seal.p12": "\0",
        "docs/curl.md": f"    Authorization: Bearer {token}\n",
    }
    harmless = {
        "trust/codes.py": "ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'\n",
        "docs/a.md": "-----BEGIN PRIVATE\n",
    }
    for name, text in {**planted, **harmless}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", *list(planted)[:3]], cwd=tmp_path, check=True)  # the others are about to be

    def scan(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(ROOT / ".ci" / "secrets_scan.py"), *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    (tmp_path / ".secrets.baseline").write_text("[]")
    result = scan()
    assert result.returncode == 1
    assert {line.split(":")[0] for line in result.stdout.splitlines()[:-1]} == set(planted)
    assert password not in result.stdout
    assert word not in result.stdout
    assert scan("--update").returncode == 0
    assert scan().returncode == 0
    (tmp_path / "keys" / "spare.py").write_text(planted["keys/spare.py"] * 2)  # a second key beside one that is known
    (tmp_path / "deploy" / "seal.p12").unlink()
    result = scan()
    assert result.returncode == 1
    assert [line.split(":")[0] for line in result.stdout.splitlines()[:-1]] == ["keys/spare.py", ".secrets.baseline"]
