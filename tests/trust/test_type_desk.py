"""Drafts of administrators: looked at before they are published, and confined whatever their templates do."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pypdfium2
import pytest
from licence_samples import CATALOGUE, LAID_OUT, SLUGS
from PIL import Image, ImageChops
from pyhanko.pdf_utils.reader import PdfFileReader

from seal.fonts import FontLibrary
from tests.house import House, example
from trust import ConfinedRenderer, IssueOrder, TypePackage, TypeState
from trust.catalogue import packages_in, types_directory
from trust.errors import (
    FieldsInvalidError,
    RenderingFailedError,
    TemplateCrashedError,
    TemplateTooSlowError,
    TypeDefinitionError,
    TypeForReferenceError,
    TypeNotPublishedError,
)
from trust.licence_type import TypeOrigin
from trust.samples import sample_fields
from trust.specimens import draw_specimen, specimen_content
from trust.type_definition import read_type
from trust.validation import check_fields
from verify.errors import NoSignatureError

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
PACKAGE = dict(packages_in(types_directory()))["food_operation_permit"]
OWN_CODE = "11370200MB2890017R050"
BASE = '#import "/_shared/licence.typ": *\n#show: sheet\n'


def package(template: str | None = None, **changes: Any) -> TypePackage:
    """The permit under another name, code and perhaps template."""
    definition = json.loads(PACKAGE.files["type.json"]) | {"code": OWN_CODE} | changes
    files = {**PACKAGE.files, "type.json": json.dumps(definition).encode()}
    return TypePackage(files if template is None else {**files, "template.typ": template.encode()})


@pytest.fixture(scope="module")
def confined() -> Iterator[ConfinedRenderer]:
    made = ConfinedRenderer(FontLibrary(), seconds=6.0)
    yield made
    made.close()


@pytest.mark.parametrize("slug", SLUGS)
def test_the_sample_of_every_type_is_accepted_by_its_schema(slug: str) -> None:
    kind = CATALOGUE.get(slug)
    fields = sample_fields(kind, today=NOW.date())
    accepted = check_fields(kind, fields, issue_date=NOW.date(), today=NOW.date())
    assert set(accepted.fields) == set(kind.fields)


@pytest.mark.parametrize("slug", LAID_OUT)
def test_a_specimen_is_marked_on_every_page_and_bears_no_signature_or_data(
    confined: ConfinedRenderer, slug: str
) -> None:
    fonts = confined._fonts
    content = specimen_content(CATALOGUE.get(slug), None, at=NOW)
    drawn = draw_specimen(confined, fonts, content, at=NOW, form="pdf", ppi=72)
    plain = confined.render(content, at=NOW)
    reader = PdfFileReader(io.BytesIO(drawn))
    assert not reader.embedded_signatures
    assert "/AF" not in reader.root
    assert "/AcroForm" not in reader.root
    with pypdfium2.PdfDocument(drawn) as marked, pypdfium2.PdfDocument(plain) as unmarked:
        assert len(marked) == len(unmarked)
        for page, other in zip(marked, unmarked, strict=True):
            assert "样本" in page.get_textpage().get_text_range().replace("\r\n", "")
            pictures = [each.render(scale=0.25).to_pil().convert("RGB") for each in (page, other)]
            left, top, right, bottom = ImageChops.difference(*pictures).getbbox() or (0, 0, 0, 0)
            width, height = pictures[0].size
            assert right - left > width / 3, "the mark is large"
            assert bottom - top > height / 4


def test_a_draft_is_previewed_unsigned_and_cannot_be_issued_from(house: House) -> None:
    desk = house.services.type_desk
    made = desk.draft("stall_permit", package(), actor="a")
    assert made.state is TypeState.DRAFT
    drawn = desk.preview("stall_permit", made.version)
    with pytest.raises(NoSignatureError):
        house.services.checker.check_pdf(drawn)
    own = desk.preview("stall_permit", 1, example("food_operation_permit"), form="png")
    with Image.open(io.BytesIO(own)) as picture:
        assert picture.width > picture.height
    with pytest.raises(FieldsInvalidError):
        desk.preview("stall_permit", 1, {})
    order = IssueOrder(type="food_operation_permit", fields=example("food_operation_permit"), actor="tests")
    house.seal("food_operation_permit")
    desk.retire("food_operation_permit", 1, actor="a", reason="不再发放")
    with pytest.raises(TypeNotPublishedError):
        house.services.issuing.issue(order)
    retired = desk.preview("food_operation_permit", 1)
    assert not PdfFileReader(io.BytesIO(retired)).embedded_signatures


def test_a_type_made_without_a_deployment_is_issued_and_checked(house: House) -> None:
    desk = house.services.type_desk
    slug = "food_operation_permit"
    definition = {"code": CATALOGUE.get(slug).code, "name": {"zh": "食品经营许可证（新）", "en": "New permit"}}
    template = PACKAGE.files["template.typ"].decode() + "#at(28mm, 190mm, text(size: 7pt)[本证式样由管理员修订])\n"
    made = desk.draft(slug, package(template, **definition), actor="a")
    desk.publish(slug, made.version, actor="b")
    licence = house.issue(slug)
    assert (licence.type.version, licence.type.name_zh) == (2, "食品经营许可证（新）")
    with pypdfium2.PdfDocument(house.pdf(licence)) as document:
        assert "本证式样由管理员修订" in document[0].get_textpage().get_text_range()
    assert house.services.checker.check_pdf(house.pdf(licence)).passed


def test_a_type_that_is_only_referred_to_has_no_preview(house: House) -> None:
    with pytest.raises(TypeForReferenceError):
        house.services.type_desk.preview("citizen_identity_card", 1)


def test_a_draft_whose_own_examples_do_not_pass_is_not_taken(house: House) -> None:
    definition = json.loads(PACKAGE.files["type.json"])
    definition["fields"]["properties"]["permit_number"]["examples"] = ["none"]
    with pytest.raises(TypeDefinitionError, match="Permit number"):
        house.services.type_desk.draft("stall_permit", package(fields=definition["fields"]), actor="a")
    assert house.services.licence_types.versions("stall_permit") == []


@pytest.mark.parametrize(
    ("template", "error", "says"),
    [
        (BASE + '#read("/etc/passwd")', RenderingFailedError, "not found"),
        (BASE + '#read("../../../etc/passwd")', RenderingFailedError, "escape"),
        (BASE + '#import "@preview/cetz:0.2.0": *', RenderingFailedError, "package"),
        (BASE + '#import ("@pre" + "view/cetz:0.2.0"): *', RenderingFailedError, "package"),
        (BASE + '#import "@local/secrets:0.1.0": *', RenderingFailedError, "package"),
        (BASE + '#panic("broken")', RenderingFailedError, "broken"),
        (BASE + "#for a in range(99999) { for b in range(99999) { let c = a } }", TemplateTooSlowError, "6 seconds"),
        (BASE + "#let x = (0,) * 400000000", TemplateCrashedError, "memory"),
    ],
)  # fmt: skip
def test_a_template_reads_nothing_else_and_is_stopped_in_time(
    confined: ConfinedRenderer, template: str, error: type[Exception], says: str
) -> None:
    kind = read_type("stall_permit", package(template), origin=TypeOrigin.ADMINISTRATOR)
    content = specimen_content(kind, None, at=NOW)
    for draw in (confined.specimen, confined.render):
        started = time.monotonic()
        with pytest.raises(error, match=says):
            draw(content, at=NOW)
        assert time.monotonic() - started < 30
