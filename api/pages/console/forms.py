"""Forms made from the schema of a licence type, and the fields that come back from them."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, Literal

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile

from api.languages import Language
from api.pages.written import plain_lines
from trust import LicenceType
from trust.errors import FieldsInvalidError
from trust.licence_type import LONG_TERM
from trust.photographs import FORMATS as PHOTOGRAPHS
from trust.photographs import MAX_BYTES

Kind = Literal["text", "area", "date", "term", "select", "photo"]
KEPT: Final = ".kept"
"""Behind the name of a photograph's field: the one that was given before."""
LONG: Final = ".long"
"""Behind the name of a date's field: that there is no end."""
_WIDE: Final = 60
_ROWS_BEFORE: Final = 1


@dataclass(frozen=True)
class Input:
    """One thing to fill in."""

    name: str
    title: str
    kind: Kind
    required: bool
    hint: str
    choices: Sequence[tuple[str, str]] = ()
    longest: int | None = None


@dataclass(frozen=True)
class Table:
    """Rows to fill in."""

    name: str
    title: str
    most: int
    columns: Sequence[Input]

    def row(self, place: object) -> list[Input]:
        """The inputs of one row."""
        return [replace(each, name=f"{self.name}.{place}.{each.name}") for each in self.columns]


async def _form(request: Request) -> FormData:
    return await request.form()


FormDep = Annotated[FormData, Depends(_form)]


def inputs_of(licence_type: LicenceType, language: Language) -> list[Input | Table]:
    """What is to be filled in for a licence, in the order of its schema."""
    return _inputs(licence_type.schema, language)


def _inputs(schema: Mapping[str, Any], language: Language) -> list[Any]:
    required = schema.get("required", ())
    found: list[Any] = []
    for key, each in schema["properties"].items():
        title = each["title"] if language == "zh" else each.get("x-title-en", key)
        if each["type"] == "array":
            found.append(Table(key, title, each["maxItems"], _inputs(each["items"], language)))
            continue
        kind = _kind(each)
        said = [each.get("x-unit", ""), each.get("description", ""), *each.get("examples", [])[:1]]
        choices = [("", "—"), *((choice, choice) for choice in each.get("enum", ()))] if kind == "select" else ()
        longest = each.get("maxLength") if kind in ("text", "area") else None
        hint = " · ".join(filter(None, said)) if kind in ("text", "area") else each.get("x-unit", "")
        found.append(Input(key, title, kind, key in required, hint, choices, longest))
    return found


def _kind(schema: Mapping[str, Any]) -> Kind:
    form = schema.get("format", "")
    if form in PHOTOGRAPHS:
        return "photo"
    if "enum" in schema:
        return "select"
    if form in ("date", "date-or-long-term"):
        return "date" if form == "date" else "term"
    return "area" if form == "lines" or schema.get("maxLength", 0) > _WIDE else "text"


def fields_of(licence_type: LicenceType, form: FormData) -> dict[str, Any]:
    """The fields that a form says; what was left empty is left out, rows too."""
    fields: dict[str, Any] = {}
    for key, schema in licence_type.fields.items():
        value = _rows(key, schema, form) if schema["type"] == "array" else _value(key, schema, form)
        if value:
            fields[key] = value
    return fields


def _value(name: str, schema: Mapping[str, Any], form: FormData) -> str:
    if schema.get("format") in PHOTOGRAPHS:
        sent = form.get(name)
        if isinstance(sent, UploadFile) and sent.filename:
            return b64encode(sent.file.read(MAX_BYTES + 1)).decode()
        name += KEPT
    if form.get(name + LONG):
        return LONG_TERM
    text = form.get(name)
    return plain_lines(text).strip() if isinstance(text, str) else ""


def _rows(key: str, schema: Mapping[str, Any], form: FormData) -> list[dict[str, str]]:
    columns = schema["items"]["properties"]
    shape = re.compile(rf"{re.escape(key)}\.([0-9]{{1,4}})\.\w+", re.ASCII)
    places = sorted({int(found[1]) for name in form if (found := shape.fullmatch(name))})
    rows = [
        {column: said for column in columns if (said := _value(f"{key}.{place}.{column}", columns[column], form))}
        for place in places
    ]
    return [each for each in rows if each]


def hidden_of(licence_type: LicenceType, fields: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Fields as the hidden inputs of a form that says the same."""
    found: list[tuple[str, str]] = []
    for key, value in fields.items():
        if isinstance(value, list):
            found += [(f"{key}.{place}.{name}", text) for place, row in enumerate(value) for name, text in row.items()]
        else:
            photo = licence_type.fields[key].get("format") in PHOTOGRAPHS
            found.append((key + KEPT if photo else key, value))
    return found


def rows_shown(licence_type: LicenceType, fields: Mapping[str, Any], more: str | None = None) -> dict[str, int]:
    """How many rows of each table a form shows.

    :param more: the table that one more is asked for.
    """
    return {
        key: min(
            max(len(fields.get(key, ())), schema.get("minItems", 0), _ROWS_BEFORE) + (key == more), schema["maxItems"]
        )
        for key, schema in licence_type.fields.items()
        if schema["type"] == "array"
    }


def problems_of(error: FieldsInvalidError, language: Language) -> dict[str, str]:
    """What is wrong, by the name of the input that it is about."""
    found: dict[str, str] = {}
    for each in error.problems:
        found.setdefault(each.path, each.zh if language == "zh" else each.en)
    return found


def digest_of(*said: object) -> str:
    """Of all that a form orders, so that its mark cannot come with another order."""
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
