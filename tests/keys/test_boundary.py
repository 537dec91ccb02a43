"""No package but this one ever has a private key in its hands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRIVATE = re.compile(
    r"generate_private_key|load_\w*private_key|PrivateKey|PrivateKeyInfo|private_bytes|private_numbers|derive_private"
    r"|SimpleSigner|load_pkcs12|\b_held\b|\b_private\b|unwrap\("
)


@pytest.mark.parametrize("package", ["store", "seal", "trust", "wallet", "verify", "api"])
def test_other_packages_do_not_handle_private_keys(package: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sorted((ROOT / package).rglob("*.py"))
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if PRIVATE.search(line)
    ]
    assert found == []
