"""Taking over records of paper licences and of other systems (历史数据归集).

Lines with a fault are set aside and can be mended and sent again; the others enter the register, marked as imported.
They are sealed only where the department wants to answer for them anew: what is sealed then is a transcript laid out
by the type's template, which carries its data and is checked like any licence; the scan stays beside it as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from keys import FieldVault
from seal import Organisations
from seal.fonts import FontLibrary
from store.clock import Clock
from store.database import Database
from store.objects import ObjectStore
from store.once import Once
from store.outbox import Outbox
from trust._batch_tables import BatchLineRow
from trust.archive_comparisons import contradicting_holders, contradicting_numbers, duplicates, holders_in_register
from trust.archive_lines import LineRules, Scans, check_archived, shared_problems
from trust.batch import Batch, BatchKind, BatchState, LineState
from trust.batch_loading import chunks, field_problem, numbers_in_use, store_rows
from trust.batch_work import Done, Task
from trust.batches import Batches, NewBatch, NewLine
from trust.bulk_errors import ScanUnknownError
from trust.catalogue import Catalogue
from trust.codes import UnifiedSocialCreditCode
from trust.decisions import ImportedFrom
from trust.errors import FieldProblem, NumberInUseError
from trust.identifier import LicenceIdentifier, new_serial
from trust.issuing import LICENCE_ISSUED, Issuing
from trust.licence import Licence
from trust.licence_type import LicenceType
from trust.licence_types import require_published
from trust.mapping import PlainMapping, mapping_of
from trust.register import NewLicence, Register
from trust.result_files import csv_cell
from trust.rows import Row

LINE_COLUMN = "原行号 line"
PROBLEMS_COLUMN = "问题 problems"


@dataclass(frozen=True)
class ImportOrder:
    """An archive's file that a department wants taken over."""

    type: str
    """Slug or code of the licence type."""
    actor: str
    file_name: str
    issuer_code: str | None = None
    """The issuer of lines that name none."""
    mapping: Mapping[str, Any] | None = None
    """From :func:`trust.mapping.parse_mapping`; without one, columns have the names of our fields."""
    scans: Path | None = None
    """Directory of the scanned PDFs that lines name."""
    sealed: bool = False
    dry_run: bool = False
    mends: str | None = None
    """Reference of the import whose lines, set aside before, the file corrects."""
    own_only: bool = False
    """Only lines of ``issuer_code`` are taken."""
    once: Once | None = None
    """Mark of the request, where it may come again."""


class Archives:
    """Reads archives, and enters their sound lines in the register."""

    def __init__(
        self,
        *,
        database: Database,
        vault: FieldVault,
        objects: ObjectStore,
        outbox: Outbox,
        batches: Batches,
        catalogue: Catalogue,
        organisations: Organisations,
        register: Register,
        issuing: Issuing,
        fonts: FontLibrary,
        clock: Clock,
        check_url: str,
    ) -> None:
        """:param check_url: where QR codes lead; the licence's identifier is appended."""
        self._database = database
        self._vault = vault
        self._objects = objects
        self._outbox = outbox
        self._batches = batches
        self._catalogue = catalogue
        self._organisations = organisations
        self._register = register
        self._issuing = issuing
        self._fonts = fonts
        self._clock = clock
        self._check_url = check_url

    def load(self, order: ImportOrder, rows: Iterable[Row], *, told: Callable[[int], object] = lambda _: None) -> Batch:
        """Read an archive's file and hold every line to every rule. Nothing is entered yet.

        :param told: called with the number of lines read so far.
        :raises TypeUnknownError: there is no such type.
        :raises BatchUnknownError: there is no import to mend.
        :raises MappingInvalidError: the mapping does not fit the type.
        :raises TableUnreadableError, TableTooLargeError: the file cannot be read; the import is cancelled then.
        """
        licence_type = self._catalogue.get(order.type)
        mends = self._batches.get(order.mends) if order.mends is not None else None
        mapping = order.mapping if mends is None or order.mapping is not None else self._batches.mapping(mends)
        rules = self._rules(order, licence_type, mapping)
        batch = self._batches.begin(
            NewBatch(
                BatchKind.IMPORT,
                licence_type.slug,
                order.actor,
                order.file_name,
                issuer_code=order.issuer_code,
                sealed=order.sealed,
                mapping=mapping,
                mends=mends,
                once=order.once,
            )
        )
        open_lines = self._open_lines(mends) if mends is not None else None

        def look(row: Row) -> NewLine:
            return rules.look(row) if mends is None or open_lines is None else _mended(rules, row, mends, open_lines)

        store_rows(self._batches, batch, rows, look, told)
        self._compare(batch, licence_type, rules.scans)
        state = BatchState.CHECKED if order.dry_run else BatchState.READY
        return self._batches.settle(batch, state, forget=order.dry_run)

    def enter(self, task: Task, done: Done) -> tuple[Licence, bool]:
        """Enter one sound line in the register, sealed where that is wanted; tells whether it was not there before."""
        licence_type = self._catalogue.get(task.type_slug)
        said, today = task.said, self._register.today()
        issue_date = date.fromisoformat(said["issue_date"])
        checked = check_archived(licence_type, said["fields"], issue_date, today)
        issuer = self._organisations.get(said["issuer"])
        existing = self._existing(task, dict(checked.fields))
        if existing is not None:
            with self._database.transaction() as session:
                _close_mended(session, said.get("mends"), existing.identifier, self._clock)
            return existing, False
        identifier = LicenceIdentifier.make(
            licence_type.code, UnifiedSocialCreditCode.parse(issuer.code), new_serial(issue_date)
        )
        content = checked.content(
            identifier=identifier,
            issuer_name=issuer.name_zh,
            issuer_code=issuer.code,
            check_url=f"{self._check_url}{identifier}",
        )
        content = replace(content, imported_on=today)
        sealed = None
        if task.sealed:
            seal = self._issuing.seal_for(licence_type, issuer.code)
            sealed = self._issuing.produce(content, seal, actor=task.actor, reason=f"归集{licence_type.name_zh}")
        try:
            with self._database.transaction() as session:
                require_published(session, licence_type)
                licence = self._register.enter(
                    session,
                    NewLicence(
                        content,
                        region_code=issuer.region_code,
                        actor=task.actor,
                        at=sealed.sealed_at if sealed is not None else self._clock.now(),
                        pdf_digest=sealed.digest if sealed is not None else None,
                        proof_until=sealed.proof_until if sealed is not None else None,
                        seal_use_id=sealed.use_id if sealed is not None else None,
                        imported=ImportedFrom(f"批次 {task.reference} 第 {task.line} 行", said["scan"]),
                    ),
                )
                self._outbox.add(session, LICENCE_ISSUED, {"identifier": licence.identifier}, key=licence.identifier)
                done(session, licence)
                _close_mended(session, said.get("mends"), licence.identifier, self._clock)
        except IntegrityError:
            existing = self._existing(task, dict(checked.fields))
            if existing is None:
                raise
            return existing, False
        return licence, True

    def scan(self, identifier: str) -> bytes:
        """The scan of the paper that a licence was taken over from, as it was handed in.

        :raises LicenceUnknownError: the register has none with this identifier.
        :raises ScanUnknownError: there is no scan.
        """
        licence = self._register.get(identifier)
        if licence.scan_digest is None:
            raise ScanUnknownError
        return self._objects.get(licence.scan_digest)

    def set_aside(self, batch: Batch) -> Iterator[list[str]]:
        """The lines that were set aside, as rows of a table to be mended: names first, each with what is wrong."""
        names = list(dict.fromkeys(chain.from_iterable(said["columns"] for _, said in self._unsound(batch))))
        yield [LINE_COLUMN, PROBLEMS_COLUMN, *names]
        for result, said in self._unsound(batch):
            problems = "；".join(f"{each.zh} / {each.en}" for each in result.findings)
            yield [str(result.line), problems, *(str(said["columns"].get(name, "")) for name in names)]

    def _unsound(self, batch: Batch) -> Iterator[tuple[Any, dict[str, Any]]]:
        return self._batches.said(batch, [LineState.UNSOUND])

    def _open_lines(self, batch: Batch) -> dict[int, str | None]:
        """The lines that wait to be mended, each with the hash of its scan."""
        return {result.line: said.get("scan") for result, said in self._unsound(batch)}

    def _rules(self, order: ImportOrder, licence_type: LicenceType, mapping: Mapping[str, Any] | None) -> LineRules:
        return LineRules(
            licence_type=licence_type,
            mapping=PlainMapping(licence_type) if mapping is None else mapping_of(mapping, licence_type),
            issuers={each.code: each for each in self._organisations.all()},
            default_issuer=order.issuer_code,
            own_only=order.own_only,
            scans=Scans(order.scans, self._objects, keep=not order.dry_run),
            sealed=order.sealed,
            fonts=self._fonts,
            vault=self._vault,
            today=self._register.today(),
        )

    def _existing(self, task: Task, fields: Mapping[str, Any]) -> Licence | None:
        """The licence that this very line is, if the register has it already."""
        licence_type = self._catalogue.get(task.type_slug)
        live = self._register.live(licence_type.slug, str(fields[licence_type.number_field]))
        if live is None:
            return None
        if not _same(live, {**task.said, "fields": fields}):
            raise NumberInUseError(identifier=live.identifier)
        return live

    def _compare(self, batch: Batch, licence_type: LicenceType, scans: Scans) -> None:
        """Note what shows only when lines are seen beside each other and beside the register."""
        number, name = licence_type.number_field, _name_field(licence_type)
        database = self._database

        def note(found: Iterable[tuple[int, FieldProblem]]) -> None:
            for some in chunks(iter(found)):
                self._batches.add_problems(batch, {line: [problem] for line, problem in some})

        def about(key: str, code: str, pairs: Iterable[tuple[int, int]], zh: str, en: str) -> None:
            note(
                (line, field_problem(licence_type, key, code, zh.format(other), en.format(other)))
                for line, other in pairs
            )

        note(
            (line, FieldProblem("", "duplicate", f"与第 {other} 行完全相同", f"The line is the same as line {other}"))
            for line, other in duplicates(database, batch)
        )
        zh, en = "与第 {} 行相同，但内容不同", "is the same as in line {}, which says something else"
        about(number, "repeated", contradicting_numbers(database, batch), zh, en)
        zh, en = "与第 {} 行不一致，而两行证件号码相同", "is another than in line {}, with the same code"
        about(name, "holder_conflict", contradicting_holders(database, batch), zh, en)
        note(shared_problems(scans))
        note(self._against_register(batch, licence_type))

    def _against_register(self, batch: Batch, licence_type: LicenceType) -> Iterator[tuple[int, FieldProblem]]:
        number, name = licence_type.number_field, _name_field(licence_type)
        for some in chunks(numbers_in_use(self._database, batch, licence_type)):
            for line, licence, said in self._beside(batch, dict(some)):
                if not _same(licence, said):
                    zh, en = "已有在用证照，内容与本行不同", "is that of a licence that holds and says something else"
                    yield line, field_problem(licence_type, number, "in_use", zh, en)
        for some in chunks(holders_in_register(self._database, batch)):
            for line, licence, said in self._beside(batch, dict(some)):
                if said["holder_name"] != licence.holder.name:
                    zh, en = "与登记簿中同一证件号码的持证主体不一致", "is another than the register has for the code"
                    yield line, field_problem(licence_type, name, "holder_register", zh, en)

    def _beside(self, batch: Batch, lines: Mapping[int, str]) -> Iterator[tuple[int, Licence, dict[str, Any]]]:
        licences = self._register.get_many(list(lines.values()))
        for line, said in self._batches.said_by(batch, list(lines)):
            if "fields" in said:
                yield line, licences[lines[line]], said


def _same(licence: Licence, said: Mapping[str, Any]) -> bool:
    return (
        dict(licence.fields) == dict(said["fields"])
        and licence.issue_date.isoformat() == said["issue_date"]
        and licence.issuer_code == said["issuer"]
    )


def _name_field(licence_type: LicenceType) -> str:
    """The field with the first holder's name, or the table that has it."""
    return licence_type.holder.table or licence_type.holder.each[0].name_field


def _mended(rules: LineRules, row: Row, mends: Batch, open_lines: Mapping[int, str | None]) -> NewLine:
    """A corrected line, tied to the one that was set aside."""
    values = {name: _restored(value) for name, value in row.values.items() if name != PROBLEMS_COLUMN}
    text = str(values.pop(LINE_COLUMN, ""))
    line = int(text) if text.isdecimal() and len(text) < 10 else 0
    if line not in open_lines:
        zh, en = "“原行号”不是待订正的行", "The line that it corrects is none that was set aside"
        problem = FieldProblem(LINE_COLUMN, "mends_unknown", zh, en)
        return rules.look(Row(row.line, values, (*row.problems, problem)))
    return rules.look(Row(row.line, values, row.problems), mends=(mends.id, line), scan_before=open_lines[line])


def _restored(value: Any) -> Any:
    """A cell as it was before :func:`trust.result_files.csv_cell`."""
    return value[1:] if isinstance(value, str) and value[:1] == "'" and csv_cell(value[1:]) == value else value


def _close_mended(session: Session, mends: list[int] | None, identifier: str, clock: Clock) -> None:
    """Note on the line that was set aside that a corrected one took its place."""
    if mends is None:
        return
    session.execute(
        sa.update(BatchLineRow)
        .where(
            BatchLineRow.batch_id == mends[0], BatchLineRow.line == mends[1], BatchLineRow.state == LineState.UNSOUND
        )
        .values(state=LineState.MENDED, identifier=identifier, data=None, done_at=clock.now())
    )
