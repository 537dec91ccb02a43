"""A PDF as its cross-reference tables say (ISO 32000-1, 7.5), as of the end of any of its revisions.

The file up to the end of a revision is a whole PDF in itself: that is how an earlier state is read, with nothing that
was added later in sight. Tables are followed with a bound on their number and size; a section that is reached twice, an
object stream within another and a reference chain without an end are errors.
"""

from __future__ import annotations

import re
from dataclasses import replace

from verify.encryption import Decryption
from verify.errors import TooComplexError
from verify.filters import unpack
from verify.limits import Budget, too_many
from verify.objects import SKIP, WHITESPACE, Name, Parser, PdfSyntaxError, Ref, Stream, Value
from verify.source import PrefixDigests, Source, stands_at
from verify.tables import Place, Section, read_section, with_hidden

_END = re.compile(rb"startxref[\x00\t\n\x0c\r ]+([0-9]{1,12})[\x00\t\n\x0c\r ]+%%EOF")
_TAIL = 2048
_OBJECT_START = re.compile(rb"[0-9]")
_DEREFERENCES = 32


class Document:
    """One state of a file.

    :param end: the file is read as if it ended here.
    :raises PdfSyntaxError: it cannot be read.
    :raises EncryptedError: it is encrypted and does not open without a password.
    :raises TooComplexError: reading it takes too much.
    """

    def __init__(
        self, data: Source, budget: Budget, *, end: int | None = None, digests: PrefixDigests | None = None
    ) -> None:
        self.data = data
        self.digests = digests or PrefixDigests(data)
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
        self._decryption: Decryption | None = None
        self._decryption = self._opened()
        self.root = self.dictionary(self.trailer.get("Root"))

    @property
    def encrypted(self) -> bool:
        """Whether it is encrypted, though it opens without a password."""
        return self._decryption is not None

    @property
    def size(self) -> int:
        """The number that is higher than that of every object (``Size`` of the trailer, at least)."""
        declared = self.trailer.get("Size")
        highest = max(self._places, default=0) + 1
        return max(declared, highest) if isinstance(declared, int) else highest

    def until(self, end: int) -> Document:
        """The state of the file that ends somewhere else. Raises what reading a document does."""
        return Document(self.data, self.budget, end=end, digests=self.digests)

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

    def extent(self, stream: Stream) -> tuple[int, int]:
        """Where a stream's data stands in the file, still packed.

        :raises PdfSyntaxError: its length is wrong.
        """
        length = self.resolve(stream.length)
        if not isinstance(length, int) or length < 0 or stream.start + length > self.end:
            raise PdfSyntaxError("a stream whose length is wrong")
        stop = stream.start + length
        after = SKIP.match(self.data, stop, min(stop + 4, self.end))
        if not stands_at(self.data, b"endstream", after.end() if after else stop, self.end):
            raise PdfSyntaxError("a stream that does not end where it should")
        return stream.start, stop

    def unpacked(self, stream: Stream) -> bytes:
        """A stream's data, unpacked.

        :raises PdfSyntaxError: it is packed in a way that structures are not, or does not unpack.
        :raises TooComplexError: it unpacks to too much.
        """
        parameters = self.resolve(stream.dictionary.get("DecodeParms"))
        if isinstance(parameters, list):
            parameters = [self.resolve(item) for item in parameters]
        start, stop = self.extent(stream)
        filters = self.resolve(stream.dictionary.get("Filter"))
        if self._decryption is not None:
            if stop - start > self.budget.unpackable():
                raise TooComplexError(what_zh="数据流过大", what_en="a stream that is too large")
            data = self._decryption.stream(stream.owner, stream.dictionary.get("Type"), self.data[start:stop])
            return unpack(data, 0, len(data), filters, parameters, self.budget)
        return unpack(self.data, start, stop, filters, parameters, self.budget)

    def section_at(self, offset: int) -> Section:
        """The cross-reference section that is written somewhere in the file, also after this state's end.

        :raises PdfSyntaxError: there is none.
        """
        return read_section(self.data, offset, len(self.data), self.budget)

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
                section = with_hidden(section, self._next_section(hybrid, seen))
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
        return read_section(self.data, offset, self.end, self.budget)

    def _read(self, ref: Ref, place: Place) -> Value:
        if place.container is not None:
            return self._read_contained(ref, place)
        if not 0 <= place.offset < self.end or not _OBJECT_START.match(self.data, self._blank(place.offset), self.end):
            raise PdfSyntaxError("an object that is not where it should be")
        found, value = Parser(self.data, place.offset, self.end, self.budget).indirect()
        if found != ref:
            raise PdfSyntaxError("another object where one should be")
        return self._readable(ref, value)

    def _opened(self) -> Decryption | None:
        """What decrypts the file; nothing where it is not encrypted."""
        settings = self.trailer.get("Encrypt")
        # a linearised file's second trailer has no need of it
        if any(section.trailer.get("Encrypt", settings) != settings for section in self.sections):
            raise PdfSyntaxError("revisions that are encrypted in different ways")
        if settings is None:
            return None
        # what it says is read as it stands, whatever number its object has
        found = {key: self.resolve(value) for key, value in self.dictionary(settings).items()}
        identifier = self.array(self.trailer.get("ID"))
        first = self.resolve(identifier[0]) if identifier else None
        self._objects.clear()
        return Decryption(found, first if isinstance(first, bytes) else None)

    def _readable(self, ref: Ref, value: Value) -> Value:
        if self._decryption is None or ref == self.trailer.get("Encrypt"):
            return value
        if not isinstance(value, Stream):
            return self._decryption.value(ref, value)
        if value.dictionary.get("Type") == "XRef":
            return value
        return replace(value, dictionary=self._decryption.dictionary(ref, value.dictionary))

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
