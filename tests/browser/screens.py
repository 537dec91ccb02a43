"""What a camera sees of a screen."""

from __future__ import annotations

import io

import zxingcpp
from PIL import Image
from playwright.sync_api import Page


def code_on(page: Page) -> str:
    """What the one QR code on a screen says."""
    with Image.open(io.BytesIO(page.screenshot())) as screen:
        found = zxingcpp.read_barcodes(screen.convert("RGB"))
    assert len(found) == 1, f"{len(found)} codes are on the screen"
    return str(found[0].text)
