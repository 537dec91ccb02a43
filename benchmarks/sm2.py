"""SM2 signatures against OpenSSL's own speed on the same core: ``openssl speed sm2`` signs and verifies apart."""

from __future__ import annotations

import re
import shutil
import subprocess

from benchmarks.measure import row, seconds_per_call
from keys.sm2 import Sm2PrivateKey, _library

SECONDS = 3
MESSAGE = bytes(range(256))


def main() -> None:
    key = Sm2PrivateKey.generate()
    library, algorithm = key._key, _library().signature_algorithm
    signature = key.sign(MESSAGE)
    peer = _openssl()
    sign, verify = peer or (None, None)
    if peer is not None:
        print(row("OpenSSL: sign", peer[0]))
        print(row("OpenSSL: verify", peer[1]))
    print(row("library alone: sign", seconds_per_call(lambda: library.sign(MESSAGE, algorithm)), against=sign))
    print(row("keys.sm2: verify", seconds_per_call(lambda: key.public_key.verify(signature, MESSAGE)), against=verify))
    both = None if peer is None else peer[0] + peer[1]
    print(row("keys.sm2: sign, and verify before it leaves", seconds_per_call(lambda: key.sign(MESSAGE)), against=both))


def _openssl() -> tuple[float, float] | None:
    """Seconds for one signature and one verification; nothing where OpenSSL is not installed."""
    if shutil.which("openssl") is None:
        print("openssl is not installed; there is nothing to compare with")
        return None
    command = ["openssl", "speed", "-seconds", str(SECONDS), "sm2"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"SM2.*?s\s+[\d.]+s\s+([\d.]+)\s+([\d.]+)\s*$", said, re.MULTILINE)
    if found is None:
        raise RuntimeError("openssl speed says something else than it used to")
    return 1 / float(found[1]), 1 / float(found[2])
