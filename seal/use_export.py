"""The record of uses as files: CSV for spreadsheets, JSON for programs. Both are written line by line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from seal.uses import MOST_A_PAGE, SealUse, SealUses, UseSearch

_COLUMNS = {
    "id": "用印编号 id",
    "seal_number": "印章编号 seal_number",
    "at": "时间 at (UTC)",
    "day": "日期 day (北京时间)",
    "caller": "申请方 caller",
    "organisation_code": "代表机构 organisation_code",
    "client_id": "客户端 client_id",
    "document_type": "文件类型 document_type",
    "document_identifier": "文件标识 document_identifier",
    "purpose": "用途 purpose",
    "grant_id": "授权编号 grant_id",
    "result": "结果 result",
    "reason_code": "原因 reason_code",
    "unsealed_digest": "用印前摘要 unsealed_digest",
    "sealed_digest": "用印后摘要 sealed_digest",
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""With these a spreadsheet takes a text for a formula, the full-width ones in an East Asian locale."""


def found_uses(uses: SealUses, search: UseSearch) -> Iterator[SealUse]:
    """All uses that a search finds, newest first, fetched a page at a time."""
    cursor = None
    while True:
        page = uses.search(search, cursor=cursor, limit=MOST_A_PAGE)
        yield from page.uses
        if page.next_cursor is None:
            return
        cursor = page.next_cursor


def csv_lines(uses: Iterator[SealUse]) -> Iterator[str]:
    """The lines of a CSV (RFC 4180), the first with a byte order mark, by which Excel knows that it is UTF-8.

    A text that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    yield "\ufeff" + _line(list(_COLUMNS.values()))
    for use in uses:
        values = use_members(use)
        yield _line([_cell(values[name]) for name in _COLUMNS])


def json_lines(uses: Iterator[SealUse]) -> Iterator[str]:
    """The pieces of a JSON array, one use a line."""
    before = "[\n"
    for use in uses:
        yield before + json.dumps(use_members(use), ensure_ascii=False)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def use_members(use: SealUse) -> dict[str, Any]:
    """A use as the members of a JSON object; times in UTC."""
    return {
        name: value.isoformat() if name in {"at", "day"} else value
        for name, value in ((name, getattr(use, name)) for name in _COLUMNS)
    }


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _line(cells: list[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()
