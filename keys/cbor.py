"""CBOR in its one deterministic form (RFC 8949 4.2.1), of integers, bytes, text, arrays and maps alone.

The library reads and writes; here is held that nothing is read that has a second spelling: what was read is written
again and has to be the same bytes, the keys of its maps in order. Tags are refused before the library gives them a
meaning of its own (dates, regular expressions, references), and so is all else that no message of ours has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn, TypeAlias, cast

import cbor2

Value: TypeAlias = "int | bytes | str | Sequence[Value] | Mapping[int | str, Value]"

DEEPEST: Final = 5
"""Arrays and maps within one another."""

_LEAVES: Final = frozenset({int, bytes, str})
_KEYS: Final = frozenset({int, str})
_END: Final = 1 << 64


class CborError(ValueError):
    """The bytes are no CBOR, or not in the one form that is read."""


class _NoTag(dict[int, Any]):
    """What a tag means: nothing, whatever its number."""

    def __missing__(self, tag: int) -> NoReturn:
        raise CborError(f"tag {tag}")


_NO_TAG: Final = _NoTag()


def encode(value: Value) -> bytes:
    """A value in its deterministic form.

    :raises TypeError: it holds something that is not written here.
    :raises OverflowError: a number has more than 64 bits.
    """
    return cbor2.dumps(_ordered(value))


def read(data: bytes) -> object:
    """What some bytes say in whatever spelling; arrays as lists. For what a signature already vouches for, of which
    the caller looks at every type.

    :raises CborError: they are no CBOR, or have tags or lengths that are left open.
    """
    try:
        return cbor2.loads(data, semantic_decoders=_NO_TAG, max_depth=DEEPEST, allow_indefinite=False)
    except cbor2.CBORDecodeError as error:
        raise CborError(str(error)) from None


def decode(data: bytes) -> Value:
    """The value that some bytes are, all of them; arrays as lists.

    :raises CborError: they are none in the one form that is read.
    """
    value = read(data)
    if not _is_ours(value):
        raise CborError("a kind of value that is not read, or keys out of order")
    # longer lengths than needed, a key twice, and bytes behind the end all read as something shorter
    if cbor2.dumps(value) != data:
        raise CborError("more than the shortest form")
    return cast("Value", value)


def _is_ours(value: object) -> bool:
    kind = type(value)
    if kind is list:
        return all(type(each) in _LEAVES or _is_ours(each) for each in cast("list[object]", value))
    if kind is dict:
        pairs = cast("dict[object, object]", value)
        keys = list(pairs)
        return (
            _KEYS.issuperset(map(type, keys)) and keys == sorted(keys, key=cbor2.dumps) and _is_ours([*pairs.values()])
        )
    return kind in _LEAVES


def _ordered(value: object) -> object:
    match value:
        case bool():  # an int to Python, and none to CBOR
            raise TypeError("bool")
        case int():
            if not -_END <= value < _END:
                raise OverflowError("more than 64 bits")
            return value
        case bytes() | str():
            return value
        case Mapping():
            return {_ordered(key): _ordered(value[key]) for key in sorted(value, key=cbor2.dumps)}
        case Sequence():
            return [_ordered(each) for each in value]
    raise TypeError(type(value).__name__)
