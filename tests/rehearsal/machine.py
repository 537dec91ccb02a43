"""A newly installed Debian, started by systemd in a container of its own.

Once it has its packages, it is started without any network but its loopback interface.
"""

from __future__ import annotations

import platform
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.rehearsal.debian import SOURCE, install, unpack_tree
from tests.rehearsal.terminal import ENVIRONMENT, Terminal


class Machine:
    """The machine.

    :param root: its files.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._container: subprocess.Popen[bytes] | None = None
        self._terminals: list[Terminal] = []

    def terminal(self, user: str) -> Terminal:
        """A new shell for somebody."""
        self._terminals.append(Terminal(self._inside("runuser", "-u", user, "--", "bash"), self._root, SOURCE))
        return self._terminals[-1]

    def run(self, *command: str) -> str:
        """What a command prints, run as root.

        :raises AssertionError: it failed.
        """
        done = subprocess.run(self._inside(*command), capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def install(self, script: str) -> str:
        """What a script prints that root runs before the machine is started: with the network of this one.

        :raises AssertionError: a command of it failed.
        """
        done = subprocess.run(
            [
                *self._contained("--pipe", "--as-pid2"),
                *ENVIRONMENT,
                "bash",
                "-c",
                f"set -euo pipefail; cd {SOURCE}\n{script}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=1200,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout[-4000:]}"
        return done.stdout

    def start(self) -> None:
        """Switch it on, and wait until it runs.

        :raises AssertionError: a unit of it failed.
        """
        self._container = subprocess.Popen(
            self._contained("--boot", "--private-network"), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        state = ""
        for _ in range(300):
            if self._leader() is not None:
                asked = self._inside("systemctl", "is-system-running", "--wait")
                state = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=120).stdout.strip()
            if state:
                break
            time.sleep(0.2)
        assert state == "running", f"{state} {self.run('systemctl', '--failed')}"

    def stop(self) -> None:
        """Shut it down in an orderly way."""
        while self._terminals:
            self._terminals.pop().close()
        if self._container is not None:
            self._container.terminate()
            self._container.wait(180)
            self._container = None

    def _leader(self) -> str | None:
        """The first process inside, by its number outside."""
        assert self._container is not None
        children = Path(f"/proc/{self._container.pid}/task/{self._container.pid}/children").read_text("ascii").split()
        return children[0] if len(children) == 1 else None

    def _inside(self, *command: str) -> list[str]:
        leader = self._leader()
        assert leader is not None, "the machine does not run"
        return ["nsenter", f"--target={leader}", "--all", *ENVIRONMENT, *command]

    def _contained(self, *options: str) -> list[str]:
        return ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", f"--directory={self._root}", *options]


@contextmanager
def new_machine() -> Iterator[Machine]:
    """A machine with the tree of files, that is switched off yet; of the same release of Debian as this one."""
    with TemporaryDirectory(prefix="yinzheng-machine-", dir="/var/tmp") as name:
        root = Path(name) / "root"
        codename = platform.freedesktop_os_release()["VERSION_CODENAME"]
        install(root, codename, "systemd", "systemd-sysv", "dbus", "ca-certificates")
        unpack_tree(root)
        machine = Machine(root)
        try:
            yield machine
        finally:
            machine.stop()
