"""Photographs of holders (照片), as departments send them: small, upright, and nothing but pixels afterwards."""

from __future__ import annotations

import base64
import binascii
import io
from typing import Final

from PIL import Image, ImageOps

MAX_BYTES: Final = 200 * 1024
"""The largest photograph accepted, in bytes before base64."""

MAX_TEXT: Final = (MAX_BYTES + 2) // 3 * 4
_SIDE_PX = (100, 2400)
_UPRIGHT, _WIDE = (0.6, 0.9), (1.2, 1.8)
_JPEG_QUALITY = 90

FORMATS: Final = frozenset({"photo", "photo-wide"})
"""The formats of fields that hold a photograph."""


class PhotographRefusedError(ValueError):
    """Why a photograph cannot be taken, in words that follow the field's title."""

    def __init__(self, zh: str, en: str) -> None:
        self.zh = zh
        self.en = en
        super().__init__(en)


def clean_photograph(text: str, *, wide: bool = False) -> str:
    """Decode a photograph and encode it anew as a plain RGB JPEG, in base64.

    What is not pixels stays behind: positions and names of devices in EXIF, colour profiles, data after the end of
    the picture, and whatever a reader of images might trip over. The size in pixels is looked at before any pixel is
    decoded, so that a small file cannot fill the memory.

    :param wide: a picture of two people side by side (合影) instead of an upright one of a single person.
    :raises PhotographRefusedError: it is not a PNG or JPEG of at most 200 KiB, of 100 to 2,400 pixels a side, in shape.
    """
    if len(text) > MAX_TEXT:
        raise PhotographRefusedError("超过 200 KB", "is larger than 200 KB")
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise PhotographRefusedError("不是 base64 编码", "is not base64") from None
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as image:
            _check_size(*image.size)
            pixels = _on_white(ImageOps.exif_transpose(image))
    except PhotographRefusedError:
        raise
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PhotographRefusedError("不是完整的 PNG 或 JPEG 图像", "is not a whole PNG or JPEG picture") from None
    width, height = pixels.size
    least, most = _WIDE if wide else _UPRIGHT
    if not least <= width / height <= most:
        zh, en = ("横幅合影", "a picture of two people, wide") if wide else ("竖幅证件照", "an upright portrait")
        raise PhotographRefusedError(
            f"应为{zh}（宽高比 {least} 至 {most}）", f"has to be {en}, {least} to {most} times as wide as high"
        )
    encoded = io.BytesIO()
    pixels.save(encoded, "JPEG", quality=_JPEG_QUALITY)
    return base64.b64encode(encoded.getvalue()).decode()


def _check_size(width: int, height: int) -> None:
    low, high = _SIDE_PX
    if not (low <= width <= high and low <= height <= high):
        raise PhotographRefusedError(f"边长应为 {low} 至 {high} 像素", f"has to measure {low} to {high} pixels a side")


def _on_white(image: Image.Image) -> Image.Image:
    """The pixels alone, in RGB, on a picture of our own; where they are transparent, its white shows."""
    page = Image.new("RGB", image.size, "white")
    if image.has_transparency_data:
        with_alpha = image.convert("RGBA")
        page.paste(with_alpha, mask=with_alpha.getchannel("A"))
    else:
        page.paste(image.convert("RGB"))
    return page
