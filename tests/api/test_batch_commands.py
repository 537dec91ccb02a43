"""``yinzheng batch`` as a person types it, on the embedded default."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import test_commands
from terminal import Terminal

from tests.trust.bulk_house import SLUG, permit, write_csv

terminal = test_commands.terminal


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "permits.csv", [permit(n) for n in range(1, 24)], encoding="gb18030")


def test_a_batch_by_command(terminal: Terminal, good: Path, tmp_path: Path) -> None:
    dry = terminal.run("batch", "issue", good, "--type", SLUG, "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert "试运行完成" in dry.stdout

    out = tmp_path / "result.csv"
    done = terminal.run("batch", "issue", good, "--type", SLUG, "--processes", "2", "--result", out, "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["state"], answer["counts"]) == ("done", {"issued": 23})
    assert len(out.read_text("utf-8-sig").splitlines()) == 24
    for text in (dry.stdout, dry.stderr, done.stdout, done.stderr, out.read_text("utf-8")):
        assert "海听" not in text, "nothing that a line says is shown"
        assert "JY2370202" not in text

    again = terminal.run("batch", "issue", good, "--type", SLUG, "--json")
    assert json.loads(again.stdout)["counts"] == {"existing": 23}
    reference = answer["reference"]
    assert reference in terminal.run("batch", "list").stdout
    assert terminal.json("batch", "status", reference)["state"] == "done"
    assert terminal.run("batch", "cancel", reference, "--reason", "r").returncode == 1
    assert terminal.run("batch", "result", reference, "--out", tmp_path / "again.jsonl").returncode == 0
    assert len((tmp_path / "again.jsonl").read_text().splitlines()) == 23

    bad = write_csv(tmp_path / "bad.csv", [permit(100), permit(101, permit_number="=1+1")])
    refused = terminal.run("batch", "issue", bad, "--type", SLUG, "--result", out)
    assert refused.returncode == 1
    assert "校验未通过" in refused.stdout
    assert "pattern" in out.read_text("utf-8-sig").splitlines()[2]

    detached = terminal.run("batch", "issue", write_csv(tmp_path / "c.csv", [permit(200)]), "--type", SLUG, "--detach")
    assert detached.returncode == 0
    listed = terminal.run("batch", "list", "--json").stdout
    waiting = next(each["reference"] for each in json.loads(listed) if each["state"] == "running")
    assert "已暂停" in terminal.run("batch", "pause", waiting).stdout
    resumed = terminal.run("batch", "resume", waiting, "--json")
    assert json.loads(resumed.stdout)["counts"] == {"issued": 1}
    assert terminal.run("batch", "issue", tmp_path / "none.csv", "--type", SLUG).returncode == 1
