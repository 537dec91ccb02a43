"""Reading DER (ITU-T X.690), strictly, and where foreign signatures need it the looser BER.

Nothing is decoded that is not asked for, and every element keeps its bytes as they stand: what was signed is checked as
it stands, never as it would be written again.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
NULL: Final = 0x05
OID: Final = 0x06
GENERALIZED_TIME: Final = 0x18
UTC_TIME: Final = 0x17
SEQUENCE: Final = 0x30
SET: Final = 0x31
CONSTRUCTED_OCTET_STRING: Final = 0x24

_DEPTH: Final = 32
_CHILDREN: Final = 10_000


class DerError(ValueError):
    """Bytes that are not the encoding that was expected."""


class Element:
    """One element: its tag, and where it stands."""

    __slots__ = ("_ber", "_body", "_data", "_depth", "_end", "_start", "_stop", "tag")

    def __init__(self, data: bytes, start: int, limit: int, *, ber: bool, depth: int) -> None:
        if depth > _DEPTH:
            raise DerError("nested too deeply")
        if start + 2 > limit:
            raise DerError("cut short")
        self._data, self._start, self._ber, self._depth = data, start, ber, depth
        self.tag = data[start]
        if self.tag & 0x1F == 0x1F:
            raise DerError("an unknown tag")
        length, body = data[start + 1], start + 2
        if length == 0x80:
            self._body = body
            self._stop, self._end = self._find_end(limit)
            return
        if length > 0x80:
            size = length & 0x7F
            if size > 4 or body + size > limit:
                raise DerError("a length that is out of bounds")
            length = int.from_bytes(data[body : body + size], "big")
            if not ber and (data[body] == 0 or length < 0x80):
                raise DerError("a length that is not minimal")
            body += size
        if body + length > limit:
            raise DerError("cut short")
        self._body, self._stop, self._end = body, body + length, body + length

    @property
    def contents(self) -> bytes:
        """Contents, without tag and length."""
        return self._data[self._body : self._stop]

    @property
    def raw(self) -> bytes:
        """The whole element as it stands."""
        return self._data[self._start : self._end]

    @property
    def end(self) -> int:
        """The offset just after it."""
        return self._end

    def children(self) -> list[Element]:
        """The elements within.

        :raises DerError: it is primitive, or what is within is broken.
        """
        if not self.tag & 0x20:
            raise DerError("nothing can be within a primitive element")
        found: list[Element] = []
        at = self._body
        while at < self._stop:
            child = Element(self._data, at, self._stop, ber=self._ber, depth=self._depth + 1)
            found.append(child)
            at = child.end
            if len(found) > _CHILDREN:
                raise DerError("too many elements")
        return found

    def expect(self, tag: int) -> Element:
        """Itself.

        :raises DerError: it has another tag.
        """
        if self.tag != tag:
            raise DerError(f"tag {self.tag:#04x} where {tag:#04x} should be")
        return self

    def _find_end(self, limit: int) -> tuple[int, int]:
        """Where the contents of an element of indefinite length end, and where the element does."""
        if not self._ber or not self.tag & 0x20:
            raise DerError("an indefinite length")
        at = self._body
        while self._data[at : min(at + 2, limit)] != b"\x00\x00":
            at = Element(self._data, at, limit, ber=True, depth=self._depth + 1).end
        return at, at + 2


class Fields:
    """The elements of a SEQUENCE, taken one after the other."""

    __slots__ = ("_at", "_elements")

    def __init__(self, parent: Element, tag: int = SEQUENCE) -> None:
        self._elements = parent.expect(tag).children()
        self._at = 0

    def take(self, tag: int) -> Element:
        """The next one.

        :raises DerError: it has another tag, or there is none.
        """
        if self._at >= len(self._elements):
            raise DerError("an element is missing")
        self._at += 1
        return self._elements[self._at - 1].expect(tag)

    def optional(self, tag: int) -> Element | None:
        """The next one if it has this tag."""
        if self._at < len(self._elements) and self._elements[self._at].tag == tag:
            return self.take(tag)
        return None

    def take_any(self) -> Element:
        """The next one, whatever it is.

        :raises DerError: there is none.
        """
        if self._at >= len(self._elements):
            raise DerError("an element is missing")
        self._at += 1
        return self._elements[self._at - 1]

    def end(self) -> None:
        """:raises DerError: something is left."""
        if self._at != len(self._elements):
            raise DerError("an element too many")


def read(data: bytes, *, ber: bool = False) -> Element:
    """The element that starts the data; what follows it is not looked at.

    :raises DerError: it is not an element.
    """
    return Element(data, 0, len(data), ber=ber, depth=0)


def read_all(data: bytes, *, ber: bool = False) -> Element:
    """The element that the data is.

    :raises DerError: it is not one, or not only one.
    """
    element = read(data, ber=ber)
    if element.end != len(data):
        raise DerError("something follows")
    return element


def integer(element: Element) -> int:
    """Value of an INTEGER.

    :raises DerError: it is none, or not minimal.
    """
    contents = element.expect(INTEGER).contents
    if not contents or (len(contents) > 1 and (contents[0], contents[1] >> 7) in ((0, 0), (0xFF, 1))):
        raise DerError("an integer that is not minimal")
    return int.from_bytes(contents, "big", signed=True)


def oid(element: Element) -> str:
    """Value of an OBJECT IDENTIFIER, dotted.

    :raises DerError: it is none.
    """
    return _dotted(element.expect(OID).contents)


def octets(element: Element) -> bytes:
    """Value of an OCTET STRING, which BER may have cut to pieces.

    :raises DerError: it is none.
    """
    if element.tag == CONSTRUCTED_OCTET_STRING and element._ber:  # noqa: SLF001  the same module
        return b"".join(octets(piece) for piece in element.children())
    return element.expect(OCTET_STRING).contents


@lru_cache(maxsize=512)
def _dotted(contents: bytes) -> str:
    if not contents or contents[-1] & 0x80 or len(contents) > 64:
        raise DerError("a broken object identifier")
    arcs: list[int] = []
    value = 0
    for index, octet in enumerate(contents):
        if octet == 0x80 and (index == 0 or not contents[index - 1] & 0x80):
            raise DerError("an object identifier that is not minimal")
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(str(arc) for arc in (first, arcs[0] - 40 * first, *arcs[1:]))
