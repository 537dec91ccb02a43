"""The texts on a seal as they are drawn: normalised, of bearable length, and in glyphs that the font has."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from seal.errors import (
    ArtworkEmptyError,
    ArtworkMissingGlyphError,
    ArtworkNameTooLongError,
    ArtworkTextError,
)
from seal.outlines import Face

_UNSEEN = {"Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"}
"""Unicode categories of characters without a shape of their own; format controls could reorder a name unseen."""


@dataclass(frozen=True)
class Part:
    """A text's place on a seal, as errors name it."""

    zh: str
    en: str
    limit: int


def cleaned(text: str, part: Part, face: Face) -> str:
    """The text in NFC with white space trimmed and folded to single spaces.

    Raises ArtworkEmptyError, ArtworkTextError (control characters), ArtworkNameTooLongError or
    ArtworkMissingGlyphError, which names the characters.
    """
    normal = unicodedata.normalize("NFC", text).strip()
    unseen = sorted({character for character in normal if unicodedata.category(character) in _UNSEEN})
    if unseen:
        raise ArtworkTextError(part=part.zh, part_en=part.en, characters=", ".join(f"U+{ord(c):04X}" for c in unseen))
    words = " ".join(normal.split())
    if not words:
        raise ArtworkEmptyError(part=part.zh, part_en=part.en)
    if len(words) > part.limit:
        raise ArtworkNameTooLongError(part=part.zh, part_en=part.en, length=len(words), limit=part.limit)
    missing = sorted({c for c in words if c != " " and not _drawn(face, c)})
    if missing:
        raise ArtworkMissingGlyphError(characters=", ".join(f"{c} (U+{ord(c):04X})" for c in missing))
    return words


def _drawn(face: Face, character: str) -> bool:
    """Whether a character leaves ink; some fonts have empty glyphs for characters such as U+3164."""
    return face.covers(character) and bool(face.glyph(character).outline.commands)
