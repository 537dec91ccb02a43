"""Drawing the page of a licence: Typst makes a PDF/A-3b of it, with the licence's data embedded.

What a licence says reaches the template as JSON and is shown as text, so that no field is ever read as markup.
"""

from __future__ import annotations

import base64
import io
import json
import re
import threading
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any, Final

import qrcode
import typst
from pyhanko.pdf_utils.reader import PdfFileReader
from qrcode.constants import ERROR_CORRECT_M

from seal.fonts import FontLibrary
from store.scratch import ScratchDirectory
from trust.catalogue import LicenceType
from trust.content import LicenceContent
from trust.errors import CharacterMissingError, RenderingFailedError, TextTooLongError
from trust.photographs import FORMATS as PHOTOGRAPHS
from trust.type_package import ORNAMENT, SHARED, TEMPLATE

_STANDARD: Final = "a-3b"
_TOO_LONG = re.compile(r"text-too-long:([a-z0-9_.]+)")
_PLACE = re.compile(rf"/((?:{re.escape(TEMPLATE)}|{re.escape(ORNAMENT)}|{SHARED}/[a-z_]+\.typ):[0-9]+:[0-9]+)")
"""Where a template is at fault: file, line, column."""
_QR_QUIET: Final = 2
"""Modules of white round the QR code; the page round it is pale as well."""
_QR_MASK: Final = 3
"""Always the same: to try all eight takes longer than to set the page, and every reader reads any of them."""

_DATA: Final = ".licence"
"""Directory with what one licence says; no file of a type can have such a name."""
_ORNAMENT_FILE: Final = "ornament.svg"
_IMPORTED: Final = "yinzheng-imported.typ"
_IMPORTED_PAGE: Final = f"""
#let licence = json("/{_DATA}/licence.json")
#set page(foreground: place(bottom + center, dy: -1mm, box(
  fill: white, inset: (x: 1.5mm, y: 0.4mm), radius: 0.5mm,
  text(font: licence.fonts, size: 6pt, fill: rgb("#8a1c1c"), licence.imported),
)))
#include "{TEMPLATE}"
"""
"""The page of any type with a line that says that it was taken over from an archive."""


class _Desk:
    """A warm compiler, and a directory for each version of a type: all that its templates can read."""

    def __init__(self, fonts: FontLibrary, directory: Path) -> None:
        self.compiler = typst.Compiler(font_paths=fonts.typst_fonts, ignore_system_fonts=True)
        self._directory = directory
        self._roots: dict[str, Path] = {}

    def root(self, licence_type: LicenceType) -> Path:
        """The directory with a version's files, written when they are first needed."""
        root = self._roots.get(licence_type.digest)
        if root is None:
            root = self._directory / licence_type.digest
            (root / _DATA).mkdir(parents=True)
            for path, data in licence_type.page.files.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_bytes(data)
            (root / _IMPORTED).write_text(_IMPORTED_PAGE, "utf-8")
            self._roots[licence_type.digest] = root
        return root


class Renderer:
    """Draws licences. One renderer serves many threads; each thread keeps a warm compiler of its own.

    Templates read what belongs to their version of the type and to the one licence, and nothing else: that is all there
    is in the directory which is Typst's root. What the licence says lies there as files while its page is laid out, in
    memory where the system has a place for that. As inputs of the compiler, which would need no files, it would change
    what every text is set with, and the compiler would set all of them anew that are the same on each licence.
    """

    def __init__(self, fonts: FontLibrary) -> None:
        self._fonts = fonts
        self._families = fonts.typst_families("song")
        self._of_thread = threading.local()
        self._directory = ScratchDirectory()
        self._desks = count()
        self._ornaments: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Take away what was laid out for the compiler."""
        self._directory.close()

    def render(self, content: LicenceContent, *, at: datetime) -> bytes:
        """The pages as a PDF/A-3b, without a seal, with ``licence.json`` embedded.

        :param at: the moment of issue, which the document bears as its date of creation.
        :raises TypeForReferenceError: the type is only referred to.
        :raises CharacterMissingError: no font has a character of the licence.
        :raises TextTooLongError: a text does not fit its place even at the smallest size, or there are too many pages.
        :raises RenderingFailedError: the template is at fault.
        """
        return self.render_pages(content, at=at)[0]

    def render_pages(self, content: LicenceContent, *, at: datetime) -> tuple[bytes, int]:
        """Like :meth:`render`, with the number of pages."""
        self._check_characters(content)
        pdf = self._compile(content, format="pdf", pdf_standards=_STANDARD, timestamp=at)
        if not isinstance(pdf, bytes):
            raise RenderingFailedError(slug=content.type.slug, problem="it makes no document")
        pages = int(PdfFileReader(io.BytesIO(pdf)).root["/Pages"]["/Count"])
        if pages > content.type.page.most_pages:
            raise _too_many_pages(content.type)
        return pdf, pages

    def _compile(self, content: LicenceContent, **options: Any) -> bytes | list[bytes] | None:
        desk = self._desk()
        root = desk.root(content.type)
        data = root / _DATA
        if not (data / _ORNAMENT_FILE).exists():
            (data / _ORNAMENT_FILE).write_bytes(self._ornament(content.type, desk))
        said = {
            "licence.json": _page_json(content, self._families),
            "metadata.json": content.canonical_json(),
            "check-code.svg": _qr_svg(content.check_url).encode(),
            **{f"{key}.jpg": photograph for key, photograph in _photographs(content).items()},
        }
        page = root / (TEMPLATE if content.imported_on is None else _IMPORTED)
        try:
            for name, written in said.items():
                (data / name).write_bytes(written)
            return desk.compiler.compile(page, root=root, sys_inputs={}, **options)
        except typst.TypstError as error:
            raise _explained(error, content.type) from None
        finally:
            for name in said:
                (data / name).unlink(missing_ok=True)

    def _ornament(self, licence_type: LicenceType, desk: _Desk) -> bytes:
        """The ground of a version's pages as an SVG, drawn once: it takes far longer than a page."""
        with self._lock:
            drawn = self._ornaments.get(licence_type.digest)
            if drawn is None:
                root = desk.root(licence_type)
                paper = {"width": licence_type.page_width_mm, "height": licence_type.page_height_mm}
                try:
                    svg = desk.compiler.compile(
                        root / ORNAMENT, root=root, format="svg", sys_inputs={"page": json.dumps(paper)}
                    )
                except typst.TypstError as error:
                    raise _template_fault(licence_type, error) from None
                if not isinstance(svg, bytes):
                    raise RenderingFailedError(slug=licence_type.slug, problem="its ornament is not exactly one page")
                drawn = self._ornaments[licence_type.digest] = svg
        return drawn

    def _desk(self) -> _Desk:
        # A compiler keeps the inputs of its last call, so two threads must not share one.
        if not hasattr(self._of_thread, "desk"):
            directory = self._directory.path / str(next(self._desks))
            self._of_thread.desk = _Desk(self._fonts, directory)
        desk: _Desk = self._of_thread.desk
        return desk

    def _check_characters(self, content: LicenceContent) -> None:
        shown = [content.issuer_name, *_texts(content.type.fields, content.fields)]
        missing = self._fonts.missing_characters("".join(shown))
        if missing:
            listed = "、".join(f"{character}（U+{ord(character):04X}）" for character in sorted(missing))
            raise CharacterMissingError(characters=listed)


def _texts(schemas: Mapping[str, Any], values: Mapping[str, Any]) -> Iterator[str]:
    """All texts of the fields and of the rows in their tables."""
    for key, value in values.items():
        if isinstance(value, str):
            if schemas[key].get("format") not in PHOTOGRAPHS:
                yield value
        else:
            for row in value:
                yield from _texts(schemas[key]["items"]["properties"], row)


def _explained(error: typst.TypstError, licence_type: LicenceType) -> TextTooLongError | RenderingFailedError:
    """What stopped a page, in our words."""
    too_long = _TOO_LONG.search(error.message)
    if too_long is None:
        return _template_fault(licence_type, error)
    if too_long[1] == "issuer":
        return TextTooLongError(title_zh="颁发机构", title_en="The issuer's name")
    return TextTooLongError(title_zh=licence_type.title_zh(too_long[1]), title_en=licence_type.title_en(too_long[1]))


def _too_many_pages(licence_type: LicenceType) -> TextTooLongError:
    most = licence_type.page.most_pages
    return TextTooLongError(title_zh=f"{licence_type.name_zh}（最多 {most} 页）", title_en=f"It ({most} pages at most)")


def _template_fault(licence_type: LicenceType, error: typst.TypstError) -> RenderingFailedError:
    # Only the first line, without the place that was searched: the rest names directories and quotes the template.
    said = re.sub(r" \(searched at .*", "", error.message.splitlines()[0])[:200]
    place = _PLACE.search(error.diagnostic)
    return RenderingFailedError(slug=licence_type.slug, problem=f"{said} ({place[1]})" if place else said)


def _imported_line(content: LicenceContent) -> str | None:
    day = content.imported_on
    return (
        None
        if day is None
        else f"历史数据归集 · {day.year}年{day.month}月{day.day}日据原证照信息生成，非原证照签发时的文件"
    )


def _photographs(content: LicenceContent) -> dict[str, bytes]:
    """The photographs among the fields, by key."""
    kinds = content.type.fields
    return {
        key: base64.b64decode(value) for key, value in content.fields.items() if kinds[key].get("format") in PHOTOGRAPHS
    }


def _page_json(content: LicenceContent, families: list[str]) -> bytes:
    """What templates read as ``licence``."""
    place = content.type.seal
    photographs = _photographs(content)
    data = {
        "name": content.type.name_zh,
        "number": content.number,
        "identifier": str(content.identifier),
        "issuer": content.issuer_name,
        "issue_date": content.issue_date.isoformat(),
        "valid_from": content.valid_from.isoformat(),
        "valid_until": content.valid_until.isoformat() if content.valid_until else None,
        "fields": {key: value for key, value in content.fields.items() if key not in photographs},
        "page": {"width": content.type.page_width_mm, "height": content.type.page_height_mm},
        "seal": {"page": place.page, "x": place.x_mm, "y": place.y_mm, "diameter": place.diameter_mm},
        "imported": _imported_line(content),
        "fonts": families,
    }
    return json.dumps(data, ensure_ascii=False, allow_nan=False).encode()


def _qr_svg(text: str) -> str:
    """A QR code as one path: one shape leaves no hairlines between modules when it is scaled."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=_QR_QUIET, mask_pattern=_QR_MASK)
    code.add_data(text)
    rows: list[list[bool]] = code.get_matrix()
    size = len(rows)
    runs = [
        f"M{match.start()} {y}h{len(match[0])}v1h-{len(match[0])}z"
        for y, row in enumerate(rows)
        for match in re.finditer("1+", "".join("1" if dark else "0" for dark in row))
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}">'
        f'<rect width="{size}" height="{size}" fill="#fff"/><path d="{"".join(runs)}"/></svg>'
    )
