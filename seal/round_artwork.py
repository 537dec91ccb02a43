"""Round seals (公章, 专用章, 公司章): ring, star, the name along the arc, the purpose under the star, the number below.

Sizes follow the State Council's rules on seals (round, Song type, star in the middle, name from left to right) and,
where those are silent, the layout rules that provincial seal registries publish for makers: for 42 mm a ring of
1.2 mm, a star of 13 to 14 mm, characters of 6.5 to 7 mm that stand 0.8 to 1 mm off the ring and span 250° to 270°.
All of it scales with the diameter.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import pairwise

from seal.drawing import Artwork, Kind, Role, artwork
from seal.errors import ArtworkNumberError, ArtworkSizeError
from seal.fonts import FontLibrary
from seal.lettering import letter, share
from seal.names import Part, cleaned
from seal.outlines import Face, Outline, circle, polygon

SEAL_RED = "#E60012"
"""The vermilion of seal ink in sRGB."""

LEAST_DIAMETER_MM, MOST_DIAMETER_MM = 20.0, 60.0

_NAME = Part("印章名称", "the name on the seal", 40)
_PURPOSE = Part("专用章用途", "the purpose line", 12)

_STAR = 1 / 3  # of the diameter
_GAP = 0.9 / 42
_TALLEST = 6.75 / 42
_SLIMMEST, _WIDEST = 0.46, 0.85  # width of a character to its height
_INKED = 0.9  # of the angle that a character has

_SPANS = ((1, 60.0), (2, 120.0), (4, 184.0), (6, 220.0), (8, 240.0), (12, 258.0), (16, 268.0), (24, 280.0), (40, 292.0))
"""Full cells in the name, and the degrees that its arc spans."""
_SPAN_ABOVE_PURPOSE = 236.0
_SPAN_ABOVE_NUMBER = 258.0

_NUMBER = re.compile(r"[0-9]{13}")
_NUMBER_HEIGHT = 2.0 / 42
_NUMBER_SPAN = 66.0

_PURPOSE_TALLEST = 4.7 / 42
_PURPOSE_WIDTH = 21.2 / 42
_PURPOSE_BELOW_STAR = 0.9 / 42


def round_seal(name: str, *, fonts: FontLibrary, purpose: str | None = None, diameter_mm: float = 42.0) -> Artwork:
    """An official seal (公章), or with a purpose line a special-purpose seal (专用章).

    ``name`` is the body's full name, up to 40 characters; ``purpose`` up to 12, as 行政审批专用章. Raises the errors
    of ``cleaned`` for either text, and ArtworkSizeError for a diameter below 20 or above 60 mm.
    """
    return _round("official", name, fonts, purpose=purpose, number=None, diameter=diameter_mm)


def company_seal(
    name: str, *, fonts: FontLibrary, purpose: str | None = None, number: str | None = None, diameter_mm: float = 40.0
) -> Artwork:
    """A company's seal (公司章), with the 13 digits of its registration (印章编码) along the lower arc when given.

    Raises as ``round_seal``, and ArtworkNumberError for a number that is not 13 digits.
    """
    if number is not None and not _NUMBER.fullmatch(number):
        raise ArtworkNumberError
    return _round("company", name, fonts, purpose=purpose, number=number, diameter=diameter_mm)


def ring_width_mm(diameter_mm: float) -> float:
    """The width of the ring: 1 mm up to 38 mm, 1.2 mm for 40 and 42 mm, 1.5 mm from 45 mm, thinner below 30 mm."""
    if diameter_mm < 30:
        return diameter_mm / 30
    if diameter_mm < 40:
        return 1.0
    return 1.2 if diameter_mm < 45 else 1.5


def _round(
    kind: Kind, name: str, fonts: FontLibrary, *, purpose: str | None, number: str | None, diameter: float
) -> Artwork:
    if not LEAST_DIAMETER_MM <= diameter <= MOST_DIAMETER_MM:
        raise ArtworkSizeError(
            part="印章直径（毫米）", part_en="the diameter in mm", least=LEAST_DIAMETER_MM, most=MOST_DIAMETER_MM
        )
    face = fonts.song
    name = cleaned(name, _NAME, face)
    radius = diameter / 2
    edge = radius - ring_width_mm(diameter)
    limit = edge - diameter * _GAP
    most_degrees = 360.0
    lettering: list[tuple[Role, list[Outline]]] = []
    if purpose is not None:
        most_degrees = min(most_degrees, _SPAN_ABOVE_PURPOSE)
        lettering.append(("purpose", _purpose_line(face, cleaned(purpose, _PURPOSE, face), diameter)))
    if number is not None:
        most_degrees = min(most_degrees, _SPAN_ABOVE_NUMBER)
        lettering.append(("number", _number_arc(face, number, limit, diameter * _NUMBER_HEIGHT)))
    arc = _Arc.along_the_top(face, name, limit, diameter * _TALLEST, most_degrees)
    lettering.insert(0, ("name", arc.letters(face)))
    parts: list[tuple[Role, Outline]] = [
        ("ring", circle(0, 0, radius) + circle(0, 0, edge, hole=True)),
        ("star", _star(diameter * _STAR / 2)),
        *((role, outline) for role, outlines in lettering for outline in outlines),
    ]
    centred = [(role, outline.transformed((1, 0, 0, 1, radius, radius))) for role, outline in parts]
    return artwork(kind, diameter, diameter, SEAL_RED, centred)


def _star(radius: float) -> Outline:
    """A five-pointed star around the origin, one point up; its inner corners lie where the pentagram's lines cross."""
    inner = radius * (3 - math.sqrt(5)) / 2
    turns = [math.pi / 2 + math.pi / 5 * step for step in range(10)]
    radii = [radius, inner] * 5
    return polygon([(r * math.cos(turn), r * math.sin(turn)) for r, turn in zip(radii, turns, strict=True)])


@dataclass(frozen=True)
class _Arc:
    """A text along the upper arc: feet to the centre, both ends equally far from the top."""

    text: str
    shares: tuple[float, ...]
    span: float
    """Radians from the left edge of the first cell to the right edge of the last."""
    foot: float
    """Radius at which the characters stand."""
    height: float
    width: float
    """Of a full cell's character; narrower ones have their share."""

    @classmethod
    def along_the_top(cls, face: Face, text: str, limit: float, tallest: float, most_degrees: float) -> _Arc:
        """The tallest characters that fit: none beyond the radius ``limit``, none slimmer than legible."""
        shares = tuple(share(face, character) for character in text)
        cells = sum(shares)
        span = math.radians(min(_span_degrees(cells), most_degrees))
        per_foot = 2 * _INKED * math.tan(span / cells / 2)  # width of a full cell over its foot radius
        height = tallest
        for _ in range(8):  # the corners of a wide character reach further out than its middle: settle on both
            width = min(per_foot * max(limit - height, 0), _WIDEST * height)
            top = math.sqrt(limit**2 - (width / 2) ** 2)
            height = min(tallest, per_foot * top / (_SLIMMEST + per_foot))
        foot = top - height
        return cls(text, shares, span, foot, height, min(per_foot * foot, _WIDEST * height))

    def letters(self, face: Face) -> list[Outline]:
        """The characters, around the seal's centre."""
        unit = self.span / sum(self.shares)
        edges = [0.0]
        for cell in self.shares:
            edges.append(edges[-1] + cell * unit)
        outlines = []
        for character, cell, (start, end) in zip(self.text, self.shares, pairwise(edges), strict=True):
            turn = self.span / 2 - (start + end) / 2
            outline = letter(face, character, self.width, self.width * cell, self.height)
            if outline.commands:
                outlines.append(_turned(outline, turn, self.foot + self.height / 2))
        return outlines


def _span_degrees(cells: float) -> float:
    for (few, narrow), (many, wide) in pairwise(_SPANS):
        if cells <= many:
            return narrow + (wide - narrow) * max(cells - few, 0) / (many - few)
    return _SPANS[-1][1]


def _turned(outline: Outline, turn: float, out: float) -> Outline:
    """An outline moved up by a radius and then turned around the centre, anticlockwise."""
    cos, sin = math.cos(turn), math.sin(turn)
    return outline.transformed((cos, sin, -sin, cos, -sin * out, cos * out))


def _purpose_line(face: Face, text: str, diameter: float) -> list[Outline]:
    """The purpose in a straight line, centred under the star, condensed when it is long; around the centre."""
    shares = [share(face, character) for character in text]
    height = diameter * _PURPOSE_TALLEST
    cell = min(diameter * _PURPOSE_WIDTH / sum(shares), height * _WIDEST)
    height = min(height, cell * _INKED / _SLIMMEST)
    star_foot = diameter * _STAR / 2 * math.cos(math.pi / 5)
    middle = -star_foot - diameter * _PURPOSE_BELOW_STAR - height / 2
    outlines = []
    left = -cell * sum(shares) / 2
    for character, part in zip(text, shares, strict=True):
        outline = letter(face, character, cell * _INKED, cell * part * _INKED, height)
        if outline.commands:
            outlines.append(outline.transformed((1, 0, 0, 1, left + cell * part / 2, middle)))
        left += cell * part
    return outlines


def _number_arc(face: Face, number: str, limit: float, height: float) -> list[Outline]:
    """The seal number along the lower arc, read from left to right with the heads of its digits to the centre."""
    pitch = math.radians(_NUMBER_SPAN) / len(number)
    middle = limit - height / 2
    width = 2 * _INKED * math.tan(pitch / 2) * (limit - height)
    outlines = []
    for place, digit in enumerate(number):
        turn = (place - (len(number) - 1) / 2) * pitch
        outlines.append(_turned(letter(face, digit, height * 0.9, width, height), turn, -middle))
    return outlines
