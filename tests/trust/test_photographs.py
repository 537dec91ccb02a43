from __future__ import annotations

import base64
import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from licence_samples import example
from PIL import Image

from trust.photographs import PhotographRefusedError, clean_photograph

PHOTO = base64.b64decode(example("physician_practice_certificate")["photo"])


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> str:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return base64.b64encode(buffer.getvalue()).decode()


def decoded(text: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(text)))


def refusal(text: str) -> str:
    with pytest.raises(PhotographRefusedError) as refused:
        clean_photograph(text)
    return refused.value.en


def claimed_png(width: int, height: int) -> str:
    """A small PNG that says it is of any size."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(100_000))
    raw = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    return base64.b64encode(raw).decode()


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA"])
def test_png_of_every_common_kind_becomes_a_plain_jpeg(mode: str) -> None:
    clean = decoded(clean_photograph(encoded(Image.new(mode, (295, 413)))))
    assert (clean.format, clean.mode, clean.size) == ("JPEG", "RGB", (295, 413))


def test_cleaning_the_same_photograph_gives_the_same_bytes() -> None:
    text = base64.b64encode(PHOTO).decode()
    assert clean_photograph(text) == clean_photograph(text)


def test_where_it_is_transparent_the_page_shows() -> None:
    clean = decoded(clean_photograph(encoded(Image.new("RGBA", (295, 413), (0, 0, 0, 0)))))
    assert clean.getpixel((100, 100)) == (255, 255, 255)


def test_nothing_rides_along_with_the_pixels() -> None:
    exif = Image.Exif()
    exif[0x010F] = "MakerOfTheCamera"
    text = encoded(Image.new("RGB", (295, 413)), "JPEG", exif=exif, comment=b"a-comment")
    carried = base64.b64encode(base64.b64decode(text) + b"%PDF-1.7 behind the end").decode()
    clean = base64.b64decode(clean_photograph(carried))
    for trace in (b"MakerOfTheCamera", b"a-comment", b"%PDF"):
        assert trace in base64.b64decode(carried)
        assert trace not in clean


def test_a_photograph_taken_sideways_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    sideways = encoded(Image.new("RGB", (413, 295)), "JPEG", exif=exif)
    assert decoded(clean_photograph(sideways)).size == (295, 413)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "PNG or JPEG"),
        ("not base64!", "not base64"),
        ("照片", "not base64"),
        (base64.b64encode(b"<script>alert(1)</script>").decode(), "PNG or JPEG"),
        (base64.b64encode(PHOTO[: len(PHOTO) // 2]).decode(), "PNG or JPEG"),
        (base64.b64encode(PHOTO[:20]).decode(), "PNG or JPEG"),
        (encoded(Image.new("RGB", (295, 413)), "GIF"), "PNG or JPEG"),
        (encoded(Image.new("RGB", (295, 413)), "BMP")[:200_000], "PNG or JPEG"),
        (encoded(Image.new("RGB", (60, 84))), "pixels a side"),
        (encoded(Image.new("RGB", (2000, 2500))), "pixels a side"),
        (encoded(Image.new("RGB", (413, 295))), "upright"),
        (encoded(Image.new("RGB", (100, 2400))), "upright"),
        ("A" * 280_000, "larger than 200 KB"),
        (claimed_png(30_000, 30_000), "PNG or JPEG"),
        (claimed_png(6_000, 6_000), "pixels a side"),
        (claimed_png(0, 0), "PNG or JPEG"),
    ],
)
def test_what_is_no_photograph_is_refused(text: str, says: str) -> None:
    assert says in refusal(text)


@given(st.binary(max_size=300), st.integers(0, len(PHOTO) - 1))
def test_a_damaged_photograph_is_either_drawn_or_refused(noise: bytes, place: int) -> None:
    damaged = PHOTO[:place] + noise + PHOTO[place + len(noise) :]
    try:
        clean = clean_photograph(base64.b64encode(damaged).decode())
    except PhotographRefusedError:
        return
    assert decoded(clean).format == "JPEG"
