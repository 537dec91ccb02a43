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

from trust.catalogue import LONG_TERM, LicenceType, ValidityRule
from trust.codes import CitizenId
from trust.content import Holder, LicenceContent
from trust.errors import FieldProblem, FieldsInvalidError
from trust.formats import FORMATS, FormatRefusedError, is_plain
from trust.identifier import LicenceIdentifier
from trust.photographs import MAX_TEXT

_MAX_UNKNOWN_NAMED = 20
_MAX_KEY_SHOWN = 40


@dataclass(frozen=True, repr=False)
class CheckedFields:
    """Fields that passed every check, and what follows from them. Made by :func:`check_fields`."""

    type: LicenceType
    fields: Mapping[str, str]
    """The text of each field in its one form: NFC, dates as ``YYYY-MM-DD``, codes in capitals."""
    holder: Holder
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
    holder = licence_type.holder
    return CheckedFields(
        type=licence_type,
        fields=fields,
        holder=Holder(fields[holder.name_field], fields[holder.code_field], holder.code_type),
        number=fields[licence_type.number_field],
        issue_date=issue_date,
        valid_from=first,
        valid_until=last,
    )


def _validity(rule: ValidityRule, fields: Mapping[str, str], issue_date: date) -> tuple[date, date | None]:
    first = date.fromisoformat(fields[rule.from_field]) if rule.from_field else issue_date
    if rule.years is not None:
        return first, _anniversary(first, rule.years) - timedelta(days=1)
    if rule.until_field is not None and fields[rule.until_field] != LONG_TERM:
        return first, date.fromisoformat(fields[rule.until_field])
    return first, None


def _anniversary(day: date, years: int) -> date:
    """The same day some years later; of 29 February, 1 March where there is none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


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
        return sorted(self.problems, key=lambda problem: place.get(problem.path, len(place)))

    def fields(self, raw: Mapping[Any, Any]) -> dict[str, str]:
        self._unknown([key for key in raw if key not in self._type.fields])
        given = {key: raw[key] for key in self._type.fields if key in raw}
        for key in self._type.schema["required"]:
            if key not in given:
                self.about(key, "required", "未填写", "is missing")
        texts = dict(self._texts(given))
        for error in Draft202012Validator(self._type.schema).iter_errors(texts):
            self._structure(error)
        unsound = {each.path for each in self.problems}
        sound = {key: text for key, text in texts.items() if key not in unsound}
        fields = dict(self._formatted(sound))
        for key, value in fields.items():
            if self._type.fields[key].get("x-past") and date.fromisoformat(value) > self._today:
                self.about(key, "date_future", "晚于今天", "lies in the future")
        self._agreements(fields)
        return fields

    def _texts(self, given: Mapping[str, object]) -> Iterator[tuple[str, str]]:
        """The values that the schema library may see: it writes out each value that it refuses, however deep."""
        for key, value in given.items():
            if not isinstance(value, str):
                self.about(key, "type", "应为文本", "has to be text")
            elif len(value) > MAX_TEXT:
                self.about(key, "too_long", "过长", "is far too long")
            else:
                yield key, _tidy(value)

    def _unknown(self, keys: list[Any]) -> None:
        for key in keys[:_MAX_UNKNOWN_NAMED]:
            shown = "".join(c for c in str(key)[:_MAX_KEY_SHOWN] if c.isprintable())
            self.add(shown, "unknown", f"没有“{shown}”这一项", f"there is no field {shown!r}")
        if len(keys) > _MAX_UNKNOWN_NAMED:
            more = len(keys) - _MAX_UNKNOWN_NAMED
            self.add("", "unknown", f"另有 {more} 项不认识", f"{more} more fields are unknown")

    def _structure(self, error: ValidationError) -> None:
        """Say in words what the schema found."""
        if error.validator == "required":
            return
        key = str(error.absolute_path[0]) if error.absolute_path else ""
        limit: Any = error.validator_value
        if error.validator == "minLength" and not error.instance:
            self.about(key, "empty", "不能为空", "cannot be empty")
        elif error.validator == "minLength":
            self.about(key, "too_short", f"至少 {limit} 个字", f"has to have at least {limit} characters")
        elif error.validator == "maxLength":
            self.about(key, "too_long", f"超过 {limit} 个字", f"has more than {limit} characters")
        elif error.validator == "enum":
            self.about(key, "choice", f"只能是：{'、'.join(limit)}", f"has to be one of: {', '.join(limit)}")
        elif error.validator == "pattern":
            form = self._type.fields[key].get("description", limit)
            self.about(key, "pattern", f"格式不正确，应为：{form}", f"does not have the form: {form}")
        else:
            self.about(key, "invalid", "不符合要求", "is not as it has to be")

    def _formatted(self, given: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        for key, value in given.items():
            form = self._type.fields[key].get("format", "")
            if form != "photo" and not is_plain(value, lines=form == "lines"):
                self.about(
                    key,
                    "characters",
                    "含有换行、控制字符或不可见字符",
                    "has line breaks, control characters or characters that cannot be seen",
                )
                continue
            try:
                yield key, FORMATS[form](value, self._today) if form in FORMATS else value
            except FormatRefusedError as refused:
                self.about(key, refused.code, refused.zh, refused.en)

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


def _tidy(text: str) -> str:
    """A text in its composed form without spaces at the ends."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()
