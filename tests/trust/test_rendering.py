from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from layouts import assert_in_order, longest, words_by_page
from licence_samples import CATALOGUE, LAID_OUT, content, example
from PIL import Image

from seal.fonts import FontLibrary
from trust.content import LicenceContent
from trust.errors import CharacterMissingError, RenderingFailedError, TextTooLongError
from trust.photographs import FORMATS as PHOTOGRAPHS
from trust.rendering import Renderer

MOMENT = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
MM = 72 / 25.4
PAGES = {"driving_licence": 2, "real_estate_certificate": 3, "presale_permit": 3}
"""How many pages the examples have that have more than one."""
SIGNED = ("food_operation_permit", "physician_practice_certificate")


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    with closing(Renderer(FontLibrary())) as made:
        yield made


@pytest.fixture(scope="module", params=LAID_OUT)
def page(request: pytest.FixtureRequest, renderer: Renderer, tmp_path_factory: pytest.TempPathFactory) -> Page:
    return Page.of(renderer, content(request.param), tmp_path_factory.mktemp("page"))


@dataclasses.dataclass(frozen=True)
class Page:
    """A rendered licence in a file, for foreign tools to look at."""

    content: LicenceContent
    path: Path

    @classmethod
    def of(cls, renderer: Renderer, licence: LicenceContent, directory: Path) -> Page:
        path = directory / "licence.pdf"
        path.write_bytes(renderer.render(licence, at=MOMENT))
        return cls(licence, path)

    def ask(self, tool: str, *arguments: str) -> str:
        command = [tool, *(str(self.path) if each == "FILE" else each for each in arguments)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def text(self) -> str:
        """All text without white space, which tells nothing in Chinese."""
        return re.sub(r"\s", "", self.ask("pdftotext", "-raw", "FILE", "-"))


@pytest.mark.needs("qpdf")
def test_qpdf_finds_no_error(page: Page) -> None:
    assert "No syntax or stream encoding errors" in page.ask("qpdf", "--check", "FILE")


@pytest.mark.needs("pdffonts")
def test_every_font_is_embedded_and_can_be_read_back(page: Page) -> None:
    fonts = page.ask("pdffonts", "FILE").splitlines()[2:]
    assert fonts
    for line in fonts:
        embedded, subset, unicode = line.split()[-5:-2]
        assert (embedded, subset, unicode) == ("yes", "yes", "yes")


@pytest.mark.needs("pdfdetach")
def test_the_data_of_the_licence_is_embedded(page: Page, tmp_path: Path) -> None:
    assert page.ask("pdfdetach", "-list", "FILE").split("\n")[:2] == ["1 embedded files", "1: licence.json"]
    page.ask("pdfdetach", "-save", "1", "-o", str(tmp_path / "out"), "FILE")
    assert (tmp_path / "out").read_bytes() == page.content.canonical_json()
    assert json.loads((tmp_path / "out").read_bytes()) == page.content.metadata()


@pytest.mark.needs("qpdf")
def test_the_document_says_that_it_is_pdf_a_3b_with_associated_data(page: Page) -> None:
    raw = page.path.read_bytes()
    assert b"<pdfaid:part>3</pdfaid:part>" in raw
    assert b"<pdfaid:conformance>B</pdfaid:conformance>" in raw
    objects = json.loads(page.ask("qpdf", "--json", "FILE"))["qpdf"][1]
    values = [each["value"] for each in objects.values() if "value" in each]
    (attachment,) = (each for each in values if isinstance(each, dict) and each.get("/Type") == "/Filespec")
    assert attachment["/AFRelationship"] == "/Data"
    (catalogue,) = (each for each in values if isinstance(each, dict) and each.get("/Type") == "/Catalog")
    assert catalogue["/AF"]
    assert catalogue["/OutputIntents"]
    assert catalogue["/Lang"].startswith("u:zh")


@pytest.mark.needs("pdfinfo")
def test_the_document_has_its_properties_and_its_true_size(page: Page) -> None:
    info = dict(line.split(":", 1) for line in page.ask("pdfinfo", "-isodates", "FILE").splitlines() if ":" in line)
    info = {key: value.strip() for key, value in info.items()}
    kind = page.content.type
    assert info["Title"] == f"{kind.name_zh} {page.content.number}"
    assert info["Author"] == page.content.issuer_name
    assert str(page.content.identifier) in info["Keywords"]
    assert info["CreationDate"].startswith("2026-11-23T04:00:00")
    assert info["Pages"] == str(PAGES.get(kind.slug, 1))
    width, height = (float(number) for number in re.findall(r"[\d.]+", info["Page size"])[:2])
    assert (width, height) == pytest.approx((kind.page_width_mm * MM, kind.page_height_mm * MM), abs=0.01)


@pytest.mark.needs("pdftotext")
def test_every_field_can_be_read_on_the_page(page: Page) -> None:
    text = page.text()
    kind = page.content.type
    for key, value in page.content.fields.items():
        for row in [{key: value}] if isinstance(value, str) else value:
            columns = kind.fields if isinstance(value, str) else kind.fields[key]["items"]["properties"]
            for column, said in row.items():
                assert shown(said, columns[column]) in text, column
    for said in (kind.name_zh, page.content.issuer_name, str(page.content.identifier), "2026年11月23日"):
        assert said in text
    assert "国务院令第716号" in text


def shown(value: str, schema: Mapping[str, Any]) -> str:
    """What the page says of a value."""
    if schema.get("format", "") in PHOTOGRAPHS:
        return ""
    if schema.get("format") in ("date", "date-or-long-term") and value != "长期":
        year, month, _ = value.split("-")
        return f"{year}年{int(month)}月"
    if re.fullmatch("[0-9]{2}:[0-9]{2}", value):
        return value.replace(":", "时")
    return re.sub(r"\s", "", value)


@pytest.mark.needs("pdftotext")
def test_under_the_seal_lie_the_issuer_and_the_date_and_nothing_else(page: Page) -> None:
    place = page.content.type.seal
    radius = place.diameter_mm / 2
    box = [place.x_mm - radius, place.y_mm - radius, place.diameter_mm, place.diameter_mm]
    x, y, width, height = (str(round(each * MM)) for each in box)
    found = page.ask("pdftotext", "-raw", "-l", "1", "-x", x, "-y", y, "-W", width, "-H", height, "FILE", "-")
    under = re.sub(r"\s", "", found)
    allowed = page.content.issuer_name + "2026年11月23日"
    assert under
    assert "年11月23" in under
    assert not set(under) - set(allowed)


@pytest.mark.needs("pdftoppm")
def test_the_qr_code_leads_to_the_check_page(page: Page, tmp_path: Path) -> None:
    page.ask("pdftoppm", "-r", "150", "-png", "FILE", str(tmp_path / "page"))
    found = []
    for path in tmp_path.iterdir():
        with Image.open(path) as picture:
            found += [each.text for each in zxingcpp.read_barcodes(picture)]
    assert found == [page.content.check_url]


@pytest.mark.parametrize("slug", LAID_OUT)
def test_the_longest_texts_that_are_accepted_fit_without_overlap(renderer: Renderer, slug: str) -> None:
    licence = longest(slug)
    pages = words_by_page(renderer.render(licence, at=MOMENT))
    assert_in_order(licence, pages)


@pytest.mark.parametrize("slug", LAID_OUT)
def test_names_of_thirty_characters_with_a_dot_and_rare_characters_are_set(renderer: Renderer, slug: str) -> None:
    names = {
        key: "古丽巴哈尔·阿布都热依木·买买提依明江·𬭎𠅤䶮㛃阿卜杜"[: schema["maxLength"]]
        for key, schema in CATALOGUE.get(slug).fields.items()
        if key.endswith("name") or key in ("legal_representative", "signed_by", "registrar", "delivered_by")
    }
    licence = content(slug, **names)
    assert_in_order(licence, words_by_page(renderer.render(licence, at=MOMENT)))


@pytest.mark.needs("pdftotext")
def test_a_table_runs_over_pages_with_its_header_and_the_number_of_each(renderer: Renderer, tmp_path: Path) -> None:
    row = example("presale_permit")["buildings"][0]
    rows = [{**row, "name": f"第{number}号楼"} for number in range(1, 101)]
    page = Page.of(renderer, content("presale_permit", buildings=rows), tmp_path)
    texts = page.ask("pdftotext", "-layout", "FILE", "-").split("\f")[1:-1]
    assert len(texts) >= 4
    for number, text in enumerate(texts, start=2):
        plain = re.sub(r"\s", "", text)
        assert "序号楼栋用途层数套数建筑面积（平方米）备注" in plain
        assert f"第{number}页共{len(texts) + 1}页" in plain
    assert all(f"第{number}号楼" in page.text() for number in range(1, 101))


def test_a_table_with_more_rows_than_the_pages_take_is_refused_by_name(renderer: Renderer) -> None:
    kind = CATALOGUE.get("presale_permit")
    narrow = dataclasses.replace(kind, layout=dataclasses.replace(kind.page, most_pages=2))
    with pytest.raises(TextTooLongError, match="2 pages at most"):
        renderer.render(dataclasses.replace(content("presale_permit"), type=narrow), at=MOMENT)


def test_text_that_cannot_be_read_any_more_is_an_error_that_names_the_field(renderer: Renderer) -> None:
    licence = content("business_licence", business_scope="项目\n" * 400)
    with pytest.raises(TextTooLongError) as refused:
        renderer.render(licence, at=MOMENT)
    assert refused.value.message_zh.startswith("“经营范围”内容过长")
    licence = content("food_operation_permit", operator_name="W" * 100)
    with pytest.raises(TextTooLongError, match="Operator"):
        renderer.render(licence, at=MOMENT)
    licence = content("physician_practice_certificate", issuer_name="青岛市" * 60)
    with pytest.raises(TextTooLongError, match="issuer"):
        renderer.render(licence, at=MOMENT)
    row = {**example("presale_permit")["buildings"][0], "name": "W" * 60}
    with pytest.raises(TextTooLongError, match="Buildings, row 2: Building"):
        renderer.render(content("presale_permit", buildings=[{**row, "name": "一"}, row]), at=MOMENT)


@pytest.mark.needs("pdftotext")
@pytest.mark.parametrize(
    "hostile",
    [
        '#panic("x")',
        '#import "/etc/passwd": *',
        "$ x^2 $ \\ *粗* _斜_ `码` <标> @引 // 注 /* 注 */",
        '"); #panic("x',
        "= 标题 - 列 + 列 / 条: 值 ~ -- --- ...",
        "<script>alert('1')</script>&lt;&amp;",
        "#sys.inputs [块] {码} \\u{4e00} \\n",
        "text-too-long:name",
    ],
)
def test_no_text_is_read_as_markup(renderer: Renderer, tmp_path: Path, hostile: str) -> None:
    page = Page.of(renderer, content("business_licence", name=hostile, business_scope=hostile), tmp_path)
    assert page.text().count(re.sub(r"\s", "", hostile)) == 2


@pytest.mark.parametrize("slug", LAID_OUT)
def test_a_character_that_no_font_has_is_an_error_in_every_field_of_every_type(renderer: Renderer, slug: str) -> None:
    licence = content(slug)
    for key, value in licence.fields.items():
        schema = licence.type.fields[key]
        if not isinstance(value, str):
            changed: Any = [{**value[0], "name": "\U000323af"}]
        elif schema.get("format", "lines") == "lines" and not {"enum", "pattern"} & set(schema):
            changed = "王\U000323af"
        else:
            continue
        with pytest.raises(CharacterMissingError, match=r"U\+323AF"):
            renderer.render(dataclasses.replace(licence, fields={**licence.fields, key: changed}), at=MOMENT)


def test_a_character_that_no_font_has_is_named_before_anything_is_drawn(renderer: Renderer) -> None:
    licence = content("physician_practice_certificate", name="王\U000323af", signed_by="ᠮ")
    with pytest.raises(CharacterMissingError) as refused:
        renderer.render(licence, at=MOMENT)
    assert "U+323AF" in refused.value.message_zh
    assert "U+182E" in str(refused.value)
    assert "王" not in refused.value.message_zh


def test_the_issuer_s_name_is_looked_through_as_well(renderer: Renderer) -> None:
    with pytest.raises(CharacterMissingError):
        renderer.render(content("business_licence", issuer_name="某\U000323af局"), at=MOMENT)


def test_the_same_licence_at_the_same_moment_is_the_same_file(renderer: Renderer) -> None:
    licence = content("food_operation_permit")
    first = renderer.render(licence, at=MOMENT)
    assert renderer.render(licence, at=MOMENT) == first
    with closing(Renderer(FontLibrary())) as another:
        assert another.render(licence, at=MOMENT) == first
    assert renderer.render(licence, at=MOMENT + timedelta(seconds=1)) != first


def test_threads_share_a_renderer_without_mixing_licences(renderer: Renderer) -> None:
    licences = [content(slug, signed_by=f"签{n}") for n in range(6) for slug in SIGNED]
    alone = [renderer.render(licence, at=MOMENT) for licence in licences]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda licence: renderer.render(licence, at=MOMENT), licences))
    assert together == alone


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ('#panic("broken")', "broken"),
        ("#let x = (", "unclosed"),
        ('#read("/etc/passwd")', "not found"),
        ('#read("../../../../etc/passwd")', "escape the project root"),
    ],
)
def test_a_broken_template_is_reported_without_its_whereabouts(renderer: Renderer, template: str, says: str) -> None:
    with pytest.raises(RenderingFailedError, match=says) as refused:
        renderer.render(with_template(template), at=MOMENT)
    shown = f"{refused.value}{refused.value.message_zh}{refused.value.params}"
    assert "yinzheng-types" not in shown
    assert "(template.typ:1:" in shown
    assert "/template.typ" not in shown
    assert refused.value.__cause__ is None


def test_a_licence_with_more_pages_than_its_type_has_is_refused(renderer: Renderer) -> None:
    with pytest.raises(TextTooLongError, match="1 pages at most"):
        renderer.render(with_template("#pagebreak(weak: false)"), at=MOMENT)


def with_template(template: str) -> LicenceContent:
    """A licence whose type has another template."""
    kind = CATALOGUE.get("business_licence")
    files = {**kind.page.files, "template.typ": template.encode()}
    layout = dataclasses.replace(kind.page, files=files)
    moved = dataclasses.replace(kind, layout=layout, digest=hashlib.sha256(template.encode()).hexdigest())
    return dataclasses.replace(content("business_licence"), type=moved)
