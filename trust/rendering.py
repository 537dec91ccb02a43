"""Drawing the page of a licence: Typst makes a PDF/A-3b of it, with the licence's data embedded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from trust.content import LicenceContent


class FontSource(Protocol):
    """What rendering needs to know of fonts; ``seal.fonts.FontLibrary`` is one."""

    def directories(self) -> Sequence[Path]:
        """Where Typst finds the font files."""
        ...


class Renderer:
    """Draws licences. One renderer serves many threads."""

    def __init__(self, fonts: FontSource) -> None:
        self._fonts = fonts

    def render(self, content: LicenceContent, *, at: datetime) -> bytes:
        """The page as a PDF/A-3b, without a seal, with ``licence.json`` embedded.

        :param at: the moment of issue, which the document bears as its date of creation.
        :raises CharacterMissingError: no font has a character of the licence.
        :raises TextTooLongError: a text does not fit its place.
        """
        raise NotImplementedError
