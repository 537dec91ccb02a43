"""The elements that seal data are made of, read strictly (ITU-T X.690, X.680 46 and 47)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from keys import strict_der as strict
from seal.esl_errors import EslTooLargeError, EslUnreadableError

IA5_STRING: Final = 0x16

_INTEGER_BYTES: Final = 8
_OID_BYTES: Final = 64
_LARGEST_MM: Final = 1000
_MOST_EXTENSIONS: Final = 100
_UTC_TIME: Final = re.compile(rb"\d{12}Z")
_GENERALIZED_TIME: Final = re.compile(rb"(\d{14})(?:\.(\d{0,8}[1-9]))?Z")
_TELETEX_STRING: Final = 0x14
_BMP_STRING: Final = 0x1E
_CODECS: Final = {
    IA5_STRING: "ascii",
    strict.PRINTABLE_STRING: "ascii",
    strict.UTF8_STRING: "utf-8",
    _TELETEX_STRING: "latin-1",
    _BMP_STRING: "utf-16-be",
}


@dataclass(frozen=True, slots=True)
class Extension:
    """Data of the vendor's own (自定义数据) beside a seal or a signature."""

    oid: str
    critical: bool
    value: bytes = field(repr=False)


@contextmanager
def reading(data: bytes, largest: int) -> Iterator[None]:
    """Turn what a reader stumbles over into the error that a caller is meant to see.

    :raises EslUnreadableError: the data are not what they should be.
    :raises EslTooLargeError: the data are larger than what is read.
    """
    if len(data) > largest:
        raise EslTooLargeError(limit=largest)
    try:
        yield
    except strict.DerError as error:
        raise EslUnreadableError(problem_zh="编码不符合 DER 或结构不符", problem_en=str(error)) from None


def read_integer(fields: strict.Reader) -> int:
    """An INTEGER of at most 64 bits."""
    contents = fields.read(strict.INTEGER)
    strict.check_integer(contents)
    if len(contents) > _INTEGER_BYTES:
        raise strict.DerError("a number is out of bounds")
    return int.from_bytes(contents, "big", signed=True)


def read_text(fields: strict.Reader) -> str:
    """A string without control characters, of whichever type: writers differ in them, and some end it with a null."""
    tag = fields.peek()
    if tag not in _CODECS:
        raise strict.DerError("a text was expected")
    try:
        text = fields.read(tag).decode(_CODECS[tag]).rstrip("\0")
    except UnicodeDecodeError:
        raise strict.DerError("a text is not of its type's characters") from None
    if any(character < " " or "\x7f" <= character <= "\x9f" for character in text):
        raise strict.DerError("a text has control characters")
    return text


def read_oid(fields: strict.Reader) -> str:
    """An OBJECT IDENTIFIER in its dotted form."""
    contents = fields.read(strict.OBJECT_IDENTIFIER)
    if not contents or len(contents) > _OID_BYTES or contents[-1] & 0x80:
        raise strict.DerError("an object identifier is cut short or too long")
    arcs, value, fresh = [], 0, True
    for octet in contents:
        if fresh and octet == 0x80:
            raise strict.DerError("an object identifier is not minimal")
        value, fresh = value << 7 | octet & 0x7F, not octet & 0x80
        if fresh:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def read_time(fields: strict.Reader) -> datetime:
    """UTCTime or GeneralizedTime; version 1 writes the one, version 4 the other, and some writers the wrong one."""
    tag = fields.peek()
    if tag not in (strict.UTC_TIME, strict.GENERALIZED_TIME):
        raise strict.DerError("a time was expected")
    contents = fields.read(tag)
    try:
        if tag == strict.UTC_TIME:
            if _UTC_TIME.fullmatch(contents) is None:
                raise strict.DerError("a time is not in the form of DER")
            century = b"20" if contents < b"5" else b"19"  # RFC 5280 4.1.2.5.1
            return _moment(century + contents[:12])
        found = _GENERALIZED_TIME.fullmatch(contents)
        if found is None:
            raise strict.DerError("a time is not in the form of DER")
        fraction = int((found[2] or b"0").ljust(6, b"0")[:6])
        return _moment(found[1]) + timedelta(microseconds=fraction)
    except (ValueError, OverflowError) as error:
        raise strict.DerError("a time that does not exist") from error


def _moment(digits: bytes) -> datetime:
    return datetime.strptime(digits.decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC)


def read_extensions(fields: strict.Reader) -> tuple[Extension, ...]:
    """Extensions at the end of a structure: tagged [0], or without a tag as some writers put them; or none."""
    if fields.peek() == 0xA0:
        tagged = strict.Reader(fields.read(0xA0))
        listed = strict.Reader(tagged.read(strict.SEQUENCE))
        tagged.end()
    elif fields.peek() == strict.SEQUENCE:
        listed = strict.Reader(fields.read(strict.SEQUENCE))
    else:
        return ()
    found: list[Extension] = []
    while listed.peek() is not None:
        found.append(_read_extension(strict.Reader(listed.read(strict.SEQUENCE))))
        if len(found) > _MOST_EXTENSIONS:
            raise strict.DerError("too many extensions")
    return tuple(found)


def _read_extension(fields: strict.Reader) -> Extension:
    oid = read_oid(fields)
    critical = False
    if fields.peek() == strict.BOOLEAN:
        # FALSE is the default and has no place in DER, but the writers in use put it there
        flag = fields.read(strict.BOOLEAN)
        if flag not in (b"\x00", b"\xff"):
            raise strict.DerError("a boolean is not one of DER")
        critical = flag == b"\xff"
    extension = Extension(oid, critical, fields.read(strict.OCTET_STRING))
    fields.end()
    return extension


def read_bits(fields: strict.Reader) -> bytes:
    """A BIT STRING of whole bytes, or the OCTET STRING that some writers put in its place."""
    if fields.peek() == strict.OCTET_STRING:
        return fields.read(strict.OCTET_STRING)
    contents = fields.read(strict.BIT_STRING)
    if contents[:1] != b"\x00":
        raise strict.DerError("a bit string is not of whole bytes")
    return contents[1:]


def check_picture(width_mm: int, height_mm: int) -> None:
    """:raises keys.strict_der.DerError: no seal on paper has this size."""
    if not (1 <= width_mm <= _LARGEST_MM and 1 <= height_mm <= _LARGEST_MM):
        raise strict.DerError("a picture's size is out of bounds")
