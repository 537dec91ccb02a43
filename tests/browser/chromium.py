"""How Debian's Chromium is started."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import manimgx_fonts_cjk
from playwright.sync_api import Browser, sync_playwright

WHOLE: Final = "chromium"
"""The one with all that it has."""
_WINDOWLESS: Final = "chromium-headless-shell"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
_FONTS = """<?xml version="1.0"?>
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir>{fonts}</dir>
  <cachedir>{cache}</cachedir>
</fontconfig>
"""


def installed() -> str | None:
    """Where it is: the one without a window if it can be had, which takes a sixth less time. None where neither is."""
    return shutil.which(_WINDOWLESS) or shutil.which(WHOLE)


@contextmanager
def chromium_started() -> Iterator[Browser]:
    """Chromium with the Chinese font of the service, since a machine for tests may have none."""
    with TemporaryDirectory(prefix="yinzheng-fonts-") as directory, sync_playwright() as playwright:
        settings = Path(directory) / "fonts.conf"
        fonts = Path(manimgx_fonts_cjk.__file__).parent
        settings.write_text(_FONTS.format(fonts=fonts, cache=directory), "utf-8")
        environment = {**os.environ, "FONTCONFIG_FILE": str(settings)}
        browser = playwright.chromium.launch(executable_path=installed(), args=FLAGS, env=environment)
        yield browser
        browser.close()
