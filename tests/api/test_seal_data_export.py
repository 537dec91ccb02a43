"""Seal data leave by command and over HTTP, for the seal's owner alone, and are read back."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from typer.testing import CliRunner

from api.cli import app
from seal.errors import SealUnknownError
from tests.api.conftest import Front
from tests.house import House


def test_what_is_exported_is_inspected_and_trusted(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal = house.seal()
    monkeypatch.setenv("YINZHENG_VAR", str(tmp_path))
    monkeypatch.setenv("YINZHENG_DATABASE_URL", house.services.database.url.render_as_string(hide_password=False))
    file, roots = tmp_path / "seal.esl", tmp_path / "roots.pem"
    done = CliRunner().invoke(app, ["seal", "export", seal.number, "--out", str(file)])
    assert done.exit_code == 0, done.output
    assert hashlib.sha256(file.read_bytes()).hexdigest() in done.output
    authority = house.services.keys.authority
    chain = (authority.gm_root, authority.gm_issuing)
    roots.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in chain))
    done = CliRunner().invoke(app, ["seal", "inspect", str(file), "--trust", str(roots), "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.output)
    assert (found["id"], found["version"], found["signature_verifies"]) == (seal.number, 4, True)
    assert "esl.maker_trusted" in {each["code"] for each in found["findings"]}
    shown = json.loads(CliRunner().invoke(app, ["seal", "show", seal.number, "--json"]).output)
    assert shown["seal_data_digest"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert shown["seal_data_digest"] in CliRunner().invoke(app, ["seal", "show", seal.number]).output
    unknown = CliRunner().invoke(app, ["seal", "export", "3702009999999", "--out", str(file)])
    assert isinstance(unknown.exception, SealUnknownError)


def test_the_owner_gets_them_over_http_and_nobody_else(front: Front) -> None:
    seal = front.house.seal()
    path = f"/v1/seals/{seal.number}/esl"
    answer = front.http.get(path, headers=front.issuer)
    assert answer.status_code == 200
    assert answer.content == front.house.services.seal_data.current(seal.number).data
    assert answer.headers["content-disposition"] == f'attachment; filename="{seal.number}.esl"'
    assert answer.headers["cache-control"] == "no-store"
    assert front.http.get(path).status_code == 401
    assert front.http.get(path, headers=front.checker).status_code == 403
    other = front.house.seal("physician_practice_certificate")
    assert front.http.get(f"/v1/seals/{other.number}/esl", headers=front.issuer).status_code == 404
