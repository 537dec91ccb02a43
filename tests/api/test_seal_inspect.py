"""``yinzheng seal inspect``: what it prints, what it exits with, and that it needs no database."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.cli import app


def inspect(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["seal", "inspect", *map(str, arguments)])


@pytest.fixture(autouse=True)
def no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever starts the services in these tests fails."""
    monkeypatch.setattr("api.commands.common.Services", None)


def test_the_published_seal_exits_0_and_shows_that_it_has_expired(vectors: Path) -> None:
    done = inspect(vectors / "seal-v4.esl")
    assert done.exit_code == 0
    for text in ("51f044b76510434e9bc67a1185c2fba5", "OFD R&W 测试用印章", "40 × 40 mm", "CN=Test Certificate"):
        assert text in done.output
    for code in ("esl.maker_signature_valid", "esl.maker_certificate_expired", "esl.expired"):
        assert code in done.output


def test_for_programs_the_keys_are_those_documented(vectors: Path) -> None:
    done = inspect(vectors / "seal-v4.esl", "--json")
    assert done.exit_code == 0
    value = json.loads(done.output)
    assert set(value) == {
        "readable", "version", "form", "id", "vendor", "name", "type", "created_at", "valid_from", "valid_until",
        "in_validity", "picture", "users", "signer", "signature_algorithm", "signature", "signature_verifies",
        "findings",
    }  # fmt: skip
    assert value["picture"] == {"format": "PNG", "width_mm": 40, "height_mm": 40, "bytes": 15693}
    assert (value["version"], value["type"], value["valid_until"]) == (4, 3, "2022-04-22T02:09:00Z")
    assert (value["signature_verifies"], value["in_validity"], value["signer"]["in_validity"]) == (True, False, False)


def test_a_seal_with_one_letter_changed_exits_1(vectors: Path, tmp_path: Path) -> None:
    file = tmp_path / "changed.esl"
    data = (vectors / "seal-v4.esl").read_bytes()
    file.write_bytes(data.replace("测试用印章".encode(), "测试用印草".encode(), 1))
    done = inspect(file, "--json")
    assert done.exit_code == 1
    assert json.loads(done.output)["signature"] == "invalid"


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"\x30\x80\x00\x00"])
def test_what_is_no_seal_exits_2_with_a_code(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "no.esl"
    file.write_bytes(content)
    assert inspect(file).exit_code == 2
    done = inspect(file, "--json")
    assert done.exit_code == 2
    value = json.loads(done.output)
    assert value["readable"] is False
    assert value["reasons"][0]["code"] == "seal.esl_unreadable"


def test_a_file_that_is_not_there_exits_2(tmp_path: Path) -> None:
    done = inspect(tmp_path / "none.esl", "--json")
    assert done.exit_code == 2
    assert json.loads(done.output)["reasons"][0]["code"] == "api.file_unreadable"
