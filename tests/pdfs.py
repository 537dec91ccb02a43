"""Plain PDFs to seal and to attack."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

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


def write_large_pdf(path: Path, size: int) -> None:
    """A one-page PDF with a stream of many bytes in front of its page."""
    offsets = []
    with path.open("wb") as file:
        file.write(b"%PDF-1.7\n")

        def add(body: bytes) -> None:
            offsets.append(file.tell())
            file.write(b"%d 0 obj\n%s\nendobj\n" % (len(offsets), body))

        offsets.append(file.tell())
        file.write(b"1 0 obj\n<</Length %d>>\nstream\n" % size)
        for _ in range(size // 1_000_000):
            file.write(bytes(1_000_000))
        file.write(b"\nendstream\nendobj\n")
        add(b"<</Type/Pages/Count 1/Kids[3 0 R]>>")
        add(b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Attachment 1 0 R>>")
        add(b"<</Type/Catalog/Pages 2 0 R>>")
        table = file.tell()
        file.write(b"xref\n0 5\n0000000000 65535 f \n")
        for offset in offsets:
            file.write(b"%010d 00000 n \n" % offset)
        file.write(b"trailer\n<</Size 5/Root 4 0 R>>\nstartxref\n%d\n%%%%EOF\n" % table)
