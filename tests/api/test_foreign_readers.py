"""What pyHanko's command line says of our licences, with the PKI services at the addresses in the certificates."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from keys import RevocationReason
from tests.live import Live

PYHANKO = Path(sys.executable).with_name("pyhanko")


def said(live: Live, *words: str) -> subprocess.CompletedProcess[str]:
    command = [PYHANKO, "sign", *words, "--pretty-print", "--trust-replace", "--trust", "root.pem", "licence.pdf"]
    return subprocess.run(command, capture_output=True, text=True, cwd=live.directory, check=False)


def test_pyhanko_accepts_a_licence_by_its_seal_and_by_all_of_its_evidence(live: Live) -> None:
    data = live.house.pdf(live.house.issue())
    (live.directory / "licence.pdf").write_bytes(data)
    for words in (["validate"], ["validate", "--force-revinfo"], ["adesverify"]):
        result = said(live, *words)
        assert result.returncode == 0, result.stdout + result.stderr
        assert "The signature is judged VALID." in result.stdout
        assert "The signer's certificate is trusted." in result.stdout
        assert "The TSA certificate is trusted." in result.stdout
        assert "all modifications relate to signature maintenance" in result.stdout.lower()
    at = data.index(b"/Type /Page")
    (live.directory / "licence.pdf").write_bytes(data[:at] + b"/Type /Pagf" + data[at + 11 :])
    assert said(live, "adesverify").returncode != 0


def test_pyhanko_keeps_to_the_time_stamp_when_the_seal_is_revoked_later(live: Live) -> None:
    services = live.house.services
    (live.directory / "licence.pdf").write_bytes(live.house.pdf(live.house.issue()))
    certificate_id = live.house.seal().certificate_id
    assert certificate_id is not None
    with services.database.transaction() as session:
        services.keys.authority.revoke(session, certificate_id, RevocationReason.SUPERSEDED, actor="tests")
    assert "revoked" in said(live, "validate").stdout
    result = said(live, "adesverify")
    assert "The signature is judged VALID." in result.stdout, result.stdout + result.stderr
