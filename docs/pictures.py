"""Draws the pictures of the documentation: ``.venv/bin/python -m docs.pictures [licences|pages]``, or both.

Those of licences are drawn from what ``make demo`` left, those of pages from a service with the demo data of
``make serve``, in Debian's Chromium.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pypdfium2
from PIL import Image
from playwright.sync_api import Browser, Page

from tests.browser.chromium import chromium_started, installed
from tests.browser.served import Served, served_alone
from tests.browser.visits import visits

ROOT = Path(__file__).resolve().parent.parent
WIDTH_PX = 1000
TILE_PX = 330
COLUMNS = 4
GAP_PX = 10
PHONE, DESK = (375, 720), (1200, 800)
LICENCES = 60


def first_page(pdf: Path, longest_px: int) -> Image.Image:
    """The first page, its longer side as long as is said."""
    with pypdfium2.PdfDocument(pdf) as document:
        document.init_forms()  # without it the seal, a form field, is not drawn
        page = document[0]
        picture: Image.Image = page.render(scale=longest_px / max(page.get_width(), page.get_height())).to_pil()
    return picture


def save(picture: Image.Image, name: str, *, colours: int = 256) -> None:
    """Keep a picture, as small as it gets."""
    out = ROOT / "docs" / "images" / f"{name}.png"
    picture.convert("RGB").quantize(colours, dither=Image.Dither.NONE).save(out, optimize=True)
    print(f"{out.relative_to(ROOT)}: {out.stat().st_size // 1024} kB")


def draw_licences() -> None:
    """The business licence, and a sheet with one licence of each type."""
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


@dataclass(frozen=True)
class Screen:
    """A page to be drawn: a visit of the tests by its title."""

    visit: str
    size: tuple[int, int]
    then: Callable[[Page], object] = lambda _: None


SCREENS = {
    "wallet": [Screen(each, PHONE) for each in ("wallet-of-a-holder", "wallet-code", "wallet-looks")],
    "check": [Screen("checks-number", DESK)],
    "console": [Screen("console-licences-identifier", DESK)],
    "seals": [Screen("seals-requests", DESK)],
}
"""The four areas. Several screens stand side by side."""


def shot(browser: Browser, served: Served, screen: Screen) -> Image.Image:
    """What a screen shows."""
    visit = next(each for each in visits() if each.title == screen.visit)
    width, height = screen.size
    with browser.new_context(base_url=served.url, viewport={"width": width, "height": height}) as context:
        context.add_cookies(served.cookies(visit.role, "zh"))
        page = context.new_page()
        page.goto(visit.address(served))
        if visit.prepare is not None:
            visit.prepare(page)
        screen.then(page)
        page.wait_for_load_state("networkidle")
        return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def draw_pages() -> None:
    """One picture of each area."""
    if installed() is None:
        sys.exit("chromium is not installed")
    with served_alone(LICENCES) as served, chromium_started() as browser:
        for name, screens in SCREENS.items():
            shots = [shot(browser, served, each) for each in screens]
            width = sum(each.width for each in shots) + GAP_PX * (len(shots) - 1)
            sheet = Image.new("RGB", (width, max(each.height for each in shots)), "#c9ccd1")
            left = 0
            for each in shots:
                sheet.paste(each, (left, 0))
                left += each.width + GAP_PX
            save(sheet, name, colours=64)


def main() -> None:
    wanted = sys.argv[1:] or ["licences", "pages"]
    if "licences" in wanted:
        draw_licences()
    if "pages" in wanted:
        draw_pages()


if __name__ == "__main__":
    main()
