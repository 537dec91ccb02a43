"""Reading a file into a batch to be issued (批量签发): checked as a whole before the first licence is issued."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa

from keys import FieldVault
from seal.fonts import FontLibrary
from store.acting import crossing
from store.database import Database
from store.once import Once
from trust._batch_tables import BatchLineRow
from trust._tables import LicenceRow
from trust.batch import Batch, BatchKind, BatchState, LineState
from trust.batches import Batches, NewBatch, NewLine
from trust.catalogue import Catalogue, LicenceType
from trust.errors import FieldProblem, FieldsInvalidError
from trust.holders import number_index
from trust.issuing import Issuing
from trust.licence import LicenceState
from trust.photographs import FORMATS as PHOTOGRAPHS
from trust.register import Register
from trust.rows import Row
from trust.validation import check_fields

_CHUNK = 500
_Item = TypeVar("_Item")


@dataclass(frozen=True)
class BatchOrder:
    """What a department wants issued in bulk."""

    type: str
    """Slug or code of the licence type."""
    actor: str
    file_name: str
    issuer_code: str | None = None
    issue_date: date | None = None
    """Defaults to the day on which each is issued."""
    dry_run: bool = False
    """Only check; what the lines say is not kept."""
    once: Once | None = None
    """Mark of the request, where it may come again."""


class BatchLoading:
    """Reads and checks files of licences to issue."""

    def __init__(
        self,
        *,
        database: Database,
        vault: FieldVault,
        batches: Batches,
        catalogue: Catalogue,
        register: Register,
        issuing: Issuing,
        fonts: FontLibrary,
    ) -> None:
        self._database = database
        self._vault = vault
        self._batches = batches
        self._catalogue = catalogue
        self._register = register
        self._issuing = issuing
        self._fonts = fonts

    @crossing()
    def load(self, order: BatchOrder, rows: Iterable[Row], *, told: Callable[[int], object] = lambda _: None) -> Batch:
        """Read all lines and check each: alone, against the others and against the register.

        The batch is ready to be started when all are sound, and refused when one is not. Nothing is issued.

        :param told: called with the number of lines read so far.
        :raises TypeUnknownError: there is no such type.
        :raises TypeForReferenceError: licences of the type are issued elsewhere.
        :raises SealNoneForTypeError, IssuerNotAllowedError, SealAmbiguousError: nobody could issue them.
        :raises TableUnreadableError, TableTooLargeError: the file cannot be read; the batch is cancelled then.
        """
        licence_type = self._catalogue.get(order.type)
        _ = licence_type.seal  # one for reference is refused here
        issuer = self._issuing.require_seal(licence_type, order.issuer_code)
        batch = self._batches.begin(
            NewBatch(
                BatchKind.ISSUE,
                licence_type.slug,
                order.actor,
                order.file_name,
                issuer_code=issuer,
                issue_date=order.issue_date,
                once=order.once,
            )
        )
        columns = field_columns(licence_type)
        store_rows(
            self._batches, batch, rows, lambda row: self._line(licence_type, columns, row, order.issue_date), told
        )
        self._note_repeated(batch, licence_type)
        self._note_in_use(batch, licence_type, order.issue_date)
        counts = self._batches.get(batch.reference).counts
        if order.dry_run:
            return self._batches.settle(batch, BatchState.CHECKED, forget=True)
        if counts.get(LineState.UNSOUND) or not counts:
            return self._batches.settle(batch, BatchState.REFUSED, forget=True)
        return self._batches.settle(batch, BatchState.READY, forget=False)

    def _line(self, licence_type: LicenceType, columns: dict[str, str], row: Row, issue_date: date | None) -> NewLine:
        fields = {columns.get(name, name): value for name, value in row.values.items()}
        fields = {key: as_field(licence_type, key, value) for key, value in fields.items()}
        today = self._register.today()
        problems = list(row.problems)
        if len(fields) < len(row.values):
            problems.append(FieldProblem("", "columns", "有两列对应同一项", "two columns stand for one field"))
        try:
            checked = check_fields(licence_type, fields, issue_date=issue_date or today, today=today)
        except FieldsInvalidError as error:
            return NewLine(row.line, None, [*problems, *error.problems])
        problems += missing_characters(self._fonts, licence_type, checked.fields)
        return NewLine(
            row.line,
            None if problems else {"fields": dict(checked.fields)},
            problems,
            number_index=number_index(self._vault, licence_type.slug, checked.number),
        )

    def _note_repeated(self, batch: Batch, licence_type: LicenceType) -> None:
        key = licence_type.number_field
        for pairs in chunks(self._batches.repeated(batch, "number_index")):
            self._batches.add_problems(
                batch,
                {
                    line: [
                        field_problem(
                            licence_type, key, "repeated", f"与第 {other} 行相同", f"is the same as in line {other}"
                        )
                    ]
                    for line, other in pairs
                },
            )

    def _note_in_use(self, batch: Batch, licence_type: LicenceType, issue_date: date | None) -> None:
        """Lines with the number of a licence that holds and says something else."""
        key, today = licence_type.number_field, self._register.today()
        for pairs in chunks(numbers_in_use(self._database, batch, licence_type)):
            found: dict[int, Sequence[FieldProblem]] = {}
            lines = dict(pairs)
            licences = self._register.get_many(list(lines.values()))
            for line, said in self._batches.said_by(batch, list(lines)):
                live = licences[lines[line]]
                checked = check_fields(licence_type, said["fields"], issue_date=issue_date or today, today=today)
                if live.issuer_code == batch.issuer_code and self._issuing.same(live, checked, issue_date=issue_date):
                    continue
                zh, en = "已有在用证照，内容与本行不同", "is that of a licence that holds and says something else"
                found[line] = [field_problem(licence_type, key, "in_use", zh, en)]
            self._batches.add_problems(batch, found)


def field_problem(licence_type: LicenceType, key: str, code: str, zh: str, en: str) -> FieldProblem:
    """A problem of a field, in words that follow its title."""
    return FieldProblem(key, code, f"“{licence_type.title_zh(key)}”{zh}", f"{licence_type.title_en(key)} {en}")


def field_columns(licence_type: LicenceType) -> dict[str, str]:
    """Which field a column is by its name: its key, its Chinese or its English title."""
    found = {}
    for key in licence_type.fields:
        found[licence_type.title_en(key)] = key
        found[licence_type.title_zh(key)] = key
    return found | {key: key for key in licence_type.fields}


def as_field(licence_type: LicenceType, key: str, value: Any) -> Any:
    """A cell as the value of a field: the rows of a table stand in it as JSON."""
    if isinstance(value, str) and licence_type.fields.get(key, {}).get("type") == "array":
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def store_rows(
    batches: Batches,
    batch: Batch,
    rows: Iterable[Row],
    look: Callable[[Row], NewLine],
    told: Callable[[int], object],
) -> None:
    """Put rows into a batch a few at a time; a file that turns out to be unreadable leaves the batch cancelled."""
    count = 0
    try:
        for chunk in chunks(iter(rows)):
            batches.add(batch, [look(row) for row in chunk])
            count += len(chunk)
            told(count)
    except BaseException:
        batches.settle(batch, BatchState.CANCELLED, forget=True)
        raise


def missing_characters(fonts: FontLibrary, licence_type: LicenceType, fields: Any) -> list[FieldProblem]:
    """The fields with characters that no font has."""
    problems = []
    for key, value in fields.items():
        if licence_type.fields[key].get("format") in PHOTOGRAPHS:
            continue
        missing = fonts.missing_characters(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        if missing:
            codes = "、".join(f"U+{ord(character):04X}" for character in sorted(missing))
            zh, en = f"含有字库缺少的字符（{codes}）", f"has characters that no font has ({codes})"
            problems.append(field_problem(licence_type, key, "character_missing", zh, en))
    return problems


def numbers_in_use(database: Database, batch: Batch, licence_type: LicenceType) -> Iterator[tuple[int, str]]:
    """Lines with the number of a licence that holds, each with its identifier."""
    statement = (
        sa.select(BatchLineRow.line, LicenceRow.identifier)
        .join(LicenceRow, LicenceRow.number_index == BatchLineRow.number_index)
        .where(
            BatchLineRow.batch_id == batch.id,
            LicenceRow.type_slug == licence_type.slug,
            LicenceRow.state.in_([LicenceState.VALID, LicenceState.SUSPENDED]),
        )
        .order_by(BatchLineRow.line)
    )
    with database.transaction() as session:
        found = session.execute(statement.execution_options(yield_per=_CHUNK))
        yield from ((line, identifier) for line, identifier in found)


def chunks(items: Iterator[_Item]) -> Iterator[list[_Item]]:
    """The items, some hundreds at a time."""
    while chunk := list(islice(items, _CHUNK)):
        yield chunk
