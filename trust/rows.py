"""Tables of many lines as files: CSV, Excel workbooks (XLSX) and JSON Lines, read one line at a time.

The first line of a CSV or of a workbook's first sheet names the columns; a line of JSON Lines is an object of texts.
What a file may hold is bounded, so that neither its size nor its form can exhaust memory.
"""

from __future__ import annotations

import codecs
import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from trust.bulk_errors import TableTooLargeError, TableUnreadableError
from trust.errors import FieldProblem
from trust.photographs import MAX_TEXT

MAX_LINES = 2_000_000
MAX_COLUMNS = 200
MAX_LINE = MAX_TEXT + 256 * 1024
"""Characters in one line: a photograph in base64 and room beside it."""
_CHUNK = 1024 * 1024
_ENCODINGS = ("utf-8", "gb18030")
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class TableForm(StrEnum):
    """The forms that tables come in, by their usual file name extensions."""

    CSV = "csv"
    XLSX = "xlsx"
    JSONL = "jsonl"

    @classmethod
    def of(cls, path: Path) -> TableForm:
        """The form that a file name tells.

        :raises TableUnreadableError: it tells none.
        """
        try:
            return cls(path.suffix.lower().removeprefix("."))
        except ValueError:
            raise unreadable(
                "扩展名应为 .csv、.xlsx 或 .jsonl", "its name has to end in .csv, .xlsx or .jsonl"
            ) from None


def existing_file(path: Path) -> Path:
    """The path again.

    :raises TableUnreadableError: there is no such file, or it may not be read.
    """
    try:
        with path.open("rb"):
            return path
    except OSError as error:
        raise unreadable("文件不存在或无法打开", f"{error.strerror}") from None


@dataclass(frozen=True)
class Row:
    """One line of a table. Its values may be personal data: never log it."""

    line: int
    """Where it begins, counted as an editor or Excel counts: from 1, the line with the names included."""
    values: Mapping[str, Any]
    """Text by column, of JSON Lines also lists; columns that are empty in this line are left out."""
    problems: tuple[FieldProblem, ...] = ()
    """What is wrong with the line as a line, whatever it says."""

    def __repr__(self) -> str:
        return f"Row({self.line})"


def read_rows(path: Path, form: TableForm) -> Iterator[Row]:
    """The lines of a file, in order; wholly empty ones are left out.

    :raises TableUnreadableError: it is not of the form, or names its columns badly.
    :raises TableTooLargeError: it is larger than is read here.
    """
    if form is TableForm.XLSX:
        from trust.spreadsheets import sheet_rows  # noqa: PLC0415  what reads workbooks takes a while to load

        rows = sheet_rows(path)
    elif form is TableForm.CSV:
        rows = _csv_rows(path)
    else:
        rows = _json_rows(path)
    for count, row in enumerate(rows, 1):
        if count > MAX_LINES:
            raise TableTooLargeError(limit_zh=f"{MAX_LINES} 行", limit_en=f"{MAX_LINES} lines")
        yield row


def checked_columns(names: Sequence[str]) -> list[str]:
    """The names of columns; empty ones only at the end, which are dropped.

    :raises TableUnreadableError: there are none, too many, or one is named twice.
    """
    columns = [name.strip() for name in names]
    while columns and not columns[-1]:
        columns.pop()
    if not columns:
        raise unreadable("首行应为列名", "its first line has to name the columns")
    if len(columns) > MAX_COLUMNS:
        raise TableTooLargeError(limit_zh=f"{MAX_COLUMNS} 列", limit_en=f"{MAX_COLUMNS} columns")
    if "" in columns or len(set(columns)) != len(columns):
        raise unreadable("列名有空缺或重复", "a column has no name, or two have the same")
    return columns


def row_of(
    line: int, columns: Sequence[str], cells: Sequence[str], problems: Sequence[FieldProblem] = ()
) -> Row | None:
    """A line of cells under the names of their columns; None for a wholly empty one."""
    found = list(problems)
    values = {name: cell for name, cell in zip(columns, cells, strict=False) if cell.strip()}
    if not values and not any(cell.strip() for cell in cells) and not found:
        return None
    surplus = [cell for cell in cells[len(columns) :] if cell.strip()]
    if surplus:
        zh, en = f"比列名多 {len(surplus)} 列", f"has {len(surplus)} more cells than there are columns"
        found.append(FieldProblem("", "columns", f"该行{zh}", f"the line {en}"))
    return Row(line, values, tuple(found))


def unreadable(problem_zh: str, problem_en: str) -> TableUnreadableError:
    """The error that says why a file is no table."""
    return TableUnreadableError(problem_zh=problem_zh, problem_en=problem_en)


def _csv_rows(path: Path) -> Iterator[Row]:
    encoding = _encoding_of(path)
    csv.field_size_limit(MAX_LINE)
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(_bounded_lines(file), strict=True)
        columns: list[str] | None = None
        begins = 1
        try:
            for cells in reader:
                line, begins = begins, reader.line_num + 1
                if columns is None:
                    columns = checked_columns(cells)
                    continue
                short = 0 < len(cells) < len(columns) and any(cell.strip() for cell in cells)
                missing = len(columns) - len(cells)
                zh, en = f"该行比列名少 {missing} 列", f"the line has {missing} fewer cells than there are columns"
                row = row_of(line, columns, cells, [FieldProblem("", "columns", zh, en)] if short else [])
                if row is not None:
                    yield row
        except csv.Error as error:
            raise unreadable(
                f"第 {reader.line_num} 行引号或分隔符有误", f"line {reader.line_num}: {str(error)[:80]}"
            ) from None
        if columns is None:
            raise unreadable("首行应为列名", "its first line has to name the columns")


def _json_rows(path: Path) -> Iterator[Row]:
    if _encoding_of(path) == "gb18030":
        raise unreadable("JSON Lines 应为 UTF-8 编码", "JSON Lines has to be UTF-8")
    with path.open(encoding="utf-8-sig", newline="\n") as file:
        for number, text in enumerate(_bounded_lines(file), 1):
            if not text.strip():
                continue
            yield _json_row(number, text)


def _json_row(number: int, text: str) -> Row:
    try:
        found = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        return Row(
            number,
            {},
            (
                FieldProblem(
                    "", "json", "该行不是 JSON 对象或键重复", "the line is no JSON object, or a key occurs twice"
                ),
            ),
        )
    if len(found) > MAX_COLUMNS:
        return Row(number, {}, (FieldProblem("", "columns", "该行的键过多", "the line has too many keys"),))
    problems = [
        FieldProblem(_shown(key), "type", f"“{_shown(key)}”应为文本或列表", f"{_shown(key)!r} has to be text or a list")
        for key, value in found.items()
        if not isinstance(value, str | list | None)
    ]
    return Row(number, {key: value for key, value in found.items() if value}, tuple(problems))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key occurs twice")
    return made


def _shown(key: str) -> str:
    return "".join(character for character in key[:40] if character.isprintable())


def _bounded_lines(file: Any) -> Iterator[str]:
    """The lines of a text file, none longer than is allowed and none with a NUL."""
    while text := file.readline(MAX_LINE + 1):
        if len(text) > MAX_LINE:
            raise TableTooLargeError(limit_zh=f"单行 {MAX_LINE} 字符", limit_en=f"{MAX_LINE} characters in a line")
        if "\0" in text:
            raise unreadable("含有空字符，不是文本文件", "it holds NUL characters and is no text")
        yield text


def _encoding_of(path: Path) -> str:
    """UTF-8, with or without its mark, if the whole file is; else GB18030, if the whole file is."""
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith(codecs.BOM_UTF8):
        return _strictly(path, "utf-8-sig", ["utf-8"])
    if start.startswith(_UTF_16):
        raise unreadable("编码为 UTF-16，请另存为 UTF-8", "it is UTF-16; save it as UTF-8")
    return _strictly(path, None, _ENCODINGS)


def _strictly(path: Path, name: str | None, encodings: Sequence[str]) -> str:
    for encoding in encodings:
        decoder = codecs.getincrementaldecoder(encoding)("strict")
        try:
            with path.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    decoder.decode(chunk)
                decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return name or encoding
    raise unreadable("编码既不是 UTF-8 也不是 GB18030", "it is neither UTF-8 nor GB18030")
