"""Personal signatures (手写签名): from a typed name, or from the strokes of a pen on a screen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from seal.drawing import Artwork, artwork
from seal.errors import ArtworkEmptyError, ArtworkSizeError, ArtworkStrokesError
from seal.fonts import FontLibrary
from seal.lettering import BODY
from seal.names import Part, cleaned
from seal.outlines import EMPTY, Command, Outline

INK = "#111111"
"""The black of a signature, in sRGB."""

LEAST_HEIGHT_MM, MOST_HEIGHT_MM = 5.0, 30.0

_NAME = Part("签名", "the signature", 30)
_MARGIN_MM = 0.5
_SLANT = math.tan(math.radians(12))
_WORD_SPACE = 0.3  # of an em

_MOST_STROKES, _MOST_POINTS = 200, 5_000
_FARTHEST = 1e6
_SMALLEST = 1e-6  # of the pad's units: what a pen drew without moving, and nothing to scale by
_WIDEST_TO_HIGH = 5.0
_THIN_MM, _THICK_MM = 0.24, 0.88  # stroke width without and under full pressure
_USUAL_PRESSURE = 0.5
_TAPER = (0.35, 0.7)  # of the width at both ends of a stroke without pressures
_CLOSEST_MM = 0.12
_TOLERANCE_MM = 0.012


class StrokePoint(NamedTuple):
    """A point of a pen's path, in the pad's own units with y downwards."""

    x: float
    y: float
    pressure: float | None = None
    """0 to 1, from pads that measure it."""


class _Spot(NamedTuple):
    """A point of a smoothed stroke, in millimetres with y upwards."""

    x: float
    y: float
    radius: float


def typed_signature(name: str, *, fonts: FontLibrary, height_mm: float = 10.0) -> Artwork:
    """A name in Kai type (Song where there is no Kai), slanted as if written; as wide as the name needs.

    Raises ArtworkSizeError for a height below 5 or above 30 mm, and the errors of ``cleaned``.
    """
    _check_height(height_mm)
    face = fonts.kai
    text = cleaned(name, _NAME, face)
    line, x = EMPTY, 0.0
    for character in text:
        if character == " ":
            x += _WORD_SPACE
            continue
        glyph = face.glyph(character)
        line += glyph.outline.transformed((1, 0, _SLANT, 1, x, 0))
        x += glyph.advance
    box = line.bounds
    scale = (height_mm - 2 * _MARGIN_MM) / max(box.height, BODY)
    foot = (height_mm - box.height * scale) / 2
    placed = line.transformed((scale, 0, 0, scale, _MARGIN_MM - box.left * scale, foot - box.bottom * scale))
    width = round(box.width * scale + 2 * _MARGIN_MM, 3)
    return artwork("signature", width, height_mm, INK, [("stroke", placed)])


def drawn_signature(strokes: Sequence[Sequence[StrokePoint]], *, height_mm: float = 12.0) -> Artwork:
    """The strokes of a pen as smooth lines, thicker under pressure, scaled to the height (or to five times that wide).

    Raises ArtworkEmptyError without any point, ArtworkStrokesError for more than 200 strokes or 5,000 points or for
    coordinates that are no numbers, and ArtworkSizeError for a height below 5 or above 30 mm.
    """
    _check_height(height_mm)
    drawn = [stroke for stroke in strokes if stroke]
    _check_strokes(drawn)
    xs = [point.x for stroke in drawn for point in stroke]
    ys = [point.y for stroke in drawn for point in stroke]
    margin = _MARGIN_MM + _THICK_MM / 2
    free = height_mm - 2 * margin
    extent = max(max(ys) - min(ys), (max(xs) - min(xs)) / _WIDEST_TO_HIGH)
    scale = free / extent if extent >= _SMALLEST else 1.0
    foot = margin + (free - (max(ys) - min(ys)) * scale) / 2
    parts = []
    for stroke in drawn:
        spots = [
            _Spot(margin + (point.x - min(xs)) * scale, foot + (max(ys) - point.y) * scale, radius)
            for point, radius in zip(stroke, _radii(stroke), strict=True)
        ]
        parts.append(_line(_smoothed(_thinned(spots))))
    width = round((max(xs) - min(xs)) * scale + 2 * margin, 3)
    return artwork("signature", width, height_mm, INK, [("stroke", part) for part in parts])


def _check_height(height_mm: float) -> None:
    if not LEAST_HEIGHT_MM <= height_mm <= MOST_HEIGHT_MM:
        raise ArtworkSizeError(
            part="签名高度（毫米）", part_en="the height in mm", least=LEAST_HEIGHT_MM, most=MOST_HEIGHT_MM
        )


def _check_strokes(strokes: list[Sequence[StrokePoint]]) -> None:
    if not strokes:
        raise ArtworkEmptyError(part=_NAME.zh, part_en=_NAME.en)
    points = [point for stroke in strokes for point in stroke]
    if len(strokes) > _MOST_STROKES or len(points) > _MOST_POINTS:
        raise ArtworkStrokesError(
            reason=f"最多 {_MOST_STROKES} 笔、{_MOST_POINTS} 个点",
            reason_en=f"at most {_MOST_STROKES} strokes and {_MOST_POINTS} points",
        )
    for x, y, pressure in points:
        if not (abs(x) <= _FARTHEST and abs(y) <= _FARTHEST and 0 <= (pressure or 0) <= 1):
            raise ArtworkStrokesError(
                reason="坐标或压力值超出范围", reason_en="a coordinate or pressure is out of range"
            )


def _radii(stroke: Sequence[StrokePoint]) -> list[float]:
    """Half the line's width at every point; tapered at both ends where the pad measured no pressure."""
    pressures = [_USUAL_PRESSURE if point.pressure is None else point.pressure for point in stroke]
    radii = [(_THIN_MM + (_THICK_MM - _THIN_MM) * pressure) / 2 for pressure in pressures]
    if any(point.pressure is not None for point in stroke) or len(stroke) < 2 * len(_TAPER):
        return radii
    for place, share in enumerate(_TAPER):
        radii[place] *= share
        radii[-1 - place] *= share
    return radii


def _thinned(spots: list[_Spot]) -> list[_Spot]:
    """The spots without those that tremble around the one before; the last one stays."""
    kept = spots[:1]
    for spot in spots[1:]:
        if math.dist(spot[:2], kept[-1][:2]) >= _CLOSEST_MM:
            kept.append(spot)
    if len(kept) > 1 and kept[-1] is not spots[-1]:
        kept[-1] = spots[-1]
    return kept


def _smoothed(spots: list[_Spot]) -> list[_Spot]:
    """A Catmull-Rom curve through the spots, in steps that stray from it by less than a hundredth of a millimetre."""
    line = spots[:1]
    for i, (start, end) in enumerate(pairwise(spots)):
        before, after = spots[max(i - 1, 0)], spots[min(i + 2, len(spots) - 1)]
        c1 = start.x + (end.x - before.x) / 6, start.y + (end.y - before.y) / 6
        c2 = end.x - (after.x - start.x) / 6, end.y - (after.y - start.y) / 6
        bend = max(
            math.hypot(start.x - 2 * c1[0] + c2[0], start.y - 2 * c1[1] + c2[1]),
            math.hypot(c1[0] - 2 * c2[0] + end.x, c1[1] - 2 * c2[1] + end.y),
        )
        steps = max(math.ceil(math.sqrt(0.75 * bend / _TOLERANCE_MM)), 1)
        for step in range(1, steps + 1):
            t = step / steps
            u = 1 - t
            weights = u**3, 3 * u * u * t, 3 * u * t * t, t**3
            x = sum(w * n for w, n in zip(weights, (start.x, c1[0], c2[0], end.x), strict=True))
            y = sum(w * n for w, n in zip(weights, (start.y, c1[1], c2[1], end.y), strict=True))
            line.append(_Spot(x, y, start.radius + (end.radius - start.radius) * t))
    return line


def _line(spots: list[_Spot]) -> Outline:
    """The area that a round pen covers, one contour a step.

    All run the same way round, so where they overlap the non-zero rule fills them; a single contour around a stroke
    that crosses itself could not promise that.
    """
    pairs = list(pairwise(spots)) or [(spots[0], spots[0])]
    commands: list[Command] = []
    for place, (start, end) in enumerate(pairs):
        commands += _step(start, end, first=place == 0)
    return Outline(tuple(commands))


def _step(start: _Spot, end: _Spot, *, first: bool) -> list[Command]:
    """The way of the pen between two spots, with a round end; the first step begins round as well."""
    angle = math.atan2(end.y - start.y, end.x - start.x)
    right, left = angle - math.pi / 2, angle + math.pi / 2
    commands: list[Command] = [("M", _at(start, right)), ("L", _at(end, right))]
    commands += [("C", _quarter(end, right)), ("C", _quarter(end, angle)), ("L", _at(start, left))]
    if first:
        commands += [("C", _quarter(start, left)), ("C", _quarter(start, angle + math.pi))]
    return [*commands, ("Z", ())]


def _at(spot: _Spot, angle: float) -> tuple[float, float]:
    return spot.x + spot.radius * math.cos(angle), spot.y + spot.radius * math.sin(angle)


def _quarter(spot: _Spot, angle: float) -> tuple[float, ...]:
    """A quarter of the spot's circle, anticlockwise from an angle."""
    k = 4 / 3 * math.tan(math.pi / 8) * spot.radius
    (ax, ay), (bx, by) = _at(spot, angle), _at(spot, angle + math.pi / 2)
    return (
        ax - k * math.sin(angle), ay + k * math.cos(angle),
        bx + k * math.cos(angle), by + k * math.sin(angle),
        bx, by,
    )  # fmt: skip
