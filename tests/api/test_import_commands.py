"""``yinzheng import`` as a person types it, on the embedded default."""

from __future__ import annotations

import json
from pathlib import Path

import test_commands
from terminal import Terminal

from tests.trust.planted import MAPPING, SLUG, plant

terminal = test_commands.terminal


def test_an_archive_by_command(terminal: Terminal, tmp_path: Path) -> None:
    planted = plant(11, 60, share=0.6)
    file = planted.write(tmp_path / "archive.csv")
    mapping = tmp_path / "mapping.toml"
    mapping.write_bytes(MAPPING)
    (tmp_path / "scans").mkdir()
    (tmp_path / "scans" / "picture.pdf").write_bytes(b"no")
    words = ("import", file, "--type", SLUG, "--mapping", mapping, "--scans", tmp_path / "scans")

    dry = terminal.run(*words, "--dry-run", "--report", tmp_path / "dry", "--json")
    assert dry.returncode == 1, "there are unsound lines"
    assert json.loads(dry.stdout)["state"] == "checked"

    done = terminal.run(*words, "--report", tmp_path / "report", "--json")
    answer = json.loads(done.stdout)
    assert answer["state"] == "done"
    assert answer["counts"] == {"issued": 60 - len(planted.faults), "unsound": len(planted.faults)}
    assert {path.name for path in (tmp_path / "report").iterdir()} == {"report.html", "findings.csv", "report.json"}

    out = tmp_path / "set_aside.csv"
    assert terminal.run("imports", "set-aside", answer["reference"], "--out", out).returncode == 0
    assert out.stat().st_mode & 0o077 == 0
    assert len(out.read_text("utf-8-sig").splitlines()) >= len(planted.faults) + 1
    again = terminal.run("import", out, "--type", SLUG, "--mends", answer["reference"], "--json")
    assert json.loads(again.stdout)["kind"] == "import"
    assert terminal.run("imports", "report", answer["reference"], "--out", tmp_path / "again").returncode == 0

    for shown in (dry.stdout, dry.stderr, done.stdout, done.stderr, again.stdout, again.stderr):
        assert not any(
            row[0] in shown or row[3] in shown for row in planted.rows if len(row[0]) > 2 and len(row[3]) > 3
        )
    mapping.write_text("[other]")
    refused = terminal.run(*words)
    assert refused.returncode == 1
    assert "映射文件有误" in refused.stderr
