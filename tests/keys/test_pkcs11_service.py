"""A whole service whose keys all live in a token: authority, seals, time stamps, tokens."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from fastapi.testclient import TestClient
from pydantic import SecretStr
from softhsm import SoftHsm

from api.app import create_app
from api.services import Services
from api.settings import Settings
from keys import HsmUnavailableError, KeyPurpose
from store.clock import FixedClock
from store.database import Database
from tests.api.fault_stage import until
from tests.house import House as Furnished
from verify import Indication

pytestmark = pytest.mark.needs("softhsm2-util")


@pytest.fixture
def settings(database: Database, tmp_path: Path, hsm: SoftHsm) -> Settings:
    token = hsm.make_token()
    return Settings(
        var=tmp_path,
        database_url=SecretStr(database.url.render_as_string(hide_password=False)),
        objects_url=(tmp_path / "objects").as_uri(),
        isolate_checks=False,
        pkcs11_module=hsm.module,
        pkcs11_token=token.label,
        pkcs11_pin_file=token.pin_file,
        pkcs11_purposes=frozenset(KeyPurpose),
    )


@pytest.fixture
def furnished(settings: Settings, clock: FixedClock) -> Iterator[Furnished]:
    with Services(settings, clock) as services:
        yield Furnished(services)


def test_every_key_of_the_service_lives_in_the_token(furnished: Furnished) -> None:
    furnished.issue()
    keys = furnished.services.keys.custody.keys()
    assert {key.purpose for key in keys} >= {
        KeyPurpose.ROOT_CA,
        KeyPurpose.ISSUING_CA,
        KeyPurpose.SEAL,
        KeyPurpose.TIMESTAMP,
        KeyPurpose.TOKEN,
    }
    assert all(key.location.startswith("pkcs11:") for key in keys)


@pytest.mark.needs("pdfsig", "certutil")
def test_pdfsig_accepts_what_the_token_sealed(furnished: Furnished, tmp_path: Path) -> None:
    pdf = tmp_path / "licence.pdf"
    pdf.write_bytes(furnished.pdf(furnished.issue()))
    root = tmp_path / "root.pem"
    root.write_bytes(furnished.services.keys.authority.root.public_bytes(Encoding.PEM))
    store = tmp_path / "nss"
    store.mkdir()
    subprocess.run(["certutil", "-N", "-d", f"sql:{store}", "--empty-password"], check=True)
    added = ["certutil", "-A", "-d", f"sql:{store}", "-n", "root", "-t", "CT,C,C", "-i", str(root)]
    subprocess.run(added, check=True)
    done = subprocess.run(["pdfsig", "-nssdir", f"sql:{store}", str(pdf)], capture_output=True, text=True, check=False)
    assert "Signature Validation: Signature is Valid." in done.stdout, done.stdout + done.stderr
    assert "Total document signed" in done.stdout


@pytest.mark.needs("openssl")
def test_openssl_accepts_a_time_stamp_of_the_token(furnished: Furnished, tmp_path: Path) -> None:
    data, query, reply = (tmp_path / name for name in ("data", "query", "reply"))
    data.write_bytes("证照".encode())
    subprocess.run(["openssl", "ts", "-query", "-data", data, "-sha256", "-cert", "-out", query], check=True)
    reply.write_bytes(furnished.services.keys.timestamps.respond(query.read_bytes()))
    root = tmp_path / "root.pem"
    root.write_bytes(furnished.services.keys.authority.root.public_bytes(Encoding.PEM))
    at = str(int(furnished.services.clock.now().timestamp()))
    done = subprocess.run(
        ["openssl", "ts", "-verify", "-attime", at, "-in", reply, "-queryfile", query, "-CAfile", root],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Verification: OK" in done.stdout + done.stderr


def test_our_own_checker_passes_it_and_a_second_process_seals_on(
    furnished: Furnished, settings: Settings, clock: FixedClock
) -> None:
    first = furnished.issue()
    assert furnished.services.checker.check_pdf(furnished.pdf(first)).indication is Indication.TOTAL_PASSED
    with Services(settings, clock) as services:
        again = Furnished(services)
        second = again.issue("physician_practice_certificate")
        assert services.checker.check_pdf(again.pdf(second)).indication is Indication.TOTAL_PASSED


def test_sealing_goes_on_when_the_token_is_back_and_says_so_while_it_is_away(
    furnished: Furnished, hsm: SoftHsm, settings: Settings, clock: FixedClock
) -> None:
    licence = furnished.issue()
    furnished.seal("physician_practice_certificate")
    hsm.take_away()
    with pytest.raises(HsmUnavailableError):
        furnished.issue("physician_practice_certificate")
    with TestClient(create_app(furnished.services)) as http:
        assert http.get("/readyz").json() == {"status": "impaired", "missing": ["hsm", "time-stamps"]}
    # what needs no key goes on, in a process that starts without the token as well
    with Services(settings, clock) as services:
        assert services.checker.check_pdf(furnished.pdf(licence)).indication is Indication.TOTAL_PASSED
    hsm.put_back()
    furnished.services.keys.custody.token._sessions._unusable_until = 0.0  # type: ignore[union-attr]
    assert furnished.issue("physician_practice_certificate")
    with TestClient(create_app(furnished.services)) as http:
        until(lambda: http.get("/readyz").json() == {"status": "ready", "missing": []})


def test_a_rotated_service_key_is_made_in_the_token_and_the_old_stamps_stay_good(furnished: Furnished) -> None:
    licence = furnished.issue()
    authority = furnished.services.keys.authority
    old = authority.current(KeyPurpose.TIMESTAMP)
    with furnished.services.database.transaction() as session:
        new = authority.renew(session, old.id)
    assert furnished.services.keys.custody.info(new.key_id).location.startswith("pkcs11:")
    assert new.certificate.subject == old.certificate.subject
    assert authority.current(KeyPurpose.TIMESTAMP) == new
    assert furnished.services.checker.check_pdf(furnished.pdf(licence)).indication is Indication.TOTAL_PASSED
