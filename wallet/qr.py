"""QR codes (ISO/IEC 18004) as a telephone shows them: with the quiet zone, so that another reads them off it."""

from __future__ import annotations

import io
from enum import Enum
from typing import Final

import qrcode
from qrcode.constants import ERROR_CORRECT_L, ERROR_CORRECT_M
from qrcode.image.base import BaseImage
from qrcode.image.pil import PilImage
from qrcode.image.svg import SvgPathImage

VERSION: Final = 25
"""The largest version that a telephone reads off another one with ease: 117 modules a side."""


class Correction(Enum):
    """How much of a code may be lost: 15 % at medium (M), 7 % at low (L)."""

    MEDIUM = ERROR_CORRECT_M
    LOW = ERROR_CORRECT_L

    @property
    def capacity(self) -> int:
        """Characters of the alphanumeric mode that fit in a code of version 25 (ISO/IEC 18004, table 7)."""
        return 1451 if self is Correction.MEDIUM else 1853


class QrCode:
    """A text as a QR code of the smallest version that holds it."""

    def __init__(self, text: str, correction: Correction = Correction.MEDIUM) -> None:
        self._code = qrcode.QRCode(error_correction=correction.value, border=4)
        self._code.add_data(text, optimize=0)
        self._code.make()

    @property
    def version(self) -> int:
        """1 to 40."""
        return self._code.version

    def svg(self) -> str:
        """An SVG image."""
        return self._drawn(SvgPathImage).decode()

    def png(self) -> bytes:
        """A PNG image."""
        return self._drawn(PilImage)

    def _drawn(self, image_factory: type[BaseImage]) -> bytes:
        out = io.BytesIO()
        self._code.make_image(image_factory=image_factory).save(out)
        return out.getvalue()
