"""Universal signature forgery (a byte range that is missing, broken or covers something else), signature wrapping."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.verify import files
from tests.verify.claims import assert_refused
from tests.verify.conftest import Inspect
from tests.verify.files import CATALOGUE, FORM, SIZE, dictionary
from tests.verify.pki import Pki
from tests.verify.signing import seal_signer
from verify.errors import UnreadableError

RANGES: dict[str, Callable[[int, int, int], bytes]] = {
    "negative start": lambda a, b, c: b"-1 %d %d %d" % (a, b, c - b),
    "negative length": lambda a, b, c: b"0 %d %d -%d" % (a, b, c - b),
    "not from the start": lambda a, b, c: b"9 %d %d %d" % (a - 9, b, c - b),
    "overlapping": lambda a, b, c: b"0 %d %d %d" % (b, a, c - a),
    "beyond the end": lambda a, b, c: b"0 %d %d %d" % (a, b, c - b + 1),
    "far beyond the end": lambda a, b, c: b"0 %d %d 99999999999" % (a, b),
    "a gap that is too large before": lambda a, b, c: b"0 %d %d %d" % (a - 1, b, c - b),
    "a gap that is too large after": lambda a, b, c: b"0 %d %d %d" % (a, b + 1, c - b - 1),
    "no gap": lambda a, b, c: b"0 %d %d %d" % (b, b, c - b),
    "the brackets covered": lambda a, b, c: b"0 %d %d %d" % (a + 1, b - 1, c - b + 1),
    "not to the end": lambda a, b, c: b"0 %d %d %d" % (a, b, c - b - 9),
    "nothing after the gap": lambda a, b, c: b"0 %d %d 0" % (a, b),
    "two numbers": lambda a, b, c: b"0 %d" % c,
    "six numbers": lambda a, b, c: b"0 %d %d %d %d 1" % (a, b, c - b - 2, c - 1),
    "no numbers": lambda a, b, c: b"",
    "nothing at all": lambda a, b, c: b"0 0 0 0",
    "names": lambda a, b, c: b"/0 /%d /%d /%d" % (a, b, c - b),
    "fractions": lambda a, b, c: b"0.0 %d.0 %d.0 %d.0" % (a, b, c - b),
    "truth": lambda a, b, c: b"false %d %d %d" % (a, b, c - b),
    "null": lambda a, b, c: b"null null null null",
}


COVERED_SHORT = {
    "not to the end": "structure.changed_after_signing",
    "nothing after the gap": "structure.changed_after_signing",
}
"""What is not covered is a change after the signature, for the general policy."""


@pytest.mark.parametrize("what", RANGES)
def test_a_byte_range_other_than_the_whole_file_but_the_signature_is_refused(
    pki: Pki, licence: Inspect, foreign: Inspect, what: str
) -> None:
    data = files.sealed(seal_signer(pki).cms, byte_range=RANGES[what])
    assert_refused(licence(data), "structure.byte_range")
    assert_refused(foreign(data), COVERED_SHORT.get(what, "structure.byte_range"))


def test_an_uncovered_line_end_is_refused_for_licences_only(pki: Pki, licence: Inspect, foreign: Inspect) -> None:
    """Other signers leave out the very last line end; whatever is put there later does not pass."""
    data = files.sealed(seal_signer(pki).cms, byte_range=lambda a, b, c: b"0 %d %d %d" % (a, b, c - b - 1))
    assert_refused(licence(data), "structure.trailing_data")
    assert foreign(data).passed
    for junk in (b"\n", b" ", b"%", b"<html>"):
        assert_refused(foreign(data + junk), "structure.changed_after_signing")


@pytest.mark.parametrize("key", [b"/ByteRange", b"/Contents"])
def test_a_missing_entry_is_refused(sealed_pdf: bytes, licence: Inspect, foreign: Inspect, key: bytes) -> None:
    renamed = sealed_pdf.replace(key + b" [0" if key == b"/ByteRange" else key + b" <3", b"/Xx" + key[3:] + b" <3")
    if key == b"/ByteRange":
        renamed = sealed_pdf.replace(b"/ByteRange [0", b"/XyteRange [0")
    for check in (licence, foreign):
        assert not _check(check, renamed)


@pytest.mark.parametrize("contents", [b"null", b"0", b"<>", b"<00>", b"(0)", b"/Name", b"[<00>]", b"12 0 R"])
def test_contents_that_are_no_signature_are_refused(licence: Inspect, foreign: Inspect, contents: bytes) -> None:
    objects = files.seal_objects(files.Placeholder(b""))
    objects[files.SIGNATURE] = dictionary(
        files.seal_keys() + b" /ByteRange [0 10 20 30] /Contents " + contents + b" /Was <%s>" % (b"0" * 64)
    )
    data = files.append(files.whole(), objects)
    for check in (licence, foreign):
        assert not _check(check, data)


def test_a_contents_string_within_an_object_stream_is_refused(licence: Inspect, foreign: Inspect) -> None:
    """Then nothing in the file itself is left out by the byte range."""
    signature = dictionary(files.seal_keys() + b" /ByteRange [0 10 20 30] /Contents <3000>")
    objects = files.base_objects()
    objects |= {
        CATALOGUE: dictionary(files.SEALED_CATALOGUE),
        FORM: dictionary(b"/Fields [11 0 R]"),
        files.FIELD: dictionary(b"/FT /Sig /T (x) /V 12 0 R"),
        13: files.stream(b"12 0 " + signature, b"/Type /ObjStm /N 1 /First 5"),
    }
    data = with_table_stream(objects, packed={12: (13, 0)})
    assert_refused(licence(data), "structure.contents")
    assert_refused(foreign(data), "structure.contents")


def test_wrapping_with_the_second_part_moved_to_the_end(sealed_pdf: bytes, licence: Inspect, foreign: Inspect) -> None:
    """Variant 1: what is signed after the gap moves to the end, and a new dictionary in the room names the new gap."""
    start, end, contents = _gap(sealed_pdf)
    filler = b"\n12 0 obj\n" + _copied_signature(start, end + 5000, len(sealed_pdf) - end, contents) + b"\nendobj\n"
    filler = contents + b" >>\nendobj\n" + filler
    data = sealed_pdf[:start] + filler.ljust(end + 5000 - start) + sealed_pdf[end:]
    assert not _check(licence, data)
    assert not _check(foreign, data)


def test_wrapping_with_a_new_dictionary_on_top(sealed_pdf: bytes, licence: Inspect, foreign: Inspect) -> None:
    """Variant 2: a revision puts another signature dictionary in place, with the old range and the old signature."""
    start, end, contents = _gap(sealed_pdf)
    copied = _copied_signature(start, end, len(sealed_pdf) - end, contents)
    data = files.append(sealed_pdf, {12: copied, files.CONTENT: files.stream(b"forged")})
    assert_refused(licence(data), "structure.byte_range")
    assert_refused(foreign(data), "structure.byte_range")


def test_wrapping_the_whole_sealed_file_in_another(sealed_pdf: bytes, licence: Inspect, foreign: Inspect) -> None:
    """Variant 3: the sealed file lies as a stream in another one, which has the same signature over it."""
    start, end, contents = _gap(sealed_pdf)
    inner = files.stream(sealed_pdf)
    objects = files.base_objects()
    objects |= {
        CATALOGUE: dictionary(files.SEALED_CATALOGUE),
        FORM: dictionary(b"/Fields [11 0 R]"),
        files.FIELD: dictionary(b"/FT /Sig /T (Seal1) /V 12 0 R"),
        12: _copied_signature(start, end, len(sealed_pdf) - end, contents),
        13: inner,
    }
    data = files.whole(objects)
    assert_refused(licence(data), "structure.byte_range")
    assert_refused(foreign(data), "structure.byte_range")


def test_a_forged_table_in_front_of_the_signed_one(sealed_pdf: bytes, licence: Inspect) -> None:
    """The sealed file is followed by a table that points ``startxref`` at objects outside of what is signed."""
    forged = files.append(sealed_pdf, {CATALOGUE: dictionary(files.CATALOGUE_KEYS)}, size=SIZE)
    assert not _check(licence, forged)


def test_a_signature_field_that_is_not_the_certified_one(pki: Pki, licence: Inspect) -> None:
    data = files.sealed(seal_signer(pki).cms, certifies=False)
    assert_refused(licence(data), "seal.not_certifying")


@pytest.mark.parametrize("level", [None, 2, 3])
def test_a_signature_that_lets_something_change_is_no_seal(pki: Pki, licence: Inspect, level: int | None) -> None:
    assert_refused(licence(files.sealed(seal_signer(pki).cms, level=level)), "seal.not_certifying")


@pytest.mark.parametrize("subfilter", [b"adbe.pkcs7.detached", b"adbe.pkcs7.sha1", b"adbe.x509.rsa_sha1"])
def test_another_format_is_no_seal(pki: Pki, licence: Inspect, subfilter: bytes) -> None:
    assert_refused(licence(files.sealed(seal_signer(pki).cms, subfilter=subfilter)), "seal.wrong_format")


@pytest.mark.parametrize("subfilter", [b"ETSI.RFC3161", b"SES.V4"])
def test_a_time_stamp_or_seal_data_alone_is_no_seal(pki: Pki, licence: Inspect, subfilter: bytes) -> None:
    assert_refused(licence(files.sealed(seal_signer(pki).cms, subfilter=subfilter)), "seal.missing")


def with_table_stream(objects: dict[int, bytes], packed: dict[int, tuple[int, int]]) -> bytes:
    """A document of one revision whose table is a stream."""
    head = b"%PDF-1.7\n"
    body, offsets = files.write(objects, at=len(head))
    number = max(objects) + 1
    at = len(head) + len(body)
    rows = []
    for each in range(number + 1):
        if each in packed:
            rows.append(b"\x02" + packed[each][0].to_bytes(4, "big") + bytes((packed[each][1],)))
        elif each in offsets or each == number:
            rows.append(b"\x01" + offsets.get(each, at).to_bytes(4, "big") + b"\x00")
        else:
            rows.append(b"\x00" * 6)
    keys = b"/Type /XRef /W [1 4 1] /Size %d /Root 1 0 R" % (number + 1)
    stream = b"%d 0 obj\n%s\nendobj\n" % (number, files.packed_stream(b"".join(rows), keys))
    return head + body + stream + b"startxref\n%d\n%%%%EOF\n" % at


def _gap(data: bytes) -> tuple[int, int, bytes]:
    match = re.search(rb"/Contents (<[0-9a-f]+>)", data)
    assert match is not None
    return match.start(1), match.end(1), match[1]


def _copied_signature(start: int, end: int, rest: int, contents: bytes) -> bytes:
    return dictionary(files.seal_keys() + b" /ByteRange [0 %d %d %d] /Contents %s" % (start, end, rest, contents))


def _check(check: Inspect, data: bytes) -> bool:
    """Whether it passes; that it cannot be read at all is as good as a refusal."""
    try:
        return check(data).passed
    except UnreadableError:
        return False
