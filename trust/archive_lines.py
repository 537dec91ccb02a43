"""One line of an archive: mapped, held to every rule that a line alone can be held to, and made ready to be kept."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from keys import FieldVault
from seal import Organisation
from seal.fonts import FontLibrary
from store.objects import ObjectStore
from trust.archive_rules import dates_out_of_order, suspicious_texts, unknown_regions, without_photographs
from trust.batch_loading import missing_characters
from trust.batches import NewLine
from trust.errors import FieldProblem, FieldsInvalidError
from trust.holders import HolderIndex, number_index
from trust.licence_type import LicenceType
from trust.mapping import ISSUE_DATE, ISSUER, SCAN, ArchiveMapping, Mapped
from trust.rows import Row
from trust.validation import CheckedFields, check_fields

MAX_SCAN = 50 * 1024 * 1024
_TAIL = 2048


class Scans:
    """The scanned PDFs beside an archive's file."""

    def __init__(self, directory: Path | None, objects: ObjectStore, *, keep: bool) -> None:
        """:param keep: put what is found into the object store."""
        self._directory = directory
        self._objects = objects
        self._keep = keep
        self._first: dict[str, int] = {}
        self.shared: dict[int, int] = {}
        """Lines whose scan another line names too, each with that one."""

    def take(self, name: str, line: int, *, before: str | None) -> tuple[str | None, FieldProblem | None]:
        """The hash of a scan, or what is wrong with it.

        :param before: the hash of the scan that the line had when it was set aside.
        """
        if self._directory is None:
            return (before, None) if before is not None else (None, _missing())
        if not name or name != Path(name).name or name in {".", ".."} or "\\" in name or "\0" in name:
            return None, _missing()
        path = self._directory / name
        try:
            if path.is_symlink() or not path.is_file() or path.stat().st_size > MAX_SCAN:
                return None, _missing()
            data = path.read_bytes()
        except OSError:
            return None, _missing()
        if not data.startswith(b"%PDF-") or b"%%EOF" not in data[-_TAIL:]:
            return None, FieldProblem(SCAN, "scan_unreadable", "“扫描件”不是完整的 PDF", "Scan is no whole PDF")
        other = self._first.setdefault(name, line)
        if other != line:
            self.shared[line] = other
            self.shared.setdefault(other, line)
        return self._objects.put(data) if self._keep else name, None


@dataclass(frozen=True)
class LineRules:
    """Looks at lines of one archive."""

    licence_type: LicenceType
    mapping: ArchiveMapping
    issuers: Mapping[str, Organisation]
    """Every body by its code."""
    default_issuer: str | None
    own_only: bool
    """Whether lines may only be of the default issuer."""
    scans: Scans
    sealed: bool
    fonts: FontLibrary
    vault: FieldVault
    today: date

    def look(self, row: Row, *, mends: tuple[int, int] | None = None, scan_before: str | None = None) -> NewLine:
        """The line as it is kept, with all that is wrong with it.

        :param mends: the import and the line that it corrects.
        """
        mapped = self.mapping.apply(row.values)
        problems = [*row.problems, *mapped.problems]
        scan = None
        if mapped.scan is not None or scan_before is not None:
            scan, wrong = self.scans.take(mapped.scan or "", row.line, before=scan_before)
            problems += [wrong] if wrong is not None else []
        issuer = self._issuer(mapped, problems)
        checked = self._checked(mapped, problems)
        if checked is not None and mapped.issue_date is not None:
            problems += dates_out_of_order(checked, mapped.issue_date)
            problems += unknown_regions(self.licence_type, checked)
            if self.sealed:
                problems += missing_characters(self.fonts, self.licence_type, checked.fields)
        data: dict[str, Any] = {"columns": dict(row.values), "scan": scan}
        line = NewLine(row.line, None, problems, mends_line=mends[1] if mends is not None else None)
        if checked is not None and not problems and mapped.issue_date is not None:
            data |= {
                "fields": dict(checked.fields),
                "issue_date": mapped.issue_date.isoformat(),
                "issuer": issuer,
                "holder_name": checked.holder.name,
                "mends": list(mends) if mends is not None else None,
            }
            line = self._indexed(line, checked, f"{mapped.issue_date}|{issuer}")
        return replace(line, data=data)

    def _issuer(self, mapped: Mapped, problems: list[FieldProblem]) -> str | None:
        code = mapped.issuer or self.default_issuer
        found = self.issuers.get(code or "")
        if any(each.path == ISSUER for each in problems):
            return None
        if found is None or (self.own_only and code != self.default_issuer):
            zh, en = "“颁发机构代码”缺失，或不是登记在册的机构", "Issuer is missing, or is no body that is known here"
            problems.append(FieldProblem(ISSUER, "issuer_unknown", zh, en))
        elif not self.licence_type.issuers.allows(found.code, found.region_code):
            zh, en = "“颁发机构代码”对应的机构无权颁发此类证照", "Issuer may not issue licences of the type"
            problems.append(FieldProblem(ISSUER, "issuer_not_allowed", zh, en))
        return code

    def _checked(self, mapped: Mapped, problems: list[FieldProblem]) -> CheckedFields | None:
        suspicious = list(suspicious_texts(self.licence_type, mapped.fields))
        known = {each.path for each in (*problems, *suspicious)}
        problems += suspicious
        if mapped.issue_date is None and ISSUE_DATE not in known:
            problems.append(FieldProblem(ISSUE_DATE, "required", "“颁发日期”未填写", "Issue date is missing"))
        try:
            return check_archived(self.licence_type, mapped.fields, mapped.issue_date or self.today, self.today)
        except FieldsInvalidError as error:
            problems += [each for each in error.problems if each.path not in known or not each.path]
            return None

    def _indexed(self, line: NewLine, checked: CheckedFields, rest: str) -> NewLine:
        holder, vault = checked.holder, self.vault
        said = json.dumps(dict(checked.fields), ensure_ascii=False, sort_keys=True)
        return replace(
            line,
            number_index=number_index(vault, self.licence_type.slug, checked.number),
            holder_index=HolderIndex.of(vault, holder.code_type, holder.code).value,
            name_index=vault.blind_index(holder.name, context="holder.name"),
            content_index=vault.blind_index(f"{rest}|{said}", context="archive.content"),
        )


def check_archived(
    licence_type: LicenceType, fields: Mapping[str, Any], issue_date: date, today: date
) -> CheckedFields:
    """The fields of an old record, held to its type but for photographs; raises as ``check_fields`` does."""
    checked = check_fields(without_photographs(licence_type), dict(fields), issue_date=issue_date, today=today)
    return replace(checked, type=licence_type)


def shared_problems(scans: Scans) -> Iterator[tuple[int, FieldProblem]]:
    """A finding for each line whose scan another names too."""
    for line, other in scans.shared.items():
        yield (
            line,
            FieldProblem(SCAN, "scan_shared", f"“扫描件”与第 {other} 行相同", f"Scan is the same as in line {other}"),
        )


def _missing() -> FieldProblem:
    return FieldProblem(
        SCAN, "scan_missing", "“扫描件”不存在、过大或文件名不合规", "Scan is missing, too large or badly named"
    )
