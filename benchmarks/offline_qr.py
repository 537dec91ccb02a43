"""Checks of offline presentations beside bare verifications of their signatures: what all the rest costs.

Both are done in turns, in one thread, and the best of many short rounds counts, so that what else the machine does
falls on both alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from api.services import Services
from api.settings import Settings
from benchmarks.measure import row
from keys import base45
from keys.cose import Sign1
from tests.house import House
from trust.offline_credential import PREFIX
from verify import TrustAnchors
from verify.offline_presentation import check_offline_presentation

ROUNDS = 60
CALLS = 200


def main() -> None:
    """The table."""
    with TemporaryDirectory(prefix="yinzheng-bench-") as directory:
        Path(directory).chmod(0o755)
        with Services(Settings(var=Path(directory), isolate_checks=False)) as services:
            licence = House(services).issue("driving_licence")
            made = services.offline_presentations.present(licence.holder_index, licence.identifier, purpose="住宿登记")
            anchors = TrustAnchors.of([services.keys.authority.root])
            now = services.clock.now()
    message = Sign1.parse(base45.decode(made.text[len(PREFIX) :]))
    key = x509.load_der_x509_certificate(message.chain[0]).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    r, s = (int.from_bytes(message.signature[at : at + 32], "big") for at in (0, 32))
    signature, algorithm = encode_dss_signature(r, s), ec.ECDSA(SHA256())
    signed = message.signed

    def check() -> None:
        assert check_offline_presentation(made.text, anchors, now=now).verdict.passed

    def told() -> None:
        for each in check_offline_presentation(made.text, anchors, now=now).verdict.reasons:
            assert each.message_zh

    def bare() -> None:
        key.verify(signature, signed, algorithm)

    ways: dict[str, Callable[[], None]] = {
        "a bare P-256 verification": bare,
        "a check of an offline presentation": check,
        "a check whose reasons are read, in Chinese": told,
    }
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(ROUNDS):
        for name, work in ways.items():
            started = time.perf_counter()
            for _ in range(CALLS):
                work()
            best[name] = min(best[name], (time.perf_counter() - started) / CALLS)
    for name, seconds in best.items():
        print(row(name, seconds, against=best["a bare P-256 verification"]))
    print("(aim: 0.5 × or more)")


if __name__ == "__main__":
    main()
