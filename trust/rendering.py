"""Drawing the page of a licence: Typst makes a PDF/A-3b of it, with the licence's data embedded.

What a licence says reaches the template as JSON and is shown as text, so that no field is ever read as markup.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from datetime import datetime
from typing import Any, Final

import qrcode
import typst
from qrcode.constants import ERROR_CORRECT_M

from seal.fonts import FontLibrary
from trust.catalogue import LicenceType
from trust.content import LicenceContent
from trust.errors import CharacterMissingError, RenderingFailedError, TextTooLongError

_STANDARD: Final = "a-3b"
_TOO_LONG = re.compile(r"text-too-long:([a-z_]+)")
_QR_QUIET: Final = 2
"""Modules of white round the QR code; the page round it is pale as well."""


class Renderer:
    """Draws licences. One renderer serves many threads; each thread keeps a warm compiler of its own."""

    def __init__(self, fonts: FontLibrary) -> None:
        self._fonts = fonts
        self._families = fonts.typst_families("song")
        self._of_thread = threading.local()
        self._ornaments: dict[str, str] = {}
        self._ornaments_lock = threading.Lock()

    def render(self, content: LicenceContent, *, at: datetime) -> bytes:
        """The page as a PDF/A-3b, without a seal, with ``licence.json`` embedded.

        :param at: the moment of issue, which the document bears as its date of creation.
        :raises CharacterMissingError: no font has a character of the licence.
        :raises TextTooLongError: a text does not fit its place even at the smallest size.
        :raises RenderingFailedError: the template is at fault.
        """
        return self._compile(content, format="pdf", pdf_standards=_STANDARD, timestamp=at)

    def render_png(self, content: LicenceContent, *, ppi: float = 110) -> bytes:
        """The first page as a PNG, for a preview; raises what :meth:`render` raises."""
        return self._compile(content, format="png", ppi=ppi)

    def _compile(self, content: LicenceContent, **options: Any) -> bytes:
        self._check_characters(content)
        data = _page_data(content, self._families)
        inputs = {
            "licence": json.dumps(data, ensure_ascii=False, allow_nan=False),
            "metadata": content.canonical_json().decode(),
            "ornament": self._ornament(content.type),
        }
        template = content.type.template
        try:
            pages = self._compiler().compile(template, root=template.parents[1], sys_inputs=inputs, **options)
        except typst.TypstError as error:
            raise _explained(error, content.type) from None
        return _one_page(content.type, pages)

    def _ornament(self, licence_type: LicenceType) -> str:
        """The ground of a type's pages as an SVG, drawn once: it takes far longer than a page."""
        with self._ornaments_lock:
            drawn = self._ornaments.get(licence_type.slug)
            if drawn is None:
                path = licence_type.ornament
                paper = {"width": licence_type.page_width_mm, "height": licence_type.page_height_mm}
                try:
                    svg = self._compiler().compile(
                        path, root=path.parents[1], format="svg", sys_inputs={"page": json.dumps(paper)}
                    )
                except typst.TypstError as error:
                    raise _template_fault(licence_type, error) from None
                drawn = self._ornaments[licence_type.slug] = _one_page(licence_type, svg).decode()
        return drawn

    def _compiler(self) -> typst.Compiler:
        # A compiler keeps the inputs of its last call, so two threads must not share one.
        if not hasattr(self._of_thread, "compiler"):
            self._of_thread.compiler = typst.Compiler(font_paths=self._fonts.typst_fonts, ignore_system_fonts=True)
        compiler: typst.Compiler = self._of_thread.compiler
        return compiler

    def _check_characters(self, content: LicenceContent) -> None:
        photos = {key for key, schema in content.type.fields.items() if schema.get("format") == "photo"}
        shown = [str(value) for key, value in content.fields.items() if key not in photos]
        missing = self._fonts.missing_characters("".join([*shown, content.issuer_name]))
        if missing:
            listed = "、".join(f"{character}（U+{ord(character):04X}）" for character in sorted(missing))
            raise CharacterMissingError(characters=listed)


def _explained(error: typst.TypstError, licence_type: LicenceType) -> TextTooLongError | RenderingFailedError:
    """What stopped a page, in our words."""
    too_long = _TOO_LONG.search(error.message)
    if too_long is None:
        return _template_fault(licence_type, error)
    key = too_long[1]
    if key == "issuer":
        return TextTooLongError(title_zh="颁发机构", title_en="The issuer's name")
    return TextTooLongError(title_zh=licence_type.title_zh(key), title_en=licence_type.title_en(key))


def _template_fault(licence_type: LicenceType, error: typst.TypstError) -> RenderingFailedError:
    # Only the first line: what follows names files and quotes the template.
    return RenderingFailedError(slug=licence_type.slug, problem=error.message.splitlines()[0][:200])


def _one_page(licence_type: LicenceType, compiled: bytes | list[bytes] | None) -> bytes:
    if not isinstance(compiled, bytes):
        raise RenderingFailedError(slug=licence_type.slug, problem="it does not make exactly one page")
    return compiled


def _page_data(content: LicenceContent, families: list[str]) -> dict[str, Any]:
    """What templates read as ``licence``."""
    place = content.type.seal
    fields = dict(content.fields)
    photos = [key for key, schema in content.type.fields.items() if schema.get("format") == "photo" and key in fields]
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
        "seal": {"x": place.x_mm, "y": place.y_mm, "diameter": place.diameter_mm},
        "qr": _qr_svg(content.check_url),
        "fonts": families,
    }


def _qr_svg(text: str) -> str:
    """A QR code as one path: one shape leaves no hairlines between modules when it is scaled."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=_QR_QUIET)
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
