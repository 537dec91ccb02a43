"""Shells that stay open, on machines made for a rehearsal."""

from __future__ import annotations

import shlex
import subprocess
import threading
from pathlib import Path
from typing import Final

PATIENCE: Final = 300
"""Seconds that a block may take."""
ENVIRONMENT: Final = [
    "env",
    "-i",
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG=C.UTF-8",
    "HOME=/root",
    "DEBIAN_FRONTEND=noninteractive",
]


class Terminal:
    """A shell on a machine: what one block has set, the next one finds; where a command fails, all ends.

    :param command: what starts ``bash`` there.
    :param root: the machine's files, as seen from outside.
    :param directory: where it starts, as seen from inside.
    """

    def __init__(self, command: list[str], root: Path, directory: str) -> None:
        self._root = root
        self._shell = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.run(f"set -euo pipefail; cd {directory}")

    def run(self, script: str, said: str = "") -> str:
        """What a script prints.

        :param said: what its commands read.
        :raises AssertionError: one of them failed, or did not come to an end.
        """
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        block, end = self._root / "srv" / f"block-{id(self)}", "-- that is all --"
        block.write_text(script, "utf-8")
        block.with_suffix(".said").write_text(said, "utf-8")
        name = f"/srv/{block.name}"
        self._shell.stdin.write(f". {name} < {name}.said; printf '\\n%s\\n' {shlex.quote(end)}\n")
        self._shell.stdin.flush()
        patience = threading.Timer(PATIENCE, self._shell.kill)
        patience.start()
        printed = ""
        try:
            for line in self._shell.stdout:
                if line == f"{end}\n":
                    return printed
                printed += line
        finally:
            patience.cancel()
        raise AssertionError(f"{script}\n{printed}")

    def close(self) -> None:
        """Leave the shell."""
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        self._shell.stdin.close()
        self._shell.wait(30)
        self._shell.stdout.close()
