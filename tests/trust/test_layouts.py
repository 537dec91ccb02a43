"""Whatever a type's schema accepts is laid out without overlap and within the frame, or refused by the field's name."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from layouts import assert_in_order, words_by_page
from licence_samples import CATALOGUE, LAID_OUT, TODAY, content, example
from stdnum.cn import ric, uscc

from seal.fonts import FontLibrary
from trust.errors import FieldsInvalidError, TextTooLongError
from trust.photographs import FORMATS as PHOTOGRAPHS
from trust.rendering import Renderer

MOMENT = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
RENDERER = Renderer(FontLibrary())
CHARACTERS = (
    "青岛市南区海听路云栖雅苑有限责任公司第一二三〇号楼（甲）、，。；：《》·𬭎𠅤䶮 ABCDEFGWMabcijlw0123456789.-/&㎡℃①"
)


def citizen_number(born: date, order: int) -> str:
    body = f"370202{born:%Y%m%d}{order:03d}"
    return body + ric.calc_check_digit(f"{body}0")


citizen_numbers = st.builds(citizen_number, st.dates(date(1930, 1, 1), date(2010, 1, 1)), st.integers(0, 999))
unified_codes = st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=9, max_size=9).map(
    lambda body: f"91370202{body}" + uscc.calc_check_digit(f"91370202{body}")
)
past = st.dates(date(1990, 1, 1), TODAY).map(date.isoformat)
coming = st.dates(TODAY, TODAY + timedelta(days=20_000)).map(date.isoformat)
FORMATS: Mapping[str, st.SearchStrategy[str]] = {
    "citizen-id": citizen_numbers,
    "uscc": unified_codes,
    "holder-code": citizen_numbers | unified_codes,
    "date-or-long-term": coming | st.just("长期"),
}


@st.composite
def texts(draw: st.DrawFn, schema: Mapping[str, Any]) -> str:
    """Text of few, some or as many characters as the schema allows; drawn by a seed, since most are long."""
    most = schema["maxLength"]
    size = draw(st.sampled_from(sorted({schema["minLength"], max(schema["minLength"], most // 3), most})))
    alphabet = CHARACTERS + ("\n" if schema.get("format") == "lines" else "")
    chosen = random.Random(draw(st.integers(0, 2**32))).choices(alphabet, k=size)
    return "字" + "".join(chosen[1:-1]) + "尾" * (size > 1)


def values(key: str, schema: Mapping[str, Any], sample: Any) -> st.SearchStrategy[Any]:
    form = schema.get("format", "")
    if schema["type"] == "array":
        return st.lists(objects(schema["items"], sample[0]), min_size=1, max_size=8)
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "pattern" in schema:
        return st.from_regex(schema["pattern"], fullmatch=True)
    if form == "date":
        return coming if key.endswith("until") else past
    return st.just(sample) if form in PHOTOGRAPHS else FORMATS.get(form, texts(schema))


def objects(schema: Mapping[str, Any], sample: Mapping[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    made = {key: values(key, each, sample.get(key)) for key, each in schema["properties"].items()}
    required = {key: each for key, each in made.items() if key in schema["required"]}
    return st.fixed_dictionaries(required, optional={key: each for key, each in made.items() if key not in required})


@pytest.mark.parametrize("slug", LAID_OUT)
@settings(
    max_examples=10,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a page is slow to draw, and what failed is told anyway
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(data=st.data())
def test_what_the_schema_accepts_stays_in_its_place(slug: str, data: st.DataObject) -> None:
    kind = CATALOGUE.get(slug)
    fields = data.draw(objects(kind.schema, example(slug)))
    for each in kind.agreements:
        number = fields[each.with_field]
        born = f"{number[6:10]}-{number[10:12]}-{number[12:14]}"
        fields[each.field] = born if each.what == "birth_date" else "女男"[int(number[16]) % 2]
    left_out = {key: None for key in kind.fields if key not in fields}
    try:
        licence = content(slug, **fields, **left_out)
        pdf = RENDERER.render(licence, at=MOMENT)
    except (FieldsInvalidError, TextTooLongError) as refused:
        problems = getattr(refused, "problems", ())
        assert all(each.code in ("required", "date_order") for each in problems), problems
        return
    assert_in_order(licence, words_by_page(pdf))
