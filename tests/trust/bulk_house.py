"""Files of many food operation permits, each sound."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from stdnum.cn import uscc

from tests.house import House, example
from trust.batch import Batch
from trust.batch_loading import BatchOrder
from trust.rows import TableForm, read_rows

SLUG = "food_operation_permit"


def body_code(number: int) -> str:
    """A unified social credit code that passes its check."""
    start = f"91370202MA{number:07d}"
    return start + str(uscc.calc_check_digit(start))


def permit(number: int, **changed: str) -> dict[str, str]:
    """The fields of a permit, each number another one."""
    return {
        **example(SLUG),
        "permit_number": f"JY2370202{number:07d}",
        "operator_name": f"青岛海听第{number}餐饮有限公司",
        "unified_social_credit_code": body_code(number),
        **changed,
    }


def write_jsonl(path: Path, rows: list[dict[str, str]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def write_csv(path: Path, rows: list[dict[str, str]], encoding: str = "utf-8-sig") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def load(house: House, path: Path, *, dry_run: bool = False) -> Batch:
    house.seal(SLUG)
    order = BatchOrder(SLUG, "tests", path.name, dry_run=dry_run)
    return house.services.batch_loading.load(order, read_rows(path, TableForm.of(path)))
