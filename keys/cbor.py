"""CBOR in its one deterministic form (RFC 8949 4.2.1), of integers, bytes, text, arrays and maps alone.

What has a second spelling is refused when it is read: longer lengths than needed, lengths left open, keys out of order
or twice, bytes behind the end. So are tags, floating-point numbers and simple values, of which nothing here has any.
A general decoder gives tags a meaning of its own (dates, regular expressions, references) before anybody has verified
anything; this one makes nothing of its input that is larger than the input.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NoReturn, TypeAlias

Value: TypeAlias = "int | bytes | str | Sequence[Value] | Mapping[int | str, Value]"

DEEPEST: Final = 5
"""Arrays and maps within one another."""

_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP = range(6)
_KEYS: Final = (int, str)
_SIZES: Final = {24: (1, 24), 25: (2, 1 << 8), 26: (4, 1 << 16), 27: (8, 1 << 32)}
"""Bytes that follow for each additional information, and the least number that needs them."""


class CborError(ValueError):
    """The bytes are no CBOR, or not in the one form that is read."""


def encode(value: Value) -> bytes:
    """A value in its deterministic form.

    :raises TypeError: it holds something that is not written here.
    :raises OverflowError: a number has more than 64 bits.
    """
    # a bool is an int to Python, and none to CBOR
    match value:
        case bool():
            raise TypeError("bool")
        case int():
            return _head(_UNSIGNED, value) if value >= 0 else _head(_NEGATIVE, -1 - value)
        case bytes():
            return _head(_BYTES, len(value)) + value
        case str():
            text = value.encode()
            return _head(_TEXT, len(text)) + text
        case Mapping():
            pairs = sorted((encode(key), encode(each)) for key, each in value.items())
            return _head(_MAP, len(pairs)) + b"".join(key + each for key, each in pairs)
        case Sequence():
            return _head(_ARRAY, len(value)) + b"".join(map(encode, value))
    raise TypeError(type(value).__name__)


def decode(data: bytes) -> Value:
    """The value that some bytes are, all of them; arrays as tuples.

    :raises CborError: they are none in the one form that is read.
    """
    value, end = _read(data, 0, DEEPEST)
    if end != len(data):
        _refuse("something follows")
    return value


def _head(major: int, number: int) -> bytes:
    first = major << 5
    if number < 24:
        return bytes((first | number,))
    size, more = next((size, more) for more, (size, _) in _SIZES.items() if size == 8 or number < 1 << 8 * size)
    return bytes((first | more,)) + number.to_bytes(size, "big")


def _read(data: bytes, at: int, depth: int) -> tuple[Value, int]:
    """The value at a place, and where it ends."""
    if at >= len(data):
        _refuse("it ends early")
    first = data[at]
    number, major = first & 31, first >> 5
    at += 1
    if number >= 24:
        number, at = _number(data, at, number)
    if major in (_TEXT, _BYTES):
        content = data[at : at + number]
        if len(content) != number:
            _refuse("it ends early")
        return (_text(content) if major == _TEXT else content), at + number
    if major == _UNSIGNED:
        return number, at
    if major == _NEGATIVE:
        return -1 - number, at
    if major > _MAP:
        _refuse("a tag, a float or a simple value")
    # each element takes a byte at least, so that no number can promise more than there is
    if depth == 0 or number > len(data) - at:
        _refuse("it is too deep or too long")
    return _array(data, at, depth - 1, number) if major == _ARRAY else _map(data, at, depth - 1, number)


def _number(data: bytes, at: int, more: int) -> tuple[int, int]:
    if more == 24 and at < len(data) and data[at] >= 24:
        return data[at], at + 1
    size, least = _SIZES.get(more, (0, 0))
    number = int.from_bytes(data[at : at + size], "big")
    if not size or at + size > len(data) or number < least:
        _refuse("a number that is not in its shortest form")
    return number, at + size


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        _refuse("text that is not UTF-8")


def _array(data: bytes, at: int, depth: int, length: int) -> tuple[Value, int]:
    values = []
    for _ in range(length):
        value, at = _read(data, at, depth)
        values.append(value)
    return tuple(values), at


def _map(data: bytes, at: int, depth: int, length: int) -> tuple[Value, int]:
    values: dict[int | str, Value] = {}
    before = b""
    for _ in range(length):
        start = at
        key, at = _read(data, at, 0)
        spelt = data[start:at]
        if not isinstance(key, _KEYS) or spelt <= before:
            _refuse("a key that is twice, out of order or neither a number nor text")
        before = spelt
        values[key], at = _read(data, at, depth)
    return values, at


def _refuse(what: str) -> NoReturn:
    raise CborError(what)
