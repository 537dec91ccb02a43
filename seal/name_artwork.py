"""Square name seals (姓名章), as a legal representative (法定代表人) uses them: red characters inside a frame.

Characters stand in columns from right to left, each read downwards. A name is filled up to whole columns in the
traditional way: 张三之印, 张小明印, while four characters stand alone. A name of parts (阿卜杜拉·买买提) has a column
for each part, or two for a long one.
"""

from __future__ import annotations

import unicodedata

from seal.drawing import Artwork, Role, artwork
from seal.errors import ArtworkNameTooLongError, ArtworkScriptError, ArtworkSizeError
from seal.fonts import FontLibrary
from seal.lettering import letter
from seal.names import Part, cleaned
from seal.outlines import Face, Outline, circle, rectangle
from seal.round_artwork import SEAL_RED

LEAST_SIDE_MM, MOST_SIDE_MM = 12.0, 30.0

_NAME = Part("姓名", "the name", 20)
_MOST_WITHOUT_DOT = 6
_MOST_IN_PART = 6
_MOST_PARTS = 3
_MOST_IN_COLUMN = 4  # while there is room for another column
_MOST_COLUMNS = 4
_DOT = "·"
_DOTS = str.maketrans(dict.fromkeys("•・‧∙⋅．", _DOT))
"""Dots that keyboards give for the middle dot of names (U+00B7, as GB/T 12402 has it)."""

_FRAME = 0.045  # of the side
_MARGIN = 0.035
_GUTTER = 0.025
_DOT_HEIGHT = 0.3  # of a character's cell
_FLATTEST = 1.3  # width of a character to its height


def name_seal(name: str, *, fonts: FontLibrary, side_mm: float = 20.0) -> Artwork:
    """A square name seal; 18 to 20 mm are usual.

    Up to six characters, or up to three parts of six joined by the middle dot. Raises ArtworkScriptError for other
    scripts than Chinese, ArtworkSizeError for a side below 12 or above 30 mm, and the errors of ``cleaned``.
    """
    if not LEAST_SIDE_MM <= side_mm <= MOST_SIDE_MM:
        raise ArtworkSizeError(
            part="姓名章边长（毫米）", part_en="the side in mm", least=LEAST_SIDE_MM, most=MOST_SIDE_MM
        )
    columns = _columns(cleaned(name.translate(_DOTS), _NAME, fonts.song).replace(" ", ""))
    frame = side_mm * _FRAME
    inner = side_mm - 2 * frame
    parts: list[tuple[Role, Outline]] = [
        ("frame", rectangle(0, 0, side_mm, side_mm) + rectangle(frame, frame, inner, inner, hole=True))
    ]
    edge = frame + side_mm * _MARGIN
    pitch = (side_mm - 2 * edge) / len(columns)
    for place, column in enumerate(columns):
        middle = side_mm - edge - (place + 0.5) * pitch
        for outline in _column(fonts.song, column, pitch, side_mm - 2 * edge, side_mm * _GUTTER):
            parts.append(("name", outline.transformed((1, 0, 0, 1, middle, edge))))
    return artwork("name", side_mm, side_mm, SEAL_RED, parts)


def _columns(name: str) -> list[str]:
    """The columns of a name from right to left."""
    names = name.split(_DOT)
    if not all(part and all(map(_is_chinese, part)) for part in names):
        raise ArtworkScriptError
    if len(names) == 1:
        if len(name) > _MOST_WITHOUT_DOT:
            raise _too_long(len(name), _MOST_WITHOUT_DOT)
        filled = name + ("之印" if len(name) == 2 else "印" * (len(name) % 2))
        return [filled[: len(filled) // 2], filled[len(filled) // 2 :]]
    if len(names) > _MOST_PARTS or max(map(len, names)) > _MOST_IN_PART:
        raise _too_long(sum(map(len, names)), _MOST_IN_PART)
    columns = [*(part + _DOT for part in names[:-1]), names[-1]]
    while len(columns) < _MOST_COLUMNS and max(map(_letters, columns)) > _MOST_IN_COLUMN:
        widest = max(range(len(columns)), key=lambda place: _letters(columns[place]))
        half = (_letters(columns[widest]) + 1) // 2
        columns[widest : widest + 1] = [columns[widest][:half], columns[widest][half:]]
    if _letters(columns[-1]) < max(map(_letters, columns)):
        columns[-1] += "印"
    return columns


def _letters(column: str) -> int:
    return len(column.rstrip(_DOT))


def _too_long(length: int, limit: int) -> ArtworkNameTooLongError:
    return ArtworkNameTooLongError(part=_NAME.zh, part_en=_NAME.en, length=length, limit=limit)


def _is_chinese(character: str) -> bool:
    return character == "〇" or unicodedata.name(character, "").startswith("CJK ")


def _column(face: Face, text: str, width: float, height: float, gutter: float) -> list[Outline]:
    """The characters of one column, with its middle at x = 0 and its foot at y = 0."""
    shares = [_DOT_HEIGHT if character == _DOT else 1.0 for character in text]
    cell = height / sum(shares)
    letter_height = cell - gutter
    letter_width = min(width - gutter, letter_height * _FLATTEST)
    outlines = []
    top = height
    for character, part in zip(text, shares, strict=True):
        middle = top - cell * part / 2
        if character == _DOT:
            outlines.append(circle(0, middle, cell * _DOT_HEIGHT / 4))
        else:
            outline = letter(face, character, letter_width, letter_width, letter_height)
            outlines.append(outline.transformed((1, 0, 0, 1, 0, middle)))
        top -= cell * part
    return outlines
