"""docs/deploy.md on a machine of its own: every command to the letter, as whom and where it says."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from datetime import date

import pytest

from tests.docs.pages import Block, blocks, statements
from tests.rehearsal.machine import Machine, Terminal, new_machine
from tests.trust.test_codes import citizen_number

pytestmark = [pytest.mark.rehearsal, pytest.mark.needs("mmdebstrap", "systemd-nspawn", "git")]
PAGE = "docs/deploy.md"
AS = re.compile(r"\A# 以 (\w+) as \1$", re.MULTILINE)


@pytest.fixture
def machine() -> Iterator[Machine]:
    with new_machine() as made:
        yield made


def of(user: str) -> list[Block]:
    """The blocks that somebody is to run."""
    found = []
    for block in blocks(PAGE):
        said = AS.match(block.text)
        if said is not None and said[1] == user:
            found.append(block)
    return found


def test_from_a_new_machine_to_a_restored_back_up(machine: Machine) -> None:
    password, number = secrets.token_hex(16), citizen_number("370202", date(1990, 3, 7), 512) + "\n"
    program, settings, rights, start = of("root")
    schema, *further = of("yinzheng")

    machine.install(program.typed)
    machine.start()
    root, service = machine.terminal("root"), machine.terminal("yinzheng")
    machine.terminal("postgres").run("psql --quiet --set ON_ERROR_STOP=1", said=statements(PAGE).replace("…", password))
    for block in (settings, rights):
        root.run(block.typed.replace("…", password))
    service.run(schema.typed)
    root.run(start.typed)
    printed = "".join(service.run(block.typed.replace("…", password), said=number) for block in further)
    assert printed.count('"verdict":"TOTAL_PASSED"') == 2, printed
    for said in ("已签发 issued", "已备份 backed up", "已恢复 restored", "更换密钥"):
        assert said in printed, printed

    its_upgrade_interrupts_nobody(root, service)
    it_keeps_to_itself(machine, service)

    machine.stop()
    machine.start()
    root, service = machine.terminal("root"), machine.terminal("yinzheng")
    root.run(start.typed.splitlines()[-1])
    service.run(schema.typed)
    [check] = [block.typed for block in further if "oauth/token" in block.text]
    assert '"verdict":"TOTAL_PASSED"' in service.run("CURL=" + check.split("\nCURL=", 1)[1])
    service.run("yinzheng doctor")
    journal = machine.run("journalctl", "--output=cat", "--unit=yinzheng-*")
    assert '"level": "error"' not in journal
    assert "Traceback" not in journal


def its_upgrade_interrupts_nobody(root: Terminal, service: Terminal) -> None:
    """Bring up the schema and restart the API processes one by one, while departments call."""
    service.run(
        """
        (set -a; . /etc/yinzheng/yinzheng.env; yinzheng db upgrade)
        : > /var/lib/yinzheng/answers
        touch /var/lib/yinzheng/calls
        while test -e /var/lib/yinzheng/calls; do
            $CURL -o /dev/null -w '%{http_code}\\n' https://localhost:8443/v1/service-items \\
              -H "Authorization: Bearer $TOKEN" >> /var/lib/yinzheng/answers 2>&1 || true
            sleep 0.05
        done &
        """
    )
    root.run(
        """
        for port in 8001 8002; do
            systemctl restart yinzheng-api@$port
            until curl -fs http://127.0.0.1:$port/readyz; do sleep 0.2; done
            sleep 3
        done
        rm /var/lib/yinzheng/calls
        """
    )
    answers = service.run("wait; cat /var/lib/yinzheng/answers").split()
    assert len(answers) > 50
    assert set(answers) == {"200"}, answers


def it_keeps_to_itself(machine: Machine, service: Terminal) -> None:
    """What each may read and do: the proxy knows no secret of the service, and the service not the proxy's key."""
    machine.run("runuser", "-u", "haproxy", "--", "test", "!", "-r", "/etc/yinzheng/kek")
    service.run("test -r /etc/yinzheng/kek -a ! -w /etc/yinzheng/yinzheng.env")
    service.run("test ! -r /etc/yinzheng-proxy/tls.pem.key")
    machine.run("runuser", "-u", "postgres", "--", "test", "!", "-x", "/etc/yinzheng")
    for unit in ("yinzheng-api@8001", "yinzheng-worker", "yinzheng-proxy"):
        [process] = machine.run("systemctl", "show", "--property=MainPID", "--value", unit).split()
        status = machine.run("cat", f"/proc/{process}/status")
        assert re.search(r"^NoNewPrivs:\t1$", status, re.MULTILINE), (unit, status)
        assert re.search(r"^Uid:\t(?!0\b)", status, re.MULTILINE), (unit, status)
        for place in ("/usr", "/etc", "/opt/yinzheng"):
            machine.run("nsenter", f"--target={process}", "--mount", "sh", "-c", f"! touch {place}/written")
