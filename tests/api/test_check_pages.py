"""The public check page: what is dropped, typed or scanned, and the result that is kept for a while."""

from __future__ import annotations

import io
import re
import struct
import zlib
from typing import Any

import httpx2 as httpx
import pytest
from PIL import Image

from api.pages import results
from api.pages.results import HeldCheck, held
from api.pages.scanned import CodeKind, read_text
from tests.api.conftest import Front
from verify.errors import CheckCrashedError, PageUndrawableError
from verify.page_picture import page_picture
from wallet.qr import QrCode

ORIGIN = "http://127.0.0.1:8000"


def _posted(front: Front, **given: Any) -> httpx.Response:
    answer: httpx.Response = front.http.post("/check", **given)
    return answer


def _number(answer: httpx.Response) -> str:
    found = re.fullmatch(r".*/checks/([\w-]{32})", str(answer.url))
    assert found is not None, answer.text
    return found[1]


def _pdf(front: Front, content: bytes | None = None) -> httpx.Response:
    file = content if content is not None else front.house.pdf(front.licence)
    return _posted(front, files={"file": ("a.pdf", file, "application/pdf")})


def _picture(front: Front, text: str) -> httpx.Response:
    return _posted(front, files={"file": ("code.png", QrCode(text).png(), "image/png")})


def _token(front: Front) -> str:
    services = front.house.services
    services.wallets.open(front.licence.holder_index)
    made = services.presentations.present(front.licence.holder_index, front.licence.identifier, purpose="办事")
    return made.token


def test_a_result_has_an_address_and_keeps_its_language_picture_and_report(front: Front) -> None:
    answer = _pdf(front)
    number = _number(answer)
    assert "核验通过" in answer.text
    assert "You can rely on it" in front.http.get(f"/checks/{number}?lang=en").text
    picture = front.http.get(f"/checks/{number}/page.webp")
    assert picture.headers["content-type"] == "image/webp"
    assert picture.headers["cache-control"] == "no-store"
    assert len(picture.content) <= 60_000
    with Image.open(io.BytesIO(picture.content)) as image:
        assert max(image.size) <= 1200
    assert 'class="place"' in answer.text
    report = front.http.get(f"/checks/{number}/report.pdf")
    assert report.content.startswith(b"%PDF")
    assert b"/DocMDP" in report.content
    reference = held(front.house.services, "check", HeldCheck, number).reference
    records = front.house.services.check_records.of_licence(front.licence.identifier)
    assert [each.reference for each in records] == [reference]


def test_a_result_that_is_over_or_never_was_says_so(front: Front) -> None:
    number = _number(_pdf(front))
    front.house.services.cache.delete(results._key("check", number))
    for address in (f"/checks/{number}", "/checks/x", f"/checks/{'a' * 500}"):
        answer = front.http.get(address)
        assert answer.status_code == 404
        assert "请重新核验" in answer.text
    for file in ("page.webp", "report.pdf"):
        assert front.http.get(f"/checks/{number}/{file}").status_code == 404


def test_the_cache_holds_nothing_that_it_could_tell(front: Front) -> None:
    number = _number(_pdf(front))
    key = results._key("check", number)
    blob = front.house.services.cache.get(key)
    assert blob is not None
    assert number not in key
    assert b"indication" not in blob
    other = _number(_pdf(front))
    front.house.services.cache.set(results._key("check", other), blob, results.KEPT)
    assert front.http.get(f"/checks/{other}").status_code == 404


def test_a_picture_of_a_licences_code_is_checked(front: Front) -> None:
    answer = _picture(front, f"{ORIGIN}/c/{front.licence.identifier}")
    assert _number(answer)
    assert "核验通过" in answer.text


def test_an_offline_code_is_verified_and_its_words_shown(front: Front) -> None:
    services = front.house.services
    services.wallets.open(front.licence.holder_index)
    made = services.offline_presentations.present(front.licence.holder_index, front.licence.identifier, purpose="查<b>")
    for answer in (_posted(front, data={"identifier": made.text + "\n"}), _picture(front, made.text)):
        assert "离线亮证内容" in answer.text
        assert "查&lt;b&gt;" in answer.text
    forged = made.text[:-6] + ("AAAAAA" if not made.text.endswith("AAAAAA") else "BBBBBB")
    assert "离线亮证内容" not in _posted(front, data={"identifier": forged}).text


def test_the_public_is_told_what_a_presentation_is_and_does_not_use_it_up(front: Front) -> None:
    token = _token(front)
    for answer in (_posted(front, data={"identifier": token}), _picture(front, token)):
        assert answer.status_code == 403
        assert "未被使用" in answer.text
        assert token not in answer.text
    assert front.check("presentation", token=token)["verdict"] == "TOTAL_PASSED"


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/c/1.2.156.3005.2.1",
        f"{ORIGIN}@evil.example/c/1",
        f"{ORIGIN}.evil.example/c/1",
        "javascript:alert(1)",
        f"{ORIGIN}/sign-out",
        "http://[",
    ],
)
def test_codes_that_lead_elsewhere_are_refused(front: Front, address: str) -> None:
    answer = _picture(front, address)
    assert answer.status_code == 422
    assert "api.code_elsewhere" in answer.text


def _bomb() -> bytes:
    """A PNG that says that it has ten thousand million pixels."""
    head = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))


def _blank() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (300, 300), "white").save(out, "JPEG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (_bomb(), "verify.picture_unreadable"),
        (_bomb()[:20], "verify.picture_unreadable"),
        (b"GIF89a" + bytes(50), "verify.picture_unreadable"),
        (b"\x00\x00\x00\x18ftypheic" + bytes(50), "verify.picture_unreadable"),
        (_blank(), "verify.no_code"),
        (QrCode("垃圾<script>alert(1)</script>").png(), "trust.identifier_invalid"),
        (b"%PDF-1.7\n", "verify.not_a_pdf"),
        (b"hello", "verify.not_a_pdf"),
        (b"", "verify.empty_file"),
    ],
)
def test_what_can_not_be_checked_says_why(front: Front, file: bytes, code: str) -> None:
    answer = _posted(front, files={"file": ("f", file, "application/octet-stream")})
    assert answer.status_code == 422
    assert code in answer.text
    assert "<script>alert" not in answer.text


def test_frames_of_the_camera_are_read_and_bounded(front: Front) -> None:
    def sent(frame: bytes) -> httpx.Response:
        answer: httpx.Response = front.http.post("/check/frame", content=frame, headers={"Content-Type": "image/jpeg"})
        return answer

    assert sent(QrCode("hello").png()).json() == {"text": "hello"}
    assert sent(_blank()).status_code == 204
    assert sent(b"junk").status_code == 422
    assert sent(bytes(2_000_000)).status_code == 413
    assert {sent(b"junk").status_code for _ in range(130)} == {422, 429}


def test_the_camera_is_for_the_pages_that_scan(front: Front) -> None:
    assert front.http.get("/").headers["permissions-policy"] == "camera=(self)"
    for address in ("/design", f"/c/{front.licence.identifier}", "/static/js/scan.js", "/v1/health"):
        assert front.http.get(address).headers["permissions-policy"] == "camera=()"


def test_a_file_that_breaks_the_drawing_costs_the_picture_alone(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> None:
        raise CheckCrashedError

    monkeypatch.setattr(front.house.services, "draw_page", crash)
    answer = _pdf(front)
    assert "核验通过" in answer.text
    assert "page.webp" not in answer.text
    assert front.http.get(f"/checks/{_number(answer)}/page.webp").status_code == 404


@pytest.mark.parametrize("file", [b"", b"%PDF-1.7", b"\x00" * 1000])
def test_what_is_no_pdf_is_not_drawn(file: bytes) -> None:
    with pytest.raises(PageUndrawableError):
        page_picture(file, [])


def _with_page(box: str) -> bytes:
    page = f"<</Type/Page/Parent 2 0 R/MediaBox[{box}]>>"
    objects = ["<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", page]
    out = b"%PDF-1.7\n"
    places = []
    for number, each in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{each}\nendobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    end = f"xref\n0 4\n0000000000 65535 f \n{table}trailer<</Size 4/Root 1 0 R>>\nstartxref\n{len(out)}\n%%EOF"
    return out + end.encode()


@pytest.mark.parametrize("box", ["0 0 1e9 1e9", "0 0 0.0001 0.0001", "0 0 100000 1", "0 0 595 842", "0 0 0 0"])
def test_pages_of_any_size_make_a_small_picture_or_none(box: str) -> None:
    try:
        made = page_picture(_with_page(box), ["x"])
    except PageUndrawableError:
        return
    with Image.open(io.BytesIO(made.webp)) as image:
        assert image.width <= 800
        assert image.height <= 1200
    assert made.marked == ()


def test_kinds_of_codes_are_told_apart() -> None:
    assert read_text(" eyJh.eyJi.c-_ \n", origin=ORIGIN).kind is CodeKind.PRESENTATION
    assert read_text("YZ1:AB ", origin=ORIGIN).text == "YZ1:AB "
    assert read_text("HTTP://127.0.0.1:8000/c/1.2%2E3", origin=ORIGIN).text == "1.2.3"
    assert read_text("1.2.3", origin=ORIGIN).kind is CodeKind.IDENTIFIER
