"""Cross-reference sections: where the objects of a revision are (ISO 32000-1, 7.5.4 and 7.5.8)."""

from __future__ import annotations

import re
from typing import NamedTuple, TypeGuard

from verify.filters import unpack
from verify.limits import Budget, too_many
from verify.objects import SKIP, Parser, PdfSyntaxError, Ref, Stream, Value
from verify.source import Source, stands_at

_XREF = re.compile(rb"xref[\x00\t\n\x0c\r ]+")
_SUBSECTION = re.compile(rb"([0-9]{1,10})[ \t]+([0-9]{1,10})[\x00\t\n\x0c\r ]+")
_ENTRY = re.compile(rb"([0-9]{10}) ([0-9]{5}) ([nf])(?: \r| \n|\r\n|\n|\r)")
_TRAILER = re.compile(rb"[\x00\t\n\x0c\r ]*+trailer")


class Place(NamedTuple):
    """Where an object is: at an offset, or in an object stream at an index."""

    offset: int
    generation: int
    container: int | None = None


class Section(NamedTuple):
    """One cross-reference section with its trailer."""

    offset: int
    end: int
    """Just after its trailer dictionary, or after its stream's data begins."""
    trailer: dict[str, Value]
    places: dict[int, Place | None]
    """None where the number is free."""


def read_section(data: Source, offset: int, end: int, budget: Budget) -> Section:
    """The section at an offset, a table or a stream.

    :param end: the file is read as if it ended here.
    :raises PdfSyntaxError: there is none.
    :raises TooComplexError: it lists too many objects.
    """
    if not 0 <= offset < end:
        raise PdfSyntaxError("a cross-reference table outside of the file")
    blank = SKIP.match(data, offset, end)
    at = blank.end() if blank else offset
    if stands_at(data, b"xref", at, end):
        return _read_table(data, offset, at, end, budget)
    return _read_table_stream(data, offset, at, end, budget)


def with_hidden(section: Section, hidden: Section) -> Section:
    """A hybrid file's table, and the stream with the objects that the table gives as free (7.5.8.4)."""
    own = {number: place for number, place in section.places.items() if place or number not in hidden.places}
    return section._replace(places=hidden.places | own)


def _read_table(data: Source, offset: int, at: int, end: int, budget: Budget) -> Section:
    places: dict[int, Place | None] = {}
    head = _XREF.match(data, at, end)
    if head is None:
        raise PdfSyntaxError("a broken cross-reference table")
    at = head.end()
    while (part := _SUBSECTION.match(data, at, end)) is not None:
        first, count = int(part[1]), int(part[2])
        at = part.end()
        if count > budget.limits.objects:
            raise too_many("对象", "objects")
        budget.spend_values(count // 4)
        for number in range(first, first + count):
            entry = _ENTRY.match(data, at, end)
            if entry is None:
                raise PdfSyntaxError("a broken cross-reference table")
            at = entry.end()
            if number in places:
                raise PdfSyntaxError("an object listed twice")
            places[number] = Place(int(entry[1]), int(entry[2])) if entry[3] == b"n" else None
    trailer = _TRAILER.match(data, at, end)
    if trailer is None:
        raise PdfSyntaxError("a cross-reference table without a trailer")
    parser = Parser(data, trailer.end(), end, budget)
    dictionary = parser.value()
    if not isinstance(dictionary, dict):
        raise PdfSyntaxError("a trailer that is no dictionary")
    places.pop(0, None)
    return Section(offset, parser.at, dictionary, places)


def _read_table_stream(data: Source, offset: int, at: int, end: int, budget: Budget) -> Section:
    parser = Parser(data, at, end, budget)
    ref, stream = parser.indirect()
    if not isinstance(stream, Stream) or stream.dictionary.get("Type") != "XRef":
        raise PdfSyntaxError("no cross-reference table where one should be")
    trailer = stream.dictionary
    widths, size = trailer.get("W"), trailer.get("Size")
    index = trailer.get("Index", [0, size])
    if not _integers(widths) or not _integers(index) or len(widths) != 3 or len(index) % 2:
        raise PdfSyntaxError("a broken cross-reference stream")
    width = sum(widths)
    length = stream.length
    if not 1 <= width <= 24 or widths[1] == 0 or isinstance(length, Ref) or not 0 <= length <= end - stream.start:
        raise PdfSyntaxError("a broken cross-reference stream")
    stop = stream.start + length
    table = unpack(data, stream.start, stop, trailer.get("Filter"), trailer.get("DecodeParms"), budget)
    count = sum(index[1::2])
    if count > budget.limits.objects:
        raise too_many("对象", "objects")
    if count * width > len(table):
        raise PdfSyntaxError("a cross-reference stream that is too short")
    budget.spend_values(count // 4)
    places: dict[int, Place | None] = {}
    at = 0
    for first, entries in zip(index[::2], index[1::2], strict=True):
        for number in range(first, first + entries):
            if number in places:
                raise PdfSyntaxError("an object listed twice")
            places[number] = _place(table[at : at + width], widths)
            at += width
    places.pop(0, None)
    if places.get(ref.number, Place(offset, ref.generation)) is None:
        raise PdfSyntaxError("a cross-reference stream that says it is free")
    return Section(offset, parser.at, trailer, places)


def _integers(value: object) -> TypeGuard[list[int]]:
    return isinstance(value, list) and all(isinstance(item, int) and item >= 0 for item in value)


def _place(entry: bytes, widths: list[int]) -> Place | None:
    first, second = widths[0], widths[0] + widths[1]
    kind = int.from_bytes(entry[:first], "big") if first else 1
    one, two = int.from_bytes(entry[first:second], "big"), int.from_bytes(entry[second:], "big")
    if kind == 1:
        return Place(one, two)
    if kind == 2:
        return Place(two, 0, one)
    return None
