"""Uploaded pictures of seals: what is fit to be a seal is taken as it is; whatever else a file can do is refused."""

from __future__ import annotations

import contextlib
import io
import struct
import time
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, PngImagePlugin

from seal import FontLibrary, SealApplication, SealKind
from seal.artwork import round_seal
from seal.errors import PictureRefusedError
from seal.pictures import uploaded_picture
from seal.raster_artwork import RasterArtwork
from tests.house import APPLICANT, APPROVER, MARKET, House

RING = "M21 0A21 21 0 1 1 21 42A21 21 0 1 1 21 0zM21 2A19 19 0 1 0 21 40A19 19 0 1 0 21 2z"
NS = 'xmlns="http://www.w3.org/2000/svg"'
ROOT = f'<svg {NS} width="42mm" height="42mm" viewBox="0 0 42 42" fill="#E60012">'
PATH = f'<path d="{RING}"/>'


def svg(inside: str = PATH, *, root: str = ROOT, before: str = "") -> bytes:
    return f"{before}{root}{inside}</svg>".encode()


def png(size: int = 992, *, mode: str = "RGBA", ground: object = 0, **more: object) -> bytes:
    image = Image.new(mode, (size, size), ground)
    ImageDraw.Draw(image).ellipse((10, 10, size - 10, size - 10), outline=(230, 0, 18, 255), width=size // 20)
    out = io.BytesIO()
    image.save(out, "PNG", **more)
    return out.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def taken(data: bytes) -> object:
    return uploaded_picture(data, SealKind.OFFICIAL, size_mm=42)


def test_a_plain_svg_and_a_transparent_png_are_taken() -> None:
    for data in (svg(), svg(before="<?xml version='1.0' encoding='UTF-8'?>"), b"\xef\xbb\xbf" + svg(), png()):
        picture = taken(data)
        assert (picture.width_mm, picture.height_mm) == pytest.approx((42, 42))  # type: ignore[attr-defined]


def test_our_own_drawing_can_be_uploaded_and_stays_the_same() -> None:
    drawn = round_seal("青岛市市场监督管理局", fonts=FontLibrary(()), purpose="电子证照专用章")
    picture = taken(drawn.to_svg().encode())
    assert picture.to_png(150) == drawn.to_png(150)  # type: ignore[attr-defined]


LAUGHS = (
    "<!DOCTYPE svg [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'>"
    "<!ENTITY d '&c;&c;&c;&c;&c;&c;&c;&c;'><!ENTITY e '&d;&d;&d;&d;&d;&d;&d;&d;'>]>"
)
HOSTILE_SVG = {
    "script": svg(f"{PATH}<script>alert(1)</script>"),
    "script in a group": svg(f"<g><script href='x.js'/>{PATH}</g>"),
    "handler": svg(f'<path d="{RING}" onclick="alert(1)"/>'),
    "handler on the root": svg(root=ROOT.replace("fill", 'onload="x()" fill')),
    "image": svg(f'{PATH}<image href="http://example.test/x.png" width="1" height="1"/>'),
    "data image": svg(f'{PATH}<image href="data:image/png;base64,AAAA"/>'),
    "use": svg(f'{PATH}<use href="#a"/>'),
    "external use": svg(
        f'{PATH}<use xlink:href="http://example.test/a.svg#b"/>', root=ROOT.replace(NS, f'{NS} xmlns:xlink="x"')
    ),
    "foreign object": svg(f'{PATH}<foreignObject><p xmlns="http://www.w3.org/1999/xhtml">x</p></foreignObject>'),
    "link": svg(f'<a href="javascript:alert(1)">{PATH}</a>'),
    "style sheet": svg(f"<style>@import url(http://example.test/x.css);</style>{PATH}"),
    "style with an address": svg(f'<path d="{RING}" style="fill:url(http://example.test/#x)"/>'),
    "processing instruction": svg(before='<?xml-stylesheet href="http://example.test/x.css"?>'),
    "document type": svg(before="<!DOCTYPE svg>"),
    "external entity": svg("&x;", before='<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
    "external subset": svg(before='<!DOCTYPE svg SYSTEM "http://example.test/x.dtd">'),
    "entity bomb": svg("<title>&e;</title>" + PATH, before=LAUGHS),
    "unknown entity": svg("&x;" + PATH),
    "text": svg(f'{PATH}<text x="1" y="20">青岛</text>'),
    "text that no font has": svg(f"{PATH}<text>\U0010fffd\ue000</text>"),
    "bare text": svg(f"{PATH}青岛"),
    "animation": svg(f'{PATH}<animate attributeName="d" to="x"/>'),
    "stroke": svg('<path d="M1 1L41 41z" stroke="#E60012"/>'),
    "gradient": svg(f'<path d="{RING}" fill="url(#g)"/>'),
    "two colours": svg(f'{PATH}<circle cx="21" cy="21" r="3" fill="#000"/>'),
    "translucent": svg(f'<path d="{RING}" opacity="0.5"/>'),
    "ground": svg(f'<rect width="42" height="42"/>{PATH}'),
    "nothing drawn": svg(""),
    "outside": svg('<circle cx="21" cy="21" r="22"/>'),
    "far outside": svg(f'<g transform="scale(1e99)">{PATH}</g>'),
    "no number": svg('<circle cx="NaN" cy="21" r="3"/>'),
    "endless number": svg('<circle cx="1e999" cy="21" r="3"/>'),
    "no size": svg(root=ROOT.replace('width="42mm" height="42mm" ', "")),
    "pixels": svg(root=ROOT.replace('"42mm"', '"42px"')),
    "huge": svg(root=ROOT.replace("42mm", "9" * 400 + "mm")),
    "tiny view": svg(root=ROOT.replace("0 0 42 42", "0 0 1e-300 1e-300")),
    "other size": svg(root=ROOT.replace("42mm", "44mm")),
    "not square": svg(root=ROOT.replace('height="42mm"', 'height="40mm"').replace("0 0 42 42", "0 0 42 40")),
    "deep": svg("<g>" * 100 + PATH + "</g>" * 100),
    "many": svg("<g/>" * 10_000 + PATH),
    "endless path": svg(f'<path d="M1 1{"l1 1l-1-1" * 60_000}z"/>'),
    "too large": svg(PATH + " " * 1024 * 1024),
    "broken": svg()[:-10],
    "other encoding": svg().decode().encode("utf-16"),
    "other language": b"<html xmlns='http://www.w3.org/1999/xhtml'/>",
    "compressed": zlib.compress(svg()),
    "empty": b"",
    "pdf": b"%PDF-1.7",
}


@pytest.mark.parametrize("data", HOSTILE_SVG.values(), ids=HOSTILE_SVG.keys())
def test_an_svg_that_is_more_or_less_than_a_drawing_is_refused_at_once(data: bytes) -> None:
    started = time.perf_counter()
    with pytest.raises(PictureRefusedError):
        taken(data)
    assert time.perf_counter() - started < 10


def _moving() -> bytes:
    frames = [Image.new("RGBA", (992, 992), (each, 0, 0, 128)) for each in (1, 2)]
    out = io.BytesIO()
    frames[0].save(out, "PNG", save_all=True, append_images=frames[1:])
    return out.getvalue()


def _header(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is large."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


HOSTILE_PNG = {
    "no transparency": png(mode="RGB", ground=(255, 255, 255)),
    "white ground": png(ground=(255, 255, 255, 255)),
    "blank": png(ground=(0, 0, 0, 0))[:0] + _header(992, 992),
    "bomb": _header(50_000, 50_000),
    "largest there is": _header(2**31 - 1, 2**31 - 1),
    "no width": _header(0, 992),
    "too coarse": png(200),
    "too small": png(32),
    "truncated": png()[:-2000],
    "moving": _moving(),
    "text bomb": png()[:33] + chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(80_000_000), 9)) + png()[33:],
    "too large": png() + bytes(5 * 1024 * 1024),
    "jpeg": b"\xff\xd8\xff\xe0" + bytes(100),
    "signature alone": b"\x89PNG\r\n\x1a\n",
    "oblong": png()[:16] + struct.pack(">II", 992, 1200) + png()[24:],
}


@pytest.mark.parametrize("data", HOSTILE_PNG.values(), ids=HOSTILE_PNG.keys())
def test_a_png_that_is_no_seal_is_refused_at_once(data: bytes) -> None:
    started = time.perf_counter()
    with pytest.raises(PictureRefusedError):
        taken(data)
    assert time.perf_counter() - started < 10


def test_nothing_that_a_png_carries_besides_its_pixels_is_kept() -> None:
    about = PngImagePlugin.PngInfo()
    about.add_text("Author", "张伟 13800000000")
    picture = taken(png(pnginfo=about, dpi=(72, 72)) + b"<script>alert(1)</script>")
    assert isinstance(picture, RasterArtwork)
    assert b"Author" not in picture.png
    assert b"script" not in picture.png
    with Image.open(io.BytesIO(picture.png)) as image:
        assert image.info["dpi"] == pytest.approx((600, 600), abs=1)  # printed, it has its true size


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_whatever_is_done_to_a_picture_it_is_taken_or_refused(data: st.DataObject) -> None:
    start = data.draw(st.sampled_from([svg(), png(300)]))
    size = 12.7 if start.startswith(b"\x89") else 42
    changed = bytearray(start)
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(changed) - 1))
        what = data.draw(st.sampled_from([b"", b"\0", b"<", b"-", b"e9", b"9999999999", b"&#0;", b"mm"]))
        changed[place : place + data.draw(st.integers(0, 4))] = what
    kind = SealKind.OFFICIAL if size == 42 else SealKind.LEGAL_REPRESENTATIVE
    with contextlib.suppress(PictureRefusedError):
        uploaded_picture(bytes(changed), kind, size_mm=size)


def test_an_uploaded_picture_becomes_the_seal_or_leaves_nothing(house: House) -> None:
    house.services.organisations.enrol(MARKET)
    seals = house.services.seals
    with pytest.raises(PictureRefusedError):
        seals.apply(SealApplication(MARKET.code, ["x"], picture=svg("<script/>")), officer=APPLICANT, reason="r")
    assert seals.all() == []
    for data in (svg(), png()):
        request = seals.apply(SealApplication(MARKET.code, ["x"], picture=data), officer=APPLICANT, reason="r")
        seal = seals.approve(request.id, officer=APPROVER)
        assert seals.artwork(seal).digest == seal.artwork_digest
