"""Where the words of a licence stand, and whether any of them got into another's way or out of the frame."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pypdfium2
from licence_samples import CATALOGUE, content

from trust.content import LicenceContent
from trust.photographs import FORMATS as PHOTOGRAPHS

MM = 72 / 25.4
LONG_ISSUER = "中国（山东）自由贸易试验区青岛片区管理委员会"
FRAME_MM = {"driving_licence": 9.0}
"""How far from the edge of the paper all text stays, where it is not 15 mm."""


SIDE_BEARING = 2.0
"""By how many points the boxes of neighbours on a line may overlap: letters such as j reach beyond their width."""


@dataclass(frozen=True)
class Word:
    """A run of text in points from the lower left corner."""

    text: str
    left: float
    bottom: float
    right: float
    top: float


def words_by_page(pdf: bytes) -> list[list[Word]]:
    """The runs of text on each page, as PDFium finds them."""
    with pypdfium2.PdfDocument(pdf) as document:
        return [list(_words(page)) for page in document]


def _words(page: Any) -> Iterator[Word]:
    text = page.get_textpage()
    for index in range(text.count_rects()):
        left, bottom, right, top = text.get_rect(index)
        yield Word(text.get_text_bounded(left, bottom, right, top), left, bottom, right, top)


def assert_in_order(licence: LicenceContent, pages: list[list[Word]]) -> None:
    """Every character of the licence is there, within the frame, and no two runs of text overlap."""
    kind = licence.type
    frame = FRAME_MM.get(kind.slug, 15.0) * MM
    width, height = kind.page_width_mm * MM, kind.page_height_mm * MM
    for words in pages:
        for word in words:
            assert word.left > frame, word
            assert word.right < width - frame, word
            assert word.bottom > frame, word
            assert word.top < height - frame, word
        for index, first in enumerate(words):
            for second in words[index + 1 :]:
                across = min(first.right, second.right) - max(first.left, second.left)
                down = min(first.top, second.top) - max(first.bottom, second.bottom)
                smaller = min(first.top - first.bottom, second.top - second.bottom)
                assert across <= SIDE_BEARING or down <= 0.2 * smaller, (first, second)
    there = Counter("".join(word.text for words in pages for word in words))
    for text in _texts(licence.fields, kind.fields):
        missing = Counter(re.sub(r"[\s-]", "", text)) - there  # PDFium takes a hyphen at the end of a line away
        assert not missing, (text, missing)


def _texts(values: Any, schemas: Any) -> Iterator[str]:
    for key, value in values.items():
        schema = schemas[key]
        if not isinstance(value, str):
            for row in value:
                yield from _texts(row, schema["items"]["properties"])
        elif schema.get("format") not in PHOTOGRAPHS | {"date", "date-or-long-term"} and key != "birth_time":
            yield value


def longest(slug: str) -> LicenceContent:
    """A licence whose texts are as long as their schemas allow, from an issuer with a long name."""
    fields: dict[str, Any] = {}
    for key, schema in CATALOGUE.get(slug).fields.items():
        if "maxLength" in schema:
            fields[key] = _long(schema)
        elif schema["type"] == "array":
            columns = schema["items"]["properties"]
            sample = content(slug).fields[key][0]
            row = {**sample, **{name: _long(each) for name, each in columns.items() if "maxLength" in each}}
            fields[key] = [row] * schema["maxItems"]
    return content(slug, issuer_name=LONG_ISSUER, **fields)


def _long(schema: Any) -> str:
    return ("某地某街道办事处辖区" * 200)[: schema["maxLength"]]
