"""A picture of the page that bears the seals, with their places marked, for whoever looks at a verdict.

PDFium draws it, a large library that reads hostile bytes: this is called in a process of its own alone
(:mod:`verify.isolation`). A file at which it fails costs the picture and nothing else.
"""

from __future__ import annotations

import ctypes
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pypdfium2
from PIL import Image, ImageDraw, ImageFont
from pypdfium2 import raw

from verify.errors import PageUndrawableError

_WIDTH: Final = 800
_HEIGHT: Final = 1_200
"""Pixels, at most."""
_MOST_BYTES: Final = 60_000
_MOST_PAGES: Final = 20
"""Pages on which a seal is looked for."""
_MOST_WIDGETS: Final = 500
_LONGEST_NAME: Final = 2_000
_MARK: Final = (20, 80, 160)
_QUALITIES: Final = (70, 50, 30, 10)


@dataclass(frozen=True, slots=True)
class PagePicture:
    """One page of a file."""

    webp: bytes
    page: int
    """Counted from 1."""
    pages: int
    marked: tuple[int, ...]
    """Which of the fields asked for are marked, counted from 1; the marks bear these numbers."""


@dataclass(frozen=True, slots=True)
class _Place:
    number: int
    box: tuple[float, float, float, float]
    """Left, bottom, right, top in the page's own units."""


def page_picture(file: bytes | Path, fields: Sequence[str]) -> PagePicture:
    """Draw the first page on which one of some signature fields is seen; the first page where none is.

    :param fields: full names of signature fields.
    :raises PageUndrawableError: the file cannot be drawn.
    """
    try:
        with pypdfium2.PdfDocument(file) as document:
            document.init_forms()
            number, places = _first_sealed(document, list(fields))
            return _drawn(document, number, places)
    except (pypdfium2.PdfiumError, OSError, ValueError, ArithmeticError, ctypes.ArgumentError) as error:
        raise PageUndrawableError from error


def _first_sealed(document: Any, fields: list[str]) -> tuple[int, list[_Place]]:
    for number in range(min(len(document), _MOST_PAGES)):
        found = _places(document, number, fields)
        if found:
            return number, found
    return 0, []


def _places(document: Any, number: int, fields: list[str]) -> list[_Place]:
    page, found = document[number], []
    for index in range(min(raw.FPDFPage_GetAnnotCount(page), _MOST_WIDGETS)):
        note = raw.FPDFPage_GetAnnot(page, index)
        if not note:
            continue
        try:
            box = raw.FS_RECTF()
            if raw.FPDFAnnot_GetSubtype(note) != raw.FPDF_ANNOT_WIDGET or not raw.FPDFAnnot_GetRect(note, box):
                continue
            name = _name(document, note)
            if name in fields and box.right > box.left and box.top > box.bottom:
                found.append(_Place(fields.index(name) + 1, (box.left, box.bottom, box.right, box.top)))
        finally:
            raw.FPDFPage_CloseAnnot(note)
    return found


def _name(document: Any, note: Any) -> str:
    if document.formenv is None:
        return ""
    size = raw.FPDFAnnot_GetFormFieldName(document.formenv, note, None, 0)
    if not 2 <= size <= _LONGEST_NAME:
        return ""
    text = ctypes.create_string_buffer(size)
    raw.FPDFAnnot_GetFormFieldName(document.formenv, note, ctypes.cast(text, ctypes.POINTER(raw.FPDF_WCHAR)), size)
    return text.raw[: size - 2].decode("utf-16-le", "replace")


def _drawn(document: Any, number: int, places: list[_Place]) -> PagePicture:
    page = document[number]
    width, height = page.get_size()
    if not (width > 0 and height > 0):
        raise ValueError("the page has no size")
    scale = min((_WIDTH - 1) / width, (_HEIGHT - 1) / height)
    if min(width, height) * scale < 1:
        raise ValueError("the page is a line")
    picture = page.render(scale=scale, may_draw_forms=True).to_pil().convert("RGB")
    brush, font = ImageDraw.Draw(picture), ImageFont.load_default(18)
    for each in places:
        left, top, right, bottom = _on_picture(page, picture, each.box)
        brush.rectangle((left, top, right, bottom), outline=_MARK, width=3)
        brush.rectangle((left, top, left + 24, top + 24), fill=_MARK)
        brush.text((left + 12, top + 12), str(each.number), fill="white", font=font, anchor="mm")
    marked = tuple(sorted({each.number for each in places}))
    return PagePicture(_compressed(picture), number + 1, len(document), marked)


def _on_picture(page: Any, picture: Image.Image, box: tuple[float, float, float, float]) -> tuple[int, int, int, int]:
    """A box of the page, turned as the page is shown, with a margin around it."""
    across, down = [], []
    for x, y in ((box[0], box[1]), (box[2], box[3])):
        column, row = ctypes.c_int(), ctypes.c_int()
        raw.FPDF_PageToDevice(page, 0, 0, picture.width, picture.height, 0, x, y, column, row)
        across.append(min(max(column.value, 0), picture.width - 1))
        down.append(min(max(row.value, 0), picture.height - 1))
    margin = 6
    return (
        max(min(across) - margin, 0),
        max(min(down) - margin, 0),
        min(max(across) + margin, picture.width - 1),
        min(max(down) + margin, picture.height - 1),
    )


def _compressed(picture: Image.Image) -> bytes:
    made = b""
    for quality in _QUALITIES:
        out = io.BytesIO()
        picture.save(out, "WEBP", quality=quality)
        made = out.getvalue()
        if len(made) <= _MOST_BYTES:
            break
    return made
