from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from licence_samples import CATALOGUE, SLUGS, example

from trust.catalogue import Catalogue, types_directory
from trust.errors import TypeDefinitionError, TypeUnknownError

Definition = dict[str, Any]


@pytest.fixture
def altered(tmp_path: Path) -> Callable[[Callable[[Definition], None]], Path]:
    """A directory with one type whose definition was altered."""

    def alter(change: Callable[[Definition], None]) -> Path:
        target = tmp_path / "food_operation_permit"
        shutil.copytree(types_directory() / "food_operation_permit", target)
        shutil.copytree(types_directory() / "_shared", tmp_path / "_shared")
        definition = json.loads((target / "type.json").read_text("utf-8"))
        change(definition)
        (target / "type.json").write_text(json.dumps(definition), "utf-8")
        return tmp_path

    return alter


def test_twelve_types_come_with_the_package() -> None:
    names = {each.slug: each.name_zh for each in CATALOGUE}
    assert names == {
        "birth_medical_certificate": "出生医学证明",
        "business_licence": "营业执照",
        "citizen_identity_card": "居民身份证",
        "driving_licence": "机动车驾驶证",
        "food_operation_permit": "食品经营许可证",
        "marriage_certificate": "结婚证",
        "physician_practice_certificate": "医师执业证书",
        "presale_permit": "商品房预售许可证",
        "real_estate_certificate": "不动产权证书",
        "social_organisation_certificate": "社会团体法人登记证书",
        "teacher_qualification_certificate": "教师资格证书",
        "vocational_qualification_certificate": "职业资格证书",
    }
    assert [each.slug for each in CATALOGUE if each.reference_only] == ["citizen_identity_card"]


@pytest.mark.parametrize("slug", SLUGS)
def test_a_type_is_found_by_its_slug_and_by_its_code(slug: str) -> None:
    found = CATALOGUE.get(slug)
    assert CATALOGUE.get(found.code) is found
    assert len(found.code) == 21


@pytest.mark.parametrize("slug", SLUGS)
def test_the_examples_fill_every_field(slug: str) -> None:
    assert set(example(slug)) == set(CATALOGUE.get(slug).fields)


@pytest.mark.parametrize("slug", SLUGS)
def test_every_field_has_a_title_in_both_languages(slug: str) -> None:
    found = CATALOGUE.get(slug)
    for key, schema in found.fields.items():
        columns = schema.get("items", {}).get("properties", {})
        for path in [key, *(f"{key}.0.{column}" for column in columns)]:
            assert found.title_zh(path) not in (key, path)
            assert found.title_en(path).isascii()


def test_a_type_that_does_not_exist_is_answered_with_those_that_do() -> None:
    with pytest.raises(TypeUnknownError) as refused:
        CATALOGUE.get("fishing_licence" + "x" * 1000)
    assert "business_licence" in str(refused.value)
    assert "营业执照" in refused.value.message_zh
    assert len(str(refused.value)) < 500


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d: d.pop("number_field"), "number_field"),
        (lambda d: d.update(code="11370200MB2890017X002"), "credit code"),
        (lambda d: d.update(code="11370200MB2890017R02"), "3 more characters"),
        (lambda d: d.update(number_field="nothing"), "named but not defined"),
        (lambda d: d["fields"]["required"].remove("permit_number"), "has to be required"),
        (lambda d: d["fields"].update(additionalProperties=True), "refuse unknown fields"),
        (lambda d: d["fields"]["properties"]["address"].pop("title"), "no title"),
        (lambda d: d["fields"]["properties"]["address"].update(format="email"), "format"),
        (lambda d: d["fields"]["properties"]["address"].update(type="number"), "not text"),
        (lambda d: d["fields"]["properties"]["address"].update(maxLength="many"), "SchemaError"),
        (lambda d: d["validity"].update(years=None), "has to say years"),
        (lambda d: d["validity"].update(until_field="address"), "has to say years"),
        (lambda d: d.update(validity={"kind": "length"}), "days, months, years"),
        (lambda d: d.update(validity={"kind": "yearly_endorsement", "due": "02-29"}), "day"),
        (lambda d: d.update(validity={"kind": "fixed", "until": "soon"}), "soon"),
        (lambda d: d["validity"].update(kind="forever"), "forever"),
        (lambda d: d["holder"].update(kind="robot"), "person, a body, both or several"),
        (lambda d: d["holder"].update(kind="person"), "citizen_id"),
        (lambda d: d["holder"].update(code_type="passport"), "citizen_id, a uscc"),
        (lambda d: d["holder"].update(kind="several"), "further fields or by a table"),
        (lambda d: d["holder"].update(table="address"), "several holders"),
        (lambda d: d.update(issuers={"regions": ["999999"]}), "RegionCodeError"),
        (lambda d: d.update(issuers={"codes": ["11370200MB2890017X"]}), "UsccInvalidError"),
        (lambda d: d.update(colour="red"), "no key 'colour'"),
        (lambda d: d.update(use="display"), "reference"),
        (lambda d: d["page"].update(width_mm=9000), "side of the page"),
        (lambda d: d["page"].update(most_pages=0), "pages"),
        (lambda d: d["seal"].update(page=2), "does not lie on the page"),
        (lambda d: d["fields"]["properties"]["address"].update(pattern="^(a+)+$", examples=["a"]), "take long"),
        (lambda d: d["fields"]["properties"]["address"].update(pattern="^(a|b){9}$", examples=["a"]), "take long"),
        (lambda d: d["fields"]["properties"]["address"].update(pattern="^a$"), "needs an example"),
        (lambda d: d["fields"]["properties"]["address"].update(pattern="^(a$", examples=["a"]), "SchemaError"),
        (lambda d: d["fields"]["properties"].update(Shop={"title": "店", "x-title-en": "Shop"}), "small letters"),
        (lambda d: d["fields"]["properties"]["address"].update(type="array"), "maxItems"),
        (lambda d: d["seal"].update(x_mm=290), "does not lie on the page"),
        (lambda d: d["seal"].update(colour="blue"), "colour"),
    ],
)
def test_a_definition_that_contradicts_itself_is_not_loaded(
    altered: Callable[[Callable[[Definition], None]], Path], change: Callable[[Definition], None], says: str
) -> None:
    with pytest.raises(TypeDefinitionError, match=says) as refused:
        Catalogue.load(altered(change))
    assert refused.value.params["slug"] == "food_operation_permit"


def test_a_type_without_a_template_is_not_loaded(altered: Callable[[Callable[[Definition], None]], Path]) -> None:
    directory = altered(lambda _: None)
    (directory / "food_operation_permit" / "template.typ").unlink()
    with pytest.raises(TypeDefinitionError, match=r"template\.typ"):
        Catalogue.load(directory)


def test_two_types_cannot_share_a_code(altered: Callable[[Callable[[Definition], None]], Path]) -> None:
    directory = altered(lambda _: None)
    shutil.copytree(directory / "food_operation_permit", directory / "another")
    with pytest.raises(TypeDefinitionError, match="same code"):
        Catalogue.load(directory)
