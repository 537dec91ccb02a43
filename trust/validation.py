"""Whether what a department sent can become a licence: everything that is wrong with it, at once and in words.

The JSON Schema of the type says what the fields are, :mod:`trust.formats` what their texts are.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from trust.codes import CitizenId
from trust.content import Holder, LicenceContent
from trust.errors import FieldProblem, FieldsInvalidError
from trust.formats import FORMATS, FormatRefusedError, is_plain
from trust.holders import CodeType, code_type_of
from trust.identifier import LicenceIdentifier
from trust.licence_type import LONG_TERM, HolderFields, HolderRule, LicenceType, ValidityRule
from trust.photographs import FORMATS as PHOTOGRAPHS
from trust.photographs import MAX_TEXT

_MAX_UNKNOWN_NAMED = 20
_MAX_KEY_SHOWN = 40


@dataclass(frozen=True, repr=False)
class CheckedFields:
    """Fields that passed every check, and what follows from them. Made by :func:`check_fields`."""

    type: LicenceType
    fields: Mapping[str, Any]
    """The text of each field in its one form: NFC, dates as ``YYYY-MM-DD``, codes in capitals. Of a table its rows."""
    holder: Holder
    """The holder, or of several the first."""
    co_holders: tuple[Holder, ...]
    """The others."""
    number: str
    """证照编号."""
    issue_date: date
    valid_from: date
    valid_until: date | None
    """The last day; None for 长期."""

    def content(
        self, *, identifier: LicenceIdentifier, issuer_name: str, issuer_code: str, check_url: str
    ) -> LicenceContent:
        """The licence that these fields make, once it has an identifier and an issuer."""
        return LicenceContent(
            type=self.type,
            identifier=identifier,
            number=self.number,
            issuer_name=issuer_name,
            issuer_code=issuer_code,
            issue_date=self.issue_date,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
            holder=self.holder,
            co_holders=self.co_holders,
            fields=self.fields,
            check_url=check_url,
        )


def check_fields(licence_type: LicenceType, raw: object, *, issue_date: date, today: date) -> CheckedFields:
    """Check the fields of an application against its type.

    Text is brought into Unicode's composed form (NFC) and loses spaces at its ends; nothing else is corrected.

    :param raw: JSON as it came: an object with the fields of the type.
    :param issue_date: the date that the licence will bear, not after ``today``; both in the zone of the issuer.
    :raises FieldsInvalidError: with every problem that was found, in the order of the form. No message repeats a value.
    """
    if not isinstance(raw, Mapping):
        raise FieldsInvalidError([FieldProblem("", "type", "数据应为 JSON 对象", "the data has to be a JSON object")])
    check = _Check(licence_type, today)
    fields = check.fields(raw)
    if issue_date > today:
        check.add("issue_date", "date_future", "“颁发日期”晚于今天", "the issue date lies in the future")
    if check.problems:
        raise FieldsInvalidError(check.in_order())
    first, last = _validity(licence_type.validity, fields, issue_date)
    if last is not None and last < first:
        key = licence_type.validity.until_field or ""
        check.about(key, "date_order", "早于起始日期", "lies before the first day")
        raise FieldsInvalidError(check.in_order())
    first_holder, *co_holders = _holders(licence_type.holder, fields, today)
    return CheckedFields(
        type=licence_type,
        fields=fields,
        holder=first_holder,
        co_holders=tuple(co_holders),
        number=fields[licence_type.number_field],
        issue_date=issue_date,
        valid_from=first,
        valid_until=last,
    )


def _holders(rule: HolderRule, fields: Mapping[str, Any], today: date) -> list[Holder]:
    named: list[tuple[HolderFields, Mapping[str, Any]]]
    if rule.table:
        named = [(rule, row) for row in fields[rule.table]]
    else:
        named = [(each, fields) for each in rule.each if each.code_field in fields]
    return [
        Holder(row[each.name_field], row[each.code_field], _code_type(each, row[each.code_field], today))
        for each, row in named
    ]


def _code_type(fields: HolderFields, code: str, today: date) -> CodeType:
    return code_type_of(code, today=today) if fields.code_type == "either" else fields.code_type


def _validity(rule: ValidityRule, fields: Mapping[str, Any], issue_date: date) -> tuple[date, date | None]:
    first = date.fromisoformat(fields[rule.from_field]) if rule.from_field else issue_date
    if rule.kind in ("length", "years"):
        months = 12 * (rule.years or 0) + (rule.months or 0)
        return first, _months_after(first, months) + timedelta(days=(rule.days or 0) - 1)
    if rule.kind == "fixed":
        return first, rule.until
    if rule.until_field is not None and fields[rule.until_field] != LONG_TERM:
        return first, date.fromisoformat(fields[rule.until_field])
    if rule.due is not None:
        return first, next_due(rule.due, first)
    return first, None


def next_due(due: str, after: date) -> date:
    """The first day after another one on which a yearly endorsement (年检) is due; ``due`` is ``MM-DD``."""
    this_year = date.fromisoformat(f"{after.year}-{due}")
    return this_year if this_year > after else this_year.replace(year=after.year + 1)


def _months_after(day: date, months: int) -> date:
    """The same day some months later; where that month has no such day, the first of the next."""
    years, month = divmod(day.month - 1 + months, 12)
    try:
        return day.replace(year=day.year + years, month=month + 1)
    except ValueError:
        return date(day.year + years, month + 2, 1)


class _Check:
    """One look at one application, collecting what is wrong."""

    def __init__(self, licence_type: LicenceType, today: date) -> None:
        self._type = licence_type
        self._today = today
        self.problems: list[FieldProblem] = []

    def add(self, path: str, code: str, zh: str, en: str) -> None:
        self.problems.append(FieldProblem(path, code, zh, en))

    def about(self, key: str, code: str, zh: str, en: str) -> None:
        """Note a problem of a field, in words that follow its title."""
        self.add(key, code, f"“{self._type.title_zh(key)}”{zh}", f"{self._type.title_en(key)} {en}")

    def in_order(self) -> list[FieldProblem]:
        """The problems in the order of the form, the rest behind."""
        place = {key: index for index, key in enumerate(self._type.fields)}
        return sorted(self.problems, key=lambda problem: place.get(problem.path.partition(".")[0], len(place)))

    def fields(self, raw: Mapping[Any, Any]) -> dict[str, Any]:
        fields = self._object(self._type.schema, raw, "")
        self._agreements(fields)
        return fields

    def _object(self, schema: Mapping[str, Any], raw: Mapping[Any, Any], at: str) -> dict[str, Any]:
        """The fields of the licence, or the columns of a row: ``at`` is then ``table.row.``"""
        properties = schema["properties"]
        self._unknown([key for key in raw if key not in properties], at)
        for key in schema.get("required", ()):
            if key not in raw:
                self.about(f"{at}{key}", "required", "未填写", "is missing")
        tables = {key: each for key, each in properties.items() if each["type"] == "array"}
        found: dict[str, Any] = {key: self._rows(tables[key], raw[key], key) for key in tables if key in raw}
        given = {key: raw[key] for key in properties if key in raw and key not in tables}
        texts = dict(self._texts(given, at))
        of_texts = {key: each for key, each in properties.items() if key not in tables}
        structure = {**schema, "properties": of_texts, "additionalProperties": True, "required": []}
        for error in Draft202012Validator(structure).iter_errors(texts):
            self._structure(error, at)
        unsound = {each.path for each in self.problems}
        sound = {key: text for key, text in texts.items() if f"{at}{key}" not in unsound}
        for key, value in self._formatted(of_texts, sound, at):
            found[key] = value
            if of_texts[key].get("x-past") and date.fromisoformat(value) > self._today:
                self.about(f"{at}{key}", "date_future", "晚于今天", "lies in the future")
        return {key: found[key] for key in properties if key in found}

    def _rows(self, schema: Mapping[str, Any], value: object, key: str) -> list[dict[str, Any]]:
        if not isinstance(value, list):
            self.about(key, "type", "应为若干行", "has to be a list of rows")
            return []
        least, most = schema.get("minItems", 0), schema["maxItems"]
        if len(value) < least:
            self.about(key, "too_short", f"至少 {least} 行", f"has to have at least {least} rows")
        if len(value) > most:
            self.about(key, "too_long", f"超过 {most} 行", f"has more than {most} rows")
            return []
        rows = []
        for index, row in enumerate(value):
            if isinstance(row, Mapping):
                rows.append(self._object(schema["items"], row, f"{key}.{index}."))
            else:
                self.about(f"{key}.{index}", "type", "应为 JSON 对象", "has to be a JSON object")
        return rows

    def _texts(self, given: Mapping[str, object], at: str) -> Iterator[tuple[str, str]]:
        """The values that the schema library may see: it writes out each value that it refuses, however deep."""
        for key, value in given.items():
            if not isinstance(value, str):
                self.about(f"{at}{key}", "type", "应为文本", "has to be text")
            elif len(value) > MAX_TEXT:
                self.about(f"{at}{key}", "too_long", "过长", "is far too long")
            else:
                yield key, _tidy(value)

    def _unknown(self, keys: list[Any], at: str) -> None:
        for key in keys[:_MAX_UNKNOWN_NAMED]:
            shown = at + "".join(c for c in str(key)[:_MAX_KEY_SHOWN] if c.isprintable())
            self.add(shown, "unknown", f"没有“{shown}”这一项", f"there is no field {shown!r}")
        if len(keys) > _MAX_UNKNOWN_NAMED:
            more = len(keys) - _MAX_UNKNOWN_NAMED
            self.add("", "unknown", f"另有 {more} 项不认识", f"{more} more fields are unknown")

    def _structure(self, error: ValidationError, at: str) -> None:
        """Say in words what the schema found."""
        key = f"{at}{error.absolute_path[0]}" if error.absolute_path else at.rstrip(".")
        limit: Any = error.validator_value
        if error.validator == "dependentRequired":
            self._left_out(limit, error.instance, at)
            return
        if error.validator == "minLength" and not error.instance:
            self.about(key, "empty", "不能为空", "cannot be empty")
        elif error.validator == "minLength":
            self.about(key, "too_short", f"至少 {limit} 个字", f"has to have at least {limit} characters")
        elif error.validator == "maxLength":
            self.about(key, "too_long", f"超过 {limit} 个字", f"has more than {limit} characters")
        elif error.validator == "enum":
            self.about(key, "choice", f"只能是：{'、'.join(limit)}", f"has to be one of: {', '.join(limit)}")
        elif error.validator == "pattern":
            form = _description(error, limit)
            self.about(key, "pattern", f"格式不正确，应为：{form}", f"does not have the form: {form}")
        else:
            self.about(key, "invalid", "不符合要求", "is not as it has to be")

    def _left_out(self, needs: Mapping[str, list[str]], given: Any, at: str) -> None:
        """Name the fields that others that are given call for; the schema library comes once for each of them."""
        for missing in sorted({each for key in needs if key in given for each in needs[key] if each not in given}):
            if f"{at}{missing}" not in {each.path for each in self.problems}:
                self.about(f"{at}{missing}", "required", "未填写", "is missing")

    def _formatted(self, schemas: Mapping[str, Any], given: Mapping[str, str], at: str) -> Iterator[tuple[str, str]]:
        for key, value in given.items():
            form = schemas[key].get("format", "")
            if form not in PHOTOGRAPHS and not is_plain(value, lines=form == "lines"):
                self.about(
                    f"{at}{key}",
                    "characters",
                    "含有换行、控制字符或不可见字符",
                    "has line breaks, control characters or characters that cannot be seen",
                )
                continue
            try:
                yield key, FORMATS[form](value, self._today) if form in FORMATS else value
            except FormatRefusedError as refused:
                self.about(f"{at}{key}", refused.code, refused.zh, refused.en)

    def _agreements(self, fields: Mapping[str, str]) -> None:
        for each in self._type.agreements:
            if each.field not in fields or each.with_field not in fields:
                continue
            number = CitizenId.parse(fields[each.with_field], today=self._today)
            said = number.birth_date.isoformat() if each.what == "birth_date" else number.sex
            if fields[each.field] != said:
                self.about(
                    each.field,
                    "disagrees",
                    f"与“{self._type.title_zh(each.with_field)}”中的信息不一致",
                    f"disagrees with {self._type.title_en(each.with_field)}",
                )


def _description(error: ValidationError, pattern: str) -> str:
    """How a field with a pattern is described, which says more than the pattern."""
    schema = error.schema
    return str(schema.get("description", pattern)) if isinstance(schema, Mapping) else pattern


def _tidy(text: str) -> str:
    """A text in its composed form without spaces at the ends."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()
