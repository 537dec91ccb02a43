"""An uploaded PNG as the picture of a seal: pixels with transparency, in true size."""

from __future__ import annotations

import hashlib
import io
import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import NoReturn

from PIL import Image, UnidentifiedImageError

from seal.errors import PictureRefusedError

LARGEST_BYTES = 4 * 1024 * 1024
_LEAST_PIXELS, _MOST_PIXELS = 64, 4096
_LEAST_DPI, _MOST_DPI = 300, 2400
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class PdfImage:
    """An image with its soft mask, as a PDF has them: rows from the top, 8 bits, deflated."""

    width: int
    height: int
    colours: bytes
    """DeviceRGB."""
    alpha: bytes
    """DeviceGray; 255 is opaque."""


@dataclass(frozen=True)
class RasterArtwork:
    """The picture of a seal in pixels. It has no shapes; otherwise it is used as :class:`~seal.drawing.Artwork` is."""

    width_mm: float
    height_mm: float
    png: bytes
    """RGBA, without anything else that a PNG can carry."""

    @property
    def size_pt(self) -> tuple[float, float]:
        """Width and height in points."""
        return self.width_mm * 72 / 25.4, self.height_mm * 72 / 25.4

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the PNG, in lower-case hexadecimal."""
        return hashlib.sha256(self.png).hexdigest()

    def to_pdf_content(self) -> bytes:
        """Operators that draw :meth:`pdf_images` into a box of the size in points, origin lower left."""
        width, height = self.size_pt
        return f"q {width:.4f} 0 0 {height:.4f} 0 0 cm /Picture Do Q\n".encode("ascii")

    def pdf_images(self) -> dict[str, PdfImage]:
        """The images that the operators name, for the resources of the form."""
        with Image.open(io.BytesIO(self.png), formats=["PNG"]) as image:
            colours = zlib.compress(image.convert("RGB").tobytes(), 9)
            alpha = zlib.compress(image.getchannel("A").tobytes(), 9)
            return {"Picture": PdfImage(image.width, image.height, colours, alpha)}

    def to_png(self, dpi: int = 600) -> bytes:
        """PNG on a transparent ground at a resolution, its size rounded to the nearest pixel."""
        size = round(self.width_mm / 25.4 * dpi), round(self.height_mm / 25.4 * dpi)
        with Image.open(io.BytesIO(self.png), formats=["PNG"]) as image:
            if image.size == size:
                return self.png
            # Colours count by their opacity, or the ground would bleed into the edges.
            return _encoded(image.convert("RGBa").resize(size, Image.Resampling.LANCZOS).convert("RGBA"), dpi)


def read_png(data: bytes, *, width_mm: float) -> RasterArtwork:
    """The picture in a PNG, at a width on paper; the height follows from the pixels.

    :raises PictureRefusedError: it is none, is larger than 4 MB, moves, has no transparent ground, or has less than
        300 or more than 2400 pixels to the inch or more than 4096 to a side.
    """
    if len(data) > LARGEST_BYTES:
        _refuse("PNG 文件超过 4 MB。", "the PNG is larger than 4 MB.")
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            if not all(_LEAST_PIXELS <= side <= _MOST_PIXELS for side in image.size):
                _refuse(
                    f"图片边长应在 {_LEAST_PIXELS} 至 {_MOST_PIXELS} 像素之间。",
                    f"its sides have to have {_LEAST_PIXELS} to {_MOST_PIXELS} pixels.",
                )
            if getattr(image, "n_frames", 1) != 1:
                _refuse("不得为动画。", "it may not be animated.")
            if "A" not in image.getbands() and "transparency" not in image.info:
                _refuse(
                    "没有透明通道，请将底色设为透明后导出。",
                    "it has no transparency; export it on a transparent ground.",
                )
            pixels = image.convert("RGBA")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError):
        _refuse("不是完好的 PNG 图片。", "it is no sound PNG.")
    dpi = pixels.width / width_mm * 25.4
    if not _LEAST_DPI <= dpi <= _MOST_DPI:
        _refuse(
            f"分辨率为每英寸 {dpi:.0f} 像素，应在 {_LEAST_DPI} 至 {_MOST_DPI} 之间。",
            f"it has {dpi:.0f} pixels to the inch; {_LEAST_DPI} to {_MOST_DPI} are needed.",
        )
    return RasterArtwork(width_mm, round(width_mm * pixels.height / pixels.width, 3), _encoded(pixels, dpi))


def covered(png: bytes) -> float:
    """The share of a PNG's area, 0 to 1, that is not see-through."""
    with Image.open(io.BytesIO(png), formats=["PNG"]) as image:
        counts = image.convert("RGBA").getchannel("A").histogram()
    return sum(counts[128:]) / sum(counts)


def _encoded(image: Image.Image, dpi: float) -> bytes:
    # Made anew from the pixels, so that nothing else that was in the file comes along.
    clean = Image.frombytes("RGBA", image.size, image.tobytes())
    out = io.BytesIO()
    clean.save(out, "PNG", optimize=True, dpi=(dpi, dpi))
    return out.getvalue()


def _refuse(problem_zh: str, problem_en: str) -> NoReturn:
    raise PictureRefusedError(problem_zh=problem_zh, problem_en=problem_en)
