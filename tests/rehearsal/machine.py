"""A newly installed Debian, started by systemd in a container of its own, to follow guides on to the letter.

Packages come from where this machine has its own; once it has them, it is started without any network but its loopback
interface.
"""

from __future__ import annotations

import io
import os
import platform
import shlex
import shutil
import subprocess
import tarfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.conftest import ROOT

SOURCE: Final = "/srv/yinzheng"
"""Where the machine has the tree of files."""
_PLACES: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_ENVIRONMENT: Final = ["env", "-i", f"PATH={_PLACES}", "LANG=C.UTF-8", "HOME=/root", "DEBIAN_FRONTEND=noninteractive"]
_TRUSTED: Final = Path("etc/ssl/certs/ca-certificates.crt")


class Terminal:
    """A shell of somebody on the machine that stays open: what a block has set, the next one finds."""

    def __init__(self, machine: Machine, user: str) -> None:
        self._machine, self._user = machine, user
        self._shell = subprocess.Popen(
            machine.inside("runuser", "-u", user, "--", "bash"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._blocks = 0
        self.run(f"set -euo pipefail; cd {SOURCE}")

    def run(self, script: str, said: str = "") -> str:
        """What a script prints.

        :param said: what its commands read.
        :raises AssertionError: one of them failed.
        """
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        self._blocks += 1
        name, end = f"/run/block-{self._user}-{self._blocks}", f"-- block {self._blocks} is done --"
        self._machine.write(name, script)
        self._machine.write(f"{name}.said", said)
        self._shell.stdin.write(f". {name} < {name}.said; printf '\\n%s\\n' {shlex.quote(end)}\n")
        self._shell.stdin.flush()
        patience = threading.Timer(300, self._shell.kill)
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


class Machine:
    """The machine."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._container: subprocess.Popen[bytes] | None = None
        self._terminals: list[Terminal] = []

    def inside(self, *command: str) -> list[str]:
        """What starts a command inside, as root."""
        assert self._container is not None
        children = Path(f"/proc/{self._container.pid}/task/{self._container.pid}/children")
        [leader] = children.read_text("ascii").split()
        return ["nsenter", "--target", leader, "--all", *_ENVIRONMENT, *command]

    def terminal(self, user: str) -> Terminal:
        """A new shell for somebody."""
        self._terminals.append(Terminal(self, user))
        return self._terminals[-1]

    def write(self, path: str, text: str) -> None:
        """Write a file that everybody there can read."""
        subprocess.run(
            self.inside("sh", "-c", f"umask 022; cat > {path}"), input=text, text=True, check=True, timeout=10
        )

    def run(self, *command: str) -> str:
        """What a command prints, run as root.

        :raises AssertionError: it failed.
        """
        done = subprocess.run(self.inside(*command), capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def install(self, script: str) -> None:
        """Run a script as root before the machine is started: with the network of this one.

        :raises AssertionError: a command of it failed.
        """
        done = subprocess.run(
            [*self._contained("--pipe"), *_ENVIRONMENT, "bash", "-c", f"set -euo pipefail; cd {SOURCE}\n{script}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=1200,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout[-4000:]}"

    def start(self) -> None:
        """Switch it on, and wait until it runs.

        :raises AssertionError: a unit of it failed.
        """
        self._container = subprocess.Popen(
            self._contained("--boot", "--private-network"), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        for _ in range(300):
            came_up = subprocess.run(
                self.inside("systemctl", "is-system-running", "--wait") if self._has_leader() else ["false"],
                capture_output=True,
                text=True,
                check=False,
            )
            if came_up.stdout:
                break
            time.sleep(0.2)
        assert came_up.stdout == "running\n", came_up.stdout + self.run("systemctl", "--failed")

    def stop(self) -> None:
        """Shut it down in an orderly way."""
        while self._terminals:
            self._terminals.pop().close()
        if self._container is not None:
            self._container.terminate()
            self._container.wait(180)
            self._container = None

    def _has_leader(self) -> bool:
        assert self._container is not None
        children = Path(f"/proc/{self._container.pid}/task/{self._container.pid}/children")
        return len(children.read_text("ascii").split()) == 1

    def _contained(self, *options: str) -> list[str]:
        return ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", f"--directory={self._path}", *options]


@contextmanager
def new_machine() -> Iterator[Machine]:
    """A machine that is switched off, with the tree of files as it is in git and in the working tree."""
    with TemporaryDirectory(prefix="yinzheng-machine-", dir="/var/tmp") as name:
        path = Path(name) / "root"
        codename = platform.freedesktop_os_release()["VERSION_CODENAME"]
        subprocess.run(
            ["mmdebstrap", "--quiet", "--variant=minbase", "--include=systemd,systemd-sysv,dbus,ca-certificates"]
            + [codename, str(path)],
            check=True,
            stdin=subprocess.DEVNULL,
        )
        for each in (Path("etc/pip.conf"), _TRUSTED):
            if (Path("/") / each).exists():
                shutil.copy(Path("/") / each, path / each)
        _unpack_tree(path / SOURCE.removeprefix("/"))
        machine = Machine(path)
        try:
            yield machine
        finally:
            machine.stop()


def _unpack_tree(path: Path) -> None:
    git = ["git", "-C", str(ROOT)]
    changed = subprocess.run([*git, "stash", "create"], capture_output=True, text=True, check=True).stdout.strip()
    packed = subprocess.run([*git, "archive", changed or "HEAD"], capture_output=True, check=True).stdout
    path.mkdir(parents=True)
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(path, filter="data")
    os.chmod(path, 0o755)
