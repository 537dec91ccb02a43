"""Which column of an archive's file is which field of a licence type: a small declarative file in TOML.

A mapping says where a text comes from and how it is brought into our form; it holds no expression and runs nothing.
``docs/bulk.md`` shows one. A line that cannot be mapped is told with what is wrong, never with what it said.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NoReturn

from trust.batch_loading import as_field, field_columns
from trust.bulk_errors import MappingInvalidError
from trust.errors import FieldProblem
from trust.licence_type import LicenceType

ISSUE_DATE, ISSUER, SCAN = "issue_date", "issuer", "scan"
_OF_LICENCE = {ISSUE_DATE: ("颁发日期", "Issue date"), ISSUER: ("颁发机构代码", "Issuer"), SCAN: ("扫描件", "Scan")}
_MAX_BYTES = 256 * 1024
_MAX_VALUES = 5000
_DATE_FORM = re.compile(r"(?:%[Ymd]|[^%])+")
_ISO = "%Y-%m-%d"
_KEYS = {
    "column": str,
    "columns": list,
    "join": str,
    "constant": str,
    "split": str,
    "part": int,
    "values": dict,
    "others": str,
    "dates": list,
}


@dataclass(frozen=True)
class Source:
    """Where one field's text comes from."""

    columns: tuple[str, ...] = ()
    join: str = ""
    constant: str | None = None
    split: str | None = None
    part: int = 1
    """Which piece of a split text; 1 is the first."""
    values: Mapping[str, str] = field(default_factory=dict)
    """What a text stands for; a text that is not in it is refused unless ``keep``."""
    keep: bool = False
    dates: tuple[str, ...] = ()
    """Forms in which the date is written, such as ``%Y年%m月%d日``."""


@dataclass(frozen=True, repr=False)
class Mapped:
    """A line as a licence of our type, as far as it could be mapped."""

    fields: Mapping[str, Any]
    issue_date: date | None
    issuer: str | None
    scan: str | None
    problems: tuple[FieldProblem, ...]


class ArchiveMapping:
    """A mapping for a licence type. Made by :func:`read_mapping` or, where columns have our
    names, :class:`PlainMapping`."""

    def __init__(self, licence_type: LicenceType, sources: Mapping[str, Source], empty: frozenset[str]) -> None:
        self._type = licence_type
        self._sources = dict(sources)
        self._empty = empty

    def apply(self, values: Mapping[str, Any]) -> Mapped:
        """Map one line."""
        found: dict[str, Any] = {}
        problems: list[FieldProblem] = []
        for key, source in self._sources.items():
            try:
                text = self._text(source, values)
            except _RefusedError as refused:
                zh, en = self._titles(key)
                problems.append(FieldProblem(key, refused.code, f"“{zh}”{refused.zh}", f"{en} {refused.en}"))
                continue
            if text is not None:
                found[key] = text
        issue_date = self._issue_date(found.pop(ISSUE_DATE, None), problems)
        issuer, scan = found.pop(ISSUER, None), found.pop(SCAN, None)
        fields = {key: as_field(self._type, key, value) for key, value in found.items()}
        return Mapped(fields, issue_date, issuer, scan, tuple(problems))

    def _text(self, source: Source, values: Mapping[str, Any]) -> Any:
        if source.constant is not None:
            return source.constant
        given = [values.get(column, "") for column in source.columns]
        if len(given) == 1 and not isinstance(given[0], str):
            return given[0]
        parts = [str(text).strip() for text in given]
        parts = [text for text in parts if text and text not in self._empty]
        if not parts:
            return None
        text = source.join.join(parts)
        if source.split is not None:
            pieces = text.split(source.split)
            if len(pieces) < source.part:
                raise _RefusedError("part", f"没有第 {source.part} 部分", f"has no part {source.part}")
            text = pieces[source.part - 1].strip()
        if text in source.values:
            return source.values[text]
        if source.values and not source.keep and not source.dates:
            raise _RefusedError("value_unknown", "的取值不在对照表中", "has a value that the table does not have")
        return _as_date(text, source.dates) if source.dates else text

    def _issue_date(self, text: Any, problems: list[FieldProblem]) -> date | None:
        if text is None:
            return None
        try:
            return date.fromisoformat(_as_date(str(text), (_ISO,)))
        except _RefusedError as refused:
            zh, en = _OF_LICENCE[ISSUE_DATE]
            problems.append(FieldProblem(ISSUE_DATE, refused.code, f"“{zh}”{refused.zh}", f"{en} {refused.en}"))
            return None

    def _titles(self, key: str) -> tuple[str, str]:
        return _OF_LICENCE.get(key) or (self._type.title_zh(key), self._type.title_en(key))


class _RefusedError(Exception):
    def __init__(self, code: str, zh: str, en: str) -> None:
        self.code, self.zh, self.en = code, zh, en


class PlainMapping(ArchiveMapping):
    """The mapping of files whose columns are named by our keys or titles; others are taken for fields as well."""

    def __init__(self, licence_type: LicenceType) -> None:
        super().__init__(licence_type, {}, frozenset())
        self._known = field_columns(licence_type)
        for key, titles in _OF_LICENCE.items():
            self._known |= dict.fromkeys((key, *titles), key)

    def apply(self, values: Mapping[str, Any]) -> Mapped:
        """Map one line."""
        sources = {self._known.get(column, column): Source(columns=(column,)) for column in values}
        return ArchiveMapping(self._type, sources, frozenset()).apply(values)


def parse_mapping(text: bytes, licence_type: LicenceType) -> dict[str, Any]:
    """A mapping file as data that can be kept; see :func:`mapping_of`.

    :raises MappingInvalidError: it is no such file; says where.
    """
    if len(text) > _MAX_BYTES:
        _refuse("*", "超过 256 KiB", "it is larger than 256 KiB")
    try:
        found = tomllib.loads(text.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        _refuse("*", "不是有效的 UTF-8 TOML 文件", f"it is no TOML in UTF-8 ({str(error)[:80]})")
    try:
        mapping_of(found, licence_type)
    except (TypeError, AttributeError):
        _refuse("*", "结构不正确", "it does not have the form of a mapping")
    return found


def mapping_of(found: Mapping[str, Any], licence_type: LicenceType) -> ArchiveMapping:
    """The mapping that a parsed file describes.

    :raises MappingInvalidError: it contradicts itself or the type.
    """
    for key in found:
        if key not in {"type", "fields", "licence", "empty"}:
            _refuse(key, "没有这一节", "there is no such section")
    if found.get("type", licence_type.slug) not in (licence_type.slug, licence_type.code):
        _refuse("type", "与所选证照类型不同", "it is for another licence type")
    sources = {}
    for section, allowed in (("fields", set(licence_type.fields)), ("licence", set(_OF_LICENCE))):
        for key, given in _table(found, section).items():
            if key not in allowed:
                _refuse(f"{section}.{key}", "该证照类型没有这一项", "the type has no such field")
            sources[key] = _source(f"{section}.{key}", given)
    empty = _table(found, "empty").get("texts", [])
    return ArchiveMapping(licence_type, sources, frozenset(_texts("empty.texts", empty)))


def _source(place: str, given: Any) -> Source:
    if isinstance(given, str):
        given = {"column": given}
    if not isinstance(given, dict):
        _refuse(place, "应为列名或表", "it has to be a column's name or a table")
    for key, value in given.items():
        if key not in _KEYS:
            _refuse(f"{place}.{key}", "没有这一项", "there is no such key")
        if not isinstance(value, _KEYS[key]):
            _refuse(f"{place}.{key}", "类型不正确", "it is of the wrong type")
    columns = given.get("columns") or ([given["column"]] if "column" in given else [])
    if bool(columns) == ("constant" in given) or ("column" in given and "columns" in given):
        _refuse(place, "column、columns、constant 应有且只有一个", "it needs one of column, columns and constant")
    values = given.get("values", {})
    if len(values) > _MAX_VALUES or not all(isinstance(value, str) for value in values.values()):
        _refuse(f"{place}.values", "应为文本对照表，至多 5000 项", "it has to map texts to texts, at most 5000")
    if given.get("others", "refuse") not in ("refuse", "keep"):
        _refuse(f"{place}.others", "应为 refuse 或 keep", "it has to be refuse or keep")
    if given.get("split") == "" or given.get("part", 1) < 1:
        _refuse(place, "split 不能为空，part 从 1 起", "split cannot be empty, and part counts from 1")
    dates = tuple(_texts(f"{place}.dates", given.get("dates", [])))
    for form in dates:
        if not _DATE_FORM.fullmatch(form) or sorted(re.findall(r"%[Ymd]", form)) != ["%Y", "%d", "%m"]:
            _refuse(f"{place}.dates", "日期格式应各含一个 %Y、%m、%d", "a form has one each of %Y, %m and %d")
    return Source(
        columns=tuple(_texts(f"{place}.columns", columns)),
        join=given.get("join", ""),
        constant=given.get("constant"),
        split=given.get("split"),
        part=given.get("part", 1),
        values=values,
        keep=given.get("others") == "keep",
        dates=dates,
    )


def _as_date(text: str, forms: tuple[str, ...]) -> str:
    for form in (*forms, _ISO):
        try:
            return datetime.strptime(text, form).date().isoformat()  # noqa: DTZ007  a day has no zone
        except ValueError:
            continue
    raise _RefusedError("date", "不是存在的日期，或不是约定的格式", "is no date that exists, or not in an agreed form")


def _table(found: Mapping[str, Any], section: str) -> dict[str, Any]:
    table = found.get(section, {})
    if not isinstance(table, dict):
        _refuse(section, "应为表", "it has to be a table")
    return dict(table)


def _texts(place: str, given: Any) -> Iterator[str]:
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        _refuse(place, "应为文本列表", "it has to be a list of texts")
    yield from given


def _refuse(place: str, zh: str, en: str) -> NoReturn:
    raise MappingInvalidError(place=place[:80], problem_zh=zh, problem_en=en)
