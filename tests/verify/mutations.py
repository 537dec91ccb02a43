"""Ways to damage a sealed file: what an accident does to it, and what somebody does who knows how PDFs are made."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

from tests.verify import files

Mutation = Callable[[bytes, Sequence[bytes], random.Random], bytes]

_OBJECT = re.compile(rb"\d+ \d+ obj\b.*?\bendobj\s*", re.DOTALL)
_NUMBER = re.compile(rb"\d+")
_NAME = re.compile(rb"/[A-Za-z][A-Za-z0-9]*")
_LENGTH = re.compile(rb"/Length\s+(\d+)")
_DIGITS = re.compile(rb"/Contents\s*<([0-9A-Fa-f]{64,})>")
_STRUCTURE = re.compile(
    rb"/(?:ByteRange\s*\[[^\]]*\]|Prev\s+\d+|Size\s+\d+|Index\s*\[[^\]]*\]|W\s*\[[^\]]*\]|First\s+\d+|N\s+\d+|Kids\s*\[[^\]]*\]"
    rb"|Count\s+\d+)|startxref\s+\d+|\d{10} \d{5} [fn]"
)
_ODD_NUMBERS = (b"0", b"1", b"-1", b"2147483648", b"9999999999", b"99999999999999999999", b"1.5", b"00", b"+3", b"")


def bit_flips(data: bytes, _others: Sequence[bytes], chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 8, 64))):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def truncation(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data))] if chance.random() < 0.8 else data[chance.randrange(1, len(data)) :]


def splice(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """Some bytes of this or another file in place of, or between, some of this one."""
    source = chance.choice((data, *others))
    start = chance.randrange(len(source))
    piece = source[start : start + chance.choice((1, 16, 256, 4096))]
    at = chance.randrange(len(data))
    return data[:at] + piece + data[at + chance.choice((0, len(piece))) :]


def deletion(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + data[at + chance.choice((1, 2, 20, 1000)) :]


def two_halves(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """The beginning of this file and the end of another."""
    other = chance.choice((data, *others))
    return data[: chance.randrange(len(data))] + other[chance.randrange(len(other)) :]


def duplicated_object(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """An object of this or another file once more, in its place, beside it, or at the end."""
    found: list[bytes] = _OBJECT.findall(chance.choice((data, data, *others)))
    if not found:
        return splice(data, others, chance)
    at = chance.choice((len(data), *(match.start() for match in _OBJECT.finditer(data))))
    return data[:at] + chance.choice(found) + data[at:]


def revision(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """Objects of this file, damaged or not, in one more revision that is well formed."""
    found = [match[0].split(b" obj", 1) for match in _OBJECT.finditer(data)]
    if not found or not re.search(rb"startxref\s+\d+\s+%%EOF", data):
        return duplicated_object(data, others, chance)
    chosen = chance.sample(found, chance.randrange(1, min(4, len(found)) + 1))
    change = chance.choice(
        (lambda body: body, lambda body: bit_flips(body, (), chance), lambda body: _swapped(body, chance))
    )
    objects = {int(head.split()[0]): change(body.rsplit(b"endobj", 1)[0].strip() or b"null") for head, body in chosen}
    root = re.findall(rb"/Root\s+\d+ \d+ R", data)
    return files.append(data, objects, size=1000, trailer=root[-1] if root else b"/Root 1 0 R")


def number(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """A number of the structure: of a cross-reference table, a byte range, a page tree."""
    places = [
        (match.start() + inner.start(), match.start() + inner.end())
        for match in _STRUCTURE.finditer(data)
        for inner in _NUMBER.finditer(match[0])
    ]
    return _edited(data, places, chance) if places else bit_flips(data, others, chance)


def stream_length(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    places = [match.span(1) for match in _LENGTH.finditer(data)]
    return _edited(data, places, chance) if places else bit_flips(data, others, chance)


def key_swap(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    """One name in the place of another."""
    return _swapped(data, chance)


def cms(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """Bytes of a signature, or a run of them moved, in hexadecimal as it was."""
    places = [match.span(1) for match in _DIGITS.finditer(data)]
    if not places:
        return bit_flips(data, others, chance)
    start, end = chance.choice(places)
    end -= (end - start) % 2
    value = bytearray.fromhex(data[start:end].decode())
    used = max(1, len(value.rstrip(b"\0")))
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        at = chance.randrange(used)
        how = chance.randrange(4)
        if how == 0:
            value[at] ^= 1 << chance.randrange(8)
        elif how == 1:
            value[at] = chance.choice((0x00, 0x30, 0x31, 0x7F, 0x80, 0x84, 0xA0, 0xFF))
        elif how == 2:
            length, target = chance.randrange(1, 64), chance.randrange(used)
            value[at : at + length] = value[target : target + length]
        else:
            value[at:at] = value[at : at + chance.randrange(1, 8)]
    digits = bytes(value)[: (end - start) // 2].ljust((end - start) // 2, b"\0").hex().encode()
    return data[:start] + digits + data[end:]


def several(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    for _ in range(chance.randrange(2, 5)):
        data = chance.choice(_SINGLE)(data, others, chance) or b"%"
    return data


def _edited(data: bytes, places: Sequence[tuple[int, int]], chance: random.Random) -> bytes:
    start, end = chance.choice(places)
    old = int(data[start : min(end, start + 20)])
    near = b"%d" % max(0, old + chance.choice((-100, -10, -1, 1, 10, 100)))
    new = chance.choice((near, near, b"%d" % chance.randrange(len(data) + 1), *_ODD_NUMBERS))
    if chance.random() < 0.5:
        new = new.rjust(end - start, b"0")[: end - start]  # what follows stays where it is
    return data[:start] + new + data[end:]


def _swapped(data: bytes, chance: random.Random) -> bytes:
    places = [match.span() for match in _NAME.finditer(data)]
    if not places:
        return data
    start, end = chance.choice(places)
    other_start, other_end = chance.choice(places)
    return data[:start] + data[other_start:other_end] + data[end:]


_SINGLE: tuple[Mutation, ...] = (
    bit_flips,
    truncation,
    splice,
    deletion,
    two_halves,
    duplicated_object,
    revision,
    number,
    stream_length,
    key_swap,
    cms,
)
MUTATIONS: dict[str, Mutation] = {mutation.__name__: mutation for mutation in (*_SINGLE, several)}
