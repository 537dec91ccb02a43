"""A finished drawing (印模) of a seal or a signature, and the forms in which it leaves: SVG, PDF operators, PNG.

Coordinates are whole micrometres, so that a drawing is the same wherever it is made and its digest can be relied on.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import typst

from seal.errors import ArtworkSizeError
from seal.outlines import Outline

Kind = Literal["official", "company", "name", "signature", "uploaded"]
Role = Literal["ring", "star", "frame", "name", "purpose", "number", "stroke", "picture"]

_PDF_OPERATORS = {"M": "m", "L": "l", "C": "c", "Z": "h"}
_UNITS_PER_MICROMETRE = 72 / 254
"""Hundredths of a point in a micrometre: the grid of the PDF operators, 3.5 µm wide."""

_LEAST_DPI, _MOST_DPI = 36, 2400
_PNG_HEADER = 33  # the signature and IHDR, after which other chunks may stand
_PAGE = b"""#let mm(name) = float(sys.inputs.at(name)) * 1mm
#set page(width: mm("width"), height: mm("height"), margin: 0pt, fill: none)
#image(bytes(sys.inputs.svg), format: "svg", width: 100%, height: 100%)
"""
_NO_FONTS = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[])


@dataclass(frozen=True)
class Shape:
    """One filled part of a drawing: the ring, the star, one character ..."""

    role: Role
    commands: tuple[tuple[Literal["M", "L", "C", "Z"], tuple[int, ...]], ...]
    """Closed contours in micrometres, y upwards from the lower left corner; filled by the non-zero winding rule."""

    @classmethod
    def of(cls, role: Role, outline: Outline) -> Shape:
        """The shape of an outline whose coordinates are millimetres."""
        return cls(role, tuple((op, tuple([round(n * 1000) for n in numbers])) for op, numbers in outline.commands))

    def points(self) -> list[tuple[float, float]]:
        """All control points, in millimetres."""
        flat = [n / 1000 for _, numbers in self.commands for n in numbers]
        return list(zip(flat[::2], flat[1::2], strict=True))


@dataclass(frozen=True)
class Artwork:
    """The drawing of a seal or signature in its true size."""

    kind: Kind
    width_mm: float
    height_mm: float
    colour: str
    """``#RRGGBB``, in sRGB."""
    shapes: tuple[Shape, ...]

    def to_svg(self) -> str:
        """SVG with the size in millimetres and nothing in it but filled paths; the same text for the same drawing."""
        top = round(self.height_mm * 1000)
        width, height = _number(self.width_mm), _number(self.height_mm)
        paths = "".join(f'<path d="{_svg_path(shape, top)}"/>' for shape in self.shapes)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}mm" height="{height}mm" '
            f'viewBox="0 0 {width} {height}"><g fill="{self.colour}">{paths}</g></svg>'
        )

    def to_pdf_content(self) -> bytes:
        """Operators for a PDF content stream or form XObject whose box is the size in points, origin lower left.

        Filled paths in DeviceRGB inside ``q`` and ``Q``: for PDF/A the document needs an RGB output intent.
        """
        red, green, blue = (_number(int(self.colour[i : i + 2], 16) / 255) for i in (1, 3, 5))
        lines = [f"q {red} {green} {blue} rg .01 0 0 .01 0 0 cm"]
        for shape in self.shapes:
            for op, numbers in shape.commands:
                coordinates = [str(round(n * _UNITS_PER_MICROMETRE)) for n in numbers]
                lines.append(" ".join([*coordinates, _PDF_OPERATORS[op]]))
            lines.append("f")
        lines.append("Q\n")
        return "\n".join(lines).encode("ascii")

    @property
    def size_pt(self) -> tuple[float, float]:
        """Width and height in points, for the box of the PDF operators."""
        return self.width_mm * 72 / 25.4, self.height_mm * 72 / 25.4

    def to_png(self, dpi: int = 600) -> bytes:
        """PNG on a transparent ground, its size rounded to the nearest pixel (42 mm at 600 dpi are 992).

        Typst rasterises the SVG: unlike pdfium it may run in several threads at once. Raises ArtworkSizeError for a
        resolution below 36 or above 2400.
        """
        if not _LEAST_DPI <= dpi <= _MOST_DPI:
            raise ArtworkSizeError(
                part="分辨率（dpi）", part_en="the resolution (dpi)", least=_LEAST_DPI, most=_MOST_DPI
            )
        inputs = {"svg": self.to_svg(), "width": _number(self.width_mm), "height": _number(self.height_mm)}
        compiler = typst.Compiler(_PAGE, font_paths=_NO_FONTS, ignore_system_fonts=True, sys_inputs=inputs)
        png = compiler.compile(format="png", ppi=dpi)
        if not isinstance(png, bytes):
            raise TypeError("a drawing fits one page")
        return _with_resolution(png, dpi)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the SVG, in lower-case hexadecimal: names the drawing in the seal's record."""
        return hashlib.sha256(self.to_svg().encode()).hexdigest()

    def __hash__(self) -> int:
        # A drawing of thousands of points is a key of caches; its digest is computed once.
        return hash(self.digest)


def artwork(
    kind: Kind, width_mm: float, height_mm: float, colour: str, parts: Iterable[tuple[Role, Outline]]
) -> Artwork:
    """A drawing of outlines whose coordinates are millimetres, y upwards from the lower left corner."""
    return Artwork(kind, width_mm, height_mm, colour, tuple(Shape.of(role, outline) for role, outline in parts))


def _svg_path(shape: Shape, top: int) -> str:
    return "".join(op + _svg_numbers(numbers, top) for op, numbers in shape.commands)


def _svg_numbers(numbers: Sequence[int], top: int) -> str:
    return " ".join([_number((top - n if i % 2 else n) / 1000) for i, n in enumerate(numbers)])


def _number(value: float) -> str:
    """A decimal number without exponent or trailing zeros, to three places."""
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _with_resolution(png: bytes, dpi: int) -> bytes:
    """A PNG that says how large it is (pHYs, in pixels to the metre), so that it prints in its true size."""
    density = round(dpi / 0.0254)
    content = b"pHYs" + struct.pack(">IIB", density, density, 1)
    chunk = struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
    return png[:_PNG_HEADER] + chunk + png[_PNG_HEADER:]
