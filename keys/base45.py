"""Base45 (RFC 9285): bytes as text of the alphanumeric mode of QR codes (ISO/IEC 18004), three characters for two."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

_ALPHABET: Final = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_UNUSED: Final = 0xFF
_VALUES: Final = bytes(_ALPHABET.find(each) if each in _ALPHABET else _UNUSED for each in range(256))
_LANE: Final = 3
_LAST: Final = b"\0\0\xff"
"""Selects the last byte of a lane."""


class Base45Error(ValueError):
    """The text is no Base45."""


def encode(data: bytes) -> str:
    """Bytes as text."""
    whole, odd = divmod(len(data), 2)
    groups = []
    for at in range(whole):
        rest, first = divmod(data[2 * at] << 8 | data[2 * at + 1], 45)
        third, second = divmod(rest, 45)
        groups.append(bytes((_ALPHABET[first], _ALPHABET[second], _ALPHABET[third])))
    if odd:
        second, first = divmod(data[-1], 45)
        groups.append(bytes((_ALPHABET[first], _ALPHABET[second])))
    return b"".join(groups).decode("ascii")


def decode(text: str) -> bytes:
    """Text as bytes.

    :raises Base45Error: it has other characters, or groups that stand for no bytes.
    """
    try:
        values = text.encode("ascii").translate(_VALUES)
    except UnicodeEncodeError:
        raise Base45Error from None
    groups, left = divmod(len(values), 3)
    if _UNUSED in values or left == 1:
        raise Base45Error
    return _groups(values, groups) + _last(values[3 * groups :])


def _groups(values: bytes, count: int) -> bytes:
    """The bytes of all groups of three at once: each group is a lane of 24 bits of one large number, which none
    overflows, so that a text is decoded in a few steps, whatever its length.
    """
    lanes = int.from_bytes(values[: _LANE * count])
    each = _lanes(count)
    total = (lanes >> 16 & each) + 45 * (lanes >> 8 & each) + 45 * 45 * (lanes & each)
    data = bytearray(total.to_bytes(_LANE * count))
    if data[::_LANE].strip(b"\0"):
        raise Base45Error
    del data[::_LANE]
    return bytes(data)


@lru_cache(maxsize=16)
def _lanes(count: int) -> int:
    """The last byte of every lane."""
    return int.from_bytes(_LAST * count)


def _last(values: bytes) -> bytes:
    if not values:
        return b""
    number = values[0] + 45 * values[1]
    if number > 0xFF:
        raise Base45Error
    return bytes((number,))
