"""Fonts for licences and seals."""

from __future__ import annotations

import threading
from pathlib import Path

import manimgx_fonts_cjk
import pytest
import typst
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

from seal.artwork import round_seal
from seal.errors import ArtworkMissingGlyphError, FontPathMissingError
from seal.fonts import FontLibrary
from seal.outlines import Face, Outline, circle, rectangle


@pytest.fixture(scope="module")
def fonts() -> FontLibrary:
    return FontLibrary()


def _area(outline: Outline) -> float:
    corners = [numbers[-2:] for operator, numbers in outline.commands if operator != "Z"]
    return (
        abs(sum(ax * by - bx * ay for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1], strict=True))) / 2
    )


def _true_type(path: Path, family: str, characters: str, *, blank: str = "") -> None:
    """A font of quadratic curves in which every character is the same round blot, but for blank ones."""
    pen = TTGlyphPen(None)
    pen.moveTo((500, 800))
    pen.qCurveTo((900, 800), (900, 400), (900, 0), (500, 0))
    pen.qCurveTo((100, 0), (100, 400), (100, 800), (500, 800))
    pen.closePath()
    blot = pen.glyph()
    names = [f"uni{ord(c):04X}" for c in characters + blank]
    shapes = [blot] * len(characters) + [TTGlyphPen(None).glyph()] * len(blank)
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", *names])
    builder.setupCharacterMap({ord(c): name for c, name in zip(characters + blank, names, strict=True)})
    builder.setupGlyf({".notdef": blot, **dict(zip(names, shapes, strict=True))})
    builder.setupHorizontalMetrics(dict.fromkeys([".notdef", *names], (1000, 100)))
    builder.setupHorizontalHeader(ascent=880, descent=-120)
    builder.setupNameTable({"familyName": family, "styleName": "Regular", "psName": path.stem})
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)


def test_a_fresh_machine_has_song_and_hei(fonts: FontLibrary) -> None:
    assert fonts.typst_families("song") == ["Noto Serif SC", "Noto Sans CJK SC", "Noto Sans SC"]
    assert fonts.typst_families("hei")[0] == "Noto Sans CJK SC"


@pytest.mark.parametrize("role", ["kai", "fang"])
def test_roles_without_a_font_of_their_own_fall_back_to_song(fonts: FontLibrary, role: str) -> None:
    assert fonts.typst_families(role)[0] == "Noto Serif SC"  # type: ignore[arg-type]  # a parameter of pytest


def test_typst_sets_all_families_from_the_directories_without_a_warning(fonts: FontLibrary) -> None:
    for role in ("song", "hei", "kai", "fang"):
        families = ", ".join(f'"{family}"' for family in fonts.typst_families(role))
        source = f"#set text(font: ({families},), fallback: false)\n证照 Licence".encode()
        compiler = typst.Compiler(source, font_paths=fonts.typst_fonts, ignore_system_fonts=True)
        _, warnings = compiler.compile_with_warnings(format="pdf")
        assert not warnings


def test_a_song_font_of_the_operator_comes_first_and_is_cut_into_seals(tmp_path: Path) -> None:
    (tmp_path / "windows").mkdir()
    _true_type(tmp_path / "windows" / "simsun.ttf", "SimSun", "国青")
    (tmp_path / "broken.ttf").write_bytes(b"no font at all")
    fonts = FontLibrary([tmp_path])
    assert fonts.typst_families("song")[:2] == ["SimSun", "Noto Serif SC"]
    assert fonts.directories()[0] == tmp_path
    assert fonts.song.path.name == "simsun.ttf"
    assert fonts.song.covers("青")
    assert not fonts.song.covers("岛")
    assert not fonts.missing_characters("青岛")


def test_quadratic_curves_become_cubic_without_changing_the_shape(tmp_path: Path) -> None:
    _true_type(tmp_path / "blot.ttf", "Blot", "国")
    glyph = Face(tmp_path / "blot.ttf").glyph("国")
    assert {operator for operator, _ in glyph.outline.commands} == {"M", "C", "Z"}
    box = glyph.outline.bounds
    assert (box.left, box.bottom, box.right, box.top) == pytest.approx((0.1, 0, 0.9, 0.8), abs=0.001)


def test_a_glyph_without_ink_counts_as_missing_on_a_seal(tmp_path: Path) -> None:
    _true_type(tmp_path / "simsun.ttf", "SimSun", "国青", blank="\u3164")
    with pytest.raises(ArtworkMissingGlyphError):
        round_seal("国\u3164青", fonts=FontLibrary([tmp_path]))


def test_a_font_directory_that_is_not_there_is_refused_and_named(tmp_path: Path) -> None:
    with pytest.raises(FontPathMissingError) as caught:
        FontLibrary([tmp_path / "nowhere"])
    assert "nowhere" in caught.value.message_zh


def test_characters_that_no_font_has_are_named(fonts: FontLibrary) -> None:
    assert fonts.missing_characters("张三🙂\U000323af 住所：山东省\n青岛市") == {"🙂", "\U000323af"}
    assert fonts.missing_characters("") == set()


def test_rare_characters_of_names_are_covered_by_the_sans_face(fonts: FontLibrary) -> None:
    assert not fonts.song.covers("㛃") or not fonts.missing_characters("㛃")
    assert fonts.missing_characters("㛃𠮷䶮") == set()


def test_decomposed_letters_count_as_their_composed_form(fonts: FontLibrary) -> None:
    assert fonts.missing_characters("Zu\u0308rich") == set()


def test_a_variable_face_is_taken_at_the_asked_weight() -> None:
    path = Path(str(manimgx_fonts_cjk.__file__)).parent / "NotoSansCJK-VF.otf.ttc"
    light, bold = (Face(path, 2, weight=weight).glyph("一").outline for weight in (200, 900))
    assert _area(bold) > 1.5 * _area(light)


def test_known_glyphs_are_remembered(fonts: FontLibrary) -> None:
    face = fonts.song
    assert face.glyph("青") is face.glyph("青")


def test_many_threads_may_read_glyphs_of_one_face_at_once() -> None:
    face, alone = FontLibrary().song, FontLibrary().song
    text = "青岛市李沧区行政审批服务局电子证照专用章"
    seen: list[list[Outline]] = []
    threads = [
        threading.Thread(target=lambda: seen.append([face.glyph(character).outline for character in text]))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [[alone.glyph(character).outline for character in text]] * 8


def test_thickening_grows_a_shape_by_what_was_asked_and_narrows_its_hole() -> None:
    frame = rectangle(0, 0, 10, 10) + rectangle(2, 2, 6, 6, hole=True)
    thick = frame.bolder(1.0, 0.5)
    outer, inner = (Outline(thick.commands[start : start + 5]).bounds for start in (0, 5))
    assert (outer.left, outer.bottom, outer.right, outer.top) == pytest.approx((-0.5, -0.25, 10.5, 10.25))
    assert (inner.left, inner.bottom, inner.right, inner.top) == pytest.approx((2.5, 2.25, 7.5, 7.75))


def test_thickening_does_not_depend_on_the_direction_of_the_contours() -> None:
    clockwise = circle(0, 0, 5, hole=True) + circle(0, 0, 3)
    assert clockwise.bolder(1, 1).bounds.right > 5
