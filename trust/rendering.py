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
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import qrcode
import typst
from pyhanko.pdf_utils.reader import PdfFileReader
from qrcode.constants import ERROR_CORRECT_M

from seal.fonts import FontLibrary
from trust.catalogue import LicenceType
from trust.content import LicenceContent
from trust.errors import CharacterMissingError, RenderingFailedError, TextTooLongError
from trust.photographs import FORMATS as PHOTOGRAPHS
from trust.type_package import ORNAMENT, TEMPLATE

_STANDARD: Final = "a-3b"
_TOO_LONG = re.compile(r"text-too-long:([a-z0-9_.]+)")
_QR_QUIET: Final = 2
"""Modules of white round the QR code; the page round it is pale as well."""
_QR_MASK: Final = 3
"""Always the same: to try all eight takes longer than to set the page, and every reader reads any of them."""

_IMPORTED: Final = "yinzheng-imported.typ"
_IMPORTED_PAGE: Final = f"""
#let licence = json(bytes(sys.inputs.licence))
#set page(foreground: place(bottom + center, dy: -1mm, box(
  fill: white, inset: (x: 1.5mm, y: 0.4mm), radius: 0.5mm,
  text(font: licence.fonts, size: 6pt, fill: rgb("#8a1c1c"), licence.imported),
)))
#include "{TEMPLATE}"
"""
"""The page of any type with a line that says that it was taken over from an archive."""


class Renderer:
    """Draws licences. One renderer serves many threads; each thread keeps a warm compiler of its own.

    Templates read what belongs to their version of the type and nothing else: that is all there is in the directory
    which is Typst's root.
    """

    def __init__(self, fonts: FontLibrary) -> None:
        self._fonts = fonts
        self._families = fonts.typst_families("song")
        self._of_thread = threading.local()
        self._directory = TemporaryDirectory(prefix="yinzheng-types-")
        self._roots: dict[str, Path] = {}
        self._ornaments: dict[str, str] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Take away what was laid out for the compiler."""
        self._directory.cleanup()

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
        data = _page_data(content, self._families)
        inputs = {
            "licence": json.dumps(data, ensure_ascii=False, allow_nan=False),
            "metadata": content.canonical_json().decode(),
            "ornament": self._ornament(content.type),
        }
        root = self._root(content.type)
        page = root / (TEMPLATE if content.imported_on is None else _IMPORTED)
        try:
            return self._compiler().compile(page, root=root, sys_inputs=inputs, **options)
        except typst.TypstError as error:
            raise _explained(error, content.type) from None

    def _root(self, licence_type: LicenceType) -> Path:
        """The directory with a version's files, written when they are first needed."""
        with self._lock:
            if licence_type.digest not in self._roots:
                root = Path(self._directory.name) / licence_type.digest
                for path, data in licence_type.page.files.items():
                    (root / path).parent.mkdir(parents=True, exist_ok=True)
                    (root / path).write_bytes(data)
                (root / _IMPORTED).write_text(_IMPORTED_PAGE, "utf-8")
                self._roots[licence_type.digest] = root
            return self._roots[licence_type.digest]

    def _ornament(self, licence_type: LicenceType) -> str:
        """The ground of a version's pages as an SVG, drawn once: it takes far longer than a page."""
        root = self._root(licence_type)
        with self._lock:
            drawn = self._ornaments.get(licence_type.digest)
            if drawn is None:
                paper = {"width": licence_type.page_width_mm, "height": licence_type.page_height_mm}
                try:
                    svg = self._compiler().compile(
                        root / ORNAMENT, root=root, format="svg", sys_inputs={"page": json.dumps(paper)}
                    )
                except typst.TypstError as error:
                    raise _template_fault(licence_type, error) from None
                if not isinstance(svg, bytes):
                    raise RenderingFailedError(slug=licence_type.slug, problem="its ornament is not exactly one page")
                drawn = self._ornaments[licence_type.digest] = svg.decode()
        return drawn

    def _compiler(self) -> typst.Compiler:
        # A compiler keeps the inputs of its last call, so two threads must not share one.
        if not hasattr(self._of_thread, "compiler"):
            self._of_thread.compiler = typst.Compiler(font_paths=self._fonts.typst_fonts, ignore_system_fonts=True)
        compiler: typst.Compiler = self._of_thread.compiler
        return compiler

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
    # Only the first line, without the place that was searched: the rest names files and quotes the template.
    said = re.sub(r" \(searched at .*", "", error.message.splitlines()[0])
    return RenderingFailedError(slug=licence_type.slug, problem=said[:200])


def _imported_line(content: LicenceContent) -> str | None:
    day = content.imported_on
    return (
        None
        if day is None
        else f"历史数据归集 · {day.year}年{day.month}月{day.day}日据原证照信息生成，非原证照签发时的文件"
    )


def _page_data(content: LicenceContent, families: list[str]) -> dict[str, Any]:
    """What templates read as ``licence``."""
    place = content.type.seal
    fields = dict(content.fields)
    photos = [
        key for key, schema in content.type.fields.items() if schema.get("format") in PHOTOGRAPHS and key in fields
    ]
    for key in photos:
        # Typst reads no base64; bytes travel as numbers.
        fields[key] = list(base64.b64decode(fields[key]))
    return {
        "name": content.type.name_zh,
        "number": content.number,
        "identifier": str(content.identifier),
        "issuer": content.issuer_name,
        "issue_date": content.issue_date.isoformat(),
        "valid_from": content.valid_from.isoformat(),
        "valid_until": content.valid_until.isoformat() if content.valid_until else None,
        "fields": fields,
        "page": {"width": content.type.page_width_mm, "height": content.type.page_height_mm},
        "seal": {"page": place.page, "x": place.x_mm, "y": place.y_mm, "diameter": place.diameter_mm},
        "qr": _qr_svg(content.check_url),
        "imported": _imported_line(content),
        "fonts": families,
    }


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
