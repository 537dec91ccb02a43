from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from licence_samples import CATALOGUE, SLUGS, TODAY, checked, example

from trust.errors import FieldProblem, FieldsInvalidError
from trust.licence_type import ValidityRule
from trust.validation import check_fields

BUSINESS, FOOD, PHYSICIAN = "business_licence", "food_operation_permit", "physician_practice_certificate"


def problems(slug: str, raw: object, issue_date: date = TODAY) -> tuple[FieldProblem, ...]:
    with pytest.raises(FieldsInvalidError) as refused:
        check_fields(CATALOGUE.get(slug), raw, issue_date=issue_date, today=TODAY)
    return refused.value.problems


def codes(slug: str, **changes: Any) -> set[tuple[str, str]]:
    return {(each.path, each.code) for each in problems(slug, example(slug, **changes))}


@pytest.mark.parametrize("slug", SLUGS)
def test_the_examples_are_accepted(slug: str) -> None:
    accepted = checked(slug)
    assert set(accepted.fields) == set(CATALOGUE.get(slug).fields)
    assert accepted.issue_date == TODAY


def test_the_holder_and_the_number_come_from_the_fields() -> None:
    accepted = checked(BUSINESS)
    assert accepted.number == accepted.holder.code == accepted.fields["unified_social_credit_code"]
    assert (accepted.holder.name, accepted.holder.code_type) == (accepted.fields["name"], "uscc")
    physician = checked(PHYSICIAN)
    assert physician.holder.code_type == "citizen_id"
    assert physician.number == physician.fields["certificate_number"]


def test_neither_the_holder_nor_the_fields_show_in_a_repr() -> None:
    accepted = checked(PHYSICIAN)
    shown = repr(accepted) + repr(accepted.holder)
    assert accepted.holder.code not in shown
    assert accepted.holder.name not in shown


def test_a_permit_for_five_years_ends_the_day_before_its_anniversary() -> None:
    food = CATALOGUE.get(FOOD)
    assert checked(FOOD).valid_until == date(2031, 11, 22)
    leap = check_fields(food, example(FOOD), issue_date=date(2024, 2, 29), today=TODAY)
    assert (leap.valid_from, leap.valid_until) == (date(2024, 2, 29), date(2029, 2, 28))


def test_a_term_of_operation_may_end_or_not() -> None:
    assert checked(BUSINESS, term_until="长期").valid_until is None
    assert checked(BUSINESS, term_until="2046-11-22").valid_until == date(2046, 11, 22)
    assert checked(BUSINESS, term_from="2020-01-01").valid_from == date(2020, 1, 1)


def test_all_problems_are_told_at_once_in_the_order_of_the_form() -> None:
    raw = example(
        PHYSICIAN, name="", sex="其他", birth_date="2026-02-30", id_number="110105194912310021", photo="aGk=", extra="1"
    )
    del raw["signed_by"]
    found = [(each.path, each.code) for each in problems(PHYSICIAN, raw)]
    assert found == [
        ("name", "empty"),
        ("sex", "choice"),
        ("birth_date", "date"),
        ("id_number", "citizen_id"),
        ("signed_by", "required"),
        ("photo", "photo"),
        ("extra", "unknown"),
    ]


def test_messages_are_for_officials_and_name_the_field_in_both_languages() -> None:
    (problem,) = problems(BUSINESS, example(BUSINESS, name=None))
    assert problem.zh == "“名称”未填写"
    assert problem.en == "Name is missing"
    with pytest.raises(FieldsInvalidError) as refused:
        check_fields(CATALOGUE.get(BUSINESS), {}, issue_date=TODAY, today=TODAY)
    assert refused.value.message_zh.startswith("有 10 处填写有误：“统一社会信用代码”未填写；“名称”未填写")


def test_no_message_repeats_what_was_sent() -> None:
    secret = "370202198808173620"
    raw = example(PHYSICIAN, id_number=secret, name="张\u202e三", qualification_code="机密", photo=secret)
    with pytest.raises(FieldsInvalidError) as refused:
        check_fields(CATALOGUE.get(PHYSICIAN), raw, issue_date=TODAY, today=TODAY)
    shown = f"{refused.value}{refused.value.message_zh}{refused.value.problems}"
    for value in (secret, "张", "机密"):
        assert value not in shown


@pytest.mark.parametrize("raw", [None, [], "text", 5, float("nan"), True, [["name", "x"]]])
def test_data_that_is_no_object_is_refused(raw: object) -> None:
    assert [(each.path, each.code) for each in problems(BUSINESS, raw)] == [("", "type")]


@pytest.mark.parametrize("value", [5, 1.5, float("nan"), float("inf"), True, [], {}, [[[]]], {"a": {"b": "c"}}])
def test_a_field_that_is_not_text_is_refused(value: object) -> None:
    for key in CATALOGUE.get(PHYSICIAN).fields:
        assert (key, "type") in codes(PHYSICIAN, **{key: value})


def test_a_null_is_not_a_value() -> None:
    raw = example(BUSINESS) | {"name": None}
    assert [(each.path, each.code) for each in problems(BUSINESS, raw)] == [("name", "type")]


def test_nesting_without_end_is_refused_without_harm() -> None:
    deep: Any = "x"
    for _ in range(100_000):
        deep = [deep]
    assert codes(BUSINESS, name=deep) == {("name", "type")}
    assert codes(BUSINESS, surplus=deep) == {("surplus", "unknown")}
    while isinstance(deep, list):
        deep = deep.pop()


@pytest.mark.parametrize("key", sorted(CATALOGUE.get(BUSINESS).fields))
def test_a_huge_text_is_refused_in_every_field(key: str) -> None:
    found = dict(codes(BUSINESS, **{key: "字" * 5_000_000}))
    assert found == {key: "too_long"}


def test_a_crowd_of_unknown_fields_is_counted_not_listed() -> None:
    found = problems(BUSINESS, example(BUSINESS) | {f"k{number}": "v" for number in range(10_000)})
    assert len(found) == 21
    assert "9980" in found[-1].zh


def test_the_name_of_an_unknown_field_cannot_carry_anything() -> None:
    (found,) = problems(BUSINESS, example(BUSINESS) | {"a\u202e\x00\ud800" + "b" * 500: "v"})
    assert found.path == "a" + "b" * 36
    json.dumps(found.zh).encode()
    assert problems(BUSINESS, example(BUSINESS) | {5: "v"})[0].code == "unknown"


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("unified_social_credit_code", "91370202MA3QYH7K6H", "uscc"),
        ("unified_social_credit_code", "", "uscc"),
        ("established_on", "2026-02-30", "date"),
        ("established_on", "2026-2-3", "date"),
        ("established_on", "20261123", "date"),
        ("established_on", "2026-W48-1", "date"),
        ("established_on", "0000-01-01", "date"),
        ("established_on", "２026-11-23", "date"),
        ("established_on", "2026-11-23T00:00:00", "date"),
        ("established_on", "长期", "date"),
        ("established_on", "2026-11-24", "date_future"),
        ("term_until", "永久", "date"),
        ("term_until", "2021-06-17", "date_order"),
        ("name", "字" * 121, "too_long"),
        ("name", "字", "too_short"),
        ("name", "   ", "empty"),
        ("name", "第一行\n第二行", "characters"),
        ("business_scope", "制表\t符", "characters"),
        ("name", "青岛\u202e公司", "characters"),
        ("name", "青岛\u200b公司", "characters"),
        ("name", "青岛\x00公司", "characters"),
        ("name", "青岛\ud83d公司", "characters"),
        ("name", "青岛\ue000公司", "characters"),
        ("name", "青岛\u2028公司", "characters"),
    ],
)
def test_a_business_licence_refuses(key: str, value: str, code: str) -> None:
    assert codes(BUSINESS, **{key: value}) == {(key, code)}


@pytest.mark.parametrize(
    "number", ["JY4370202006841812", "JY2370202006841", "JY23702020068418\n1", "jy23702020068418", "JY237020200684181"]
)
def test_a_permit_number_has_its_form(number: str) -> None:
    assert ("permit_number", "pattern") in codes(FOOD, permit_number=number)


@pytest.mark.parametrize(("key", "value"), [("sex", "男"), ("birth_date", "1988-08-18")])
def test_what_the_identity_number_says_has_to_agree(key: str, value: str) -> None:
    assert codes(PHYSICIAN, **{key: value}) == {(key, "disagrees")}


def test_an_issue_date_in_the_future_is_refused() -> None:
    found = problems(BUSINESS, example(BUSINESS), issue_date=date(2026, 11, 24))
    assert [(each.path, each.code) for each in found] == [("issue_date", "date_future")]


def test_text_is_composed_and_loses_spaces_at_its_ends() -> None:
    accepted = checked(BUSINESS, name=" 青岛 Cafe\u0301 有限公司\n", business_scope="一\r\n二")
    assert accepted.fields["name"] == "青岛 Café 有限公司"
    assert accepted.fields["business_scope"] == "一\n二"


def test_codes_are_kept_in_capitals() -> None:
    small = example(BUSINESS)["unified_social_credit_code"].lower()
    assert checked(BUSINESS, unified_social_credit_code=small).number == small.upper()
    assert checked(PHYSICIAN, id_number="37020219880817362x").holder.code.endswith("X")


def test_markup_is_only_text() -> None:
    name = "<script>alert(1)</script>&amp;'\"; DROP TABLE licence;--"
    assert checked(BUSINESS, name=name).fields["name"] == name


def test_a_rare_character_that_python_does_not_know_yet_is_left_to_the_fonts() -> None:
    assert checked(PHYSICIAN, name="王\U000323af").holder.name == "王\U000323af"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60)
@given(slug=st.sampled_from(SLUGS), data=st.data())
def test_any_data_is_either_accepted_or_refused(slug: str, data: st.DataObject) -> None:
    keys = st.sampled_from(sorted(CATALOGUE.get(slug).fields)) | st.text(max_size=8)
    raw: Mapping[str, Any] = example(slug) | data.draw(st.dictionaries(keys, json_values, max_size=4))
    try:
        accepted = check_fields(CATALOGUE.get(slug), raw, issue_date=TODAY, today=TODAY)
    except FieldsInvalidError:
        return
    for key, value in accepted.fields.items():
        rows = [{key: value}] if isinstance(value, str) else value
        assert all(isinstance(each, str) for row in rows for each in row.values())


@pytest.mark.parametrize("slug", SLUGS)
def test_what_was_accepted_is_accepted_again(slug: str) -> None:
    accepted = checked(slug)
    again = check_fields(CATALOGUE.get(slug), dict(accepted.fields), issue_date=TODAY, today=TODAY)
    assert {key: again.fields[key] for key in again.fields if key != "photo"} == {
        key: accepted.fields[key] for key in accepted.fields if key != "photo"
    }


BIRTH, HOUSE, MARRIAGE, PRESALE = (
    "birth_medical_certificate",
    "real_estate_certificate",
    "marriage_certificate",
    "presale_permit",
)


def test_a_licence_may_have_several_holders() -> None:
    spouses = checked(MARRIAGE)
    assert spouses.holder.name == spouses.fields["first_name"]
    assert [each.name for each in spouses.co_holders] == [spouses.fields["second_name"]]
    company = {"name": "青岛听涛置业有限公司", "code": "91370203MA94KTQ535"}
    owners = checked(HOUSE, owners=[*example(HOUSE)["owners"], company])
    assert [each.code_type for each in (owners.holder, *owners.co_holders)] == ["citizen_id", "citizen_id", "uscc"]


def test_a_father_may_be_left_out_but_not_in_part() -> None:
    father = [key for key in example(BIRTH) if key.startswith("father_")]
    alone = checked(BIRTH, **dict.fromkeys(father))
    assert alone.co_holders == ()
    assert codes(BIRTH, **dict.fromkeys([each for each in father if each != "father_name"])) == {
        ("father_id_number", "required"),
        ("father_nationality", "required"),
    }


def test_what_is_wrong_in_a_table_is_told_by_row_and_column_in_both_languages() -> None:
    rows = example(PRESALE)["buildings"]
    rows[0] = {**rows[0], "units": "0", "colour": "red"}
    rows[1] = {key: value for key, value in rows[1].items() if key != "area"}
    rows[2] = "a row"
    rows[3] = {**rows[3], "name": 5, "use": "住\n宅"}
    found = problems(PRESALE, example(PRESALE) | {"buildings": rows})
    assert {(each.path, each.code) for each in found} == {
        ("buildings.0.units", "pattern"),
        ("buildings.0.colour", "unknown"),
        ("buildings.1.area", "required"),
        ("buildings.2", "type"),
        ("buildings.3.name", "type"),
        ("buildings.3.use", "characters"),
    }
    by_path = {each.path: each for each in found}
    assert by_path["buildings.1.area"].zh == "“预售楼栋明细第 2 行建筑面积”未填写"
    assert by_path["buildings.1.area"].en == "Buildings, row 2: Floor area is missing"


@pytest.mark.parametrize(
    ("rows", "code"), [([], "too_short"), ("none", "type"), ({}, "type"), ([{}] * 201, "too_long"), ([[]], "type")]
)
def test_a_table_has_rows_in_its_bounds(rows: object, code: str) -> None:
    assert code in {each for path, each in codes(PRESALE, buildings=rows) if path.startswith("buildings")}


@pytest.mark.parametrize("code", ["37020219880817362A", "91370203MA94KTQ536", "", "123", "91370203MA94KTQ53"])
def test_the_code_of_a_holder_is_a_persons_or_a_bodys(code: str) -> None:
    assert codes(HOUSE, owners=[{"name": "某", "code": code}]) == {("owners.0.code", "holder_code")}


def validity(rule: dict[str, Any], issued: date) -> tuple[date, date | None]:
    kind = dataclasses.replace(CATALOGUE.get(FOOD), validity=ValidityRule(**rule))
    made = check_fields(kind, example(FOOD), issue_date=issued, today=TODAY)
    return made.valid_from, made.valid_until


@pytest.mark.parametrize(
    ("rule", "issued", "last"),
    [
        ({"kind": "fixed", "until": date(2027, 12, 31)}, date(2026, 1, 1), date(2027, 12, 31)),
        ({"kind": "length", "months": 6}, date(2026, 8, 31), date(2027, 2, 28)),
        ({"kind": "length", "months": 1}, date(2026, 1, 31), date(2026, 2, 28)),
        ({"kind": "length", "days": 30}, date(2026, 11, 1), date(2026, 11, 30)),
        ({"kind": "length", "years": 1, "months": 1, "days": 1}, date(2026, 1, 1), date(2027, 2, 1)),
        ({"kind": "until_event", "event_zh": "终止", "event_en": "end"}, date(2026, 1, 1), None),
        ({"kind": "yearly_endorsement", "due": "06-30"}, date(2026, 6, 29), date(2026, 6, 30)),
        ({"kind": "yearly_endorsement", "due": "06-30"}, date(2026, 6, 30), date(2027, 6, 30)),
        ({"kind": "unlimited"}, date(2026, 1, 1), None),
    ],
)
def test_each_rule_of_validity_has_its_last_day(rule: dict[str, Any], issued: date, last: date | None) -> None:
    assert validity(rule, issued) == (issued, last)
