"""Sample data for the preview of a licence type: what its schema gives as examples, else something made up."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from PIL import Image, ImageDraw

from trust.licence_type import LONG_TERM, LicenceType
from trust.photographs import FORMATS as PHOTOGRAPHS

_CITIZEN = "11010519491231002X"
"""The number that GB 11643-1999 gives as its example: a woman, born on the last day of 1949."""
_SAID_BY_CITIZEN = {"birth_date": "1949-12-31", "sex": "女"}
_ROWS = 3
_GREY, _PAPER = "#b9bec4", "#eceff1"


def sample_fields(licence_type: LicenceType, *, today: date) -> dict[str, Any]:
    """Fields with which a licence of the type can be laid out. Nobody's data: the codes are examples of standards."""
    made = _object(licence_type.schema, licence_type, today)
    for each in licence_type.agreements:
        made[each.field] = _SAID_BY_CITIZEN[each.what]
    if licence_type.validity.until_field is not None:
        schema = licence_type.fields[licence_type.validity.until_field]
        last = today + timedelta(days=365)
        made[licence_type.validity.until_field] = (
            LONG_TERM if schema.get("format") == "date-or-long-term" else last.isoformat()
        )
    return made


def _object(schema: Mapping[str, Any], licence_type: LicenceType, today: date) -> dict[str, Any]:
    return {key: _value(each, licence_type, today) for key, each in schema["properties"].items()}


def _value(schema: Mapping[str, Any], licence_type: LicenceType, today: date) -> Any:
    if schema["type"] == "array":
        rows = min(max(_ROWS, schema.get("minItems", 0)), schema["maxItems"])
        return [_object(schema["items"], licence_type, today) for _ in range(rows)]
    if schema.get("examples"):
        return schema["examples"][0]
    if "enum" in schema:
        return schema["enum"][0]
    form = schema.get("format", "")
    if form in PHOTOGRAPHS:
        return _photograph(wide=form == "photo-wide")
    made = {
        "citizen-id": _CITIZEN,
        "holder-code": _CITIZEN,
        "uscc": licence_type.code[:18],
        "date": today.isoformat(),
        "date-or-long-term": today.isoformat(),
    }
    return made.get(form) or _text(schema)


def _text(schema: Mapping[str, Any]) -> str:
    """The field's title and 样本, in the length that the field has."""
    text = f"{schema['title']}样本"
    return text.ljust(schema.get("minLength", 0), "样")[: schema.get("maxLength", len(text))]


def _photograph(*, wide: bool) -> str:
    """A grey figure or two where photographs stand."""
    size, centres = ((530, 350), (180, 350)) if wide else ((295, 413), (147,))
    picture = Image.new("RGB", size, _PAPER)
    draw = ImageDraw.Draw(picture)
    for centre in centres:
        draw.ellipse([centre - 60, 90, centre + 60, 230], fill=_GREY)
        draw.ellipse([centre - 115, 250, centre + 115, 560], fill=_GREY)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=80)
    return base64.b64encode(out.getvalue()).decode()
