"""Specimens (样本): pages that look like a licence and can never pass for one.

The mark is put across finished pages by a document of our own, so that no template can leave it out. A specimen has no
data embedded, no seal and no signature, and its QR code leads nowhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import typst

from seal.fonts import FontLibrary
from trust.codes import UnifiedSocialCreditCode
from trust.content import LicenceContent
from trust.errors import RenderingFailedError
from trust.identifier import LicenceIdentifier
from trust.licence_type import LicenceType
from trust.register import local_date
from trust.rendering import Renderer
from trust.samples import sample_fields
from trust.validation import check_fields

SpecimenForm = Literal["pdf", "png"]

_SERIAL = "SPECIMEN00000000"
_ISSUER = "样本机关"
_CHECK_URL = "https://specimen.invalid/"
_PAGES = """
#let paper = json(bytes(sys.inputs.paper))
#let (width, height) = (paper.width * 1mm, paper.height * 1mm)
#let size = calc.min(width, height) * 0.3
#set document(title: "样本 " + paper.name)
#set page(width: width, height: height, margin: 0pt, foreground: rotate(-calc.atan2(width / 1mm, height / 1mm), {
  set text(font: paper.fonts, fallback: false, fill: rgb("#c8102e").transparentize(62%), weight: "bold")
  stack(spacing: size * 0.2, text(size: size, tracking: 0.3em)[样本], text(size: size * 0.34)[SPECIMEN])
}))
#for number in range(1, paper.pages + 1) {
  image("/licence.pdf", page: number, width: width, height: height)
}
"""


def specimen_content(licence_type: LicenceType, fields: Mapping[str, Any] | None, *, at: datetime) -> LicenceContent:
    """What a specimen says: the fields given, or made-up ones.

    :raises FieldsInvalidError: the fields cannot be taken.
    :raises TypeForReferenceError: the type is only referred to, and has no pages.
    """
    _ = licence_type.page
    today = local_date(at)
    raw = sample_fields(licence_type, today=today) if fields is None else fields
    body = UnifiedSocialCreditCode.parse(licence_type.code[:18])
    return check_fields(licence_type, raw, issue_date=today, today=today).content(
        identifier=LicenceIdentifier.make(licence_type.code, body, _SERIAL),
        issuer_name=_ISSUER,
        issuer_code=body.number,
        check_url=_CHECK_URL,
    )


def draw_specimen(
    renderer: Renderer, fonts: FontLibrary, content: LicenceContent, *, at: datetime, form: SpecimenForm, ppi: float
) -> bytes:
    """The pages of a specimen with the mark across each, as a PDF, or the first of them as a PNG.

    :raises YinzhengError: what :meth:`~trust.rendering.Renderer.render` raises.
    """
    pdf, pages = renderer.render_pages(content, at=at)
    paper = {
        "name": content.type.name_zh,
        "width": content.type.page_width_mm,
        "height": content.type.page_height_mm,
        "pages": pages if form == "pdf" else 1,
        "fonts": fonts.typst_families("song"),
    }
    with TemporaryDirectory(prefix="yinzheng-specimen-") as directory:
        Path(directory, "licence.pdf").write_bytes(pdf)
        compiler = typst.Compiler(font_paths=fonts.typst_fonts, ignore_system_fonts=True)
        marked = compiler.compile(
            _PAGES.encode(),
            root=directory,
            format=form,
            ppi=ppi,
            sys_inputs={"paper": json.dumps(paper, ensure_ascii=False)},
        )
    if not isinstance(marked, bytes):
        raise RenderingFailedError(slug=content.type.slug, problem="its first page does not fit the paper")
    return marked
