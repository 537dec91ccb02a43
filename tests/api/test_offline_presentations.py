"""Showing a licence offline over HTTP, and checking the picture at a terminal that has the root and nothing else."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.serialization import Encoding

from api.services import Services
from store.clock import FixedClock, SystemClock
from store.database import Database
from tests.api.conftest import Front
from tests.conftest import settings_for
from tests.house import LAW, House
from trust.decisions import Decision
from wallet.errors import NotPresentableError

COMMAND = [sys.executable, "-c", "from api.__main__ import main; main()"]
ROOT = Path(__file__).resolve().parents[2]
PATH = "/v1/wallet/offline-presentations"


def show(front: Front, **changed: Any) -> Any:
    body = {"identifier": front.licence.identifier, "purpose": "住宿登记", **changed}
    return front.http.post(PATH, json=body, headers=front.holder)


def test_a_holder_shows_a_licence_offline_and_that_is_on_record(front: Front) -> None:
    answer = show(front, minutes=7)
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    made = answer.json()
    assert made["text"].startswith("YZ1:")
    assert made["qr_svg"].startswith("<?xml")
    assert base64.b64decode(made["qr_png"]).startswith(b"\x89PNG")
    assert (made["shown"]["法定代表人"], made["expires_at"]) == ("孟昭岚", "2026-11-23T04:07:00Z")
    (record,) = front.http.get(PATH, headers=front.holder).json()
    assert record == {
        "id": made["id"],
        "identifier": front.licence.identifier,
        "purpose": "住宿登记",
        "at": "2026-11-23T04:00:00Z",
        "expires_at": "2026-11-23T04:07:00Z",
    }
    table = sa.text("DELETE FROM offline_presentation")
    with pytest.raises(sa.exc.DBAPIError), front.house.services.database.transaction() as session:
        session.execute(table)


def test_what_is_not_made(front: Front) -> None:
    for purpose in ("", "  ", "长" * 31, "a\u202eb"):
        answer = show(front, purpose=purpose)
        assert (answer.status_code, answer.json()["code"]) == (422, "wallet.purpose_invalid")
    for minutes in (0, 11, 5.5, -1, 10**9):
        answer = show(front, minutes=minutes)
        assert (answer.status_code, answer.json()["code"]) == (422, "api.request_invalid")
    assert front.http.get(PATH, headers=front.holder).json() == []


def test_nobody_shows_anothers_licence_offline(front: Front) -> None:
    other = front.house.issue("physician_practice_certificate")
    answer = show(front, identifier=other.identifier)
    assert (answer.status_code, answer.json()["code"]) == (404, "wallet.not_in_wallet")


def test_what_does_not_hold_gets_none(front: Front, clock: FixedClock) -> None:
    register, identifier = front.house.services.register, front.licence.identifier
    register.suspend(identifier, Decision("a", "核查"))
    assert show(front).json()["code"] == "wallet.not_presentable"
    register.resume(identifier, Decision("a", "核查完毕"))
    assert show(front).status_code == 201
    register.revoke(identifier, Decision("a", "r", LAW))
    assert show(front).json()["code"] == "wallet.not_presentable"


def test_an_expired_licence_gets_none(house: House, clock: FixedClock) -> None:
    licence = house.issue("driving_licence")
    assert licence.valid_until is not None
    clock.advance(licence.valid_until - house.services.register.today() + timedelta(days=1))
    with pytest.raises(NotPresentableError):
        house.services.offline_presentations.present(licence.holder_index, licence.identifier, purpose="x")


def test_a_closed_wallet_gets_none(front: Front) -> None:
    front.http.post("/v1/wallet/close", json={"confirm": True}, headers=front.holder)
    assert show(front).status_code in {404, 409}
    assert front.http.get(PATH, headers=front.holder).json() == []


def test_a_co_holder_shows_it_under_the_own_name(house: House) -> None:
    licence = house.issue("marriage_certificate")
    (second,) = licence.co_holder_indexes
    made = house.services.offline_presentations.present(second, licence.identifier, purpose="x")
    assert made.credential.holder_masked[-1] == licence.co_holders[0].name[-1]
    assert made.credential.code_masked[-4:] == licence.co_holders[0].code[-4:]


def run(directory: Path, *words: str) -> tuple[int, dict[str, Any]]:
    """The command, in a directory with the picture and the root, without a database."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("YINZHENG_")},
        "YINZHENG_DATABASE_URL": "postgresql://nobody@/none?host=/nonexistent",
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [*COMMAND, "verify", *words, "--json"],
        capture_output=True,
        text=True,
        cwd=directory,
        env=environment,
        check=False,
    )
    return done.returncode, json.loads(done.stdout) if done.stdout else {"stderr": done.stderr}


def test_the_command_wants_the_root_and_nothing_else(database: Database, tmp_path: Path) -> None:
    # the machine's clock, which is the one that the command has
    with Services(settings_for(database, tmp_path), SystemClock()) as services:
        licence = House(services).issue("physician_practice_certificate")
        made = services.offline_presentations.present(licence.holder_index, licence.identifier, purpose="住宿登记")
        (tmp_path / "code.png").write_bytes(made.qr.png())
        (tmp_path / "root.pem").write_bytes(services.keys.authority.root.public_bytes(Encoding.PEM))
        (tmp_path / "other.pem").write_bytes(services.keys.authority.issuing.public_bytes(Encoding.PEM))
        (tmp_path / "list.jwt").write_bytes(services.status_lists.current(1).token)
    status, said = run(tmp_path, "--qr", "code.png", "--offline", "--trust", "root.pem")
    assert (status, said["verdict"]) == (0, "TOTAL_PASSED")
    assert [each["code"] for each in said["reasons"]] == ["offline.valid", "offline.status_not_checked"]
    assert said["presentation"]["purpose"] == "住宿登记"
    assert said["presentation"]["holder_masked"] == said["licence"]["holder_masked"]
    status, said = run(tmp_path, "--qr", "code.png", "--offline", "--trust", "root.pem", "--status-list", "list.jwt")
    assert (status, [each["code"] for each in said["reasons"]]) == (0, ["offline.valid", "status.valid"])
    status, said = run(tmp_path, "--qr", "code.png", "--offline", "--trust", "other.pem")
    assert (status, said["verdict"]) == (1, "INDETERMINATE")
    assert run(tmp_path, "--qr", "root.pem", "--offline", "--trust", "root.pem")[0] == 2
