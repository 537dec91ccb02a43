"""The commands of docs/hsm.md, run to the letter on SoftHSM."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from foreign_authority import ForeignAuthority
from softhsm import SoftHsm

from store.database import Database
from tests.docs.shell import replaced, shell

PAGE = "docs/hsm.md"
LONG_AGO = "yinzheng 99 seal ecdsa-p256 2026-11-24T01:34:02Z"


@pytest.mark.needs("bash", "openssl", "softhsm2-util", "pkcs11-tool")
def test_the_commands_of_the_page_do_what_it_says(database: Database, tmp_path: Path) -> None:
    hsm = SoftHsm.set_up(tmp_path / "hsm")  # with no token whose name begins as that of the page does
    with shell(database, tmp_path, SOFTHSM2_CONF=str(hsm.config)) as terminal:
        install, prepare = terminal.block(PAGE, "softhsm2-util", **{"/etc/yinzheng/": ""}).split("\n", 1)
        assert install.startswith("apt-get install softhsm2 ")
        terminal.run(prepare)
        asked = {
            "/etc/yinzheng/": "",
            "/usr/lib/softhsm/libsofthsm2.so": str(hsm.module),
            "--login": "--login --pin 12345678",
        }
        settings, made = terminal.block(PAGE, "yinzheng demo", **asked).split("yinzheng demo")
        said = terminal.run(settings + "yinzheng demo" + made)
        kept = json.loads(said[said.index("\n[") :])
        assert {key["location"].rpartition(":")[0] for key in kept if key["algorithm"] != "sm2"} == {"pkcs11:yinzheng"}
        [stamps] = [key for key in kept if key["purpose"] == "timestamp"]
        assert re.search(f"yinzheng {stamps['id']} timestamp ecdsa-p256 ", said)
        [rotate] = {terminal.block(PAGE, part) for part in ("已更换 rotated", "NoSuchToken")}
        said = terminal.run(settings + rotate)
        assert f"key {stamps['id']} → " in said
        hsm.take_away()
        gone = terminal.tried(settings + rotate)
        hsm.put_back()
        assert gone.returncode == 1
        assert "[keys.token_unavailable]" in gone.stderr
        terminal.run(
            f"pkcs11-tool --module {hsm.module} --token-label yinzheng --login --pin 12345678 --keypairgen "
            f"--key-type EC:prime256v1 --label '{LONG_AGO}' --id 0123"
        )
        listed, destroy = terminal.block(PAGE, "keys orphans").strip().split("\n")
        assert "0123" in terminal.run(settings + listed)
        terminal.run(settings + replaced(destroy, {"CKA_ID": "0123"}))
        ask, taken = terminal.block(PAGE, "export-csr").split("yinzheng keys import-certificate")
        number = {"export-csr 3": f"export-csr {stamps['id']}"}
        assert "verify OK" in terminal.tried(settings + replaced(ask, number)).stderr
        chain(terminal.directory)
        terminal.run(settings + "yinzheng keys import-certificate" + replaced(taken, {" 3 ": f" {stamps['id']} "}))
        terminal.has_run_all_of("tests/keys/test_hsm_page.py")


def chain(directory: Path) -> None:
    """What an authority outside sends for a request."""
    now, year = datetime.now(UTC), timedelta(days=365)
    root = ForeignAuthority("外部根", until=now + 10 * year)
    request = x509.load_pem_x509_csr((directory / "ts.csr").read_bytes())
    made = [root.answer(request, begins=now, ends=now + year), root.certificate]
    (directory / "chain.pem").write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in made))
