"""A private directory for files that live for moments, in memory where the system has a place for that."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import Final

from store._flock import FileLock

_MEMORY: Final = Path("/dev/shm")  # noqa: S108  each directory in it is made anew, and nobody else's to enter
_PREFIX: Final = "yinzheng-scratch-"
_LOCK: Final = "lock"


class ScratchDirectory:
    """A directory that is gone with its process: taken away at its end or, after a process that was killed, by the
    next one that makes such a directory.
    """

    def __init__(self) -> None:
        place = _MEMORY if os.access(_MEMORY, os.W_OK) else Path(tempfile.gettempdir())
        _sweep(place)
        self.path, self._lock = _made(place)
        self._end = weakref.finalize(self, _take_away, self.path, os.getpid())

    def close(self) -> None:
        """Take the directory away, with all that is in it."""
        self._end()
        self._lock.release()


def _made(place: Path) -> tuple[Path, FileLock]:
    """A directory, and the lock that tells that it is in use."""
    while True:
        path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
        lock = FileLock(path / _LOCK)
        if lock.acquire() and (path / _LOCK).exists():
            return path, lock
        lock.release()  # somebody swept between the file and its lock


def _take_away(path: Path, owner: int) -> None:
    if os.getpid() == owner:  # a forked child ends without its parent's directories
        shutil.rmtree(path, ignore_errors=True)


def _sweep(place: Path) -> None:
    """Take away what processes left that were killed: nobody holds its lock."""
    for left in place.glob(f"{_PREFIX}*"):
        if left.is_symlink() or not (left / _LOCK).exists():
            continue  # somebody else's, or just being made
        lock = FileLock(left / _LOCK)
        try:
            if lock.acquire():
                shutil.rmtree(left, ignore_errors=True)
        except OSError:
            continue  # another account's
        finally:
            lock.release()
