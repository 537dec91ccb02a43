"""A lock on a file that the kernel lets go of when its process dies, however it dies."""

from __future__ import annotations

import os
import sys
import time
import weakref
from pathlib import Path

if sys.platform != "win32":
    import fcntl

_POLL_SECONDS = 0.05


class FileLock:
    """An advisory lock (``flock``) on one file, shared or exclusive.

    A lock file is never deleted: a process that waits on a deleted file would hold a lock that nobody else sees. A
    forked child starts without the lock; its parent keeps it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        _locks.add(self)

    @property
    def held(self) -> bool:
        """Whether this process holds the lock through this object."""
        return self._descriptor is not None

    def acquire(self, *, shared: bool = False, timeout: float = 0.0) -> bool:
        """Take the lock, or turn a shared one that is held into an exclusive one; tell whether that succeeded.

        :param timeout: seconds to wait for others to let go.
        :raises OSError: the file cannot be opened, or its file system knows no locks.
        """
        descriptor = self._descriptor
        if descriptor is None:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + timeout
        try:
            while not _try_lock(descriptor, shared=shared):
                if time.monotonic() >= deadline:
                    if self._descriptor is None:
                        os.close(descriptor)
                    return False
                time.sleep(_POLL_SECONDS)
        except OSError:
            if self._descriptor is None:
                os.close(descriptor)
            raise
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Let go of the lock; nothing happens when it is not held."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)


def _try_lock(descriptor: int, *, shared: bool) -> bool:
    if sys.platform == "win32":
        raise OSError("file locks of this kind do not exist on Windows")
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _forget_in_child() -> None:
    # The descriptor of a forked child is the same lock as its parent's: left open, it would hold the lock for as
    # long as the child lives. Closing it does not unlock, because the parent's descriptor is still open.
    for lock in list(_locks):
        lock.release()


_locks: weakref.WeakSet[FileLock] = weakref.WeakSet()
if sys.platform != "win32":
    os.register_at_fork(after_in_child=_forget_in_child)
