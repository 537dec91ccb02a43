"""The service as the container runs it, without an engine: a file system that is read only, no root, no capability.

A root of its own is put together from what the machine has: its programs and libraries, this Python and the project,
all read only; a small ``/tmp``, the directory for what is kept, and the secrets, as ``docker-compose.yml`` has them.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2
import pytest

from store.database import Database
from tests.conftest import ROOT
from tests.live import came_up
from tests.pdfs import blank_pdf
from tests.store.redis_server import RedisServer, free_port
from tests.test_frame import services

USER = 10001
KEPT = "/var/lib/yinzheng"
SEEN = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc", "/dev", sys.base_prefix, sys.prefix, str(ROOT))
"""What the confined process sees of the machine."""

CONFINE = r"""
set -eu
mount --make-rprivate /
mount -t tmpfs -o mode=0755 tmpfs "$NEW_ROOT"
mkdir -p "$NEW_ROOT/proc" "$NEW_ROOT/tmp" "$NEW_ROOT/run/secrets" "$NEW_ROOT/var/lib/yinzheng"
mount -t tmpfs -o size=64m,mode=1777 tmpfs "$NEW_ROOT/tmp"
for each in $SEEN; do
    [ -e "$each" ] || continue
    mkdir -p "$NEW_ROOT$each"
    mount --rbind "$each" "$NEW_ROOT$each"
    mount -o remount,bind,ro "$NEW_ROOT$each"
done
mount --rbind /proc "$NEW_ROOT/proc"
mkdir "$NEW_ROOT/run/postgresql"
for each in "$SOCKETS"/.s.PGSQL.*[0-9]; do
    touch "$NEW_ROOT/run/postgresql/${each##*/}"
    mount --bind "$each" "$NEW_ROOT/run/postgresql/${each##*/}"
done
mount --bind "$SECRETS" "$NEW_ROOT/run/secrets"
mount -o remount,bind,ro "$NEW_ROOT/run/secrets"
mount --bind "$KEPT_AT" "$NEW_ROOT/var/lib/yinzheng"
mount -o remount,ro "$NEW_ROOT"
cd "$NEW_ROOT"
exec chroot . setpriv --reuid="$CONFINED" --regid="$CONFINED" --clear-groups --inh-caps=-all --bounding-set=-all \
    --no-new-privs "$@"
"""


@contextmanager
def confined(path: Path, environment: dict[str, str], sockets: str, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    own = {
        "NEW_ROOT": str(path / "root"),
        "SEEN": " ".join(dict.fromkeys(SEEN)),
        "SECRETS": str(path / "secrets"),
        "KEPT_AT": str(path / "kept"),
        "SOCKETS": sockets,
        "CONFINED": str(USER),
    }
    program = [sys.executable, "-c", "import os; os.chdir('/var/lib/yinzheng'); from api.__main__ import main; main()"]
    with (path / "said").open("wb") as said:
        process = subprocess.Popen(
            ["unshare", "--mount", "bash", "-c", CONFINE, "confine", *program, *words],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment, **own},
            stdout=said,
            stderr=said,
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


@pytest.mark.needs("bash", "chroot", "redis-server", "setpriv", "unshare")
def test_it_serves_without_root_and_writes_where_it_may_only(database: Database) -> None:
    if os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"], check=False).returncode != 0:
        pytest.skip("only root can make a root directory of its own")
    api, port = services()["api-1"], free_port()
    with TemporaryDirectory(prefix="yinzheng-confined-") as name:
        path = Path(name)
        path.chmod(0o755)
        for each in ("root", "secrets", "kept"):
            (path / each).mkdir()
        os.chown(path / "kept", USER, USER)
        redis = RedisServer(path)
        redis.start()
        sockets = str(database.url.query["host"])
        url = database.url.set(drivername="postgresql").update_query_dict({"host": "/run/postgresql"})
        for file, content in {
            "database_url": url.render_as_string(hide_password=False),
            "redis_url": redis.url,
            "kek": secrets.token_hex(32),
        }.items():
            (path / "secrets" / file).write_text(content)
            (path / "secrets" / file).chmod(0o444)
        environment = {key: str(value) for key, value in api["environment"].items() if "${" not in str(value)}
        environment |= {
            "YINZHENG_BASE_URL": "https://yinzheng.localhost",
            "YINZHENG_VAR": KEPT,
            "YINZHENG_PORT": str(port),
            "YINZHENG_METRICS_PORT": str(free_port()),
            "YINZHENG_METRICS_HOST": "127.0.0.1",
        }
        try:
            with confined(path, environment, sockets, "serve") as process:
                assert came_up(f"http://127.0.0.1:{port}/readyz", process=process), (path / "said").read_text("utf-8")
                status = Path(f"/proc/{process.pid}/status").read_text()
                facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
                assert facts["Uid"].split() == [str(USER)] * 4
                assert {facts[each] for each in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
                assert facts["NoNewPrivs"] == "1"
                assert _writable(process) == {"/tmp", KEPT}
                # another process reads what was sent, from a file in the small /tmp
                sent = {"file": ("a.pdf", blank_pdf(), "application/pdf")}
                answer = httpx2.post(f"http://127.0.0.1:{port}/check", files=sent, timeout=60)
                assert "该 PDF 中没有电子印章或电子签名" in answer.text
        finally:
            redis.kill()


def _writable(process: subprocess.Popen[bytes]) -> set[str]:
    """Where a process sees file systems that can be written to, apart from those of the kernel."""
    mounts = [line.split() for line in Path(f"/proc/{process.pid}/mountinfo").read_text().splitlines()]
    newest = {words[4]: words[5].split(",") for words in mounts}
    kernels = ("/dev", "/proc", "/run/postgresql/")
    return {place for place, options in newest.items() if "rw" in options and not place.startswith(kernels)}
