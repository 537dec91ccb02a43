"""Reading PDF and DER from hostile bytes: exact, strict and bounded."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys import der as write
from tests.verify import files
from verify import der
from verify.document import Document, text
from verify.errors import TooComplexError
from verify.fields import count_pages, licence_data
from verify.limits import Budget
from verify.objects import HexString, Name, Parser, PdfSyntaxError, Ref
from verify.pdf_date import read_pdf_date


def parse(data: bytes) -> object:
    parser = Parser(data, 0, len(data), Budget())
    value = parser.value()
    assert parser.skip() == len(data), "something is left"
    return value


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (b"null", None),
        (b"true", True),
        (b"-17", -17),
        (b"+4.5", 4.5),
        (b".5", 0.5),
        (b"4.", 4.0),
        (b"12 0 R", Ref(12, 0)),
        (b"[1 0 R 2 3]", [Ref(1, 0), 2, 3]),
        (b"[1 0 2 0 R]", [1, 0, Ref(2, 0)]),
        (b"/A#20B", Name("A B")),
        (b"<414 2>", b"AB"),
        (b"<41424>", b"AB@"),
        (b"(a(b)c)", b"a(b)c"),
        (rb"(\(\)\\\n\101\1012\z)", b"()\\\nAA2z"),
        (b"(a\\\r\nb\r\nc\rd)", b"ab\nc\nd"),
        (b"<< /A 1 /B << /C [(x)] >> >>", {"A": 1, "B": {"C": [b"x"]}}),
        (b"% remark\n[ % more\r 1 ]", [1]),
    ],
)
def test_objects_are_read_as_the_standard_says(written: bytes, value: object) -> None:
    assert parse(written) == value


@pytest.mark.parametrize(
    "written",
    [
        b"",
        b"<<",
        b"<< /A >>",
        b"<< 1 2 >>",
        b"<< /A 1 /A 2 >>",
        b"<< /A 1 /#41 2 >>",
        b"[1",
        b"(a",
        b"(a\\",
        b"<4g>",
        b"<41",
        b"tru",
        b"truex",
        b"1x",
        b"--1",
        b"1.2.3",
        b"+",
        b"R",
        b"obj",
        b"9" * 21,
    ],
)
def test_what_two_readers_could_take_for_two_things_is_refused(written: bytes) -> None:
    with pytest.raises(PdfSyntaxError):
        parse(written)


def test_the_place_of_a_hexadecimal_string_is_known() -> None:
    value = parse(b"[ <00ff> ]")
    assert isinstance(value, list)
    (found,) = value
    assert isinstance(found, HexString)
    assert found.span == (2, 8)


@given(data=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        parse(data)
    except (PdfSyntaxError, TooComplexError, AssertionError):
        return


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.binary(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.from_regex(r"[A-Z][a-z]{0,5}", fullmatch=True), inner, max_size=4)
    ),
    max_leaves=20,
)


def written(value: object) -> bytes:
    if value is None:
        return b"null"
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, int):
        return b"%d" % value
    if isinstance(value, bytes):
        return b"<" + value.hex().encode() + b">"
    if isinstance(value, list):
        return b"[" + b" ".join(written(item) for item in value) + b"]"
    assert isinstance(value, dict)
    return b"<<" + b" ".join(b"/" + key.encode() + b" " + written(item) for key, item in value.items()) + b">>"


@given(value=values)
def test_what_is_written_is_what_is_read(value: object) -> None:
    assert parse(written(value)) == value


def test_an_earlier_state_of_a_file_is_read_as_it_was() -> None:
    base = files.whole()
    changed = files.append(base, {files.INFO: files.dictionary(b"/Title (Another)")})
    now, before = Document(changed, Budget()), Document(changed, Budget(), end=len(base))
    assert now.dictionary(now.trailer["Info"])["Title"] == b"Another"
    assert before.dictionary(before.trailer["Info"])["Title"] == b"Licence"
    assert licence_data(before) == files.LICENCE


@pytest.mark.needs("qpdf")
@pytest.mark.parametrize("options", [[], ["--object-streams=generate"], ["--linearize"], ["--qdf"]])
def test_what_qpdf_writes_anew_is_read(tmp_path: Path, options: list[str]) -> None:
    source, result = tmp_path / "in.pdf", tmp_path / "out.pdf"
    source.write_bytes(files.whole())
    subprocess.run(["qpdf", *options, source, result], check=True)
    document = Document(result.read_bytes(), Budget())
    assert count_pages(document) == 1
    assert licence_data(document) == files.LICENCE


def test_two_attachments_of_the_name_are_none() -> None:
    objects = files.base_objects()
    objects[files.CATALOGUE] = files.dictionary(files.CATALOGUE_KEYS.replace(b"[6 0 R]", b"[6 0 R 10 0 R]"))
    objects[10] = objects[files.FILE_SPECIFICATION]
    assert licence_data(Document(files.whole(objects), Budget())) is None


@pytest.mark.parametrize(
    ("value", "read"),
    [(b"\xfe\xff\x53\x70", "印"), ("\ufeff印".encode(), "印"), (b"plain", "plain"), (Name("x"), None), (5, None)],
)
def test_text_strings_are_read(value: object, read: str | None) -> None:
    assert text(value) == read  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("D:20261123120000+08'00'", "2026-11-23T04:00:00+00:00"),
        ("D:20261123040000Z", "2026-11-23T04:00:00+00:00"),
        ("D:2026", "2026-01-01T00:00:00+00:00"),
        ("D:20261323040000Z", None),
        ("yesterday", None),
        (None, None),
    ],
)
def test_dates_are_read(value: str | None, read: str | None) -> None:
    found = read_pdf_date(value)
    assert (found.isoformat() if found else None) == read


@given(value=st.integers(-(2**80), 2**80))
def test_integers_are_read_as_they_are_written(value: int) -> None:
    assert der.integer(der.read_all(write.integer(value))) == value


@given(arcs=st.tuples(st.integers(0, 2), st.integers(0, 39), st.integers(0, 2**64), st.integers(0, 2**31)))
def test_object_identifiers_are_read_as_they_are_written(arcs: tuple[int, ...]) -> None:
    dotted = ".".join(str(arc) for arc in arcs)
    assert der.oid(der.read_all(write.oid(dotted))) == dotted


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30",
        b"\x30\x01",
        b"\x30\x80\x00\x00",
        b"\x30\x81\x05\x05\x00\x05\x00\x05",
        b"\x30\x82\x00\x02\x05\x00",
        b"\x30\x85\x00\x00\x00\x00\x00",
        b"\x1f\x81\x00\x00",
        b"\x05\x00\x00",
    ],
)
def test_what_is_not_der_is_refused(data: bytes) -> None:
    with pytest.raises(der.DerError):
        der.read_all(data)


@pytest.mark.parametrize("data", [b"\x02\x00", b"\x02\x02\x00\x01", b"\x02\x02\xff\x80", b"\x04\x01\x01"])
def test_integers_that_are_not_minimal_are_refused(data: bytes) -> None:
    with pytest.raises(der.DerError):
        der.integer(der.read_all(data))


@given(data=st.binary(max_size=200), ber=st.booleans())
def test_any_bytes_are_der_or_refused(data: bytes, ber: bool) -> None:
    try:
        waiting = [der.read(data, ber=ber)]
        while waiting:
            element = waiting.pop()
            if element.tag & 0x20:
                waiting.extend(element.children())
    except der.DerError:
        return
