"""What leaves a drawing: SVG, PDF operators, PNG; and what the round seals look like."""

from __future__ import annotations

import math
import re
import struct
import subprocess
import xml.etree.ElementTree as ET
import zlib
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seal.artwork import Artwork, Shape, company_seal, round_seal
from seal.errors import (
    ArtworkEmptyError,
    ArtworkMissingGlyphError,
    ArtworkNameTooLongError,
    ArtworkNumberError,
    ArtworkSizeError,
    ArtworkTextError,
)
from seal.fonts import FontLibrary
from seal.round_artwork import ring_width_mm

FONTS = FontLibrary()
NAME = "青岛市李沧区行政审批服务局"
LONGEST = "中华人民共和国山东省青岛市西海岸新区住房和城乡建设交通运输与海洋发展自然资源综合执法"[:40]
CHARACTERS = "青岛市李沧区行政审批服务局中华人民共和国政府一乙丨口鬱龘囍（）()0123456789ABCWgjQ·、"

names = st.text(CHARACTERS, min_size=2, max_size=40)


def _polar(shape: Shape, centre: float) -> tuple[list[float], list[float]]:
    """Radii of the points, and their angles clockwise from the top."""
    offsets = [(x - centre, y - centre) for x, y in shape.points()]
    return [math.hypot(x, y) for x, y in offsets], [math.atan2(x, y) for x, y in offsets]


def _of(artwork: Artwork, role: str) -> list[Shape]:
    return [shape for shape in artwork.shapes if shape.role == role]


def _page(artwork: Artwork) -> bytes:
    """A one-page PDF of the drawing's true size with nothing else on it."""
    width, height = artwork.size_pt
    content = artwork.to_pdf_content()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %.4f %.4f]/Resources<<>>/Contents 4 0 R>>" % (width, height),
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
    ]
    out, offsets = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    end = b"xref\n0 5\n0000000000 65535 f \n%strailer<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (table, len(out))
    return out + end


def _printed(artwork: Artwork, directory: Path, dpi: int) -> tuple[int, int, bytes]:
    """Width, height and grey values (0 ink, 255 paper) of the drawing as Poppler prints it, in one colour channel."""
    (directory / "page.pdf").write_bytes(_page(artwork))
    command = ["pdftoppm", "-r", str(dpi), "-singlefile", str(directory / "page.pdf"), str(directory / "page")]
    subprocess.run(command, check=True, timeout=60)
    match = re.match(rb"P6\n(\d+) (\d+)\n255\n", (directory / "page.ppm").read_bytes())
    assert match
    return int(match[1]), int(match[2]), (directory / "page.ppm").read_bytes()[match.end() + 1 :: 3]  # green


def _alpha(png: bytes) -> tuple[int, int, list[int]]:
    """Width, height and alpha values of an RGBA image (for small ones: this is slow)."""
    width, height, depth, colour = struct.unpack_from(">IIBB", png, 16)
    assert (depth, colour) == (8, 6)
    data, at = b"", 8
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        if png[at + 4 : at + 8] == b"IDAT":
            data += png[at + 8 : at + 8 + length]
        at += 12 + length
    raw, stride = zlib.decompress(data), width * 4
    above, alpha = [0] * stride, []
    for row in range(height):
        kind, *line = raw[row * (stride + 1) : (row + 1) * (stride + 1)]
        for i in range(stride):
            left, up, corner = line[i - 4] if i > 3 else 0, above[i], above[i - 4] if i > 3 else 0
            near = min((left, up, corner), key=lambda value: abs(left + up - corner - value))
            line[i] = (line[i] + (0, left, up, (left + up) // 2, near)[kind]) % 256
        alpha += line[3::4]
        above = line
    return width, height, alpha


def test_the_svg_has_true_size_and_nothing_but_paths() -> None:
    svg = round_seal(NAME, fonts=FONTS).to_svg()
    root = ET.fromstring(svg)
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("42mm", "42mm", "0 0 42 42")
    assert {element.tag.rpartition("}")[2] for element in root.iter()} == {"svg", "g", "path"}
    assert {attribute for element in root.iter() for attribute in element.attrib} == {
        "width", "height", "viewBox", "fill", "d",
    }  # fmt: skip
    assert re.fullmatch(r"[-MLCZ0-9. ]+", "".join(path.get("d") or "" for path in root.iter()))


def test_the_same_seal_is_the_same_to_the_byte() -> None:
    first, again = round_seal(NAME, fonts=FONTS), round_seal(NAME, fonts=FontLibrary())
    assert first == again
    assert first.digest == again.digest
    assert first.to_pdf_content() == again.to_pdf_content()
    assert first.digest != round_seal(NAME, fonts=FONTS, purpose="电子证照专用章").digest


@pytest.mark.parametrize(("diameter", "pixels"), [(42.0, 992), (40.0, 945), (38.0, 898), (45.0, 1063)])
def test_a_png_is_right_to_the_pixel(diameter: float, pixels: int) -> None:
    png = round_seal(NAME, fonts=FONTS, diameter_mm=diameter).to_png(600)
    assert struct.unpack_from(">IIBB", png, 16) == (pixels, pixels, 8, 6)


def test_a_png_is_transparent_where_nothing_is_drawn() -> None:
    width, height, alpha = _alpha(round_seal(NAME, fonts=FONTS).to_png(72))
    assert (width, height) == (119, 119)
    assert alpha[0] == alpha[width - 1] == alpha[-1] == 0
    assert alpha[height // 2 * width + width // 2] == 255


@pytest.mark.parametrize("dpi", [0, 35, 2401])
def test_absurd_resolutions_are_refused(dpi: int) -> None:
    with pytest.raises(ArtworkSizeError):
        round_seal(NAME, fonts=FONTS).to_png(dpi)


@pytest.mark.needs("pdftoppm")
@pytest.mark.parametrize("diameter", [38.0, 40.0, 42.0])
def test_the_printed_ring_measures_what_the_seal_should(tmp_path: Path, diameter: float) -> None:
    width, height, grey = _printed(round_seal(NAME, fonts=FONTS, diameter_mm=diameter), tmp_path, 600)
    row = grey[height // 2 * width : (height // 2 + 1) * width]
    column = grey[width // 2 :: width]
    for line in (row, column):
        inked = [i for i, value in enumerate(line) if value < 128]
        assert (inked[-1] - inked[0] + 1) / 600 * 25.4 == pytest.approx(diameter, abs=0.1)
    ring = next(i for i in range(inked[0], len(column)) if column[i] >= 128) - inked[0]
    assert ring / 600 * 25.4 == pytest.approx(ring_width_mm(diameter), abs=0.1)


@pytest.mark.needs("pdftoppm")
def test_pdf_and_png_show_the_same_picture(tmp_path: Path) -> None:
    seal = company_seal("青岛印证科技有限公司", fonts=FONTS, purpose="合同专用章", number="3702000123456")
    width, _, grey = _printed(seal, tmp_path, 127)  # 5 pixels a millimetre: 200 of them
    png_width, _, alpha = _alpha(seal.to_png(127))
    assert (width, png_width) == (200, 200)
    differences = [abs(255 - ink - cover) for ink, cover in zip(grey, alpha, strict=True)]
    assert sum(differences) / len(differences) < 4  # of 255: edges only
    assert sum(difference > 128 for difference in differences) < 10  # of 40,000 pixels


@settings(max_examples=60, deadline=None)
@given(names, st.sampled_from([20.0, 38.0, 42.0, 60.0]), st.booleans())
def test_every_character_stays_inside_the_ring_and_apart_from_its_neighbours(
    name: str, diameter: float, special: bool
) -> None:
    purpose = "不动产登记电子证照专用章" if special else None
    seal = round_seal(name, fonts=FONTS, purpose=purpose, diameter_mm=diameter)
    centre = diameter / 2
    free = centre - ring_width_mm(diameter) - diameter * 0.018
    letters = _of(seal, "name")
    assert len(letters) == len(name)
    star = max(_polar(_of(seal, "star")[0], centre)[0])
    ends = []
    for letter in letters:
        radii, angles = _polar(letter, centre)
        assert max(radii) < free
        assert min(radii) > star
        ends.append((min(angles), max(angles)))
    for (_, end), (start, _) in pairwise(ends):
        assert end < start
    for mark in _of(seal, "purpose"):
        assert max(_polar(mark, centre)[0]) < free


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 40), st.sampled_from("田口中山"))
def test_the_arc_is_symmetrical(length: int, character: str) -> None:
    letters = _of(round_seal(character * length, fonts=FONTS), "name")
    left, right = min(_polar(letters[0], 21)[1]), max(_polar(letters[-1], 21)[1])
    assert math.degrees(abs(left + right)) < 1.5


@pytest.mark.parametrize(("length", "least", "most"), [(4, 150, 200), (8, 220, 250), (12, 245, 270), (40, 280, 300)])
def test_longer_names_span_more_of_the_ring(length: int, least: float, most: float) -> None:
    letters = _of(round_seal("田" * length, fonts=FONTS), "name")
    span = max(_polar(letters[-1], 21)[1]) - min(_polar(letters[0], 21)[1])
    assert least < math.degrees(span) < most


def test_characters_are_tall_and_stand_as_far_off_the_ring_as_engravers_set_them() -> None:
    letters = _of(round_seal("国" * 12, fonts=FONTS), "name")
    radii = [radius for letter in letters for radius in _polar(letter, 21)[0]]
    assert 5.5 < max(radii) - min(radii) < 7
    assert 0.7 < 21 - 1.2 - max(radii) < 1.5


def test_letters_and_brackets_take_less_room_than_chinese_characters() -> None:
    letters = _of(round_seal("青岛ABC（中国）有限公司", fonts=FONTS), "name")
    starts = [min(_polar(letter, 21)[1]) for letter in letters]
    assert starts[4] - starts[2] < 0.8 * (starts[12] - starts[10])


@settings(max_examples=25, deadline=None)
@given(names, st.text("行政审批电子证照专用章", min_size=2, max_size=12), st.booleans())
def test_purpose_number_and_name_keep_clear_of_each_other(name: str, purpose: str, numbered: bool) -> None:
    seal = company_seal(name, fonts=FONTS, purpose=purpose, number="3702000123456" if numbered else None)
    groups = [[point for shape in _of(seal, role) for point in shape.points()] for role in ("purpose", "name")]
    line, arc = groups
    nearest = min(math.dist(a, b) for a in line for b in arc)
    assert nearest > 0.4
    star_foot = min(y for _, y in _of(seal, "star")[0].points())
    assert max(y for _, y in line) < star_foot
    for digit in _of(seal, "number"):
        assert min(y for _, y in line) > max(y for _, y in digit.points())


def test_the_purpose_stands_centred() -> None:
    line = _of(round_seal(NAME, fonts=FONTS, purpose="电子证照专用章"), "purpose")
    xs = [x for shape in line for x, _ in shape.points()]
    assert (min(xs) + max(xs)) / 2 == pytest.approx(21, abs=0.3)


def test_the_number_reads_from_left_to_right_along_the_foot() -> None:
    digits = _of(company_seal("青岛印证科技有限公司", fonts=FONTS, number="3702000123456"), "number")
    middles = [sum(x for x, _ in digit.points()) / len(digit.points()) for digit in digits]
    assert len(digits) == 13
    assert middles == sorted(middles)
    assert all(y < 10 for digit in digits for _, y in digit.points())


@pytest.mark.parametrize(
    "number", ["", "370200012345", "37020001234567", "３７０２０００１２３４５６", "370200012345X"]
)
def test_a_number_that_is_not_13_digits_is_refused(number: str) -> None:
    with pytest.raises(ArtworkNumberError):
        company_seal("青岛印证科技有限公司", fonts=FONTS, number=number)


@pytest.mark.parametrize("diameter", [19.9, 60.1, math.nan, math.inf, -42.0])
def test_seals_that_cannot_be_made_are_refused(diameter: float) -> None:
    with pytest.raises(ArtworkSizeError):
        round_seal(NAME, fonts=FONTS, diameter_mm=diameter)


@pytest.mark.parametrize("name", ["", "   ", "\u3000"])
def test_a_seal_needs_a_name(name: str) -> None:
    with pytest.raises(ArtworkEmptyError):
        round_seal(name, fonts=FONTS)


def test_an_empty_purpose_is_a_mistake_rather_than_none() -> None:
    with pytest.raises(ArtworkEmptyError):
        round_seal(NAME, fonts=FONTS, purpose=" ")


def test_too_long_names_and_purposes_say_how_long_they_may_be() -> None:
    with pytest.raises(ArtworkNameTooLongError) as name:
        round_seal("局" * 41, fonts=FONTS)
    with pytest.raises(ArtworkNameTooLongError) as purpose:
        round_seal(NAME, fonts=FONTS, purpose="专" * 13)
    assert "41" in name.value.message_zh
    assert "40" in name.value.message_zh
    assert "12" in purpose.value.message_en


def test_characters_without_a_glyph_are_named() -> None:
    with pytest.raises(ArtworkMissingGlyphError) as caught:
        round_seal("青岛🙂局", fonts=FONTS)
    assert "U+1F642" in caught.value.message_en


@pytest.mark.parametrize("character", ["\x00", "\n", "\u202e", "\u200b", "\ufeff", "\ue000", "\ud800"])
def test_invisible_characters_are_refused(character: str) -> None:
    with pytest.raises(ArtworkTextError) as caught:
        round_seal(f"青岛{character}市局", fonts=FONTS)
    assert f"U+{ord(character):04X}" in caught.value.message_zh


def test_names_are_composed_before_they_are_drawn() -> None:
    assert round_seal("Zu\u0308rich 青岛", fonts=FONTS) == round_seal(" Z\u00fcrich  青岛 ", fonts=FONTS)
