"""A terminal: commands over one directory of embedded parts, with their output and exit status.

Loading the program takes longer than most commands do. So commands run inside of the tests' own process, through the
same entry as the installed program's; ``process`` starts that one, for what only a process of its own can show.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

from api import cli
from store.embedded import EmbeddedPostgres
from tests.log_watch import output

COMMAND = Path(sys.executable).with_name("yinzheng")


class Terminal:
    """Runs commands over one directory of embedded parts."""

    def __init__(self, var: Path) -> None:
        self.var = var

    def run(self, *words: str | Path, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run a command in this process."""
        out, err = io.StringIO(), io.StringIO()
        argv = ["yinzheng", *map(str, words)]
        with (
            mock.patch.dict(os.environ, self._environment(settings), clear=True),
            mock.patch.object(sys, "argv", argv),
            mock.patch.object(sys, "stdin", io.StringIO()),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            status = _status()
        return subprocess.CompletedProcess(argv, status, out.getvalue(), err.getvalue())

    def process(self, *words: str | Path, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run the installed command."""
        done = subprocess.run(
            [COMMAND, *words],
            capture_output=True,
            text=True,
            env=self._environment(settings),
            timeout=120,
            check=False,
        )
        with output("command") as said:
            said.write(done.stderr.encode())
        return done

    def json(self, *words: str | Path) -> dict[str, object]:
        answer: dict[str, object] = json.loads(self.run(*words, "--json").stdout)
        return answer

    def _environment(self, settings: Mapping[str, str]) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith("YINZHENG_")}
        return {**own, "YINZHENG_VAR": str(self.var), **settings}


@contextmanager
def demonstrated(var: Path) -> Iterator[Terminal]:
    """A terminal where the demo has run. The database is held open meanwhile, so that no command starts it anew."""
    terminal = Terminal(var)
    with EmbeddedPostgres(var / "postgres"):
        first = terminal.run("demo")
        assert first.returncode == 0, first.stdout + first.stderr
        assert first.stdout.count("client_secret=") == 3
        yield terminal


def _status() -> int:
    try:
        cli.main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0
