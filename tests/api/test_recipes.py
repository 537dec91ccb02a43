"""The recipes of docs/integrate-department.md, run to the letter against a service; only the port is another."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from api.clients import Scope
from store.database import Database
from tests.docs.pages import ROOT, run_by
from tests.house import HEALTH
from tests.live import serving

HERE = "tests/api/test_recipes.py"
PORT = "http://127.0.0.1:8000"


@pytest.mark.needs("curl", "bash", "python3")
def test_a_developer_who_follows_the_page_gets_the_answers_that_it_promises(database: Database, tmp_path: Path) -> None:
    with serving(database, tmp_path) as live:
        house = live.house
        house.publish_items()
        licence = house.issue()
        made = house.services.clients.enrol(
            "my-checker", name="核验系统", scopes=[Scope.CHECK], organisation_code=HEALTH.code
        )
        assert made is not None
        demo = tmp_path / "var" / "demo"
        demo.mkdir(parents=True)
        (demo / "business_licence.pdf").write_bytes(house.pdf(licence))
        commands = tmp_path / ".venv" / "bin"
        commands.mkdir(parents=True)
        for name in ("yinzheng", "python"):
            (commands / name).symlink_to(Path(sys.executable).with_name(name))
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "YINZHENG_VAR": str(tmp_path),
            "YINZHENG_BASE_URL": live.url,
            "YINZHENG_DATABASE_URL": database.url.render_as_string(hide_password=False),
            "YINZHENG_OBJECTS_URL": (tmp_path / "objects").as_uri(),
        }
        token, checks, *rest = (block.text for block in run_by(HERE))
        receipt = (
            'RECEIPT=$(curl -s http://127.0.0.1:8000/v1/checks/identifier -H "Authorization: Bearer $TOKEN" '
            '-H "Content-Type: application/json" '
            '-d "{$CASE, \\"identifier\\": \\"$IDENTIFIER\\", \\"holder\\": \\"$HOLDER\\"}" '
            "| python3 -c 'import json,sys; print(json.load(sys.stdin)[\"receipt\"])')\n"
        )
        script = "set -euo pipefail\n" + token.replace("…", made.secret) + checks + receipt + "".join(rest)
        ran = subprocess.run(
            ["bash", "-c", script.replace(PORT, live.url)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    assert ran.returncode == 0, ran.stderr
    assert '"code"' not in re.sub(r'"reasons":\s*\[.*?\]', "", ran.stdout, flags=re.DOTALL), ran.stdout
    assert ran.stdout.count('"verdict":"TOTAL_PASSED"') >= 4, ran.stdout
    assert ran.stdout.count("回执有效") == 2
    assert '"until":' in ran.stdout
    assert '"state":"open"' in ran.stdout
    assert json.loads((tmp_path / "keys.json").read_text())["keys"]
