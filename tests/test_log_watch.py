"""A run of tests that logs one personal datum or secret fails, and says where."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.log_watch import ROOT, judged

LEAK = """
import logging
import subprocess, sys
from tests.log_watch import output


def test_that_is_careful():
    logging.getLogger("yinzheng.http").info("answered", extra={"fields": {"route": "/v1/licences/{identifier}"}})


def test_that_is_careless():
    logging.getLogger("uvicorn.error").info("holder %s", LEAKED)


def test_of_a_careless_process():
    with output("serve") as said:
        subprocess.run([sys.executable, "-c", f"print({LEAKED!r})"], stdout=said, check=True)


LEAKED = "11010519491231002X"
"""


def test_a_run_that_leaks_fails_and_says_which_test_and_which_line(tmp_path: Path) -> None:
    (tmp_path / "test_leak.py").write_text(LEAK, "utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "LOGS_OF"))}
    environment |= {"PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    watched = [sys.executable, "-m", "pytest", "-q", "-p", "xdist", "-n", "2", "-p", "tests.log_watch", "."]
    done = subprocess.run(
        watched,
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "3 passed" in done.stdout
    assert "an identity number, while test_leak.py::test_that_is_careless ran:" in done.stdout
    assert "an identity number, while test_leak.py::test_of_a_careless_process ran:" in done.stdout
    assert '"message": "holder 11010519491231002X"' in done.stdout
    assert "2 lines; all logs are in" in done.stdout


@pytest.mark.parametrize(
    "line",
    [
        '{"message": "11010519491231002x"}',
        '{"message": "\\u5b5f\\u662d\\u5c9a"}',
        "Traceback: Key (name)=(张伟) already exists",
        "correct horse battery",
        "call 13812345678 back",
        "Bearer eyJhbGciOiJFUzI1NiJ9.e30",
        "-----BEGIN EC PRIVATE KEY-----",
        "session Zm9yIGEgdGVzdCBvZiB0aGUgbG9nIHdhdGNoLiAxMj4",
    ],
)
def test_personal_data_and_secrets_are_known_in_every_form(line: str) -> None:
    assert judged(line) is not None


@pytest.mark.parametrize(
    "line",
    [
        '{"request": "3f2504e04f8911d39a0c0305e82c3301", "milliseconds": 13812345678.1}',
        "at 2026-11-28T04:00:00.000+00:00 in store/database.py:110 transaction",
        "11370200990100114M",
        "110105194912310021",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    ],
)
def test_what_else_a_log_holds_passes(line: str) -> None:
    assert judged(line) is None
