"""``yinzheng keys ceremony``: keys made and changed before two officers, and the protocol that they sign."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import app
from api.errors import CeremonyRefusedError, FileUnreadableError
from seal.errors import SealUnknownError
from store.database import Database
from store.errors import YinzhengError
from tests.docs.shell import replaced, shell
from tests.house import MARKET

FIRST, SECOND = "卢青禾", "李沐阳"
KEPT = "一号保险柜，密封袋 0001 safe 1, bag 0001"
Held = Callable[..., str]


@pytest.fixture
def hold(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Held:
    """Holds a ceremony; gives the text of its protocol."""
    monkeypatch.setenv("YINZHENG_VAR", str(tmp_path))
    monkeypatch.setenv("YINZHENG_DATABASE_URL", database.url.render_as_string(hide_password=False))
    monkeypatch.setenv("YINZHENG_KEK_FILE", str(tmp_path / "kek"))

    def hold(kind: str, *more: str, officers: tuple[str, ...] = (FIRST, SECOND), typed: str | None = None) -> str:
        words = ["keys", "ceremony", kind, "--out", str(tmp_path / "protocols"), "--place", "市数据局三楼机房"]
        words += [word for each in officers for word in ("--officer", each)]
        said = "".join(f"{each}\n" for each in officers) if typed is None else typed
        result = CliRunner().invoke(app, [*words, "--copy", KEPT, *more], input=said)
        if isinstance(result.exception, YinzhengError):
            raise result.exception
        assert result.exit_code == 0, result.output
        newest = max((tmp_path / "protocols").glob(f"*-{kind}.txt"))
        return newest.read_text("utf-8")

    return hold


def ran(*words: str) -> str:
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == 0, result.output
    return result.output


def fingerprint(text: str) -> str:
    found = re.search(r"密钥加密密钥指纹 Fingerprint of the key-encryption key: ([0-9a-f]{64})", text)
    assert found is not None
    return found[1]


@pytest.mark.needs("openssl", "pdftotext", "pdfdetach")
def test_the_root_is_made_before_two_officers_and_the_protocol_says_all_but_secrets(hold: Held, tmp_path: Path) -> None:
    text = hold("make", "--witness", "周致远")
    for said in (
        FIRST,
        SECOND,
        "周致远",
        "市数据局三楼机房",
        KEPT,
        "root-ca",
        "issuing-ca",
        "yinzheng 0.1.0",
        "结果 Outcome: 完成",
    ):
        assert said in text, said
    assert re.search(r"程序摘要 Digest of the program: [0-9a-f]{64}", text)
    root = ran("keys", "root")
    shown = subprocess.run(
        ["openssl", "x509", "-noout", "-fingerprint", "-sha256"], input=root, capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip().partition("=")[2].replace(":", "").lower() in text
    kek = (tmp_path / "kek").read_bytes()
    assert (tmp_path / "kek").stat().st_mode & 0o077 == 0
    (pdf,) = (tmp_path / "protocols").glob("*-make.pdf")
    printed = subprocess.run(["pdftotext", str(pdf), "-"], capture_output=True, text=True, check=True).stdout
    assert all(each in printed for each in (FIRST, SECOND, "市数据局三楼机房", "签字"))
    subprocess.run(
        ["pdfdetach", "-save", "1", "-o", "attached", str(pdf)], cwd=tmp_path, capture_output=True, check=True
    )
    assert (tmp_path / "attached").read_text("utf-8") == text
    for where in (text.encode(), pdf.read_bytes(), printed.encode()):
        assert kek not in where
        assert kek.hex().encode() not in where
    assert "PRIVATE" not in text
    with pytest.raises(CeremonyRefusedError):
        hold("make")


def test_keys_are_changed_and_the_protocol_names_the_old_and_the_new(
    hold: Held, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = fingerprint(hold("make"))
    body = "11370200990100114M"
    ran("seal", "owner", body, "--name", "青岛市市场监督管理局", "--english", "Market", "--region", "370200")
    ran("seal", "apply", "--owner", body, "--licence-type", "business_licence", "--purpose",
        "电子证照专用章", "--officer", FIRST, "--reason", "启用")  # fmt: skip
    ran("seal", "approve", "1", "--officer", SECOND)
    number = json.loads(ran("seal", "list", "--json"))[0]["number"]
    assert f"{SECOND}批准 approved it" in hold("seal", "--seal", number)
    assert re.search(r"timestamp: 密钥 key \d+ → \d+, 证书 certificate [0-9a-f]+ → [0-9a-f]+", hold("services"))
    assert "生成数据密钥 made data key" in hold("data")
    text = hold("kek", "--kek-file", str(tmp_path / "new"))
    after = fingerprint(text)
    assert after != before
    assert f"{before} → {after}" in text
    monkeypatch.setenv("YINZHENG_KEK_FILE", str(tmp_path / "new"))
    assert "timestamp" in ran("keys", "list")


def test_nobody_holds_one_alone_and_one_that_fails_is_on_paper_too(hold: Held, tmp_path: Path) -> None:
    for officers, typed in (((FIRST,), None), ((FIRST, f" {FIRST} "), None), ((FIRST, SECOND), f"{FIRST}\n{FIRST}\n")):
        with pytest.raises(CeremonyRefusedError):
            hold("make", officers=officers, typed=typed)
    (tmp_path / "protocols").write_text("in the way")
    with pytest.raises(FileUnreadableError):
        hold("make")
    assert not (tmp_path / "kek").exists()
    (tmp_path / "protocols").unlink()
    hold("make")
    with pytest.raises(SealUnknownError):
        hold("seal", "--seal", "3702000000009")
    (paper,) = (tmp_path / "protocols").glob("*-seal.txt")
    assert "结果 Outcome: 中断 broken off: seal.unknown" in paper.read_text("utf-8")


def test_the_commands_of_the_page_hold_one_of_each_kind(database: Database, tmp_path: Path) -> None:
    """Those of docs/operations.md, to the letter."""
    with shell(database, tmp_path, YINZHENG_KEK_FILE="kek") as terminal:
        paths = {"/etc/yinzheng/": "", "/var/protocols": "protocols"}
        lines = [line for line in terminal.block("docs/operations.md", "keys ceremony", **paths).split("\n") if line]
        services, kek, seal = ("\n".join(lines[at + 1 : at + 3]) for at in (0, 3, 6))
        for kind in ("make", "services", "data"):
            terminal.typed(replaced(services, {"make|services|data": kind}), FIRST, SECOND)
        terminal.typed(kek, FIRST, SECOND)
        terminal.environment["YINZHENG_KEK_FILE"] = "new.kek"
        terminal.run(
            f"yinzheng seal owner {MARKET.code} --name {MARKET.name_zh} --english Market --region 370200\n"
            f"yinzheng seal apply --owner {MARKET.code} --licence-type business_licence --officer {FIRST} --reason r\n"
            f"yinzheng seal approve 1 --officer {SECOND}"
        )
        [number] = json.loads(terminal.run("yinzheng seal list --json"))
        terminal.typed(replaced(seal, {"3702000000001": number["number"]}), FIRST, SECOND)
        terminal.has_run_all_of("tests/api/test_ceremonies.py")
    kinds = {path.stem.rpartition("-")[2] for path in (tmp_path / "work" / "protocols").glob("*.pdf")}
    assert kinds == {"make", "services", "data", "kek", "seal"}
