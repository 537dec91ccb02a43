"""Files that are made to keep a checker busy or fill its memory, and files that are none."""

from __future__ import annotations

import random
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.verify import files
from tests.verify.claims import assert_refused, codes
from tests.verify.conftest import Inspect
from tests.verify.files import CATALOGUE, FORM, PAGES, dictionary, stream
from tests.verify.pki import NOW, Pki
from tests.verify.signing import seal_signer
from tests.verify.test_attacks_forgery import with_table_stream
from verify.errors import (
    EmptyFileError,
    EncryptedError,
    NoSignatureError,
    NotAPdfError,
    TooComplexError,
    TooLargeError,
    VerifyError,
)
from verify.limits import DEFAULT_LIMITS, Limits
from verify.pdf import Policy, inspect_pdf

SECONDS = 60.0
"""What only runs away takes; it measures nothing."""
SIGNATURE = dictionary(files.seal_keys() + b" /ByteRange [0 10 20 30] /Contents <3000>")
SIGNED = {
    CATALOGUE: dictionary(files.SEALED_CATALOGUE),
    FORM: dictionary(b"/Fields [11 0 R]"),
    files.FIELD: dictionary(b"/FT /Sig /T (Seal1) /V 12 0 R"),
    files.SIGNATURE: SIGNATURE,
}


def outcome(check: Inspect, data: bytes) -> str:
    """What a check comes to, and that it did not run away with the processor."""
    started = time.thread_time()
    try:
        evidence = check(data)
        assert not evidence.passed, codes(evidence)
        found = codes(evidence)[0]
    except VerifyError as error:
        found = error.code
    assert time.thread_time() - started < SECONDS
    return found


def test_no_bytes_are_named_so(licence: Inspect) -> None:
    with pytest.raises(EmptyFileError):
        licence(b"")


def test_too_many_bytes_are_not_read(pki: Pki, sealed_pdf: bytes, tmp_path: Path) -> None:
    large = tmp_path / "large.pdf"
    with large.open("wb") as file:
        file.write(b"%PDF-")
        file.truncate(DEFAULT_LIMITS.file_bytes + 1)
    with pytest.raises(TooLargeError) as caught:
        inspect_pdf(sealed_pdf, pki.anchors, policy=Policy.LICENCE, now=NOW, max_bytes=1000)
    assert caught.value.code == "verify.too_large"
    with pytest.raises(TooLargeError):
        inspect_pdf(large, pki.anchors, policy=Policy.LICENCE, now=NOW)


@pytest.mark.parametrize("data", [b"x", b"hello", bytes(5000), b"PK\x03\x04", b"%PDF-1.7", b"%PDF-1.7\n%%EOF"])
def test_what_is_no_pdf_is_named_so(licence: Inspect, foreign: Inspect, data: bytes) -> None:
    for check in (licence, foreign):
        with pytest.raises(NotAPdfError):
            check(data)


def test_a_pdf_without_a_signature_is_named_so(licence: Inspect, foreign: Inspect) -> None:
    for check in (licence, foreign):
        with pytest.raises(NoSignatureError):
            check(files.whole())


def test_an_encrypted_pdf_is_named_so(licence: Inspect, foreign: Inspect) -> None:
    objects = files.base_objects() | {10: dictionary(b"/Filter /Standard /V 1 /R 2 /O (x) /U (x) /P -4")}
    for check in (licence, foreign):
        with pytest.raises(EncryptedError):
            check(files.whole(objects, trailer=b"/Encrypt 10 0 R"))


LOOPS: dict[str, dict[int, bytes]] = {
    "a page tree that contains itself": {PAGES: dictionary(b"/Type /Pages /Count 1 /Kids [2 0 R]")},
    "a page tree that contains its parent": {
        PAGES: dictionary(b"/Type /Pages /Count 1 /Kids [14 0 R]"),
        14: dictionary(b"/Type /Pages /Count 1 /Kids [2 0 R]"),
    },
    "a page twice": {PAGES: dictionary(b"/Type /Pages /Count 2 /Kids [3 0 R 3 0 R]")},
    "a page tree without pages": {PAGES: dictionary(b"/Type /Pages /Count 1 /Kids []")},
    "no page tree": {CATALOGUE: dictionary(files.SEALED_CATALOGUE.replace(b"/Pages 2 0 R", b""))},
}


@pytest.mark.parametrize("what", LOOPS)
def test_a_page_tree_that_leads_nowhere_is_refused_though_it_is_sealed(
    pki: Pki, licence: Inspect, foreign: Inspect, what: str
) -> None:
    objects = files.seal_objects(files.Placeholder(files.seal_keys())) | LOOPS[what]
    data = files.fill(files.append(files.whole(), objects), seal_signer(pki).cms)
    assert_refused(licence(data), "structure.page_tree")
    assert_refused(foreign(data), "structure.page_tree")


def test_form_fields_that_contain_themselves_are_refused(licence: Inspect, foreign: Inspect) -> None:
    objects = files.base_objects() | SIGNED | {files.FIELD: dictionary(b"/FT /Sig /T (x) /V 12 0 R /Kids [11 0 R]")}
    for check in (licence, foreign):
        assert outcome(check, files.whole(objects)) == "structure.malformed"


def test_a_reference_to_itself_is_refused(licence: Inspect) -> None:
    objects = files.base_objects() | SIGNED | {FORM: b"10 0 R"}
    assert outcome(licence, files.whole(objects)) == "structure.malformed"


def test_tables_that_lead_back_to_themselves_are_refused(licence: Inspect, foreign: Inspect) -> None:
    data = files.whole(files.base_objects() | SIGNED)
    at = files.last_table(data)
    for previous in (at, 0, len(data) + 5, 10**11, -1):
        looped = files.whole(files.base_objects() | SIGNED, trailer=b"/Prev %d" % previous)
        for check in (licence, foreign):
            assert outcome(check, looped) == "structure.malformed"
    two = files.append(data, {14: b"null"})
    back = two.replace(b"/Info 9 0 R /ID", b"/Info 9 0 R /Prev %d /ID" % files.last_table(two), 1)
    assert outcome(licence, back) == "structure.malformed"


def test_a_thousand_revisions_are_too_many(licence: Inspect, foreign: Inspect) -> None:
    data = files.whole(files.base_objects() | SIGNED)
    for _ in range(1000):
        data = files.append(data, {9: b"null"})
    for check in (licence, foreign):
        assert outcome(check, data) == "verify.too_complex"


def test_an_object_stream_in_itself_is_refused(licence: Inspect) -> None:
    objects = files.base_objects() | SIGNED
    del objects[CATALOGUE]
    objects[13] = stream(b"1 0 << >>", b"/Type /ObjStm /N 1 /First 4")
    for packed in ({1: (1, 0)}, {1: (13, 0), 13: (13, 0)}, {1: (13, 0), 13: (1, 0)}, {1: (99, 0)}):
        assert outcome(licence, with_table_stream(objects, packed)) == "structure.malformed"


def test_a_length_that_needs_itself_is_refused(licence: Inspect) -> None:
    objects = files.base_objects() | SIGNED
    del objects[CATALOGUE]
    objects[13] = b"<< /Type /ObjStm /N 1 /First 4 /Length 1 0 R >>\nstream\n1 0 << >>\nendstream"
    assert outcome(licence, with_table_stream(objects, {1: (13, 0)})) == "structure.malformed"


def bomb(size: int) -> bytes:
    packer = zlib.compressobj(9)
    return b"".join([*(packer.compress(bytes(1_000_000)) for _ in range(size // 1_000_000)), packer.flush()])


def test_a_decompression_bomb_is_refused(pki: Pki, licence: Inspect, foreign: Inspect) -> None:
    packed = bomb(300_000_000)
    as_objects = files.base_objects() | SIGNED
    del as_objects[CATALOGUE]
    as_objects[13] = stream(packed, b"/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode")
    for check in (licence, foreign):
        assert outcome(check, with_table_stream(as_objects, {1: (13, 0)})) == "verify.too_complex"
    as_licence = files.base_objects() | {files.FILE: stream(packed, b"/Type /EmbeddedFile /Filter /FlateDecode")}
    data = files.sealed(seal_signer(pki).cms, base=files.whole(as_licence))
    assert outcome(licence, data) == "verify.too_complex"


def test_a_bomb_among_validation_data_is_refused(sealed_pdf: bytes, licence: Inspect, foreign: Inspect) -> None:
    objects = {
        14: stream(bomb(300_000_000), b"/Filter /FlateDecode"),
        15: dictionary(b"/Type /DSS /Certs [14 0 R]"),
        CATALOGUE: dictionary(files.SEALED_CATALOGUE + b" /DSS 15 0 R"),
    }
    for check in (licence, foreign):
        assert outcome(check, files.append(sealed_pdf, objects)) == "verify.too_complex"


@pytest.mark.parametrize(
    "keys",
    [
        b"/W [0 0 0] /Index [0 2000000000]",
        b"/W [1 0 0] /Index [0 2000000000]",
        b"/W [1 1 1] /Index [0 2000000000]",
        b"/W [1 1 1] /Size 2000000000",
        b"/W [1 1000000000 1] /Index [0 1]",
        b"/W [1 -1 1] /Index [0 1]",
        b"/W [1 1 1] /Index [0 1 0 1]",
        b"/W [1 1 1] /Index [0]",
        b"/W [1 1]",
        b"/W 5 0 R",
    ],
)
def test_a_table_of_endless_entries_is_refused(licence: Inspect, foreign: Inspect, keys: bytes) -> None:
    head = b"%PDF-1.7\n/ByteRange\n"
    size = b"" if b"/Size" in keys else b" /Size 3"
    table = b"1 0 obj\n" + files.packed_stream(bytes(300), b"/Type /XRef /Root 1 0 R " + keys + size) + b"\nendobj\n"
    data = head + table + b"startxref\n%d\n%%%%EOF\n" % len(head)
    for check in (licence, foreign):
        assert outcome(check, data) in ("structure.malformed", "verify.too_complex")


def test_a_table_that_claims_more_entries_than_there_are_is_refused(licence: Inspect) -> None:
    data = files.whole(files.base_objects() | SIGNED).replace(b"xref\n0 1\n", b"xref\n0 499999\n", 1)
    assert outcome(licence, data) == "structure.malformed"


@pytest.mark.parametrize("opening", [b"[", b"<< /A ", b"("])
def test_deep_nesting_is_refused(licence: Inspect, opening: bytes) -> None:
    objects = files.base_objects() | SIGNED | {FORM: opening * 100_000}
    assert outcome(licence, files.whole(objects)) in ("verify.too_complex", "structure.malformed")


def test_many_values_are_refused(licence: Inspect) -> None:
    objects = files.base_objects() | SIGNED | {FORM: b"<< /Fields [" + b"0 " * 3_000_000 + b"] >>"}
    assert outcome(licence, files.whole(objects)) == "verify.too_complex"


def test_many_signatures_are_refused(licence: Inspect, foreign: Inspect) -> None:
    count = 40
    objects = files.base_objects() | SIGNED
    objects[FORM] = dictionary(b"/Fields [%s]" % b" ".join(b"%d 0 R" % (100 + index) for index in range(count)))
    for index in range(count):
        objects[100 + index] = dictionary(b"/FT /Sig /T (s%d) /V %d 0 R" % (index, 200 + index))
        objects[200 + index] = SIGNATURE
    for check in (licence, foreign):
        assert outcome(check, files.whole(objects)) == "verify.too_complex"


def test_many_paths_through_the_objects_end(pki: Pki, foreign: Inspect) -> None:
    """Forty objects that each name the next one twice: two to the fortieth ways to the last."""
    chain = {100 + n: dictionary(b"/A %d 0 R /B %d 0 R" % (101 + n, 101 + n)) for n in range(40)}
    objects = files.base_objects() | chain | {140: b"null"}
    objects[CATALOGUE] = dictionary(files.CATALOGUE_KEYS + b" /X 100 0 R")
    base = files.whole(objects)
    revision = files.seal_objects(files.Placeholder(files.seal_keys()))
    revision[CATALOGUE] = dictionary(files.SEALED_CATALOGUE + b" /X 100 0 R")
    data = files.fill(files.append(base, revision, size=141), seal_signer(pki).cms)
    changed = files.append(data, {140: b"(changed)"}, size=141)
    assert outcome(foreign, changed) == "structure.not_compared"


def test_limits_can_be_set(pki: Pki, sealed_pdf: bytes) -> None:
    with pytest.raises(TooComplexError):
        inspect_pdf(sealed_pdf, pki.anchors, policy=Policy.LICENCE, now=NOW, limits=Limits(objects=3))


def test_a_polyglot_is_refused(sealed_pdf: bytes, licence: Inspect) -> None:
    for prefix in (b"PK\x03\x04", b"<!DOCTYPE html><script>", b"\xff\xd8\xff\xe0", b"\x00"):
        assert outcome(licence, prefix + sealed_pdf) == "structure.prefix"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=600))
def test_random_bytes_never_crash_and_never_pass(licence: Inspect, foreign: Inspect, data: bytes) -> None:
    for check in (licence, foreign):
        outcome(check, data)
        outcome(check, b"%PDF-1.7\n/ByteRange " + data + b"\nstartxref\n9\n%%EOF")


def test_a_mutated_file_never_crashes_and_never_passes(
    pki: Pki, sealed_pdf: bytes, licence: Inspect, foreign: Inspect
) -> None:
    """Pieces cut out, doubled, moved and overwritten, with a fixed seed."""
    chance = random.Random(11)
    extended = files.with_validation_data(sealed_pdf, [pki.root.der])
    for _ in range(400):
        data = bytearray(chance.choice((sealed_pdf, extended)))
        for _ in range(chance.randrange(1, 4)):
            MUTATIONS[chance.randrange(len(MUTATIONS))](data, chance)
        if bytes(data) not in (sealed_pdf, extended):
            outcome(licence, bytes(data))
            try:
                foreign(bytes(data))
            except VerifyError:
                continue


def _cut(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    del data[at : at + chance.randrange(1, 40)]


def _double(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    data[at:at] = data[at : at + chance.randrange(1, 400)]


def _overwrite(data: bytearray, chance: random.Random) -> None:
    words = (b"0", b"-1", b"99999999999", b"<<", b">>", b"[", b"/Kids", b"1 0 R", b"null", b"%%EOF", b"obj", b"stream")
    at = chance.randrange(len(data))
    word = chance.choice(words)
    data[at : at + len(word)] = word


def _number(data: bytearray, chance: random.Random) -> None:
    digits = [index for index, octet in enumerate(data) if 0x30 <= octet <= 0x39 and (index < 2000 or index > 13000)]
    data[chance.choice(digits)] = chance.choice(b"0123456789")


MUTATIONS: tuple[Callable[[bytearray, random.Random], None], ...] = (_cut, _double, _overwrite, _number)
