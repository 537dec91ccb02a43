"""Reading PDF objects (ISO 32000-1, 7.2 and 7.3) from bytes that may be hostile.

Stricter than readers that show files: a dictionary with a key twice, an unterminated string or an unknown word is an
error, since two readers could take it for two different things. Nesting and the number of values are bounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from verify.errors import TooComplexError
from verify.limits import Budget
from verify.source import Source, stands_at

WHITESPACE = b"\x00\t\n\x0c\r "
SKIP = re.compile(rb"(?:[\x00\t\n\x0c\r ]++|%[^\r\n]*+)*+")
"""White space and comments."""

_NAME = re.compile(rb"/([^\x00\t\n\x0c\r ()<>\[\]{}/%]*+)")
_NAME_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_NUMBER = re.compile(rb"([+-]?(?:[0-9]{1,20}+(\.[0-9]{0,30}+)?|\.[0-9]{1,30}+))(?=[\x00\t\n\x0c\r ()<>\[\]{}/%]|$)")
_REFERENCE = re.compile(
    rb"([0-9]{1,10})[\x00\t\n\x0c\r ]+([0-9]{1,5})[\x00\t\n\x0c\r ]+R(?=[\x00\t\n\x0c\r ()<>\[\]{}/%]|$)"
)
_HEX_STRING = re.compile(rb"<([0-9A-Fa-f\x00\t\n\x0c\r ]*+)>")
_HEX_BLANK = re.compile(rb"[\x00\t\n\x0c\r ]")
_STRING_STOP = re.compile(rb"[()\\\r]")
_WORD = re.compile(rb"(true|false|null)(?=[\x00\t\n\x0c\r ()<>\[\]{}/%]|$)")
_STREAM = re.compile(rb"stream(\r\n|\n|\r)")
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_OCTAL = re.compile(rb"[0-7]{1,3}")
_WORDS: dict[bytes, bool | None] = {b"true": True, b"false": False, b"null": None}


class PdfSyntaxError(ValueError):
    """Bytes that are not the PDF syntax that has to stand there."""


class Name(str):
    """A name, its escapes resolved and without the slash. Bytes that are no UTF-8 read as Latin-1."""

    __slots__ = ()


class Ref(NamedTuple):
    """A reference to an indirect object."""

    number: int
    generation: int


class HexString(bytes):
    """A string that was written in hexadecimal, with the place in the file from its ``<`` to after its ``>``.

    Where it came out of an object stream there is no place.
    """

    span: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream: its dictionary, and where its data stands in the file, still packed."""

    dictionary: dict[str, Value]
    start: int
    length: int | Ref
    owner: Ref
    """The object that it is."""


Value: TypeAlias = "bool | int | float | Name | bytes | Ref | list[Value] | dict[str, Value] | Stream | None"


def identical(one: Value, other: Value) -> bool:
    """Whether two objects are the same, kinds of numbers included (``1``, ``1.0`` and ``true`` are three things)."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(identical(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(identical(*pair) for pair in zip(one, other, strict=True))
    plain = (bool, int, float)
    return one == other and (type(one) is type(other) or not (isinstance(one, plain) or isinstance(other, plain)))


class Parser:
    """Reads objects from a stretch of bytes.

    :param in_file: the bytes are the file itself, so that places in them mean something and streams can occur.
    """

    __slots__ = ("_budget", "_data", "_end", "_in_file", "_values", "at")

    def __init__(self, data: Source, at: int, end: int, budget: Budget, *, in_file: bool = True) -> None:
        self._data = data
        self._end = end
        self._budget = budget
        self._in_file = in_file
        self._values = 0
        self.at = at

    def value(self) -> Value:
        """The object that starts here.

        :raises PdfSyntaxError: there is none.
        :raises TooComplexError: it is nested too deeply, or too much has been read.
        """
        result = self._value(0)
        self._budget.spend_values(self._values)
        self._values = 0
        return result

    def indirect(self) -> tuple[Ref, Value]:
        """The indirect object that starts here, up to its ``endobj`` (or the data of its stream).

        :raises PdfSyntaxError: there is none.
        """
        match = _OBJECT.match(self._data, self.skip(), self._end)
        if match is None:
            raise PdfSyntaxError("no object where one should be")
        self.at = match.end()
        ref = Ref(int(match[1]), int(match[2]))
        value = self.value()
        if isinstance(value, dict):
            stream = _STREAM.match(self._data, self.skip(), self._end)
            if stream is not None:
                if stream[1] == b"\r":
                    raise PdfSyntaxError("a stream that starts with a lone carriage return")
                length = value.get("Length")
                if not isinstance(length, int | Ref) or isinstance(length, bool):
                    raise PdfSyntaxError("a stream without a length")
                self.at = stream.end()
                return ref, Stream(value, self.at, length, ref)
        if not stands_at(self._data, b"endobj", self.skip(), self._end):
            raise PdfSyntaxError("an object without an end")
        self.at += 6
        return ref, value

    def skip(self) -> int:
        """Go past white space and comments."""
        match = SKIP.match(self._data, self.at, self._end)
        if match is not None:
            self.at = match.end()
        return self.at

    def _value(self, depth: int) -> Value:  # noqa: PLR0911  one way for each kind of object
        if depth > self._budget.limits.nesting:
            raise TooComplexError(what_zh="嵌套过深", what_en="nested too deeply")
        self._values += 1
        if self._values > 10_000:
            self._budget.spend_values(self._values)
            self._values = 0
        data, at = self._data, self.skip()
        if at >= self._end:
            raise PdfSyntaxError("the file ends within an object")
        first = data[at]
        if first == 0x2F:  # /
            return self._name()
        if first == 0x3C:  # <
            if data[at : at + 2] == b"<<" and at + 2 <= self._end:
                return self._dictionary(depth)
            return self._hex_string()
        if first == 0x5B:  # [
            return self._array(depth)
        if first == 0x28:  # (
            return self._string()
        reference = _REFERENCE.match(data, at, self._end)
        if reference is not None:
            self.at = reference.end()
            return Ref(int(reference[1]), int(reference[2]))
        number = _NUMBER.match(data, at, self._end)
        if number is not None:
            self.at = number.end()
            return float(number[1]) if b"." in number[1] else int(number[1])
        word = _WORD.match(data, at, self._end)
        if word is not None:
            self.at = word.end()
            return _WORDS[word[1]]
        raise PdfSyntaxError("an unknown word")

    def _bound(self, end: int) -> None:
        if end - self.at > self._budget.limits.string_bytes:
            raise TooComplexError(what_zh="字符串过长", what_en="a string that is too long")

    def _name(self) -> Name:
        match = _NAME.match(self._data, self.at, self._end)
        if match is None:
            raise PdfSyntaxError("an empty name")
        self._bound(match.end())
        self.at = match.end()
        raw = match[1]
        if b"#" in raw:
            raw = _NAME_ESCAPE.sub(lambda found: bytes.fromhex(found[1].decode()), raw)
        try:
            return Name(raw.decode())
        except UnicodeDecodeError:
            return Name(raw.decode("latin-1"))

    def _dictionary(self, depth: int) -> dict[str, Value]:
        result: dict[str, Value] = {}
        self.at += 2
        while True:
            at = self.skip()
            if self._data[at : at + 2] == b">>" and at + 2 <= self._end:
                self.at += 2
                return result
            if at >= self._end or self._data[at] != 0x2F:
                raise PdfSyntaxError("a dictionary whose key is no name")
            key = self._name()
            if key in result:
                raise PdfSyntaxError("a dictionary with a key twice")
            result[key] = self._value(depth + 1)

    def _array(self, depth: int) -> list[Value]:
        result: list[Value] = []
        self.at += 1
        while True:
            at = self.skip()
            if at < self._end and self._data[at] == 0x5D:
                self.at += 1
                return result
            result.append(self._value(depth + 1))

    def _hex_string(self) -> HexString:
        match = _HEX_STRING.match(self._data, self.at, self._end)
        if match is None:
            raise PdfSyntaxError("a hexadecimal string with other characters in it")
        self._bound(match.end())
        self.at = match.end()
        digits = _HEX_BLANK.sub(b"", match[1])
        result = HexString(bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode()))
        if self._in_file:
            result.span = match.span()
        return result

    def _string(self) -> bytes:
        data, parts, open_brackets = self._data, [], 1
        start = self.at + 1
        while True:
            stop = _STRING_STOP.search(data, start, self._end)
            if stop is None:
                raise PdfSyntaxError("a string without an end")
            self._bound(stop.end())
            at = stop.start()
            parts.append(data[start:at])
            found = stop[0]
            start = at + 1
            if found == b"(":
                open_brackets += 1
                parts.append(found)
            elif found == b")":
                open_brackets -= 1
                if open_brackets == 0:
                    self.at = start
                    return b"".join(parts)
                parts.append(found)
            elif found == b"\r":
                parts.append(b"\n")
                start += stands_at(data, b"\n", start, self._end)
            else:
                start = self._escape(start, parts)

    def _escape(self, at: int, parts: list[bytes]) -> int:
        octal = _OCTAL.match(self._data, at, self._end)
        if octal is not None:
            parts.append(bytes((int(octal[0], 8) & 0xFF,)))
            return octal.end()
        letter = self._data[at : at + 1]
        if letter in b"\r\n":
            return at + (2 if stands_at(self._data, b"\r\n", at, self._end) else 1)
        parts.append(_ESCAPES.get(letter, letter))
        return at + 1


_OBJECT = re.compile(
    rb"([0-9]{1,10})[\x00\t\n\x0c\r ]+([0-9]{1,5})[\x00\t\n\x0c\r ]+obj(?=[\x00\t\n\x0c\r ()<>\[\]{}/%])"
)
