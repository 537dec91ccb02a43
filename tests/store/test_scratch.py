"""Directories for a moment are gone with their process, also with one that was killed, and never under a live one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from store import scratch
from store.scratch import ScratchDirectory

HOLDER = """
import sys
from pathlib import Path
from store import scratch
scratch._MEMORY = Path(sys.argv[1])
directory = scratch.ScratchDirectory()
(directory.path / "file").write_text("x")
print(directory.path, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(scratch, "_MEMORY", tmp_path)
    return tmp_path


def hold(place: Path) -> tuple[subprocess.Popen[str], Path]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(place)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_it_is_private_and_taken_away(place: Path) -> None:
    made = ScratchDirectory()
    assert made.path.parent == place
    assert made.path.stat().st_mode & 0o077 == 0
    (made.path / "deep").mkdir()
    (made.path / "deep" / "file").write_text("x")
    made.close()
    assert not list(place.iterdir())


def test_what_a_killed_process_left_is_swept_and_a_live_one_keeps_its_own(place: Path) -> None:
    killed, left = hold(place)
    alive, kept = hold(place)
    killed.kill()
    killed.communicate()
    assert left.exists()
    ScratchDirectory().close()
    assert not left.exists()
    assert (kept / "file").read_text() == "x"
    alive.communicate()
    assert not kept.exists()


def test_a_forked_child_leaves_its_parent_s_directory_alone() -> None:
    made = ScratchDirectory()
    child = os.fork()
    if child == 0:
        made.close()
        os._exit(0)
    os.waitpid(child, 0)
    assert made.path.exists()
    made.close()


def test_without_a_place_in_memory_it_is_where_temporary_files_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch, "_MEMORY", tmp_path / "none")
    monkeypatch.setattr(scratch.tempfile, "gettempdir", lambda: str(tmp_path))
    made = ScratchDirectory()
    assert made.path.parent == tmp_path
    made.close()
