"""The first sheet of an Excel workbook (XLSX), row by row, with what a hostile one could do bounded beforehand.

An XLSX is a ZIP of XML. Sizes are judged by the directory of the archive, past which nothing is unpacked; a document
type declaration, the door to entities, is refused; formulas are refused and never calculated; nothing that the file
points to is fetched.
"""

from __future__ import annotations

import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from trust.bulk_errors import TableTooLargeError
from trust.errors import FieldProblem
from trust.rows import MAX_COLUMNS, MAX_LINE, Row, checked_columns, row_of, unreadable

_MAX_UNPACKED = 1024 * 1024 * 1024
_MAX_SHARED = 64 * 1024 * 1024
"""What is not a sheet is read into memory as a whole, such as the texts that are kept once for many cells."""
_MAX_PARTS = 2000
_MAX_EMPTY = 10_000
"""Empty rows in a row: a file can claim a billion of them in a few bytes."""
_EXACT_DIGITS = 15
"""A number cell keeps no more digits than these; a longer code in it has lost its end."""
_PROLOGUE = 4096
_DAMAGED = (
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    SyntaxError,
    OverflowError,
    OSError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What the library raises over files that are not as they should be."""
_TYPES = "[Content_Types].xml"
_MAX_TYPES = 1024 * 1024
_PLAIN_START = re.compile(rb"(\xef\xbb\xbf)?\s*(<\?xml[^<>]*\?>)?\s*<[A-Za-z]")


def sheet_rows(path: Path) -> Iterator[Row]:
    """The rows of the first sheet under the names in its first row.

    :raises TableUnreadableError: it is no workbook, or holds what is refused.
    :raises TableTooLargeError: it unpacks to more than is read here.
    """
    _refuse_dangerous(path)
    with path.open("rb") as file:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and extensions, which are not read
            try:
                book = openpyxl.load_workbook(file, read_only=True, keep_links=False)
            except (InvalidFileException, *_DAMAGED) as error:
                raise unreadable(
                    "不是有效的 Excel 工作簿", f"it is no sound workbook ({type(error).__name__})"
                ) from None
        try:
            yield from _rows(book)
        except _DAMAGED as error:
            raise unreadable("工作表已损坏", f"its sheet is damaged ({type(error).__name__})") from None
        finally:
            book.close()


def _rows(book: Any) -> Iterator[Row]:
    sheets = [sheet for sheet in book.worksheets if hasattr(sheet, "reset_dimensions")]
    if not sheets:
        raise unreadable("工作簿中没有工作表", "the workbook has no sheet")
    sheet = sheets[0]
    sheet.reset_dimensions()  # what it claims as its size may be anything
    columns: list[str] | None = None
    empty = 0
    for number, cells in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS + 1), 1):
        if columns is None:
            columns = checked_columns([_text(cell.value) for cell in cells])
            continue
        row = _row(number, columns, cells)
        if row is not None:
            empty = 0
            yield row
            continue
        empty += 1
        if empty > _MAX_EMPTY:
            raise TableTooLargeError(limit_zh=f"连续空行 {_MAX_EMPTY}", limit_en=f"{_MAX_EMPTY} empty rows on end")
    if columns is None:
        raise unreadable("首行应为列名", "its first line has to name the columns")


def _row(number: int, columns: Sequence[str], cells: Sequence[Any]) -> Row | None:
    texts, problems = [], []
    for index, cell in enumerate(cells):
        name = columns[index] if index < len(columns) else ""
        refused = _refusal(cell)
        if refused is not None:
            code, zh, en = refused
            problems.append(FieldProblem(name, code, f"“{name}”{zh}", f"{name} {en}"))
        texts.append("" if refused is not None else _text(cell.value))
    return row_of(number, columns, texts, problems)


def _refusal(cell: Any) -> tuple[str, str, str] | None:
    """Why a cell's content is not taken."""
    value = cell.value
    refused = None
    if value is None:
        return None
    if cell.data_type == "f" or not isinstance(value, str | int | float | datetime | date | time | bool):
        refused = ("formula", "是公式，应为值", "is a formula and has to be a value")
    elif cell.data_type == "e":
        refused = ("cell_error", "是 Excel 错误值", "is an error of Excel")
    elif isinstance(value, bool | time):
        refused = ("type", "应为文本或日期", "has to be text or a date")
    elif isinstance(value, int | float) and abs(value) >= 10**_EXACT_DIGITS:
        refused = (
            "number_precision",
            "以数值保存，超过 15 位的部分已失真，应设为文本",
            "is kept as a number, which has lost the digits after the fifteenth; make the column text",
        )
    elif isinstance(value, str) and len(value) > MAX_LINE:
        refused = ("too_long", "过长", "is far too long")
    return refused


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ", timespec="minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _refuse_dangerous(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            if len(parts) > _MAX_PARTS or sum(part.file_size for part in parts) > _MAX_UNPACKED:
                raise TableTooLargeError(limit_zh="工作簿解压后 1 GiB", limit_en="1 GiB unpacked")
            for part in parts:
                if part.filename.endswith((".xml", ".rels", ".vml")):
                    with archive.open(part) as file:
                        _refuse_declarations(file.read(_PROLOGUE))
            sheets = _sheet_parts(archive)
            if any(part.file_size > _MAX_SHARED for part in parts if part.filename not in sheets):
                raise TableTooLargeError(limit_zh="工作表以外的部分 64 MiB", limit_en="64 MiB beside the sheets")
    except (
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
        RuntimeError,
        EOFError,
        KeyError,
        SyntaxError,
    ) as error:
        raise unreadable("不是有效的 Excel 工作簿", f"it is no sound workbook ({type(error).__name__})") from None


def _refuse_declarations(prologue: bytes) -> None:
    """Entities can only be declared before the first element, so nothing else may stand there."""
    if _PLAIN_START.match(prologue) is None:
        raise unreadable("工作簿含有不允许的 XML 声明", "a part of the workbook does not begin with its first element")


def _sheet_parts(archive: zipfile.ZipFile) -> set[str]:
    """The parts that are read row by row, by the declared type of each; all others are read as a whole."""
    if archive.getinfo(_TYPES).file_size > _MAX_TYPES:
        raise TableTooLargeError(limit_zh="目录 1 MiB", limit_en="1 MiB of content types")
    root = ElementTree.fromstring(archive.read(_TYPES))  # noqa: S314  declares no entities, as was just seen
    return {
        each.get("PartName", "").lstrip("/")
        for each in root.iter()
        if each.get("ContentType", "").endswith("worksheet+xml") and each.get("PartName")
    }
