"""Tables that sort, filter and are exported as CSV, without JavaScript: arranged as they are written into their page.

A page writes all rows of a table; what the address says of it (``s.key=-2``: by the second column, last first;
``q.key=…``: rows with a text; ``csv=key``: the table as a file) is done to them here, by what a reader would read in
the cells, or by their ``data-key`` where that sorts otherwise. So every page's tables work alike, and a file says what
the table says, no more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import urlencode

from markupsafe import Markup

from trust.result_files import csv_lines

_SORT: Final = re.compile(r"(-?)([1-9][0-9]?)")
_NUMBERS: Final = re.compile(r"(\d+)")
_UNREAD: Final = frozenset({"button", "form", "svg"})
_VOID: Final = frozenset({"br", "img", "input", "hr", "wbr"})


@dataclass(frozen=True)
class Head:
    """The head of a column that sorts."""

    address: str
    direction: str | None
    """``ascending`` or ``descending`` where the table is sorted by it."""


@dataclass(frozen=True)
class Arranged:
    """A table as it is shown."""

    rows: Markup
    heads: Sequence[Head]
    count: int
    """How many rows there are to see."""


class Tables:
    """The tables of one page, as its address wants them."""

    def __init__(self, query: Mapping[str, str]) -> None:
        self._query = dict(query)
        self._export = query.get("csv")
        self.exported: str | None = None
        """The file that the address asks for, once its table was written."""

    def arranged(self, key: str, columns: Sequence[Any], rows: Markup) -> Arranged:
        """A table's rows in the order that is wanted, those that are wanted."""
        parts = [part for part in re.split(r"(?=<tr[\s>])", str(rows)) if part.startswith("<tr")]
        heads, wanted = self._heads(key, len(columns)), self.wanted(key).casefold()
        sort = _SORT.fullmatch(self._query.get(f"s.{key}", ""))
        if not wanted and sort is None and self._export != key:
            # as most are: nothing is to be read out of the cells
            return Arranged(Markup("".join(parts)), heads, len(parts))  # noqa: S704  what the page's own template wrote
        found = [row for row in map(_Row.read, parts) if wanted in " ".join(row.texts).casefold()]
        if sort is not None:
            column = int(sort[2]) - 1
            found.sort(key=lambda each: each.order(column), reverse=bool(sort[1]))
        if self._export == key:
            names = [str(each if isinstance(each, str) else each[0]) for each in columns]
            self.exported = "".join(csv_lines([names, *(each.texts for each in found)]))
        return Arranged(Markup("").join(each.html for each in found), heads, len(found))

    def wanted(self, key: str) -> str:
        """The text that a table's rows are to have."""
        return self._query.get(f"q.{key}", "").strip()[:200]

    def export(self, key: str) -> str:
        """Where a table is had as a file, as it is shown."""
        return self._address({"csv": key})

    def others(self, key: str) -> dict[str, str]:
        """What else the address says, for a form that asks for rows of a table."""
        return {name: value for name, value in self._query.items() if name not in {"csv", "do", "done", f"q.{key}"}}

    def _heads(self, key: str, columns: int) -> list[Head]:
        now = self._query.get(f"s.{key}")
        heads = []
        for number in range(1, columns + 1):
            up, down = now == str(number), now == f"-{number}"
            to = f"-{number}" if up else str(number)
            direction = "ascending" if up else "descending" if down else None
            heads.append(Head(f"{self._address({f's.{key}': to})}#{key}", direction))
        return heads

    def _address(self, changed: Mapping[str, str]) -> str:
        kept = {name: value for name, value in self._query.items() if name not in {"csv", "do", "done"}}
        return f"?{urlencode({**kept, **changed})}"


@dataclass(frozen=True)
class _Row:
    html: Markup
    texts: Sequence[str]
    keys: Sequence[str]

    @classmethod
    def read(cls, html: str) -> _Row:
        reader = _Cells()
        reader.feed(html)
        reader.close()
        texts = [" ".join("".join(each).split()) for each in reader.texts]
        keys = [text if key is None else key for text, key in zip(texts, reader.keys, strict=True)]
        return cls(Markup(html), texts, keys)  # noqa: S704  a part of what the page's own template wrote

    def order(self, column: int) -> list[tuple[int, int, bytes]]:
        """What to sort by: numbers by their value, Chinese as GB 18030 has it, by sound for common characters."""
        text = self.keys[column] if column < len(self.keys) else ""
        return [
            (0, int(part), b"") if part.isdigit() else (1, 0, part.casefold().encode("gb18030", "replace"))
            for part in _NUMBERS.split(text)
            if part
        ]


class _Cells(HTMLParser):
    """What a reader reads in the cells of a row, buttons left out."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[list[str]] = []
        self.keys: list[str | None] = []
        self._unread: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in {"td", "th"}:
            self.texts.append([])
            self.keys.append(given.get("data-key"))
        elif tag in _VOID:
            self.handle_data(" ")
        elif self._unread or tag in _UNREAD or "button" in (given.get("class") or "").split():
            self._unread.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._unread and tag == self._unread[-1]:
            self._unread.pop()
        elif tag in {"p", "div", "li"}:
            self.handle_data(" ")

    def handle_data(self, data: str) -> None:
        if self.texts and not self._unread:
            self.texts[-1].append(data)
