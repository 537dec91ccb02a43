"""``yinzheng keys``: where keys live, requests, chains from outside, and new keys."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from typer.testing import CliRunner

from api.cli import app
from api.commands.common import open_services
from keys import ServicePurpose, create_key_file
from keys.chain_errors import ChainWrongKeyError
from keys.errors import KekWrongError, ServiceKeyMissingError
from store.database import Database
from store.errors import YinzhengError
from tests.house import House
from verify import TrustAnchors
from verify.offline_presentation import check_offline_presentation

Run = Callable[..., str]


@pytest.fixture
def run(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command on a fresh database."""
    monkeypatch.setenv("YINZHENG_VAR", str(tmp_path))
    monkeypatch.setenv("YINZHENG_DATABASE_URL", database.url.render_as_string(hide_password=False))

    def invoke(*words: str | Path) -> str:
        result = CliRunner().invoke(app, [str(word) for word in words])
        if isinstance(result.exception, YinzhengError):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.output

    return invoke


@pytest.fixture
def furnish(run: Run) -> Callable[[], object]:
    """Has every service sign something, and verifies it."""

    def furnish() -> None:
        with open_services() as services:
            house = House(services)
            licence = house.issue()
            assert services.receipt_signer
            assert services.licence_consents
            services.status_lists.current(1)
            made = services.offline_presentations.present(licence.holder_index, licence.identifier, purpose="住宿登记")
            root = TrustAnchors.of([services.keys.authority.root])
            found = check_offline_presentation(made.text, root, now=services.clock.now()).verdict
            assert found.passed
            assert services.checker.check_pdf(house.pdf(licence)).passed

    return furnish


def listed(run: Run, purpose: str) -> list[dict[str, Any]]:
    return [each for each in json.loads(run("keys", "list", "--json")) if each["purpose"] == purpose]


def test_the_list_tells_where_keys_live_and_what_their_certificates_are(run: Run) -> None:
    (root,) = listed(run, "root-ca")
    assert root["location"] == "soft"
    (certificate,) = root["certificates"]
    assert certificate["state"] == "active"
    assert certificate["external"] is False
    assert certificate["subject"] == certificate["issuer"]
    assert certificate["not_before"] < certificate["not_after"]


def test_a_service_gets_a_new_key_and_keeps_the_old_one_for_what_it_signed(run: Run) -> None:
    (before,) = listed(run, "token")
    new = json.loads(run("keys", "rotate", "token", "--json"))
    old, current = listed(run, "token")
    assert old["certificates"][0]["state"] == "retired"
    assert old["id"] == before["id"]
    assert current["id"] == new["key_id"]
    assert current["certificates"][0]["subject"] == before["certificates"][0]["subject"]


def test_every_service_that_has_a_key_can_have_a_new_one(run: Run, furnish: Callable[[], object]) -> None:
    for purpose in ServicePurpose:
        if not listed(run, purpose.value):
            with pytest.raises(ServiceKeyMissingError):
                run("keys", "rotate", purpose.value)
    furnish()
    for purpose in ServicePurpose:
        before = len(listed(run, purpose.value))
        run("keys", "rotate", purpose.value)
        assert len(listed(run, purpose.value)) == before + 1
    furnish()


def test_a_key_is_certified_outside(run: Run, tmp_path: Path) -> None:
    run("keys", "make", "timestamp")
    key = listed(run, "timestamp")[-1]
    assert key["certificates"] == []
    request, chain = tmp_path / "request.pem", tmp_path / "chain.pem"
    run("keys", "export-csr", key["id"], "--out", request, "--common-name", "青岛时间戳", "--organisation", "青岛市")
    chain.write_bytes(answer(x509.load_pem_x509_csr(request.read_bytes())))
    with pytest.raises(ChainWrongKeyError):
        run("keys", "import-certificate", listed(run, "token")[0]["id"], chain)
    run("keys", "import-certificate", key["id"], chain)
    (certificate,) = listed(run, "timestamp")[-1]["certificates"]
    assert certificate["external"] is True
    assert "外部根" in certificate["issuer"]


def test_there_are_no_orphans_without_a_token(run: Run) -> None:
    assert "no token" in run("keys", "orphans")


def answer(request: x509.CertificateSigningRequest) -> bytes:
    """The chain that an authority outside sends for a request."""
    private, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "外部根")]),
    )
    now = datetime.now(UTC)

    def build(subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder(name, subject, key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=100))
        )

    public = request.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    leaf = build(request.subject, public)
    for extension in request.extensions:
        leaf = leaf.add_extension(extension.value, extension.critical)
    root = build(name, private.public_key()).add_extension(x509.BasicConstraints(True, None), True)
    return b"".join(each.sign(private, SHA256()).public_bytes(Encoding.PEM) for each in (leaf, root))


def test_all_keys_are_wrapped_again_by_sm4_under_a_new_key(
    run: Run, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def first_bytes() -> set[bytes]:
        with database.transaction() as session:
            return {bytes(each)[:1] for each in session.scalars(sa.text("SELECT wrapped FROM signing_key"))}

    run("keys", "list")
    assert first_bytes() == {b"\x01"}
    new = tmp_path / "new.kek"
    create_key_file(new)
    monkeypatch.setenv("YINZHENG_WRAPPING", "sm4-gcm")
    assert "sm4-gcm" in run("keys", "rewrap", "--kek-file", new)
    assert first_bytes() == {b"\x02"}
    with pytest.raises(KekWrongError):
        run("keys", "list")
    monkeypatch.setenv("YINZHENG_KEK_FILE", str(new))
    run("keys", "rotate", "token")
    assert first_bytes() == {b"\x02"}
