"""docs/deploy.md, run to the letter: from nothing to a first check, a new seal key, a back-up and its restore."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

import psycopg
import pytest
import sqlalchemy as sa

from store.database import Database
from tests.conftest import ROOT, Databases
from tests.docs.launcher import launcher
from tests.docs.pages import blocks, statements
from tests.store.redis_server import RedisServer, free_port
from tests.trust.test_codes import citizen_number

PAGE = "docs/deploy.md"

COMMAND = """#!/bin/bash
case $1 in
    serve | worker) exec {python} -c "from api.__main__ import main; main()" "$@" ;;  # told to stop by signals
    *) exec {launched} "$@" ;;
esac
"""


@pytest.mark.needs("bash", "curl", "haproxy", "openssl", "python3", "redis-server")
def test_from_nothing_to_a_first_check(databases: Databases, database: Database) -> None:
    superuser = sa.make_url(databases.superuser_url(database)).set(drivername="postgresql", database="postgres")
    password, host = secrets.token_hex(16), str(superuser.query["host"])
    with TemporaryDirectory(prefix="yinzheng-deploy-") as name, launcher(Path(name)):
        path = Path(name) / "bin"
        path.mkdir()
        (path / "yinzheng").write_text(COMMAND.format(python=sys.executable, launched=f"{name}/yinzheng"))
        (path / "yinzheng").chmod(0o755)
        redis = RedisServer(Path(name))
        redis.start()
        for each in ("etc", "proxy", "lib", "backups"):
            (Path(name) / each).mkdir()
        shutil.copy(ROOT / "deploy" / "haproxy.cfg", Path(name) / "proxy")
        ports = {port: str(free_port()) for port in ("443", "8443", "80", "8001", "8002", "9460")}
        other = {
            "/etc/yinzheng-proxy": f"{name}/proxy",
            "/etc/yinzheng": f"{name}/etc",
            "/var/lib/yinzheng": f"{name}/lib",
            "/var/backups/yinzheng": f"{name}/backups",
            "@127.0.0.1:5432/yinzheng_restored": f"@/yinzheng_restored?host={quote(host)}",
            "@127.0.0.1:5432/yinzheng": f"@/yinzheng?host={quote(host)}",
            "redis://127.0.0.1:6379/0": redis.url,
            "https://localhost:8443": f"https://localhost:{ports['8443']}",
            "https://localhost": f"https://localhost:{ports['443']}",
            **{f"127.0.0.1:{port}": f"127.0.0.1:{mine}" for port, mine in ports.items()},
            **{f"--port {port}": f"--port {ports[port]}" for port in ("8001", "8002")},
            "…": password,
        }
        here = re.compile("|".join(re.escape(each) + r"(?![\w.])" for each in sorted(other, key=len, reverse=True)))

        def elsewhere(text: str) -> str:
            return here.sub(lambda found: other[found[0]], text)

        environment = {key: value for key, value in os.environ.items() if not key.startswith(("YINZHENG_", "PROXY_"))}
        environment |= {"PATH": f"{path}:{environment['PATH']}", "PYTHONPATH": str(ROOT)}
        environment["YINZHENG_ISOLATE_CHECKS"] = "false"  # each process of its own would take seconds to load
        typed = "\n".join(block.typed for block in blocks(PAGE) if block.run_by == "tests/api/test_deploy.py")
        script = f"set -euo pipefail\ntrap 'kill $(jobs -p); wait' EXIT\n{elsewhere(typed)}"
        with psycopg.connect(superuser.render_as_string(hide_password=False), autocommit=True) as admin:
            try:
                for statement in elsewhere(statements(PAGE)).split(";\n"):
                    if statement.strip():
                        admin.execute(statement.encode())
                ran = subprocess.run(
                    ["bash", "-c", script],
                    cwd=ROOT,
                    env=environment,
                    input=citizen_number("370202", date(1990, 3, 7), 512) + "\n",
                    capture_output=True,
                    text=True,
                    check=False,
                    timeout=300,
                    start_new_session=True,  # no terminal: the number is read from the input
                )
                logs = "".join(each.read_text() for each in (Path(name) / "lib").glob("*.log"))
            finally:
                for statement in (
                    "DROP DATABASE IF EXISTS yinzheng WITH (FORCE)",
                    "DROP DATABASE IF EXISTS yinzheng_restored WITH (FORCE)",
                    "DROP ROLE IF EXISTS yinzheng_service",
                ):
                    admin.execute(statement.encode())
                redis.kill()
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}\n{logs[-3000:]}"
    assert ran.stdout.count('"verdict":"TOTAL_PASSED"') == 2, ran.stdout
    for said in ("已签发 issued", "已备份 backed up", "已恢复 restored", "更换密钥"):
        assert said in ran.stdout, ran.stdout
    assert '"level": "error"' not in logs
