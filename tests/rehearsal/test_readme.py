"""README.md and CONTRIBUTING.md on a machine with Python, git and make: what a newcomer types, as an ordinary user."""

from __future__ import annotations

import pytest

from tests.docs.pages import blocks
from tests.docs.shell import replaced
from tests.rehearsal.debian import SOURCE
from tests.rehearsal.machine import Machine, new_machine

pytestmark = [pytest.mark.rehearsal, pytest.mark.needs("mmdebstrap", "systemd-nspawn", "git")]

SERVED_BESIDE = {"make serve ": "make serve > ~/serve.log 2>&1 & "}
UNTIL_IT_SERVES = """
until curl -fs http://127.0.0.1:8000/readyz; do
    kill -0 $! || { cat ~/serve.log; false; }
    sleep 1
done
"""
NO_MORE = "pkill --full 'yinzheng serve'; wait || true\n"


def typed(machine: Machine, script: str) -> str:
    """What is printed where an ordinary user types a script.

    :raises AssertionError: a command of it failed.
    """
    written = f"cat > /srv/typed <<'THE-END'\ncd {SOURCE}\n{script}\nTHE-END\n"
    return machine.install(f"{written}runuser --login somebody --command 'bash -euo pipefail /srv/typed'")


def test_a_newcomer_gets_what_the_pages_promise() -> None:
    first, then, check = (block.typed for block in blocks("README.md"))
    [develop] = (block.typed for block in blocks("CONTRIBUTING.md"))
    with new_machine() as machine:
        machine.install(
            f"""
            apt-get update && apt-get install --yes curl git make procps python3-venv
            useradd --create-home somebody
            chown --recursive somebody {SOURCE}
            """
        )
        # all tests are what .ci/run runs
        printed = typed(machine, replaced(first, {"make test ": 'make test ARGS="-q tests/wallet" '}))
        assert "passed" in printed, printed

        serve = replaced(then, SERVED_BESIDE) + UNTIL_IT_SERVES
        secret = "SECRET=$(sed -n 's/^ *client_secret=//p' ~/serve.log)\n"
        printed = typed(machine, f"ls var/demo\n{serve}{secret}{check}\n{NO_MORE}")
        assert printed.count(".pdf\n") == 11, printed
        assert '"verdict":"TOTAL_PASSED"' in printed, printed

        printed = typed(
            machine, f"{replaced(develop, SERVED_BESIDE)}{UNTIL_IT_SERVES}{NO_MORE}test -s var/docs/index.html\n"
        )
        assert "Contracts: 3 kept, 0 broken." in printed, printed
