"""Newly installed Debian systems as directories. Packages come from where this machine has its own."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path
from typing import Final

from tests.conftest import ROOT

SOURCE: Final = "/srv/yinzheng"
"""Where a system has the tree of files."""
_TOLD_HERE: Final = ("etc/pip.conf", "etc/ssl/certs/ca-certificates.crt")
"""What says where ``pip`` asks, and whom it trusts there."""


def install(path: Path, codename: str, *packages: str) -> None:
    """Make a system of the fewest packages that Debian knows, and of these.

    :param path: a directory, or the archive to make.
    """
    hooks = [
        f"--customize-hook=copy-in /{each} /{Path(each).parent}" for each in _TOLD_HERE if Path("/", each).exists()
    ]
    subprocess.run(
        ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(packages)}", *hooks, codename, str(path)],
        check=True,
        stdin=subprocess.DEVNULL,
    )


def unpack_tree(root: Path) -> None:
    """Put a clone of the repository into a system, with what was changed here since the last commit."""
    path = root / SOURCE.removeprefix("/")
    git = ["git", "-C", str(ROOT)]
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(path)], check=True)
    changed = subprocess.run([*git, "stash", "create"], capture_output=True, text=True, check=True).stdout.strip()
    packed = subprocess.run([*git, "archive", changed or "HEAD"], capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(path, filter="data")
