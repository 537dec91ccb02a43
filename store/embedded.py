"""The database of a machine that was given none: a real PostgreSQL under a directory, shared by our processes."""

from __future__ import annotations

import atexit
import logging
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from store._flock import FileLock
from store.errors import Kind, YinzhengError

if sys.platform != "win32":
    from store._cluster import Cluster, ClusterError

_GATE_SECONDS = 150.0
"""Longer than one start and one stop together are allowed to take."""

_logger = logging.getLogger(__name__)


class EmbeddedPostgresError(YinzhengError):
    """The built-in PostgreSQL could not be started."""

    code = "store.embedded_postgres_failed"
    kind = Kind.UNAVAILABLE
    zh = "内置的 PostgreSQL 无法启动，原因见日志 {log}；也可用 YINZHENG_DATABASE_URL 指定其他数据库。"
    en = (
        "The built-in PostgreSQL could not be started; {log} tells why. "
        "YINZHENG_DATABASE_URL can name another database instead."
    )


class EmbeddedPostgresUnsupportedError(YinzhengError):
    """The built-in PostgreSQL does not work on this operating system."""

    code = "store.embedded_postgres_unsupported"
    kind = Kind.MISCONFIGURED
    zh = "本系统不支持内置的 PostgreSQL，请用 YINZHENG_DATABASE_URL 指定数据库（或在 WSL 中运行）。"
    en = "The built-in PostgreSQL does not work on this system: set YINZHENG_DATABASE_URL to a database, or run in WSL."


class EmbeddedPostgres:
    """A PostgreSQL server that runs for as long as some process uses it.

    The first process to start it starts the server, the next ones join, the last one to close it stops it. Each holds
    a shared lock on a file for as long as it lives, which the kernel lets go of also when the process is killed; who
    can turn its own into an exclusive one is the last. A second lock, the gate, keeps a start and a stop from
    crossing. When the last user is killed the server stays up until the next one has come and gone.

    The server listens on a unix socket only, in a directory that no other user may enter. When run by root, the
    server runs as the account ``embedded_postgres``, which is made when missing and given the right to pass through
    the parents of the directory and of the Python environment.

    Windows has no such locks and no such socket; there a database must be named.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory.expanduser().absolute()
        self._users = FileLock(self._directory / "users.lock")
        self._gate = FileLock(self._directory / "gate.lock")
        self._url: str | None = None

    @property
    def url(self) -> str:
        """URL of the database, ``postgresql://...``, once started."""
        if self._url is None:
            raise RuntimeError("the server was not started")
        return self._url

    @property
    def superuser_url(self) -> str:
        """The same for the superuser, to whom policies on rows are nothing."""
        return self.url.replace("//yinzheng@", "//postgres@", 1)

    def start(self) -> str:
        """Start the server or join the one that runs, and return the URL of its database.

        May be called again: it then brings back a server that died.

        :raises EmbeddedPostgresError: the server could not be started.
        :raises EmbeddedPostgresUnsupportedError: not on this operating system.
        """
        if sys.platform == "win32":
            raise EmbeddedPostgresUnsupportedError
        joined_before = self._users.held
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            cluster = Cluster(self._directory.resolve())
            with _Held(self._gate):
                self._users.acquire(shared=True)  # nobody makes it exclusive but behind the gate
                self._url = cluster.start()
        except (ClusterError, OSError, KeyError, subprocess.SubprocessError, psycopg.Error) as error:
            if not joined_before:
                self._users.release()
            self._note(error)
            raise EmbeddedPostgresError(log=self._directory / "server.log") from error
        if not joined_before:
            atexit.register(self.close)
        return self._url

    def close(self) -> None:
        """Leave the server, and stop it when nobody else uses it; nothing happens when it was not started."""
        atexit.unregister(self.close)
        if not self._users.held or sys.platform == "win32":
            return
        try:
            with _Held(self._gate):
                if self._users.acquire():
                    Cluster(self._directory.resolve()).stop()
        except (ClusterError, OSError, subprocess.SubprocessError) as error:
            _logger.warning("the built-in PostgreSQL in %s was left running: %s", self._directory, error)
        finally:
            self._users.release()
            self._url = None

    def _note(self, error: Exception) -> None:
        """Add to the server's log what went wrong before the server could say so itself."""
        try:
            descriptor = os.open(self._directory / "server.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError:
            return  # the directory itself is what fails; the error is chained to the one that is raised
        with os.fdopen(descriptor, "a", encoding="utf-8") as log:
            log.write(f"{type(error).__name__}: {error}\n")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class _Held:
    """A lock held for the length of a block."""

    def __init__(self, lock: FileLock) -> None:
        self._lock = lock

    def __enter__(self) -> None:
        if not self._lock.acquire(timeout=_GATE_SECONDS):
            raise TimeoutError("another process has been starting or stopping the server for too long")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._lock.release()
