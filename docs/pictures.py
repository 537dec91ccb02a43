"""Draws the pictures of the documentation from what ``make demo`` left: ``.venv/bin/python docs/pictures.py``."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
WIDTH_PX = 1000
TILE_PX = 330
COLUMNS = 4
GAP_PX = 10


def first_page(pdf: Path, longest_px: int) -> Image.Image:
    """The first page, its longer side as long as is said."""
    with pypdfium2.PdfDocument(pdf) as document:
        document.init_forms()  # without it the seal, a form field, is not drawn
        page = document[0]
        picture: Image.Image = page.render(scale=longest_px / max(page.get_width(), page.get_height())).to_pil()
    return picture


def save(picture: Image.Image, name: str) -> None:
    out = ROOT / "docs" / "images" / f"{name}.png"
    picture.quantize(256, method=Image.Quantize.FASTOCTREE).save(out, optimize=True)
    print(f"{out.relative_to(ROOT)}: {out.stat().st_size // 1024} kB")


def main() -> None:
    demo = ROOT / "var" / "demo"
    save(first_page(demo / "business_licence.pdf", WIDTH_PX), "business_licence")
    tiles = [first_page(pdf, TILE_PX) for pdf in sorted(demo.glob("*.pdf"))]
    side = TILE_PX + GAP_PX
    rows = -(-len(tiles) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * side, rows * side), "white")
    for index, tile in enumerate(tiles):
        left, top = (index % COLUMNS) * side, (index // COLUMNS) * side
        sheet.paste(tile, (left + (side - tile.width) // 2, top + (side - tile.height) // 2))
    save(sheet, "licence_types")


if __name__ == "__main__":
    main()
