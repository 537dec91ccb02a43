"""Draws the pictures of the documentation from what ``make demo`` left: ``.venv/bin/python docs/pictures.py``."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
WIDTH_PX = 1000


def main() -> None:
    for pdf in sorted((ROOT / "var" / "demo").glob("*.pdf")):
        with pypdfium2.PdfDocument(pdf) as document:
            document.init_forms()  # without it the seal, a form field, is not drawn
            page = document[0]
            picture: Image.Image = page.render(scale=WIDTH_PX / page.get_width()).to_pil()
        out = ROOT / "docs" / "images" / f"{pdf.stem}.png"
        picture.quantize(256, method=Image.Quantize.FASTOCTREE).save(out, optimize=True)
        print(f"{out.relative_to(ROOT)}: {out.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main()
