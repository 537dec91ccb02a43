"""A terminal for the commands of the documentation, run to the letter: addresses and numbers alone are others."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from store.database import Database
from tests.conftest import ROOT
from tests.docs.launcher import launcher
from tests.docs.pages import Block, blocks, run_by


@dataclass
class Shell:
    """A directory and an environment to run blocks of commands in."""

    directory: Path
    environment: dict[str, str]
    taken: set[Block] = field(default_factory=set)

    def block(self, page: str, part: str, **others: str) -> str:
        """The script of the block that has a part, with some of its words replaced."""
        [found] = [block for block in blocks(page) if part in block.text]
        self.taken.add(found)
        return replaced(found.typed, others)

    def run(self, script: str, **variables: str) -> str:
        """What a shell prints that runs a script; it stops where a command fails.

        :raises AssertionError: one failed.
        """
        done = self.tried(script, **variables)
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def tried(self, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """How a script ended."""
        return subprocess.run(
            ["bash", "-c", "set -euo pipefail\n" + script],
            cwd=self.directory,
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # without a terminal, so that what asks for a secret reads what it is given
        )

    def typed(self, command: str, *said: str) -> str:
        """What a command prints that asks for lines and is given them."""
        return self.run(f'{command.strip()} <<< "$SAID"', SAID="\n".join(said))

    def keep(self, name: str, content: bytes | str) -> None:
        """Write a file."""
        (self.directory / name).write_bytes(content.encode() if isinstance(content, str) else content)

    def has_run_all_of(self, test: str) -> None:
        """Hold a file of tests to what the pages say of it.

        :raises AssertionError: they say of other blocks that it runs them.
        """
        assert {block.place for block in run_by(test)} == {block.place for block in self.taken}


def replaced(script: str, others: dict[str, str]) -> str:
    """A script with some of its words replaced, each of which has to be there."""
    for old, new in others.items():
        assert old in script, f"no {old} in {script}"
        script = script.replace(old, new)
    return script


@contextmanager
def shell(database: Database, directory: Path, **settings: str) -> Iterator[Shell]:
    """A terminal with ``yinzheng`` over a database, for the length of the block.

    :param directory: where the service keeps its files; what is run, is run in ``work`` there.
    :param settings: further variables.
    """
    with TemporaryDirectory(prefix="yz-") as short, launcher(Path(short)) as commands:
        work = directory / "work"
        (work / ".venv").mkdir(parents=True)
        (work / ".venv" / "bin").symlink_to(commands)
        python = commands / "python"
        python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')  # linked to, it would not find its packages
        python.chmod(0o755)
        (work / "examples").symlink_to(ROOT / "examples")
        environment = {
            "HOME": str(directory),
            "PATH": f"{commands}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "YINZHENG_VAR": str(directory),
            "YINZHENG_DATABASE_URL": database.url.render_as_string(hide_password=False),
            "YINZHENG_OBJECTS_URL": (directory / "objects").as_uri(),
            "YINZHENG_ISOLATE_CHECKS": "false",
            **settings,
        }
        yield Shell(work, environment)
