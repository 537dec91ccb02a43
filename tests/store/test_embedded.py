"""The built-in PostgreSQL is shared, stops with its last user and survives being killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import psycopg
import pytest

from store import _cluster
from store.embedded import EmbeddedPostgres, EmbeddedPostgresError

CLIENT = """
import sys
from pathlib import Path
from store.embedded import EmbeddedPostgres
with EmbeddedPostgres(Path(sys.argv[1])) as server:
    print(server.url, flush=True)
    sys.stdin.read()
"""

Client = subprocess.Popen[str]


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that is not under pytest's own: each run by root closes that to others, so also to the account
    that the servers of an earlier run still work as."""
    with tempfile.TemporaryDirectory(prefix="yinzheng-", ignore_cleanup_errors=True) as name:
        yield Path(name)


@pytest.fixture
def directory(place: Path) -> Iterator[Path]:
    yield place / "pg"
    pid = server_pid(place / "pg")
    if pid is not None:
        kill(pid)


@pytest.fixture
def client(directory: Path) -> Iterator[Callable[[], Client]]:
    """Starts another process that uses the server until its input is closed."""
    running: list[Client] = []

    def start() -> Client:
        process = subprocess.Popen(
            [sys.executable, "-c", CLIENT, str(directory)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


def url_of(client: Client) -> str:
    assert client.stdout is not None
    return client.stdout.readline().strip()


def leave(client: Client) -> None:
    client.communicate("", timeout=60)
    assert client.returncode == 0


def server_pid(directory: Path) -> int | None:
    try:
        pid = int((directory / "data" / "postmaster.pid").read_text().split()[0])
        process = psutil.Process(pid)
        ours = process.name() == "postgres" and process.status() != psutil.STATUS_ZOMBIE
    except (OSError, psutil.NoSuchProcess):
        return None
    return pid if ours else None


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline, "waited for 30 s in vain"
        time.sleep(0.02)


def run(url: str, sql: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []


def test_two_processes_share_one_server_which_stops_with_the_last(
    directory: Path, client: Callable[[], Client]
) -> None:
    first, second = client(), client()
    assert url_of(first) == url_of(second)
    pid = server_pid(directory)
    assert pid is not None
    leave(first)
    assert server_pid(directory) == pid
    leave(second)
    assert server_pid(directory) is None


def test_a_killed_process_does_not_keep_the_server_from_stopping(directory: Path, client: Callable[[], Client]) -> None:
    killed = client()
    url_of(killed)
    with EmbeddedPostgres(directory):
        killed.kill()
        killed.wait()
    assert server_pid(directory) is None


def test_a_forked_child_does_not_keep_the_server_from_stopping(directory: Path) -> None:
    with EmbeddedPostgres(directory) as server:
        child = os.fork()
        if child == 0:
            server.close()  # not the child's to stop
            time.sleep(60)
            os._exit(0)
        time.sleep(0.2)
        assert run(server.url, "SELECT 1") == [(1,)]
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert server_pid(directory) is None


def test_a_killed_server_comes_back_with_its_data(directory: Path) -> None:
    with EmbeddedPostgres(directory) as server:
        run(server.url, "CREATE TABLE kept AS SELECT 42 AS answer")
        pid = server_pid(directory)
        assert pid is not None
        kill(pid)
        assert run(server.start(), "SELECT answer FROM kept") == [(42,)]
    assert server_pid(directory) is None


def test_everything_killed_at_once_comes_back_with_its_data(directory: Path, client: Callable[[], Client]) -> None:
    user = client()
    run(url_of(user), "CREATE TABLE kept AS SELECT 42 AS answer")
    pid = server_pid(directory)
    assert pid is not None
    user.kill()
    kill(pid)
    with EmbeddedPostgres(directory) as server:
        assert run(server.url, "SELECT answer FROM kept") == [(42,)]
    assert server_pid(directory) is None


def test_a_pid_file_whose_number_went_to_another_program_is_not_believed(
    directory: Path, client: Callable[[], Client]
) -> None:
    with EmbeddedPostgres(directory) as server:
        run(server.url, "CREATE TABLE kept AS SELECT 42 AS answer")
        pid = server_pid(directory)
        assert pid is not None
        kill(pid)
        pid_file = directory / "data" / "postmaster.pid"
        lines = pid_file.read_text().splitlines()
        pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
        assert run(server.start(), "SELECT answer FROM kept") == [(42,)]


def test_a_creation_that_was_killed_half_way_is_begun_anew(directory: Path) -> None:
    half = directory / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(directory) as server:
        assert run(server.url, "SELECT 1") == [(1,)]


def test_processes_that_come_and_go_at_once_always_find_a_server(directory: Path, client: Callable[[], Client]) -> None:
    for _ in range(2):
        users = [client() for _ in range(2)]
        for user in users:
            assert run(url_of(user), "SELECT 1") == [(1,)]
            leave(user)
    assert server_pid(directory) is None


@pytest.mark.parametrize("name", ["a" * 120, '空 格\'s "$(x)`y`",;'])
def test_long_and_odd_paths_work(place: Path, name: str) -> None:
    with EmbeddedPostgres(place / name) as server:
        assert run(server.url, "SHOW max_connections") == [("200",)]
        socket = Path(str(run(server.superuser_url, "SHOW unix_socket_directories")[0][0]))
        assert socket.stat().st_mode & 0o077 == 0
    assert not list(socket.glob(".s.PGSQL*"))


def test_a_server_that_cannot_start_is_an_error_that_names_the_log(directory: Path) -> None:
    with EmbeddedPostgres(directory):
        pass
    (directory / "data" / "global" / "pg_control").write_bytes(b"")
    with pytest.raises(EmbeddedPostgresError) as caught:
        EmbeddedPostgres(directory).start()
    assert caught.value.code == "store.embedded_postgres_failed"
    log = directory / "server.log"
    assert str(log) in caught.value.message_zh
    assert "pg_control" in log.read_text()


def test_a_directory_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbeddedPostgresError):
        EmbeddedPostgres(tmp_path / "file" / "pg").start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has the server run as an account of its own")
def test_many_that_need_the_account_at_once_all_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    account = f"yinzheng_test_{os.getpid()}"
    monkeypatch.setattr(_cluster, "_ACCOUNT", account)
    try:
        with ThreadPoolExecutor(8) as pool:
            for made in [pool.submit(_cluster._make_account) for _ in range(8)]:
                made.result()
        assert _cluster._has_account()
    finally:
        subprocess.run(["userdel", account], check=True, capture_output=True)


def test_a_directory_from_before_hands_its_tables_over_to_the_services_role(directory: Path) -> None:
    with EmbeddedPostgres(directory) as server:
        run(server.superuser_url, "CREATE TABLE old (id bigint GENERATED ALWAYS AS IDENTITY); CREATE SEQUENCE alone")
        run(server.superuser_url, "CREATE FUNCTION kept() RETURNS int LANGUAGE sql AS 'SELECT 1'")
        run(server.superuser_url, "INSERT INTO old DEFAULT VALUES")
    with EmbeddedPostgres(directory) as server:
        assert "//yinzheng@" in server.url
        run(
            server.url,
            "ALTER TABLE old ADD COLUMN more text; ALTER SEQUENCE alone RESTART; INSERT INTO old DEFAULT VALUES",
        )
        assert run(server.url, "SELECT count(*) FROM old") == [(2,)]
        assert run(server.url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") == [(False,)]
