"""Files of many lines: read as they are meant, and bounded whatever they hold."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.errors import YinzhengError
from trust.bulk_errors import TableTooLargeError, TableUnreadableError
from trust.result_files import csv_cell, csv_lines
from trust.rows import MAX_COLUMNS, MAX_LINE, Row, TableForm, read_rows


def read(path: Path) -> list[Row]:
    return list(read_rows(path, TableForm.of(path)))


def csv_file(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "data.csv"
    path.write_bytes(data)
    return path


def sheet_file(tmp_path: Path, *rows: list[Any]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    path = tmp_path / "data.xlsx"
    book.save(path)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_csv_is_read_in_its_encoding(tmp_path: Path, encoding: str) -> None:
    text = '名称,地址\r\n𬭎海公司,"市南区\n云栖路"\r\n,\r\n第二,二\r\n'
    rows = read(csv_file(tmp_path, text.encode(encoding)))
    assert [(row.line, dict(row.values)) for row in rows] == [
        (2, {"名称": "𬭎海公司", "地址": "市南区\n云栖路"}),
        (5, {"名称": "第二", "地址": "二"}),
    ]


@pytest.mark.parametrize(
    "data",
    [
        "名称\n甲\n".encode("utf-16"),
        "名称\n".encode() + b"\xff\xff\n",
        b"\xef\xbb\xbf" + "名称\n甲\n".encode("gb18030"),
        b"a\n\0\n",
        b'a\n"x" y\n',
        b'a\n"x\n',
        b"a,,b\n1,2,3\n",
        b"",
        b"\n\n",
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(TableUnreadableError):
        read(csv_file(tmp_path, data))


def test_lines_of_another_width_are_findings(tmp_path: Path) -> None:
    rows = read(csv_file(tmp_path, b"a,b,c\n1,2\n1,2,3,4\n1,2,3,\n"))
    assert [[problem.code for problem in row.problems] for row in rows] == [["columns"], ["columns"], []]


def test_an_endless_line_and_too_many_columns_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TableTooLargeError):
        read(csv_file(tmp_path, b"a\n" + b"x" * (MAX_LINE + 10)))
    with pytest.raises(TableTooLargeError):
        read(csv_file(tmp_path, ",".join(f"c{n}" for n in range(MAX_COLUMNS + 1)).encode()))


def test_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    lines = ['{"a": "1", "b": [{"c": "2"}]}', "", '{"a": 1}', "[]", "{", '{"a": "1", "a": "2"}', "[" * 100_000]
    path.write_text("\n".join(lines), "utf-8")
    rows = read(path)
    assert [(row.line, [problem.code for problem in row.problems]) for row in rows] == [
        (1, []),
        (3, ["type"]),
        (4, ["json"]),
        (5, ["json"]),
        (6, ["json"]),
        (7, ["json"]),
    ]
    assert rows[0].values == {"a": "1", "b": [{"c": "2"}]}


def test_a_workbook_is_read_as_text(tmp_path: Path) -> None:
    path = sheet_file(
        tmp_path,
        ["名称", "日期", "数"],
        ["甲", datetime(2020, 1, 2), 12],  # noqa: DTZ001  Excel knows no zones
        [],
        ["乙", datetime(2020, 1, 2, 8, 30), 1.5],  # noqa: DTZ001
    )
    assert [(row.line, dict(row.values)) for row in read(path)] == [
        (2, {"名称": "甲", "日期": "2020-01-02", "数": "12"}),
        (4, {"名称": "乙", "日期": "2020-01-02 08:30", "数": "1.5"}),
    ]


def test_cells_that_do_not_say_what_they_show_are_findings(tmp_path: Path) -> None:
    path = sheet_file(tmp_path, ["a", "b"], ["=1+1", "x"], [370202199001011234, "x"], [True, "x"], ["#REF!", "x"])
    codes = [[problem.code for problem in row.problems] for row in read(path)]
    assert codes == [["formula"], ["number_precision"], ["type"], ["cell_error"]]


def rewritten(path: Path, part: str, content: bytes) -> Path:
    """A workbook with one part replaced."""
    with zipfile.ZipFile(path) as archive:
        parts = {each: archive.read(each) for each in archive.namelist()}
    parts[part] = content
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


SHEET = "xl/worksheets/sheet1.xml"
NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>
<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>&b;</sheetData></worksheet>"""


@pytest.mark.parametrize(
    "content",
    [
        LAUGHS,
        b"<!--" + b"x" * 10_000 + b"-->" + LAUGHS,
        LAUGHS.decode().encode("utf-16"),
        b"not xml",
        f'<worksheet xmlns="{NAMESPACE}"><sheetData><row r="x"/></sheetData></worksheet>'.encode(),
        f'<worksheet xmlns="{NAMESPACE}"><sheetData>'.encode(),
        f'<worksheet xmlns="{NAMESPACE}"><sheetData><row r="1"><c r="A1" t="s"><v>99</v></c></row>'.encode(),
    ],
)
def test_hostile_sheets_are_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(TableUnreadableError):
        read(rewritten(sheet_file(tmp_path, ["a"], ["1"]), SHEET, content))


def test_a_sheet_that_claims_a_billion_rows_is_refused_at_once(tmp_path: Path) -> None:
    content = (
        f'<worksheet xmlns="{NAMESPACE}"><dimension ref="A1:XFD1048576"/><sheetData>'
        '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row>'
        '<row r="999999999"><c r="A999999999" t="inlineStr"><is><t>x</t></is></c></row></sheetData></worksheet>'
    )
    with pytest.raises(TableTooLargeError):
        read(rewritten(sheet_file(tmp_path, ["a"], ["1"]), SHEET, content.encode()))


def test_a_bomb_of_shared_texts_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = rewritten(sheet_file(tmp_path, ["a"], ["1"]), "xl/sharedStrings.xml", b"<sst>" + b" " * 65 * 1024 * 1024)
    assert path.stat().st_size < 200_000
    with pytest.raises(TableTooLargeError):
        read(path)


def test_nothing_that_a_workbook_points_to_is_fetched(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["a"])
    book.active.append(["x"])
    book.active["A2"].hyperlink = "http://127.0.0.1:9/never"
    path = tmp_path / "data.xlsx"
    book.save(path)
    assert [dict(row.values) for row in read(path)] == [{"a": "x"}]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=300), suffix=st.sampled_from(["csv", "jsonl", "xlsx"]))
def test_any_bytes_are_read_or_refused(tmp_path: Path, data: bytes, suffix: str) -> None:
    path = tmp_path / f"data.{suffix}"
    path.write_bytes(data)
    try:
        read(path)
    except YinzhengError:
        return


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(max_size=20), min_size=1, max_size=4))
def test_no_cell_that_is_written_begins_a_formula(tmp_path: Path, cells: list[str]) -> None:
    text = "".join(csv_lines([["a", "b", "c", "d"], cells]))
    assert text.startswith("\ufeff")
    for cell in cells:
        assert not csv_cell(cell).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


BOUNDED = """
import resource, sys
from pathlib import Path
from trust.rows import TableForm, read_rows
count = sum(1 for _ in read_rows(Path(sys.argv[1]), TableForm.CSV))
print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_a_million_lines_are_read_in_bounded_memory(tmp_path: Path) -> None:
    def peak(lines: int) -> int:
        path = tmp_path / f"{lines}.csv"
        with path.open("w", encoding="utf-8") as file:
            file.write("number,name\n")
            file.writelines(f"JY2370202{number:07d},青岛海听餐饮有限公司\n" for number in range(lines))
        answer = subprocess.run(
            [sys.executable, "-c", BOUNDED, str(path)], capture_output=True, text=True, check=True
        ).stdout.split()
        assert int(answer[0]) == lines
        return int(answer[1])

    assert peak(1_000_000) < 1.2 * peak(1_000)


def test_a_row_does_not_show_what_it_says() -> None:
    assert "370202" not in repr(Row(3, {"id": "370202199001011234"}))
