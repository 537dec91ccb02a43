"""The DER that we write is what others read, and what is not DER is not read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from asn1crypto import core
from hypothesis import given, settings
from hypothesis import strategies as st

from keys import _der, der


@settings(deadline=None)
@given(st.integers(-(2**2100), 2**2100))
def test_integers_are_written_as_asn1crypto_writes_them(value: int) -> None:
    written = der.integer(value)
    assert written == core.Integer(value).dump()
    _der.check_integer(_der.Reader(written).read(_der.INTEGER))


@settings(deadline=None)
@given(st.binary(max_size=70000))
def test_lengths_are_written_as_asn1crypto_writes_them(value: bytes) -> None:
    written = der.octet_string(value)
    assert written == core.OctetString(value).dump()
    assert _der.Reader(written).read(_der.OCTET_STRING) == value


@pytest.mark.parametrize("bit", range(26))
def test_named_bits_have_no_trailing_zeros(bit: int) -> None:
    written = core.BitString.load(_der.named_bit(bit))
    assert written.native == (0,) * bit + (1,)


def test_a_set_is_in_order() -> None:
    members = [der.octet_string(b"b"), der.integer(300), der.octet_string(b"a")]
    assert der.set_of(members) == der.tlv(_der.SET, members[1], members[2], members[0])


@pytest.mark.parametrize(
    ("at", "written"),
    [
        (datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC), b"\x17\x0d491231235959Z"),
        (datetime(2050, 1, 1, tzinfo=UTC), b"\x18\x0f20500101000000Z"),
    ],
)
def test_a_certificates_time_changes_its_form_in_2050(at: datetime, written: bytes) -> None:
    assert _der.x509_time(at) == written


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x04",
        b"\x02\x01\x00",  # another tag
        b"\x04\x80\x00\x00",  # indefinite length
        b"\x04\x81\x01a",  # length that fits in the short form
        b"\x04\x82\x00\x80" + bytes(128),  # length with a leading zero
        b"\x04\x85\x00\x00\x00\x00\x01a",  # length of more than four bytes
        b"\x04\xff" + bytes(127),
        b"\x04\x05abcd",  # cut short
        b"\x04\x84\xff\xff\xff\xff",
    ],
)
def test_what_is_not_der_is_not_read(data: bytes) -> None:
    with pytest.raises(_der.DerError):
        _der.Reader(data).read(_der.OCTET_STRING)


@pytest.mark.parametrize("contents", [b"", b"\x00\x01", b"\x00\x7f", b"\xff\x80", b"\xff\xff"])
def test_an_integer_is_minimal(contents: bytes) -> None:
    with pytest.raises(_der.DerError):
        _der.check_integer(contents)
