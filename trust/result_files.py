"""What became of the lines of a batch, as a file with one line for each line of the input."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence

from trust.batch import LineResult

HEADER = (
    "行号 line",
    "结果 result",
    "说明 in words",
    "证照标识 identifier",
    "字段 fields",
    "代码 codes",
    "问题",
    "problems",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_BOM = "\ufeff"


def csv_cell(text: str) -> str:
    """A text that no spreadsheet program takes for a formula: what would begin one gets an apostrophe before it."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def csv_lines(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Rows as CSV that Excel opens as UTF-8 and takes for text."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    buffer.write(_BOM)
    for row in rows:
        writer.writerow([csv_cell(cell) for cell in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def result_csv(results: Iterable[LineResult]) -> Iterator[str]:
    """The results as CSV."""

    def rows() -> Iterator[Sequence[str]]:
        yield HEADER
        for each in results:
            yield (
                str(each.line),
                each.state.value,
                each.state.zh,
                each.identifier or "",
                " ".join(dict.fromkeys(problem.path for problem in each.findings if problem.path)),
                " ".join(dict.fromkeys(problem.code for problem in each.findings)),
                "；".join(problem.zh for problem in each.findings),
                "; ".join(problem.en for problem in each.findings),
            )

    return csv_lines(rows())


def result_jsonl(results: Iterable[LineResult]) -> Iterator[str]:
    """The results as JSON Lines."""
    for each in results:
        yield json.dumps(result_json(each), ensure_ascii=False) + "\n"


def result_json(each: LineResult) -> dict[str, object]:
    """A result as a JSON object."""
    return {
        "line": each.line,
        "result": each.state.value,
        "identifier": each.identifier,
        "problems": [
            {"path": problem.path, "code": problem.code, "message_zh": problem.zh, "message_en": problem.en}
            for problem in each.findings
        ],
    }
