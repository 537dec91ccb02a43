"""Letters cut for a seal: glyphs of the Song face squeezed into their cells as a seal engraver does."""

from __future__ import annotations

from functools import lru_cache

from seal.outlines import EMPTY, Face, Outline

BODY = 0.92
"""How much of the em square a Chinese character's strokes fill in print faces; this part is mapped on the cell."""

_REFERENCE = "国"
_CENTRE_HEIGHT = 0.38
_STROKE = "丨"
_ENGRAVED_STROKE = 0.129
_MOST_THICKENING = 0.036
_RISE = 0.35  # of the thickening goes to horizontal strokes, which stay the thin ones
_NARROWEST = 0.42
_BRACKETS = "（）"


def share(face: Face, character: str) -> float:
    """The width of a character's cell as a share of a Chinese character's: letters, digits and brackets get less."""
    if character == " ":
        return _NARROWEST
    if character in _BRACKETS:
        return 0.5
    return min(max(face.glyph(character).advance, _NARROWEST), 1.0)


def letter(face: Face, character: str, full_width: float, width: float, height: float) -> Outline:
    """A character around the origin inside a cell of width × height, scaled like all others of the same text.

    ``full_width`` is the cell of a Chinese character in that text. What would stand out of its cell is moved in, and
    squeezed when that does not suffice. A space is an empty outline.
    """
    if character == " ":
        return EMPTY
    outline = engraved(face, character)
    box = outline.bounds
    across, up = full_width / BODY, height / BODY
    advance = face.glyph(character).advance
    middle = advance / 2 if advance > 0.9 and character not in _BRACKETS else (box.left + box.right) / 2
    x_scale, x_shift = _within(across, -middle * across, box.left, box.right, width)
    y_scale, y_shift = _within(up, -_centre(face) * up, box.bottom, box.top, height)
    return outline.transformed((x_scale, 0, 0, y_scale, x_shift, y_shift))


@lru_cache(maxsize=20_000)
def engraved(face: Face, character: str) -> Outline:
    """A glyph, in ems, with its strokes as strong as a seal's: squeezing a print face would make them hair-thin."""
    outline = face.glyph(character).outline
    across = _thickening(face)
    return outline.bolder(across, across * _RISE) if across else outline


@lru_cache(maxsize=64)
def _thickening(face: Face) -> float:
    """What the upright strokes of a face lack; nothing for a face as bold as 小标宋."""
    if not face.covers(_STROKE):
        return 0.0
    return min(max(_ENGRAVED_STROKE - face.glyph(_STROKE).outline.bounds.width, 0.0), _MOST_THICKENING)


@lru_cache(maxsize=64)
def _centre(face: Face) -> float:
    if not face.covers(_REFERENCE):
        return _CENTRE_HEIGHT
    box = face.glyph(_REFERENCE).outline.bounds
    return (box.bottom + box.top) / 2


def _within(scale: float, shift: float, low: float, high: float, size: float) -> tuple[float, float]:
    """The scale and shift along one axis that keep low..high inside a cell of a size around zero."""
    scale = min(scale, size / (high - low))
    shift += max(0.0, -size / 2 - (low * scale + shift))
    shift -= max(0.0, high * scale + shift - size / 2)
    return scale, shift
