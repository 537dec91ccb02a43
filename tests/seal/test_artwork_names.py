"""Name seals and personal signatures."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seal.artwork import Artwork, StrokePoint, drawn_signature, name_seal, typed_signature
from seal.errors import (
    ArtworkEmptyError,
    ArtworkNameTooLongError,
    ArtworkScriptError,
    ArtworkSizeError,
    ArtworkStrokesError,
)
from seal.fonts import FontLibrary
from seal.name_artwork import _columns

FONTS = FontLibrary()
coordinates = st.floats(-1e6, 1e6)
pressures = st.none() | st.floats(0, 1)
strokes = st.lists(st.lists(st.builds(StrokePoint, coordinates, coordinates, pressures), max_size=12), max_size=4)


def _middles(artwork: Artwork) -> list[tuple[float, float]]:
    middles = []
    for shape in artwork.shapes:
        if shape.role == "name":
            xs, ys = zip(*shape.points(), strict=True)
            middles.append(((min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2))
    return middles


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("张三", ["张三", "之印"]),
        ("张小明", ["张小", "明印"]),
        ("欧阳震华", ["欧阳", "震华"]),
        ("爱新觉罗溥", ["爱新觉", "罗溥印"]),
        ("阿卜杜拉·买买提", ["阿卜杜拉·", "买买提印"]),
        ("买买提·阿不都热西提", ["买买提·", "阿不都", "热西提"]),
        ("阿不都热西提·阿不都热合曼", ["阿不都", "热西提·", "阿不都", "热合曼"]),
        ("古丽·阿卜杜·热合曼", ["古丽·", "阿卜杜·", "热合曼"]),
    ],
)
def test_names_stand_in_columns_in_the_traditional_order(name: str, columns: list[str]) -> None:
    assert _columns(name) == columns


def test_the_first_column_stands_on_the_right_and_is_read_downwards() -> None:
    first, second, third, fourth = _middles(name_seal("欧阳震华", fonts=FONTS))
    assert first[0] > third[0]
    assert second[0] > fourth[0]
    assert first[1] > second[1]
    assert third[1] > fourth[1]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text("张王李赵鬱一丨龘国", min_size=1, max_size=6), min_size=1, max_size=3), st.floats(12, 30))
def test_all_characters_stay_inside_the_frame(parts: list[str], side: float) -> None:
    seal = name_seal("·".join(parts), fonts=FONTS, side_mm=side)
    for shape in seal.shapes:
        inset = 0 if shape.role == "frame" else side * 0.06
        assert all(inset - 0.001 <= n <= side - inset + 0.001 for point in shape.points() for n in point)


@pytest.mark.parametrize("dot", "•・‧．")
def test_all_the_dots_that_people_type_are_the_middle_dot(dot: str) -> None:
    assert name_seal(f"阿卜杜拉{dot}买买提", fonts=FONTS) == name_seal("阿卜杜拉·买买提", fonts=FONTS)


def test_a_space_typed_into_a_name_is_not_cut_into_the_seal() -> None:
    assert name_seal("张\u3000三", fonts=FONTS) == name_seal("张三", fonts=FONTS)


@pytest.mark.parametrize("name", ["John", "张A三", "·张三", "张三·", "张··三", "张三1"])
def test_what_a_name_seal_cannot_show_is_refused(name: str) -> None:
    with pytest.raises(ArtworkScriptError):
        name_seal(name, fonts=FONTS)


@pytest.mark.parametrize("name", ["张王李赵张王李", "张王李赵张王李·三", "张·王·李·赵"])
def test_names_too_long_for_a_name_seal_are_refused(name: str) -> None:
    with pytest.raises(ArtworkNameTooLongError):
        name_seal(name, fonts=FONTS)


def test_sizes_of_name_seals_and_signatures_have_limits() -> None:
    with pytest.raises(ArtworkSizeError):
        name_seal("张三", fonts=FONTS, side_mm=31)
    with pytest.raises(ArtworkSizeError):
        typed_signature("张三", fonts=FONTS, height_mm=4)
    with pytest.raises(ArtworkSizeError):
        drawn_signature([[StrokePoint(0, 0)]], height_mm=math.nan)


@pytest.mark.parametrize("name", ["张三", "一", "买买提·阿不都热西提", "John Smith", "Ångström gjpqy"])
def test_a_typed_signature_fits_its_own_size(name: str) -> None:
    signature = typed_signature(name, fonts=FONTS, height_mm=10)
    assert signature.height_mm == 10
    for x, y in (point for shape in signature.shapes for point in shape.points()):
        assert 0.499 <= x <= signature.width_mm - 0.499
        assert 0.499 <= y <= 9.501


def test_a_typed_signature_is_slanted() -> None:
    xs = sorted((y, x) for y, x in ((y, x) for x, y in typed_signature("丨", fonts=FONTS).shapes[0].points()))
    assert xs[-1][1] > xs[0][1] + 1


@settings(max_examples=60, deadline=None)
@given(strokes)
def test_any_strokes_are_drawn_inside_the_signature_or_refused_clearly(drawn: list[list[StrokePoint]]) -> None:
    if not any(drawn):
        with pytest.raises(ArtworkEmptyError):
            drawn_signature(drawn)
        return
    signature = drawn_signature(drawn, height_mm=12)
    assert len(signature.shapes) == sum(1 for stroke in drawn if stroke)
    assert signature.width_mm <= 12 * 5 + 1
    for shape in signature.shapes:
        assert shape.points()


@pytest.mark.parametrize("apart", [5e-324, 1e-310, 1e-7])
def test_points_that_are_hardly_apart_are_drawn_as_a_dot(apart: float) -> None:
    signature = drawn_signature([[StrokePoint(0, 0), StrokePoint(apart, 0)]], height_mm=12)
    assert signature.width_mm == pytest.approx(2 * (0.5 + 0.44), abs=0.001)


def test_a_signature_keeps_the_proportions_of_the_pad_and_stands_upright() -> None:
    signature = drawn_signature([[StrokePoint(0, 0), StrokePoint(0, 100)], [StrokePoint(200, 0)]], height_mm=12)
    bar, dot = ([*zip(*shape.points(), strict=True)] for shape in signature.shapes)
    height = max(bar[1]) - min(bar[1])
    across = (max(dot[0]) + min(dot[0])) / 2 - (max(bar[0]) + min(bar[0])) / 2
    assert across == pytest.approx(2 * (height - 0.44), rel=0.05)
    assert min(dot[1]) > 9


def test_pressure_makes_the_line_thicker() -> None:
    def thickness(pressure: float) -> float:
        shape = drawn_signature([[StrokePoint(0, 0, pressure), StrokePoint(50, 0, pressure)], [StrokePoint(0, 20)]])
        ys = [y for _, y in shape.shapes[0].points()]
        return max(ys) - min(ys)

    assert thickness(1.0) == pytest.approx(0.88, abs=0.01)
    assert thickness(0.0) == pytest.approx(0.24, abs=0.01)


@pytest.mark.parametrize(
    "points",
    [
        [StrokePoint(math.nan, 0)],
        [StrokePoint(0, math.inf)],
        [StrokePoint(0, 0, 1.5)],
        [StrokePoint(0, 0, math.nan)],
        [StrokePoint(0, 0)] * 5_001,
    ],
)
def test_strokes_that_are_no_handwriting_are_refused(points: list[StrokePoint]) -> None:
    with pytest.raises(ArtworkStrokesError):
        drawn_signature([points])
