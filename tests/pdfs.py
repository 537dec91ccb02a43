"""Plain PDFs to seal and to attack."""

from __future__ import annotations

import io
from functools import cache

import typst
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer


@cache
def blank_pdf() -> bytes:
    """An A4 page with nothing of note on it."""
    compiled = typst.compile(b'#set page(paper: "a4")\nplain', format="pdf", ignore_system_fonts=True)
    assert isinstance(compiled, bytes)
    return compiled


@cache
def encrypted_pdf() -> bytes:
    """The same page under a password."""
    writer = copy_into_new_writer(PdfFileReader(io.BytesIO(blank_pdf())))
    writer.encrypt(owner_pass="owner", user_pass="user")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
