"""What the pages on seals and signatures tell people to type: the recipes run, and the commands are there."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from api.clients import Scope
from seal import Move, SealApplication, SealState, SignedSubject
from seal.states import possible_moves
from tests.api.test_csc import Signer
from tests.api.test_signature_commands import codes
from tests.docs.pages import read, run_by
from tests.house import APPLICANT, APPROVER, HEALTH, MARKET
from tests.live import Live
from tests.pdfs import blank_pdf

HERE = "tests/api/test_seal_docs.py"


def test_the_pages_table_of_moves_is_the_rules() -> None:
    text = read("docs/seal-administrator.md")
    for state in SealState:
        row = next(line for line in text.splitlines() if line.startswith("|") and f"{state.zh} {state.value}" in line)
        moves = [f"{move.zh} {move.value}" for move in possible_moves(state) if move is not Move.EXPIRE]
        assert row.split("|")[2].strip() == ("，".join(moves) or "无 none")


@pytest.mark.needs("curl", "openssl", "bash")
def test_the_recipes_run_as_they_stand(live: Live, tmp_path: Path) -> None:
    services = live.house.services
    secrets = {}
    for body in (HEALTH, MARKET):
        services.organisations.enrol(body)
    for name, scope, body in (("portal", Scope.SIGN, HEALTH), ("staff", Scope.SEAL_USE, MARKET)):
        new = services.clients.enrol(name, name=name, scopes=[scope], organisation_code=body.code)
        assert new is not None
        secrets[name] = new.secret
    signer = Signer(services)
    first, second, third = codes(signer.codes)
    signer.consent("portal", first)
    application = SealApplication(MARKET.code, ["application"])
    request = services.seals.apply(application, officer=APPLICANT, reason="r")
    services.seals.approve(request.id, officer=APPROVER)
    sign(live, signer, second, tmp_path / "signed.pdf")
    script = "set -euo pipefail\n" + "\n".join(block.text for block in run_by(HERE))  # of docs/e-signatures.md
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={
            "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
            "BASE": live.url,
            "SECRET": secrets["portal"],
            "CREDENTIAL": signer.credential.number,
            "CODE": third,
            "STAFF_ID": "staff",
            "STAFF_SECRET": secrets["staff"],
            "SEAL": request.seal_number,
        },
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("Verified OK\n")
    assert (tmp_path / "sealed.pdf").read_bytes().startswith(blank_pdf())


def sign(live: Live, signer: Signer, code: str, path: Path) -> None:
    services = live.house.services
    given = services.authorisations.authorise(
        signer.credential,
        [hashlib.sha256(blank_pdf()).digest()],
        subject=SignedSubject.DOCUMENT,
        factor="OTP",
        answer=code,
        client="tests",
    )
    path.write_bytes(
        services.signing.sign_pdf(blank_pdf(), signer.credential, given.token, client="tests", reason="本人承诺")
    )
