"""docs/deploy.md in containers: the image is built; what docker-compose.yml says runs, is upgraded, lost, restored."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from tests.docs.pages import blocks
from tests.rehearsal.engine import Engine, new_engine
from tests.rehearsal.terminal import Terminal
from tests.trust.test_codes import citizen_number

pytestmark = [pytest.mark.rehearsal, pytest.mark.needs("mmdebstrap", "unshare", "nsenter", "slirp4netns", "git")]


@pytest.fixture
def engine() -> Iterator[Engine]:
    with new_engine() as made:
        yield made


def test_from_a_new_machine_to_a_restored_back_up(engine: Engine) -> None:
    number = citizen_number("370202", date(1990, 3, 7), 512) + "\n"
    start, first, upgrade, back_up, restore = (
        block.typed for block in blocks("docs/deploy.md") if block.run_by == "tests/rehearsal/test_containers.py"
    )
    terminal = engine.terminal()
    terminal.run(start)
    it_keeps_to_its_bounds(terminal)
    printed = terminal.run(first.replace("docker compose exec api-1", "docker compose exec -T api-1"), said=number)
    assert '"verdict":"TOTAL_PASSED"' in printed, printed

    checked = "CURL=" + first.split("\nCURL=", 1)[1]
    its_upgrade_interrupts_nobody(engine.terminal(), terminal, checked, upgrade)

    terminal.run(back_up)
    terminal.run("docker compose down --volumes")
    assert not terminal.run("docker volume ls --quiet --filter label=com.docker.compose.project").strip()
    terminal.run(restore)
    terminal.run(start.splitlines()[-1])
    assert '"verdict":"TOTAL_PASSED"' in terminal.run(checked.replace("2026-11-0001", "2026-11-0003"))
    logs = terminal.run("docker compose logs --no-color")
    assert '"level": "error"' not in logs
    assert "Traceback" not in logs


def it_keeps_to_its_bounds(terminal: Terminal) -> None:
    """No container's process is root, may gain anything, or writes where it should not; inside is not reached."""
    terminal.run(
        r"""
        for each in postgres redis proxy api-1 api-2 worker; do
            docker compose exec -T $each sh -c '
                set -e
                test "$(id -u)" != 0
                grep -q "^CapEff:.0000000000000000$" /proc/1/status
                grep -q "^NoNewPrivs:.1$" /proc/1/status
                if touch /etc/written || touch /usr/bin/written; then exit 1; fi
            ' || { echo "$each has too much"; false; }
        done
        refused() { if "$@"; then echo "$* should have failed"; false; fi; }
        refused docker compose exec -T api-1 cat /run/secrets/postgres_password
        refused docker compose exec -T proxy cat /run/secrets/kek
        # neither a port of the API nor one of the metrics is the machine's
        refused curl -fs --max-time 2 http://127.0.0.1:8000/healthz
        refused curl -fs --max-time 2 http://127.0.0.1:9464/metrics
        docker compose exec -T worker python -c "
import urllib.request as u
assert b'yinzheng_' in u.urlopen('http://api-1:9464/metrics').read()"
        """
    )


def its_upgrade_interrupts_nobody(caller: Terminal, terminal: Terminal, checked: str, upgrade: str) -> None:
    """Build and replace every process of a changed program, while a department checks."""
    caller.run(checked.replace("2026-11-0001", "2026-11-0002"))
    caller.run(
        """
        : > answers
        touch calls
        while test -e calls; do
            $CURL -o /dev/null -w '%{http_code}\\n' https://localhost:8443/v1/service-items \
              -H "Authorization: Bearer $TOKEN" >> answers 2>&1 || true
            sleep 0.05
        done &
        """
    )
    before = terminal.run("docker compose images --quiet api-1")
    terminal.run("echo '# changed' >> api/__init__.py")
    terminal.run(upgrade)
    assert terminal.run("docker compose images --quiet api-1") != before
    terminal.run("rm calls")
    answers = caller.run("wait; cat answers").split()
    assert len(answers) > 50
    assert set(answers) == {"200"}, answers
