"""A code held before the camera, in a browser that has one, and one whose reader refuses it."""

from __future__ import annotations

import io
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from tests.browser.chromium import FLAGS, WHOLE
from tests.browser.served import Served
from wallet.qr import QrCode

pytestmark = pytest.mark.needs(WHOLE)  # the one without a window has no camera


def _seen(text: str, directory: Path) -> Path:
    """What the camera sees: a film of one code, in Motion JPEG."""
    picture = Image.new("RGB", (640, 480), "white")
    with Image.open(io.BytesIO(QrCode(text).png())) as code:
        picture.paste(code.convert("RGB").resize((440, 440), Image.Resampling.NEAREST), (100, 20))
    frame = io.BytesIO()
    picture.save(frame, "JPEG", quality=90)
    film = directory / "camera.mjpeg"
    film.write_bytes(frame.getvalue() * 2)
    return film


def _with_camera(chromium: Browser, film: Path) -> Browser:
    camera = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={film}"]
    flags: Sequence[str] = [*FLAGS, *camera]
    return chromium.browser_type.launch(executable_path=shutil.which(WHOLE), args=list(flags))


def test_a_code_before_the_camera_is_checked(chromium: Browser, served: Served, tmp_path: Path) -> None:
    film = _seen(f"{served.url}/c/{served.licence().identifier}", tmp_path)
    browser = _with_camera(chromium, film)
    try:
        page = browser.new_context(base_url=served.url, permissions=["camera"], locale="zh-CN").new_page()
        page.goto("/")
        page.get_by_role("button", name="用摄像头扫描").click()
        page.wait_for_url("**/checks/*", timeout=20_000)
        expect(page.locator("[data-verdict=TOTAL_PASSED]")).to_be_visible()
    finally:
        browser.close()


def test_without_leave_for_the_camera_the_page_says_what_to_do(
    chromium: Browser, served: Served, tmp_path: Path
) -> None:
    browser = _with_camera(chromium, _seen("x", tmp_path))
    try:
        page = browser.new_context(base_url=served.url, permissions=[], locale="zh-CN").new_page()
        page.goto("/")
        page.get_by_role("button", name="用摄像头扫描").click()
        expect(page.locator("#scanner [data-said]")).to_contain_text("未获准使用摄像头", timeout=10_000)
    finally:
        browser.close()
