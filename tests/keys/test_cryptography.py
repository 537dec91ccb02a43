"""What docs/cryptography.md says of the code: where ciphers, digests and keys are made, and that no others come in."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "cryptography.md"
PACKAGES = ("store", "keys", "seal", "trust", "wallet", "verify", "api", "yinzheng")
# Where a standard knows no other: names of issuers in OCSP, references of old signers, roots of old authorities.
OLD_DIGESTS = {"keys/_ocsp.py", "keys/ocsp.py", "verify/chains.py", "verify/ocsp.py", "verify/signer.py"}
CIPHERS = {"keys/wrapping.py", "keys/vault.py", "keys/archive_key.py"}
DERIVATIONS = {"keys/kek.py", "keys/archive_key.py"}
GENERATORS = {"keys/soft.py", "keys/sm2.py"}
SECRET = r"_?(?:(?:secret|token)(?:_digest)?|csrf_token|passphrase|password|pin|otp|mac|check_value|verifier|challenge)"

COMPARED = re.compile(rf"([\w.]*)\b{SECRET} [!=]= (?![\"'])|[^\"'] [!=]= ([\w.]*)\b{SECRET}\b(?! [!=]=)")


@cache
def modules() -> dict[str, str]:
    paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in sorted(paths)}


def where(pattern: str) -> set[str]:
    wanted = re.compile(pattern, re.MULTILINE)
    return {path for path, text in modules().items() if wanted.search(text)}


def test_broken_digests_are_only_where_a_standard_has_them() -> None:
    named = (
        r"[\"'](?:md[245]|sha_?1|ripemd\w*)[\"']|\.(?:md5|sha1|MD5|SHA1)\b|\b(?:MD5|SHA1)\(|import .*\b(?:MD5|SHA1)\b"
    )
    assert where(named) == OLD_DIGESTS


def test_ciphers_and_derivations_of_keys_are_in_a_few_modules() -> None:
    assert where(r"^from cryptography\.hazmat\.primitives\.ciphers|^import cryptography") == CIPHERS
    assert where(r"^from cryptography\.hazmat\.primitives\.kdf|\.scrypt\(|pbkdf2_hmac|bcrypt|argon2") == DERIVATIONS
    assert where(r"generate_private_key\(|derive_private_key\(|PrivateKey\.generate\(") == GENERATORS


def test_every_cipher_is_authenticated() -> None:
    assert where(r"modes\.(?!GCM\b)\w+|\b(?:ARC4|TripleDES|Blowfish|CAST5|IDEA)\b") == set()


def test_secrets_are_compared_in_constant_time() -> None:
    """A database that looks for the digest of what was said tells, by how long it takes, nothing of other digests."""
    found = [f"{path}: {line.strip()}" for path, text in modules().items() for line in text.splitlines() if bare(line)]
    assert found == []
    planted = ("if given != self._secret:", "return kept.secret_digest == digest", "ok = sign(x) == found.csrf_token")
    assert all(bare(line) for line in planted)
    assert not bare('if kind == "secret":')


def bare(line: str) -> bool:
    """Whether a line of code compares a secret in a time that tells how much of it is right."""
    match = COMPARED.search(line)
    return match is not None and not re.search(r"(Row|row|table|place)\.", line[match.start() :])


def test_the_page_names_every_module_that_this_list_does() -> None:
    page = PAGE.read_text("utf-8")
    for path in OLD_DIGESTS | CIPHERS | DERIVATIONS | GENERATORS:
        assert f"`{path.removesuffix('.py').replace('/', '.')}`" in page, path
    # and none that is no more
    for name in set(re.findall(rf"`((?:{'|'.join(PACKAGES)})(?:\.\w+)+)`", page)):
        path = name.replace(".", "/") + ".py"
        assert path in modules(), name
