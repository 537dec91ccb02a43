"""DER beyond what :mod:`keys.der` writes: further types, and a strict reader for what strangers send (ITU-T X.690).

What we sign must be our own bytes, whatever custody makes the signature, so the structures are put together here
instead of by a library that wants the private key in its hand.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from keys.der import tlv

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
NULL: Final = 0x05
OBJECT_IDENTIFIER: Final = 0x06
ENUMERATED: Final = 0x0A
UTF8_STRING: Final = 0x0C
PRINTABLE_STRING: Final = 0x13
UTC_TIME: Final = 0x17
GENERALIZED_TIME: Final = 0x18
SEQUENCE: Final = 0x30
SET: Final = 0x31


class DerError(ValueError):
    """Bytes that are not the DER that was expected."""


def boolean(value: bool) -> bytes:
    return tlv(BOOLEAN, b"\xff" if value else b"\x00")


def enumerated(value: int) -> bytes:
    """ENUMERATED with a value up to 127."""
    return tlv(ENUMERATED, bytes((value,)))


def bit_string(value: bytes) -> bytes:
    """A BIT STRING of whole bytes."""
    return tlv(BIT_STRING, b"\x00", value)


def named_bit(number: int) -> bytes:
    """A BIT STRING of named bits with only one set; trailing zero bits left out (X.690 11.2.2)."""
    last = number % 8
    return tlv(BIT_STRING, bytes((7 - last,)), bytes(number // 8), bytes((0x80 >> last,)))


def utf8_string(value: str) -> bytes:
    return tlv(UTF8_STRING, value.encode())


def generalized_time(at: datetime) -> bytes:
    """GeneralizedTime in UTC, whole seconds (a fraction is cut off)."""
    return tlv(GENERALIZED_TIME, at.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode())


def x509_time(at: datetime) -> bytes:
    """Time of a certificate: UTCTime through 2049, GeneralizedTime after (RFC 5280 4.1.2.5)."""
    moment = at.astimezone(UTC)
    if moment.year < 2050:
        return tlv(UTC_TIME, moment.strftime("%y%m%d%H%M%SZ").encode())
    return generalized_time(moment)


class Reader:
    """Reads DER elements one after the other and refuses whatever is not DER.

    :param data: the elements.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def peek(self) -> int | None:
        """The next element's tag, or nothing at the end."""
        return self._data[self._at] if self._at < len(self._data) else None

    def read(self, tag: int) -> bytes:
        """Contents of the next element, which must have this tag.

        :raises DerError: it has another, its length is not minimal or goes past the end.
        """
        return self._next(tag)[0]

    def read_whole(self, tag: int) -> bytes:
        """The next element with its tag and length."""
        return self._next(tag)[1]

    def end(self) -> None:
        """:raises DerError: something is left."""
        if self._at != len(self._data):
            raise DerError("trailing data")

    def _next(self, tag: int) -> tuple[bytes, bytes]:
        data, start = self._data, self._at
        if len(data) - start < 2 or data[start] != tag:
            raise DerError("another element was expected")
        length, body = data[start + 1], start + 2
        if length >= 0x80:
            size = length & 0x7F
            encoded = data[body : body + size]
            length = int.from_bytes(encoded, "big")
            if not 1 <= size <= 4 or len(encoded) != size or encoded[0] == 0 or length < 0x80:
                raise DerError("a length is not minimal")
            body += size
        if length > len(data) - body:
            raise DerError("an element is cut short")
        self._at = body + length
        return data[body : self._at], data[start : self._at]


def check_integer(contents: bytes) -> None:
    """Hold an INTEGER's contents to the shortest form (X.690 8.3.2).

    :raises DerError: it is empty or padded.
    """
    if not contents or (len(contents) > 1 and (contents[0], contents[1] >> 7) in ((0x00, 0), (0xFF, 1))):
        raise DerError("an integer is not minimal")
