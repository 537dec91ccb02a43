"""CBOR has one form here, and whatever else is no CBOR."""

from __future__ import annotations

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys import cbor

LEAVES = st.integers(-(2**64), 2**64 - 1) | st.binary(max_size=300) | st.text(max_size=100)
KEYS = st.integers(-(2**16), 2**16) | st.text(max_size=8)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)

REFUSED = {
    "nothing": "",
    "a longer number than needed": "1817",
    "a longer length than needed": "5801ff",
    "a number of 64 bits that fits in 32": "1b00000000ffffffff",
    "a length that is left open": "5f41ff41ffff",
    "an array that is left open": "9f01ff",
    "a map that is left open": "bf0101ff",
    "a reserved length": "1c",
    "a key twice": "a201010102",
    "keys out of order": "a202010101",
    "a key that is bytes": "a1410101",
    "a key that is an array": "a1800101",
    "a tag": "c11a514b67b0",
    "a regular expression (tag 35)": "d8236328612b292b24",
    "a bignum": "c249010000000000000000",
    "a shared reference": "d81c81d81d00",
    "a float": "f93c00",
    "true": "f5",
    "null": "f6",
    "undefined": "f7",
    "break alone": "ff",
    "something behind": "0000",
    "bytes that end early": "4201",
    "text that is not UTF-8": "62c328",
    "an array that promises 2^64 items": "9bffffffffffffffff",
    "a map that promises 2^32 pairs": "ba7fffffff",
    "bytes that promise 2^63": "5b7fffffffffffffff",
    "arrays within arrays": "81" * 1000 + "00",
    "maps within maps": "a100" * 600 + "00",
}


@given(VALUES)
def test_what_is_written_is_read(value: cbor.Value) -> None:
    if _depth(value) <= cbor.DEEPEST:
        assert cbor.decode(cbor.encode(value)) == value


@given(st.binary(max_size=64))
def test_what_can_be_read_has_one_spelling(data: bytes) -> None:
    try:
        value = cbor.decode(data)
    except cbor.CborError:
        return
    assert cbor.encode(value) == data


def test_no_tag_has_a_meaning() -> None:
    for tag in (*range(1 << 16), 1 << 16, (1 << 64) - 1):
        with pytest.raises(cbor.CborError):
            cbor.decode(cbor2.dumps(cbor2.CBORTag(tag, 0)))


@pytest.mark.parametrize("encoded", REFUSED.values(), ids=REFUSED.keys())
def test_whatever_else_is_refused(encoded: str) -> None:
    with pytest.raises(cbor.CborError):
        cbor.decode(bytes.fromhex(encoded))


@pytest.mark.parametrize(
    ("value", "encoded"),
    # RFC 8949, appendix A
    [
        (0, "00"),
        (23, "17"),
        (24, "1818"),
        (1000, "1903e8"),
        (1000000, "1a000f4240"),
        (18446744073709551615, "1bffffffffffffffff"),
        (-1, "20"),
        (-1000, "3903e7"),
        (b"\x01\x02\x03\x04", "4401020304"),
        ("水", "63e6b0b4"),
        ([1, [2, 3], [4, 5]], "8301820203820405"),
        ({"a": 1, "b": [2, 3]}, "a26161016162820203"),
    ],
)
def test_the_examples_of_the_standard(value: cbor.Value, encoded: str) -> None:
    assert cbor.encode(value).hex() == encoded
    assert cbor.decode(bytes.fromhex(encoded)) == value


@pytest.mark.parametrize("value", [True, None, 1.5, [1, None], {True: 1}])
def test_what_is_not_written(value: cbor.Value) -> None:
    with pytest.raises(TypeError):
        cbor.encode(value)


def test_a_number_of_more_than_64_bits_is_not_written() -> None:
    with pytest.raises(OverflowError):
        cbor.encode(2**64)
    with pytest.raises(OverflowError):
        cbor.encode({2**64: 1})


def _depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list) else 0
