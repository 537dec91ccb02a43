"""Many SM2 signatures, all checked by OpenSSL: each is put into a certificate, and one process checks thousands.

By hand: ``.venv/bin/python tests/keys/sm2_soak.py 1000000``.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from keys import _der, der
from keys.sm2 import SIGNER_ID, SM2_WITH_SM3, Sm2PrivateKey

BATCH = 5000
ALGORITHM = der.sequence(der.oid(SM2_WITH_SM3))
VALIDITY = der.sequence(
    _der.x509_time(datetime(2020, 1, 1, tzinfo=UTC)), _der.x509_time(datetime(2049, 1, 1, tzinfo=UTC))
)
DISTID = ("-vfyopt", f"distid:{SIGNER_ID.decode()}")


def soak(count: int, directory: Path) -> int:
    """How many of a number of signatures OpenSSL accepts; every batch has a new key."""
    accepted = 0
    for start in range(0, count, BATCH):
        key = Sm2PrivateKey.generate()
        anchor = directory / "issuer.der"
        anchor.write_bytes(_certificate(key, 1, subject="issuer"))
        files = []
        for number in range(min(BATCH, count - start)):
            file = directory / f"{number}.der"
            file.write_bytes(_certificate(key, start + number + 2, subject="subject"))
            files.append(file.name)
        done = subprocess.run(
            ["openssl", "verify", "-partial_chain", "-trusted", anchor.name, *DISTID, *files],
            cwd=directory,
            capture_output=True,
            text=True,
            check=False,
        )
        accepted += sum(line.endswith(".der: OK") for line in done.stdout.splitlines())
    return accepted


def _certificate(key: Sm2PrivateKey, serial: int, *, subject: str) -> bytes:
    """A certificate of the first version: names, dates, a key, and a signature of the key over it all."""
    to_be_signed = der.sequence(
        der.integer(serial), ALGORITHM, _name("issuer"), VALIDITY, _name(subject), key.public_key.to_der()
    )
    return der.sequence(to_be_signed, ALGORITHM, _der.bit_string(key.sign(to_be_signed)))


def _name(text: str) -> bytes:
    return der.sequence(der.set_of([der.sequence(der.oid("2.5.4.3"), _der.utf8_string(text))]))


def main(count: int) -> int:
    """Run the soak and say what came of it."""
    start = perf_counter()
    with tempfile.TemporaryDirectory() as directory:
        accepted = soak(count, Path(directory))
    sys.stdout.write(f"{accepted} of {count} signatures accepted by OpenSSL, {perf_counter() - start:.0f} s\n")
    return 0 if accepted == count else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
