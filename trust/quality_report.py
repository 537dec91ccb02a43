"""The report on the quality of an archive's data (数据质量报告): by rule and by line, as HTML, CSV and JSON.

It tells lines, fields and what is wrong with them, and repeats nothing that a line says.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files

import sqlalchemy as sa
from jinja2 import Environment, StrictUndefined

from store.clock import Clock
from store.database import Database
from trust._batch_tables import BatchLineRow
from trust.archive_rules import FAMILIES, RULES
from trust.batch import Batch, LineResult, LineState
from trust.batches import Batches
from trust.catalogue import Catalogue
from trust.register import ZONE
from trust.result_files import csv_lines, result_json

SHOWN_LINES = 500
"""Lines in the page; the other files have all."""
_BAD = (LineState.UNSOUND, LineState.MENDED, LineState.FAILED)
_PERCENT = 100


@dataclass(frozen=True)
class RuleCount:
    """How often a rule found something."""

    code: str
    family: str
    name_zh: str
    name_en: str
    lines: int
    """How many lines it found something in."""


@dataclass(frozen=True)
class QualityReport:
    """What the page and the files say."""

    batch: Batch
    type_zh: str
    type_en: str
    made_at: datetime
    rules: Sequence[RuleCount]
    """Every rule in the order of its family, those that found nothing too."""

    @property
    def total(self) -> int:
        """How many lines were read."""
        return self.batch.lines

    @property
    def bad(self) -> int:
        """How many of them were not sound."""
        return sum(self.batch.counts.get(state, 0) for state in _BAD)

    @property
    def share(self) -> float:
        """Sound lines in a hundred."""
        return _PERCENT * (self.total - self.bad) / self.total if self.total else 0.0


class QualityReports:
    """Makes reports of imports."""

    def __init__(self, database: Database, batches: Batches, catalogue: Catalogue, clock: Clock) -> None:
        self._database = database
        self._batches = batches
        self._catalogue = catalogue
        self._clock = clock

    def of(self, batch: Batch) -> QualityReport:
        """The report of an import as it stands."""
        found = self._counts(batch)
        licence_type = self._catalogue.get(batch.type_slug)
        known = [RuleCount(code, *RULES[code], found.pop(code, 0)) for code in RULES]
        others = [RuleCount(code, "form", code, code, lines) for code, lines in sorted(found.items())]
        return QualityReport(batch, licence_type.name_zh, licence_type.name_en, self._clock.now(), [*known, *others])

    def findings(self, batch: Batch) -> Iterator[LineResult]:
        """The lines that are not sound, in order."""
        return self._batches.results(batch, states=_BAD)

    def html(self, report: QualityReport) -> str:
        """The report as a page that needs nothing else: no script, no font, no picture from elsewhere."""
        source = files("trust").joinpath("pages", "quality_report.html").read_text("utf-8")
        template = Environment(autoescape=True, undefined=StrictUndefined).from_string(source)
        shown = [line for _, line in zip(range(SHOWN_LINES), self.findings(report.batch), strict=False)]
        families = [
            (code, *FAMILIES[code], [each for each in report.rules if each.family == code]) for code in FAMILIES
        ]
        return template.render(
            report=report,
            families=families,
            most=max((each.lines for each in report.rules), default=0) or 1,
            lines=shown,
            made_at=report.made_at.astimezone(ZONE),
            LineState=LineState,
        )

    def csv(self, batch: Batch) -> Iterator[str]:
        """Every finding on a line of its own."""

        def rows() -> Iterator[Sequence[str]]:
            yield ("行号 line", "结果 result", "规则 rule", "规则名称", "字段 field", "问题", "problem")
            for line in self.findings(batch):
                for each in line.findings:
                    name = RULES.get(each.code, ("", each.code, each.code))[1]
                    yield (str(line.line), line.state.value, each.code, name, each.path, each.zh, each.en)

        return csv_lines(rows())

    def json(self, report: QualityReport) -> Iterator[str]:
        """The report for a program, in pieces: counts by rule, then every line that is not sound."""
        head = {
            "reference": report.batch.reference,
            "type": report.batch.type_slug,
            "made_at": report.made_at.isoformat(),
            "lines": report.total,
            "unsound": report.bad,
            "counts": {state.value: count for state, count in report.batch.counts.items()},
            "rules": {each.code: each.lines for each in report.rules},
        }
        yield json.dumps(head, ensure_ascii=False)[:-1] + ', "findings": ['
        for index, line in enumerate(self.findings(report.batch)):
            yield (",\n" if index else "\n") + json.dumps(result_json(line), ensure_ascii=False)
        yield "\n]}\n"

    def _counts(self, batch: Batch) -> dict[str, int]:
        each = sa.func.jsonb_array_elements(BatchLineRow.findings).table_valued("value").lateral("each")
        code: sa.ColumnElement[str] = each.c.value.op("->>")("code")
        statement = (
            sa.select(code, sa.func.count(BatchLineRow.line.distinct()))
            .select_from(BatchLineRow)
            .join(each, sa.true())
            .where(BatchLineRow.batch_id == batch.id, BatchLineRow.findings.is_not(None))
            .group_by(code)
        )
        with self._database.transaction() as session:
            return {str(rule): int(lines) for rule, lines in session.execute(statement)}


def report_files(reports: QualityReports, report: QualityReport) -> Mapping[str, Iterator[str]]:
    """The files of a report by their names."""
    return {
        "report.html": iter([reports.html(report)]),
        "findings.csv": reports.csv(report.batch),
        "report.json": reports.json(report),
    }
