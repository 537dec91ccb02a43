"""A disk of a few megabytes that can be filled up."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass
class SmallDisk:
    """A file system in memory, mounted for a test."""

    path: Path

    @property
    def _filler(self) -> Path:
        return self.path / "filler"

    def fill(self) -> None:
        """Leave no space on it."""
        descriptor = os.open(self._filler, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            while os.write(descriptor, bytes(4096)):
                pass
        except OSError:
            os.close(descriptor)

    def make_space(self) -> None:
        """Take away what filled it."""
        self._filler.unlink()


@contextmanager
def small_disk(path: Path, *, megabytes: int, owner: int = 0) -> Iterator[SmallDisk]:
    """A disk mounted on a new directory, for the length of a block.

    :param owner: user number of whom it belongs to.
    """
    path.mkdir()
    options = f"size={megabytes}m,uid={owner},mode=0700"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip("only root can mount a disk")
    try:
        yield SmallDisk(path)
    finally:
        subprocess.run(["umount", "-l", path], check=True)
