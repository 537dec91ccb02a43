"""A licence is checked with three files, and without the service."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from store.clock import FixedClock
from tests.api.conftest import Front
from trust.decisions import Decision
from trust.licence import LicenceState
from verify import TrustAnchors, Verdict, inspect_pdf
from verify.offline import check_offline

COMMAND = [sys.executable, "-c", "from api.__main__ import main; main()"]
ROOT = Path(__file__).resolve().parents[2]


def fetch_list(front: Front) -> bytes:
    """As somebody fetches it who has the PDF."""
    (uri,) = front.http.get("/status").json()["status_lists"]
    answer = front.http.get(uri.removeprefix("http://127.0.0.1:8000"))
    assert answer.headers["content-type"] == "application/statuslist+jwt"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert front.http.get(uri, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
    return answer.content


@pytest.fixture
def check(front: Front, clock: FixedClock) -> Callable[[bytes | None], Verdict]:
    pdf = front.house.pdf(front.licence)
    anchors = TrustAnchors.of([front.house.services.keys.authority.root])
    return lambda data: check_offline(pdf, anchors, data, now=clock.now(), max_bytes=10**8, inspect=inspect_pdf)


def test_the_list_says_what_the_register_says(
    front: Front, clock: FixedClock, check: Callable[[bytes | None], Verdict]
) -> None:
    register, identifier = front.house.services.register, front.licence.identifier
    assert check(fetch_list(front)).passed
    old = fetch_list(front)
    register.suspend(identifier, Decision("a", "核查"))
    clock.advance(timedelta(seconds=30))
    assert [each.code for each in check(fetch_list(front)).reasons if each.rests_on == "status_list"] == [
        "status.suspended"
    ]
    register.revoke(identifier, Decision("a", "r", "《行政许可法》第六十九条"))
    clock.advance(timedelta(seconds=30))
    assert not check(fetch_list(front)).passed
    assert register.get(identifier).recorded_state is LicenceState.REVOKED
    assert check(old).passed  # what was true when it was signed, for as long as it may be kept
    clock.advance(timedelta(minutes=15))
    assert not check(old).passed
    assert not check(None).passed


@pytest.mark.parametrize("number", ["0", "2", "x", "99999999999"])
def test_a_list_that_is_not_there_is_not_found(front: Front, number: str) -> None:
    assert front.http.get(f"/status/{number}").status_code in {404, 422}


def test_the_command_needs_no_network_and_no_database(front: Front, tmp_path: Path) -> None:
    (tmp_path / "licence.pdf").write_bytes(front.house.pdf(front.licence))
    (tmp_path / "root.pem").write_bytes(front.house.services.keys.authority.root.public_bytes(Encoding.PEM))
    (tmp_path / "list.jwt").write_bytes(fetch_list(front))

    def run(*words: str) -> tuple[int, dict[str, Any]]:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("YINZHENG_")},
            "YINZHENG_DATABASE_URL": "postgresql://nobody@/none?host=/nonexistent",
            "PYTHONPATH": str(ROOT),
        }
        done = subprocess.run(
            [*COMMAND, "verify", "--offline", "--trust", "root.pem", *words, "licence.pdf", "--json"],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment,
            check=False,
        )
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    # the clock of these tests stands in another year than the machine's, so that the list is old or not yet made
    status, said = run("--status-list", "list.jwt")
    codes = [each["code"] for each in said["reasons"]]
    assert status == 1
    assert "seal.valid" in codes
    assert not [each for each in codes if each.startswith("register.")]
    assert {"status.stale", "status.malformed", "status.valid"} & set(codes)
    assert "status.missing" in {each["code"] for each in run()[1]["reasons"]}
