"""Outlines: closed curves of filled shapes, and the glyphs of a font as such.

Coordinates have their y axis upwards, as in fonts and in PDF. Curves are cubic; a font's quadratic ones are raised.
"""

from __future__ import annotations

import math
import threading
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Literal

from fontTools.pens.basePen import BasePen
from fontTools.ttLib import TTFont

Command = tuple[Literal["M", "L", "C", "Z"], tuple[float, ...]]
"""Move, line, cubic curve or close, with the absolute coordinates x, y of its points in a row."""

Matrix = tuple[float, float, float, float, float, float]
"""a, b, c, d, e, f of x' = ax + cy + e and y' = bx + dy + f, in the order that PDF writes them."""

_HAIRPIN = 0.0625
"""One plus the cosine of a turn; at sharper turns a point stays, since its bisector leads nowhere sensible."""

_CIRCLE = 4 / 3 * (math.sqrt(2) - 1)


@dataclass(frozen=True)
class Bounds:
    """The box around all control points, so never smaller than what is inked."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.top - self.bottom


@dataclass(frozen=True)
class Outline:
    """Closed contours, filled by the non-zero winding rule."""

    commands: tuple[Command, ...]

    def transformed(self, matrix: Matrix) -> Outline:
        """The outline after an affine map."""
        a, b, c, d, e, f = matrix
        moved: list[Command] = []
        for operator, numbers in self.commands:
            out: list[float] = []
            for i in range(0, len(numbers), 2):
                x, y = numbers[i], numbers[i + 1]
                out += (a * x + c * y + e, b * x + d * y + f)
            moved.append((operator, tuple(out)))
        return Outline(tuple(moved))

    def points(self) -> Iterator[tuple[float, float]]:
        """Every control point; their hull holds the shape."""
        for _, numbers in self.commands:
            for i in range(0, len(numbers), 2):
                yield numbers[i], numbers[i + 1]

    @cached_property
    def bounds(self) -> Bounds:
        """The box around the control points; raises ValueError for an outline without any."""
        xs, ys = zip(*self.points(), strict=True)
        return Bounds(min(xs), min(ys), max(xs), max(ys))

    def bolder(self, across: float, up: float) -> Outline:
        """The outline with its strokes thickened by ``across`` horizontally and ``up`` vertically.

        Every contour point moves out along the bisector of its two sides, no further than the shorter side, so that
        small details do not turn inside out. Contours keep their number of points.
        """
        side = 0.5 if _area(self.commands) > 0 else -0.5
        contours: list[Command] = []
        for contour in _contours(self.commands):
            flat = [n for _, numbers in contour for n in numbers]
            moved = _grown(list(zip(flat[::2], flat[1::2], strict=True)), side * across, side * up)
            taken = iter(moved)
            for operator, numbers in contour:
                out = [n for _ in range(len(numbers) // 2) for n in next(taken)]
                contours.append((operator, tuple(out)))
        return Outline(tuple(contours))

    def __add__(self, other: Outline) -> Outline:
        return Outline(self.commands + other.commands)


EMPTY = Outline(())


def _contours(commands: tuple[Command, ...]) -> Iterator[list[Command]]:
    contour: list[Command] = []
    for command in commands:
        contour.append(command)
        if command[0] == "Z":
            yield contour
            contour = []


def _area(commands: tuple[Command, ...]) -> float:
    """Twice the signed area of the control polygons: above zero when outer contours run anticlockwise."""
    total = 0.0
    for contour in _contours(commands):
        flat = [n for _, numbers in contour for n in numbers]
        points = list(zip(flat[::2], flat[1::2], strict=True))
        total += sum(ax * by - bx * ay for (ax, ay), (bx, by) in zip(points, points[1:] + points[:1], strict=True))
    return total


def _grown(points: list[tuple[float, float]], across: float, up: float) -> list[tuple[float, float]]:
    """The corners of a closed polygon moved to its right-hand side (outwards when it runs anticlockwise)."""
    starts = [point != points[i - 1] for i, point in enumerate(points)]
    corners = [point for point, starting in zip(points, starts, strict=True) if starting]
    if len(corners) < 3:
        return points
    moved = [
        _moved_out(corners[i - 1], corner, corners[(i + 1) % len(corners)], across, up)
        for i, corner in enumerate(corners)
    ]
    places = [place - 1 for place in accumulate(starts)]  # repeated points go where the first of them goes
    return [moved[place] for place in places]


def _moved_out(
    before: tuple[float, float], corner: tuple[float, float], after: tuple[float, float], across: float, up: float
) -> tuple[float, float]:
    x, y = corner
    ax, ay, bx, by = x - before[0], y - before[1], after[0] - x, after[1] - y
    a, b = math.hypot(ax, ay), math.hypot(bx, by)
    ax, ay, bx, by = ax / a, ay / a, bx / b, by / b
    along = 1 + ax * bx + ay * by
    if along < _HAIRPIN:
        return corner
    reach_x, reach_y = (ay + by) / along * across, -(ax + bx) / along * up
    most = min(a, b) + max(abs(across), abs(up))
    excess = max(1.0, math.hypot(reach_x, reach_y) / most)
    return x + reach_x / excess, y + reach_y / excess


def polygon(points: list[tuple[float, float]]) -> Outline:
    """A closed polygon through the points."""
    first, *rest = points
    return Outline((("M", first), *(("L", point) for point in rest), ("Z", ())))


def rectangle(left: float, bottom: float, width: float, height: float, *, hole: bool = False) -> Outline:
    """A rectangle, or one that cuts a hole into another."""
    right, top = left + width, bottom + height
    corners = [(left, bottom), (right, bottom), (right, top), (left, top)]
    return polygon(corners[::-1] if hole else corners)


def circle(x: float, y: float, radius: float, *, hole: bool = False) -> Outline:
    """A circle of four cubic curves (off by at most 0.03 % of the radius), or one that cuts a hole into another."""
    k = _CIRCLE * radius
    turn = -1 if hole else 1
    commands: list[Command] = [("M", (x + radius, y))]
    for quarter in range(4):
        ax, ay = round(math.cos(quarter * math.pi / 2)), turn * round(math.sin(quarter * math.pi / 2))
        bx, by = -turn * ay, turn * ax
        ends = x + bx * radius, y + by * radius
        first = x + ax * radius + bx * k, y + ay * radius + by * k
        second = ends[0] + ax * k, ends[1] + ay * k
        commands.append(("C", (*first, *second, *ends)))
    return Outline((*commands, ("Z", ())))


@dataclass(frozen=True)
class Glyph:
    """One character of a font, measured in ems (the em square is 1 × 1)."""

    advance: float
    outline: Outline


class Face:
    """One face of a font file, read as characters are asked for; safe to share between threads.

    Opening reads the table directory only; the character map and each glyph are read once, when first needed.
    """

    def __init__(self, path: Path, index: int = 0, *, weight: int = 400) -> None:
        """Open the face numbered ``index`` of a file; ``weight`` is taken where the font is variable."""
        self.path = path
        self._weight = weight
        self._lock = threading.Lock()
        self._font = TTFont(path, fontNumber=index, lazy=True)
        weakref.finalize(self, self._font.close)
        self._glyphs: dict[str, Glyph] = {}

    @cached_property
    def _characters(self) -> dict[int, str]:
        characters: dict[int, str] = self._font.getBestCmap() or {}
        return characters

    @cached_property
    def _location(self) -> dict[str, float] | None:
        if "fvar" not in self._font:
            return None
        for axis in self._font["fvar"].axes:
            if axis.axisTag == "wght":
                return {"wght": min(max(self._weight, axis.minValue), axis.maxValue)}
        return None

    def covers(self, character: str) -> bool:
        """Whether the face has a glyph of its own for a character."""
        with self._lock:
            return ord(character) in self._characters

    def glyph(self, character: str) -> Glyph:
        """The glyph of a character; raises KeyError where the face has none."""
        known = self._glyphs.get(character)
        if known is None:
            with self._lock:
                known = self._glyphs.setdefault(character, self._read(character))
        return known

    def _read(self, character: str) -> Glyph:
        name = self._characters[ord(character)]
        glyphs = self._glyph_set
        em = self._font["head"].unitsPerEm
        pen = OutlinePen(glyphs)
        glyphs[name].draw(pen)
        return Glyph(
            advance=glyphs[name].width / em,
            outline=Outline(tuple(pen.commands)).transformed((1 / em, 0, 0, 1 / em, 0, 0)),
        )

    @cached_property
    def _glyph_set(self):  # type: ignore[no-untyped-def]  # fontTools is published without types
        return self._font.getGlyphSet(location=self._location)


class OutlinePen(BasePen):  # type: ignore[misc]  # fontTools is published without types
    """Records a glyph as commands; the base class raises quadratic curves and unpacks components."""

    def __init__(self, glyphs: object) -> None:
        super().__init__(glyphs)
        self.commands: list[Command] = []

    def _moveTo(self, point: tuple[float, float]) -> None:  # noqa: N802
        self.commands.append(("M", point))

    def _lineTo(self, point: tuple[float, float]) -> None:  # noqa: N802
        self.commands.append(("L", point))

    def _curveToOne(  # noqa: N802
        self, first: tuple[float, float], second: tuple[float, float], end: tuple[float, float]
    ) -> None:
        self.commands.append(("C", (*first, *second, *end)))

    def _closePath(self) -> None:  # noqa: N802
        self.commands.append(("Z", ()))

    def _endPath(self) -> None:  # noqa: N802
        self.commands.append(("Z", ()))
