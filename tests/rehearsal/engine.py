"""Docker Engine on a Debian of its own, in a network of its own.

From there the registries of packages are reached through a process of this machine's (``slirp4netns``), as an ordinary
user's programs reach them; what containers say to each other stays in there.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.rehearsal.debian import SOURCE, install, unpack_tree
from tests.rehearsal.terminal import ENVIRONMENT, Terminal

RELEASE: Final = "trixie"
STAND_INS: Final = Path(__file__).parent / "stand_ins"
"""A directory for each image that docker-compose.yml and Dockerfile name, and that is not this project's."""
_START: Final = """
set -e
mount --make-rprivate /
mount --bind {root} {root}
cd {root}
for each in sys dev; do mount --rbind /$each ./$each; done
mount -t proc proc proc
mount -t tmpfs tmpfs run
rm -f etc/resolv.conf
echo nameserver 10.0.2.3 > etc/resolv.conf
ip link set lo up
pivot_root . mnt
cd /
umount --lazy /mnt
exec dockerd --log-level warn
"""


class Engine:
    """The engine.

    :param root: files of the system that it runs on.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._apart = subprocess.Popen(
            ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", _START.format(root=root)],
            stdin=subprocess.DEVNULL,
        )
        children = Path(f"/proc/{self._apart.pid}/task/{self._apart.pid}/children")
        while not (leader := children.read_text("ascii").strip()):
            time.sleep(0.05)
        self._leader = leader
        self._network = subprocess.Popen(
            ["slirp4netns", "--configure", "--mtu=65520", "--disable-host-loopback", leader, "tap0"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._terminals: list[Terminal] = []

    def terminal(self) -> Terminal:
        """A new shell of root's."""
        enter = ["nsenter", f"--target={self._leader}", "--net", "--mount", "--pid"]
        self._terminals.append(Terminal([*enter, *ENVIRONMENT, "bash"], self._root, SOURCE))
        return self._terminals[-1]

    def stop(self) -> None:
        """End all that runs in it."""
        while self._terminals:
            self._terminals.pop().close()
        with suppress(ProcessLookupError):
            os.kill(int(self._leader), signal.SIGTERM)
        try:
            self._apart.wait(60)
        finally:
            self._apart.kill()
            self._network.kill()
            self._network.wait()


@contextmanager
def new_engine() -> Iterator[Engine]:
    """An engine with the stand-ins, and the tree of files beside it."""
    with TemporaryDirectory(prefix="yinzheng-engine-", dir="/var/tmp") as name:
        root = Path(name) / "root"
        install(
            root, RELEASE, "docker.io", "docker-cli", "docker-compose", "iproute2", "iptables", "ca-certificates",
            "curl", "make", "openssl", "python3",
        )  # fmt: skip
        unpack_tree(root)
        install(Path(name) / "base.tar", RELEASE, "ca-certificates")
        shutil.move(Path(name) / "base.tar", root / "srv")
        shutil.copytree(STAND_INS, root / "srv" / "stand_ins")
        engine = Engine(root)
        try:
            terminal = engine.terminal()
            terminal.run("until docker info > /dev/null 2>&1; do sleep 0.2; done")
            terminal.run("docker import /srv/base.tar debian:stand-in && rm /srv/base.tar")
            for each in sorted(STAND_INS.iterdir()):
                terminal.run(f"docker build --tag {each.name.replace('_', ':', 1)} /srv/stand_ins/{each.name}")
            yield engine
        finally:
            engine.stop()
