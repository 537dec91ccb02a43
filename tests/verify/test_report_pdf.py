"""The report for a case file is one page in PDF/A, says the verdict in words, and shows hostile text as text."""

from __future__ import annotations

import io
import json
import string
import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path

import pypdfium2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils.reader import PdfFileReader

from seal.fonts import FontLibrary
from tests.verify.conftest import Inspect
from tests.verify.pki import NOW
from verify.reasons import CATALOGUE, reason
from verify.report_pdf import CheckContext, ReportPrinter
from verify.verdict import Indication, LicenceSummary, Reason, SignatureReport, Verdict, verdict

IDENTIFIER = "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U"
LICENCE = LicenceSummary(
    identifier=IDENTIFIER,
    type_code="11100000000013338W011",
    title_zh="医师执业证书",
    title_en="Physician's practice certificate",
    issuer="青岛市卫生健康委员会",
    holder_masked="**明",
    status="valid",
    number="1103**********6X",
    valid_from=date(2026, 10, 24),
)
HOSTILE = '#set page(fill: red) $x$ *bold* _a_ \\[ ]"<b>@ref `raw` \n\r\x00\u202e\u200b\ue000\ud800' + "\u0301" * 30


@pytest.fixture(scope="module")
def printer() -> ReportPrinter:
    return ReportPrinter(FontLibrary())


@pytest.fixture
def checked(sealed_pdf: bytes, licence: Inspect) -> Verdict:
    evidence = licence(sealed_pdf)
    return verdict(
        [*evidence.reasons, reason("register.valid")],
        checked_at=NOW,
        signatures=evidence.signatures,
        licence=LICENCE,
        document_digest=evidence.document_digest,
    )


def every_reason() -> tuple[Reason, ...]:
    def of(code: str) -> Reason:
        entry = CATALOGUE[code]
        names = [name for text in (entry.zh, entry.en) for _, name, _, _ in string.Formatter().parse(text) if name]
        return reason(code, **dict.fromkeys(names, "某项内容 something " * 5))

    return tuple(map(of, CATALOGUE))


def page_text(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    try:
        assert len(document) == 1
        text: str = document[0].get_textpage().get_text_range()
        return text
    finally:
        document.close()


def attachment(pdf: bytes) -> bytes:
    root = PdfFileReader(io.BytesIO(pdf)).root
    file = root["/AF"][0]
    data: bytes = file.get_object()["/EF"]["/F"].data
    return data


def test_the_page_says_the_verdict_the_file_the_times_and_who_checked(printer: ReportPrinter, checked: Verdict) -> None:
    text = page_text(printer.print(checked, CheckContext("执照.pdf", "青岛市市场监督管理局", "办理变更")))
    for said in (
        "核验通过",
        "Passed",
        "可以采信",
        "执照.pdf",
        checked.document_digest or "",
        "2026-11-23 12:00:00（北京时间 UTC+8）",
        "2026-11-23 04:00:00 UTC",
        "青岛市市场监督管理局",
        "办理变更",
        IDENTIFIER,
        "**明",
        "登记簿显示该证照当前有效",
        "The seal is valid",
        "测试专用章",
        "B-T",
    ):
        assert said in text, said


def test_each_verdict_has_words_and_a_shape_of_its_own(printer: ReportPrinter, checked: Verdict) -> None:
    pictures = []
    for indication, words in (
        (Indication.TOTAL_PASSED, "核验通过"),
        (Indication.TOTAL_FAILED, "核验不通过"),
        (Indication.INDETERMINATE, "无法确认"),
    ):
        pdf = printer.print(replace(checked, indication=indication))
        assert words in page_text(pdf)
        document = pypdfium2.PdfDocument(pdf)
        grey = document[0].render(scale=1).to_pil().convert("L")
        emblem = grey.crop((80, 95, 145, 160)).point(lambda level: 255 if level > 160 else 0)
        pictures.append(emblem.tobytes())
        document.close()
    assert len(set(pictures)) == 3


def test_more_reasons_than_fit_are_counted_and_attached(printer: ReportPrinter, checked: Verdict) -> None:
    reasons = every_reason()
    many = replace(checked, reasons=reasons, indication=verdict(reasons, checked_at=NOW).indication)
    pdf = printer.print(many)
    assert f"of {len(reasons)} shown" in page_text(pdf)
    value = json.loads(attachment(pdf))
    assert value == json.loads(json.dumps(many.to_json()))
    assert len(value["reasons"]) == len(reasons)


def test_what_speaks_against_a_file_comes_first(printer: ReportPrinter, checked: Verdict) -> None:
    reasons = (*[reason("seal.valid")] * 20, reason("register.revoked"))
    text = page_text(printer.print(replace(checked, reasons=reasons, indication=Indication.TOTAL_FAILED)))
    assert text.index("register.revoked") < text.index("seal.valid")


def test_text_of_strangers_is_shown_as_text(printer: ReportPrinter, checked: Verdict) -> None:
    (signature,) = checked.signatures
    hostile = replace(checked, signatures=(replace(signature, signer_subject=f"CN={HOSTILE}", field_name=HOSTILE),))
    text = page_text(printer.print(hostile, CheckContext(HOSTILE, HOSTILE, HOSTILE)))
    assert '#set page(fill: red) $x$ *bold* _a_ \\[ ]"<b>@ref' in text
    assert "\N{WHITE SQUARE}" in text
    assert not {"\u202e", "\x00", "\u0301", "\ue000"} & set(text)


def test_nothing_runs_over_the_edge_or_to_a_second_page(printer: ReportPrinter, checked: Verdict) -> None:
    (signature,) = checked.signatures
    for filler in ("W" * 5000, "宽" * 5000, "i" * 5000, "W " * 2000):
        wide = replace(
            checked,
            signatures=(replace(signature, signer_subject=filler, field_name=filler, subfilter=filler),) * 16,
            licence=LICENCE._replace(title_zh=filler, issuer=filler, holder_masked=filler, number=filler),
            reasons=every_reason(),
        )
        pdf = printer.print(wide, CheckContext(filler, filler, filler))
        document = pypdfium2.PdfDocument(pdf)
        assert len(document) == 1
        margin = document[0].render(scale=1).to_pil().convert("L").crop((545, 0, 595, 842))
        assert margin.getextrema() == (255, 255), filler[:2]
        document.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=300))
def test_any_text_makes_one_page(printer: ReportPrinter, checked: Verdict, text: str) -> None:
    (signature,) = checked.signatures
    page_text(printer.print(replace(checked, signatures=(_naming(signature, text),)), CheckContext(text, text, text)))


def _naming(signature: SignatureReport, text: str) -> SignatureReport:
    return replace(signature, signer_subject=text, field_name=text, subfilter=text, signature_algorithm=text)


@pytest.mark.needs("qpdf", "pdffonts")
def test_the_report_is_well_formed_pdf_a_with_its_fonts_inside(
    printer: ReportPrinter, checked: Verdict, tmp_path: Path
) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(printer.print(checked))
    assert subprocess.run(["qpdf", "--check", path], capture_output=True, check=False).returncode == 0
    fonts = subprocess.run(["pdffonts", path], capture_output=True, text=True, check=True).stdout.splitlines()[2:]
    assert fonts
    assert all(line[-40:].split()[-5] == "yes" for line in fonts), fonts
    assert b"<pdfaid:part>3</pdfaid:part>" in path.read_bytes()


def test_the_same_check_makes_the_same_report(printer: ReportPrinter, checked: Verdict) -> None:
    at = NOW.replace(microsecond=987_654)
    assert printer.print(replace(checked, checked_at=at)) == printer.print(replace(checked, checked_at=at))
