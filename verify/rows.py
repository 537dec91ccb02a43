"""The bytes of a revision that follows another (ISO 32000-1, 7.5.6).

A row of objects, their cross-reference section and the end marker: nothing else, nothing in between, each object listed
where it is and nothing listed that is not there.
"""

from __future__ import annotations

import re

from verify.document import Document
from verify.objects import Parser, PdfSyntaxError, Ref, Stream, Value, identical
from verify.reasons import Text, reason
from verify.source import Source, stands_at
from verify.structure import StructureError
from verify.tables import Section

_BLANK = re.compile(rb"[\x00\t\n\x0c\r ]*+")
_END = re.compile(rb"startxref[\r\n]{1,2}([0-9]{1,12})[\r\n]{1,2}%%EOF(?:\r\n|\n|\r)?")
_TRAILER_KEYS = {"Size", "Root", "Info", "ID", "Prev"}
_STREAM_KEYS = {"Type", "W", "Index", "Length", "Filter", "DecodeParms"}


def changed(zh: str, en: str) -> StructureError:
    """The error for a change that may not follow a seal."""
    return StructureError(reason("structure.changed_after_seal", detail=Text(zh, en)))


def read_row(before: Document) -> tuple[Section, int, set[int]]:
    """Read the revision after this one by its bytes: its section, its end and the objects that it has."""
    data, budget = before.data, before.budget
    offsets: dict[int, int] = {}
    at = _skip(data, before.end)
    while not stands_at(data, b"xref", at, len(data)):
        parser = Parser(data, at, len(data), budget)
        try:
            ref, value = parser.indirect()
        except PdfSyntaxError:
            raise StructureError(reason("structure.trailing_data")) from None
        if ref.generation or ref.number in offsets:
            raise changed("对象编号不合规", "an object's number is not acceptable")
        offsets[ref.number] = at
        at = parser.at
        if isinstance(value, Stream):
            at = _stream_end(data, value)
            if value.dictionary.get("Type") == "XRef":
                return _close(before, offsets, offsets[ref.number], at)
        at = _skip(data, at)
        if len(offsets) > budget.limits.objects:
            raise changed("对象过多", "it has too many objects")
    return _close(before, offsets, at, None)


def _stream_end(data: Source, stream: Stream) -> int:
    if isinstance(stream.length, Ref):
        raise changed("流的长度不是直接写明的", "a stream's length is not stated directly")
    at = _skip(data, stream.start + stream.length)
    if not stands_at(data, b"endstream", at, len(data)):
        raise changed("流的长度有误", "a stream's length is wrong")
    at = _skip(data, at + 9)
    if not stands_at(data, b"endobj", at, len(data)):
        raise changed("对象没有结尾", "an object has no end")
    return at + 6


def _close(before: Document, offsets: dict[int, int], table: int, at: int | None) -> tuple[Section, int, set[int]]:
    """Check the section against the objects that are there, and find the revision's end."""
    section = before.section_at(table)
    at = _skip(before.data, section.end if at is None else at)
    end = _END.match(before.data, at)
    if end is None or int(end[1]) != table:
        raise changed("结尾不合规", "its end is not as it should be")
    listed = {
        number: place.offset
        for number, place in section.places.items()
        if place is not None and place.container is None and place.generation == 0
    }
    if len(listed) != len(section.places):
        raise changed("释放了对象或使用了对象流", "it frees objects or packs them away")
    own = {number for number, offset in offsets.items() if offset == table}
    if any(number < before.size for number in own):
        raise changed("交叉引用表覆盖了其他对象", "its cross-reference table overwrites another object")
    others = {number: offset for number, offset in offsets.items() if number not in own}
    # a cross-reference stream need not list itself
    if {number: offset for number, offset in listed.items() if number not in own} != others:
        raise changed("交叉引用表与对象不符", "its cross-reference table does not agree with its objects")
    return section, end.end(), set(others)


def check_trailer(before: Document, section: Section) -> None:
    trailer = section.trailer
    allowed = _TRAILER_KEYS | (_STREAM_KEYS if "W" in trailer else set())
    if not set(trailer) <= allowed or trailer.get("Prev") != before.start_of_table:
        raise changed("文件尾字典不合规", "its trailer is not acceptable")
    if any(trailer.get(key) != before.trailer.get(key) for key in ("Root", "Info")):
        raise changed("替换了文档目录或文档信息", "it puts another catalogue or document information in place")


def same(old: dict[str, Value], new: dict[str, Value], but: set[str], zh: str, en: str) -> None:
    """Hold a dictionary to what it was, some keys aside.

    :raises StructureError: something else in it changed.
    """
    if not identical(
        {key: old[key] for key in old if key not in but}, {key: new[key] for key in new if key not in but}
    ):
        raise changed(f"改动了{zh}", f"{en} was changed")


def appended(old: list[Value], new: list[Value], zh: str, en: str) -> list[Value]:
    """What was added at the end of an array.

    :raises StructureError: something else in it changed.
    """
    if not identical(new[: len(old)], old):
        raise changed(f"改动了{zh}", f"{en} were changed")
    return new[len(old) :]


def is_page(value: Value) -> bool:
    """Whether an object is a page."""
    return isinstance(value, dict) and value.get("Type") == "Page"


def _skip(data: Source, at: int) -> int:
    match = _BLANK.match(data, at)
    return match.end() if match else at
