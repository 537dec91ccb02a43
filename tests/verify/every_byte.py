"""Change a sealed file byte by byte and see whether any change passes.

The suite tries 200 random places. All of them (each byte of the signature with two bits, each of its digits in the
other case, 2,000 places elsewhere) take some minutes: ``python -m tests.verify.every_byte FILE ROOT``.
"""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from verify.anchors import TrustAnchors
from verify.errors import VerifyError
from verify.pdf import Policy, inspect_pdf


def passes(data: bytes, anchors: TrustAnchors, now: datetime) -> bool:
    try:
        return inspect_pdf(data, anchors, policy=Policy.LICENCE, now=now).passed
    except VerifyError:
        return False


def signature_span(data: bytes) -> tuple[int, int]:
    """Where the digits of the first signature stand."""
    match = re.search(rb"/Contents\s*<([0-9A-Fa-f]{64,})>", data)
    assert match is not None
    return match.span(1)


def replaced(data: bytes, at: int, octet: int) -> bytes:
    return data[:at] + bytes((octet,)) + data[at + 1 :]


def in_signature(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Every byte of the CMS with its lowest and its highest bit changed, every digit in the other case, the padding."""
    start, end = signature_span(data)
    digits = data[start:end]
    upper = digits.upper() == digits
    contents = bytes.fromhex(digits.decode())
    used = len(contents.rstrip(b"\x00"))
    for index in range(min(used + 64, len(contents))):
        for bit in (0x01, 0x80):
            changed = f"{contents[index] ^ bit:02x}"
            pair = (changed.upper() if upper else changed).encode()
            at = start + 2 * index
            yield f"CMS byte {index} ^ {bit:#04x}", data[:at] + pair + data[at + 2 :]
    for index, digit in enumerate(digits):
        if chr(digit).isalpha():
            yield f"case of digit {index}", replaced(data, start + index, digit ^ 0x20)


def elsewhere(data: bytes, count: int, chance: random.Random) -> Iterator[tuple[str, bytes]]:
    """Random bytes outside of the digits, each changed to another value."""
    start, end = signature_span(data)
    for _ in range(count):
        at = chance.randrange(len(data) - (end - start))
        at += (end - start) if at >= start else 0
        yield f"byte {at}", replaced(data, at, data[at] ^ chance.randrange(1, 256))


def anywhere(data: bytes, count: int, chance: random.Random) -> Iterator[tuple[str, bytes]]:
    """Random bytes of the whole file, each changed to another value."""
    for _ in range(count):
        at = chance.randrange(len(data))
        yield f"byte {at}", replaced(data, at, data[at] ^ chance.randrange(1, 256))


def run(data: bytes, changes: Iterator[tuple[str, bytes]], check: Callable[[bytes], bool]) -> tuple[int, list[str]]:
    """How many changes were tried, and which passed."""
    tried, passed = 0, []
    for what, changed in changes:
        if changed != data:
            tried += 1
            if check(changed):
                passed.append(what)
    return tried, passed


def main(path: str, root: str) -> int:
    data, anchors, now = Path(path).read_bytes(), TrustAnchors.from_file(Path(root)), datetime.now(UTC)
    if not passes(data, anchors, now):
        sys.stderr.write("the file itself does not pass\n")
        return 2
    failed = 0
    for name, changes in (("signature", in_signature(data)), ("elsewhere", elsewhere(data, 2000, random.Random(1)))):
        tried, passed = run(data, changes, lambda changed: passes(changed, anchors, now))
        sys.stdout.writelines([f"{name}: {tried} changes, {len(passed)} passed\n", *(f"  {what}\n" for what in passed)])
        failed += len(passed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
