"""A PDF as its cross-reference tables say (ISO 32000-1, 7.5), as of the end of any of its revisions.

The file up to the end of a revision is a whole PDF in itself: that is how an earlier state is read, with nothing that
was added later in sight. Tables are followed with a bound on their number and size; a section that is reached twice, an
object stream within another and a reference chain without an end are errors.
"""

from __future__ import annotations

import re
import zlib
from typing import NamedTuple, TypeGuard

from verify.errors import EncryptedError
from verify.limits import Budget, too_many
from verify.objects import SKIP, WHITESPACE, Name, Parser, PdfSyntaxError, Ref, Stream, Value

_END = re.compile(rb"startxref[\x00\t\n\x0c\r ]+([0-9]{1,12})[\x00\t\n\x0c\r ]+%%EOF")
_TAIL = 2048
_XREF = re.compile(rb"xref[\x00\t\n\x0c\r ]+")
_SUBSECTION = re.compile(rb"([0-9]{1,10})[ \t]+([0-9]{1,10})[\x00\t\n\x0c\r ]+")
_ENTRY = re.compile(rb"([0-9]{10}) ([0-9]{5}) ([nf])(?: \r| \n|\r\n|\n|\r)")
_ENTRY_SIZE = 20
_TRAILER = re.compile(rb"[\x00\t\n\x0c\r ]*trailer")
_OBJECT_START = re.compile(rb"[0-9]")
_DEREFERENCES = 32


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


class Document:
    """One state of a file.

    :param end: the file is read as if it ended here.
    :raises PdfSyntaxError: it cannot be read.
    :raises EncryptedError: it is encrypted.
    :raises TooComplexError: reading it takes too much.
    """

    def __init__(self, data: bytes, budget: Budget, *, end: int | None = None) -> None:
        self.data = data
        self.end = len(data) if end is None else end
        self.budget = budget
        self._objects: dict[int, Value] = {}
        self._containers: dict[int, tuple[bytes, dict[int, int]]] = {}
        self._reading: set[int] = set()
        start, self.marker_end = self._last_marker()
        self.start_of_table = start
        self.sections = self._read_sections(start)
        self.trailer = self.sections[0].trailer
        self._places: dict[int, Place | None] = {}
        for section in reversed(self.sections):
            self._places.update(section.places)
        if any("Encrypt" in section.trailer for section in self.sections):
            raise EncryptedError
        self.root = self.dictionary(self.trailer.get("Root"))

    @property
    def size(self) -> int:
        """The number that is higher than that of every object (``Size`` of the trailer, at least)."""
        declared = self.trailer.get("Size")
        highest = max(self._places, default=0) + 1
        return max(declared, highest) if isinstance(declared, int) else highest

    def place(self, number: int) -> Place | None:
        """Where an object is, if it is in use."""
        return self._places.get(number)

    def get(self, ref: Ref) -> Value:
        """The object that a reference leads to; null where there is none (7.3.10)."""
        place = self._places.get(ref.number)
        if place is None or place.generation != ref.generation:
            return None
        if ref.number not in self._objects:
            if ref.number in self._reading:
                raise PdfSyntaxError("an object that is needed to read itself")
            self._reading.add(ref.number)
            try:
                self._objects[ref.number] = self._read(ref, place)
            finally:
                self._reading.discard(ref.number)
        return self._objects[ref.number]

    def resolve(self, value: Value) -> Value:
        """The value itself, or what its reference leads to."""
        for _ in range(_DEREFERENCES):
            if not isinstance(value, Ref):
                return value
            value = self.get(value)
        raise PdfSyntaxError("references without an end")

    def dictionary(self, value: Value) -> dict[str, Value]:
        """A dictionary, directly or by reference.

        :raises PdfSyntaxError: it is something else.
        """
        found = self.resolve(value)
        if not isinstance(found, dict):
            raise PdfSyntaxError("something else where a dictionary should be")
        return found

    def array(self, value: Value) -> list[Value]:
        """An array, directly or by reference; empty where there is nothing.

        :raises PdfSyntaxError: it is something else.
        """
        found = self.resolve(value)
        if found is None:
            return []
        if not isinstance(found, list):
            raise PdfSyntaxError("something else where an array should be")
        return found

    def packed(self, stream: Stream) -> bytes:
        """A stream's data as it stands in the file.

        :raises PdfSyntaxError: its length is wrong.
        """
        length = self.resolve(stream.length)
        if not isinstance(length, int) or length < 0 or stream.start + length > self.end:
            raise PdfSyntaxError("a stream whose length is wrong")
        stop = stream.start + length
        after = SKIP.match(self.data, stop, min(stop + 4, self.end))
        if not self.data.startswith(b"endstream", after.end() if after else stop, self.end):
            raise PdfSyntaxError("a stream that does not end where it should")
        return self.data[stream.start : stop]

    def unpacked(self, stream: Stream) -> bytes:
        """A stream's data, unpacked.

        :raises PdfSyntaxError: it is packed in a way that structures are not, or does not unpack.
        :raises TooComplexError: it unpacks to too much.
        """
        data = self.packed(stream)
        filters = self.resolve(stream.dictionary.get("Filter"))
        if filters is None or filters == []:
            return data
        if filters not in ("FlateDecode", ["FlateDecode"]):
            raise PdfSyntaxError("a stream with an unusual filter")
        unpacker = zlib.decompressobj()
        bound = self.budget.unpackable()
        try:
            result = unpacker.decompress(data, bound + 1)
        except zlib.error:
            raise PdfSyntaxError("a stream that does not unpack") from None
        self.budget.spend_unpacked(len(result))
        parameters = self.resolve(stream.dictionary.get("DecodeParms"))
        if isinstance(parameters, list):
            parameters = self.resolve(parameters[0]) if parameters else None
        return result if parameters is None else self._unpredict(result, self.dictionary(parameters))

    def _unpredict(self, data: bytes, parameters: dict[str, Value]) -> bytes:
        """Undo the PNG predictor (7.4.4.4), as far as cross-reference streams use it."""
        predictor = parameters.get("Predictor", 1)
        if predictor == 1:
            return data
        columns = parameters.get("Columns", 1)
        plain = parameters.get("Colors", 1) == 1 and parameters.get("BitsPerComponent", 8) == 8
        if not isinstance(predictor, int) or predictor < 10 or not plain:
            raise PdfSyntaxError("a stream with an unusual predictor")
        if not isinstance(columns, int) or not 1 <= columns <= 1024:
            raise PdfSyntaxError("a stream with an unusual predictor")
        self.budget.spend_values(len(data) // 16)
        rows, above = bytearray(), bytes(columns)
        for start in range(0, len(data), columns + 1):
            row = data[start + 1 : start + 1 + columns].ljust(columns, b"\x00")
            above = _png_row(data[start], row, above)
            rows += above
        return bytes(rows)

    def _last_marker(self) -> tuple[int, int]:
        found = None
        for found in _END.finditer(self.data, max(0, self.end - _TAIL), self.end):  # noqa: B007  the last one
            pass
        if found is None:
            raise PdfSyntaxError("no end marker")
        return int(found[1]), found.end()

    def _read_sections(self, start: int) -> list[Section]:
        """All sections, newest first."""
        sections: list[Section] = []
        seen: set[int] = set()
        offset: Value = start
        while offset is not None:
            section = self._next_section(offset, seen)
            hybrid = section.trailer.get("XRefStm")
            if hybrid is not None:
                section = _with_hidden(section, self._next_section(hybrid, seen))
            sections.append(section)
            if sum(len(each.places) for each in sections) > self.budget.limits.objects:
                raise too_many("对象", "objects")
            offset = section.trailer.get("Prev")
        return sections

    def _next_section(self, offset: Value, seen: set[int]) -> Section:
        if not isinstance(offset, int) or offset in seen:
            raise PdfSyntaxError("cross-reference tables that lead back to themselves")
        if len(seen) >= self.budget.limits.revisions:
            raise too_many("修订", "revisions")
        seen.add(offset)
        return self._read_section(offset)

    def _read_section(self, offset: int) -> Section:
        if not 0 <= offset < self.end:
            raise PdfSyntaxError("a cross-reference table outside of the file")
        blank = SKIP.match(self.data, offset, self.end)
        at = blank.end() if blank else offset
        if self.data.startswith(b"xref", at, self.end):
            return self._read_table(offset, at)
        return self._read_table_stream(offset, at)

    def _read_table(self, offset: int, at: int) -> Section:
        data, end = self.data, self.end
        places: dict[int, Place | None] = {}
        head = _XREF.match(data, at, end)
        if head is None:
            raise PdfSyntaxError("a broken cross-reference table")
        at = head.end()
        while (part := _SUBSECTION.match(data, at, end)) is not None:
            first, count = int(part[1]), int(part[2])
            at = part.end()
            if count > self.budget.limits.objects:
                raise too_many("对象", "objects")
            self.budget.spend_values(count // 8)
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
        parser = Parser(data, trailer.end(), end, self.budget)
        dictionary = parser.value()
        if not isinstance(dictionary, dict):
            raise PdfSyntaxError("a trailer that is no dictionary")
        places.pop(0, None)
        return Section(offset, parser.at, dictionary, places)

    def _read_table_stream(self, offset: int, at: int) -> Section:
        parser = Parser(self.data, at, self.end, self.budget)
        ref, stream = parser.indirect()
        if not isinstance(stream, Stream) or stream.dictionary.get("Type") != "XRef":
            raise PdfSyntaxError("no cross-reference table where one should be")
        trailer = stream.dictionary
        widths, size = trailer.get("W"), trailer.get("Size")
        index = trailer.get("Index", [0, size])
        if not _integers(widths) or not _integers(index) or len(widths) != 3 or len(index) % 2:
            raise PdfSyntaxError("a broken cross-reference stream")
        width = sum(widths)
        if not 1 <= width <= 24 or widths[1] == 0 or isinstance(stream.length, Ref):
            raise PdfSyntaxError("a broken cross-reference stream")
        table = self.unpacked(stream)
        count = sum(index[1::2])
        if count > self.budget.limits.objects:
            raise too_many("对象", "objects")
        if count * width > len(table):
            raise PdfSyntaxError("a cross-reference stream that is too short")
        self.budget.spend_values(count // 4)
        places: dict[int, Place | None] = {}
        at = 0
        for first, length in zip(index[::2], index[1::2], strict=True):
            for number in range(first, first + length):
                if number in places:
                    raise PdfSyntaxError("an object listed twice")
                places[number] = _place(table[at : at + width], widths)
                at += width
        places.pop(0, None)
        if places.get(ref.number, Place(offset, ref.generation)) is None:
            raise PdfSyntaxError("a cross-reference stream that says it is free")
        return Section(offset, parser.at, trailer, places)

    def _read(self, ref: Ref, place: Place) -> Value:
        if place.container is not None:
            return self._read_contained(ref, place)
        if not 0 <= place.offset < self.end or not _OBJECT_START.match(self.data, self._blank(place.offset), self.end):
            raise PdfSyntaxError("an object that is not where it should be")
        found, value = Parser(self.data, place.offset, self.end, self.budget).indirect()
        if found != ref:
            raise PdfSyntaxError("another object where one should be")
        return value

    def _blank(self, at: int) -> int:
        while at < self.end and self.data[at] in WHITESPACE:
            at += 1
        return at

    def _read_contained(self, ref: Ref, place: Place) -> Value:
        container = place.container
        if container is None or place.generation != 0:
            raise PdfSyntaxError("a broken object stream")
        if container not in self._containers:
            self._containers[container] = self._open_container(container)
        data, offsets = self._containers[container]
        if ref.number not in offsets:
            raise PdfSyntaxError("an object that is not in its object stream")
        value = Parser(data, offsets[ref.number], len(data), self.budget, in_file=False).value()
        if isinstance(value, Ref):
            raise PdfSyntaxError("a bare reference in an object stream")
        return value

    def _open_container(self, number: int) -> tuple[bytes, dict[int, int]]:
        place = self._places.get(number)
        if place is None or place.container is not None:
            raise PdfSyntaxError("an object stream that is missing, or within another")
        stream = self.get(Ref(number, place.generation))
        if not isinstance(stream, Stream) or stream.dictionary.get("Type") != "ObjStm":
            raise PdfSyntaxError("something else where an object stream should be")
        count, first = self.resolve(stream.dictionary.get("N")), self.resolve(stream.dictionary.get("First"))
        if not isinstance(count, int) or not isinstance(first, int):
            raise PdfSyntaxError("a broken object stream")
        data = self.unpacked(stream)
        numbers = data[:first].split(None, 2 * self.budget.limits.objects)
        if first > len(data) or count < 0 or len(numbers) < 2 * count:
            raise PdfSyntaxError("a broken object stream")
        self.budget.spend_values(count)
        offsets: dict[int, int] = {}
        for index in range(0, 2 * count, 2):
            if not (numbers[index].isdigit() and numbers[index + 1].isdigit() and len(numbers[index + 1]) < 12):
                raise PdfSyntaxError("a broken object stream")
            if int(numbers[index]) in offsets:
                raise PdfSyntaxError("an object twice in an object stream")
            offsets[int(numbers[index])] = first + int(numbers[index + 1])
        return data, offsets


def text(value: Value) -> str | None:
    """A text string (7.9.2.2) as text; nothing where it is something else."""
    if isinstance(value, Name) or not isinstance(value, bytes):
        return None
    if value.startswith(b"\xfe\xff"):
        return value[2:].decode("utf-16-be", errors="replace")
    if value.startswith(b"\xef\xbb\xbf"):
        return value[3:].decode("utf-8", errors="replace")
    return value.decode("latin-1")


def _with_hidden(section: Section, hidden: Section) -> Section:
    """A hybrid file's table, and the stream with the objects that the table gives as free (7.5.8.4)."""
    own = {number: place for number, place in section.places.items() if place or number not in hidden.places}
    return section._replace(places=hidden.places | own)


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


def _png_row(kind: int, row: bytes, above: bytes) -> bytes:
    if kind == 0:
        return row
    if kind == 2:
        return bytes((value + up) & 0xFF for value, up in zip(row, above, strict=True))
    result = bytearray()
    left = corner = 0
    for value, up in zip(row, above, strict=True):
        if kind == 1:
            guess = left
        elif kind == 3:
            guess = (left + up) // 2
        elif kind == 4:
            estimate = left + up - corner
            guess = min((left, up, corner), key=lambda near: abs(estimate - near))
        else:
            raise PdfSyntaxError("a stream with an unusual predictor")
        left, corner = (value + guess) & 0xFF, up
        result.append(left)
    return bytes(result)
