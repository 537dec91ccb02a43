"""Incremental saving attacks: the sealed bytes stay as they are, a revision that changes the picture is put on top."""

from __future__ import annotations

import pytest

from tests.verify import files
from tests.verify.claims import assert_refused, codes
from tests.verify.conftest import Inspect
from tests.verify.files import CATALOGUE, CONTENT, FONT, FORM, INFO, PAGE, PAGES, SIZE, XMP, dictionary, stream
from tests.verify.pki import Pki, issue
from tests.verify.signing import Signer, seal_signer, time_stamp, tsa_signer
from verify.errors import NoSignatureError
from verify.verdict import Coverage

CHANGED = "structure.changed_after_seal"
ANNOTATION = b"/Type /Annot /Subtype /FreeText /Rect [40 190 300 230] /Contents (Another holder) /DA (/F1 18 Tf)"
FORGED = stream(b"BT /F1 18 Tf 40 200 Td (Licence of another) Tj ET")

REVISIONS = {
    "an annotation over the text": {
        PAGE: dictionary(files.PAGE_KEYS + b" /Annots [11 0 R 14 0 R]"),
        14: dictionary(ANNOTATION),
    },
    "a stamp without a form field": {
        PAGE: dictionary(files.PAGE_KEYS + b" /Annots [11 0 R 14 0 R]"),
        14: dictionary(b"/Type /Annot /Subtype /Stamp /Rect [40 190 300 230] /AP << /N 15 0 R >>"),
        15: stream(b"1 1 1 rg 0 0 260 40 re f", b"/Type /XObject /Subtype /Form /BBox [0 0 260 40]"),
    },
    "a form field": {
        FORM: dictionary(b"/Fields [11 0 R 14 0 R] /SigFlags 3"),
        PAGE: dictionary(files.PAGE_KEYS + b" /Annots [11 0 R 14 0 R]"),
        14: dictionary(b"/Type /Annot /Subtype /Widget /FT /Tx /T (x) /V (forged) /Rect [40 190 300 230] /P 3 0 R"),
    },
    "an empty signature field": {
        FORM: dictionary(b"/Fields [11 0 R 14 0 R] /SigFlags 3"),
        14: dictionary(b"/Type /Annot /Subtype /Widget /FT /Sig /T (x) /Rect [0 0 0 0] /P 3 0 R"),
    },
    "a page": {
        PAGES: dictionary(b"/Type /Pages /Count 2 /Kids [3 0 R 14 0 R]"),
        14: dictionary(files.PAGE_KEYS),
    },
    "the page taken out": {PAGES: dictionary(b"/Type /Pages /Count 1 /Kids [14 0 R]"), 14: dictionary(files.PAGE_KEYS)},
    "another content stream": {CONTENT: FORGED},
    "a page with another content stream": {
        PAGE: dictionary(files.PAGE_KEYS.replace(b"4 0 R", b"14 0 R") + b" /Annots [11 0 R]"),
        14: FORGED,
    },
    "another font": {FONT: dictionary(b"/Type /Font /Subtype /Type1 /BaseFont /Symbol")},
    "document information": {INFO: dictionary(b"/Title (Another licence) /Producer (hand)")},
    "only the modification date": {INFO: dictionary(b"/Title (Licence) /Producer (hand) /ModDate (D:20261101000000Z)")},
    "XMP metadata": {XMP: files.xmp(b"Another")},
    "the seal's appearance": {files.APPEARANCE: stream(b"", b"/Type /XObject /Subtype /Form /BBox [0 0 100 100]")},
    "the seal's field moved": {
        files.FIELD: dictionary(
            b"/Type /Annot /Subtype /Widget /FT /Sig /T (Seal1) /F 132 /P 3 0 R /Rect [0 0 9 9] /V 12 0 R"
        )
    },
    "an open action": {CATALOGUE: dictionary(files.SEALED_CATALOGUE + b" /OpenAction << /S /URI /URI (x) >>")},
    "a layer": {CATALOGUE: dictionary(files.SEALED_CATALOGUE + b" /OCProperties << /OCGs [] /D << >> >>")},
    "another attachment": {CATALOGUE: dictionary(files.SEALED_CATALOGUE.replace(b"6 0 R", b"14 0 R")), 14: b"<< >>"},
    "an object that nothing names": {14: stream(b"hidden")},
    "an object of the seal rewritten as it was": {CONTENT: files.base_objects()[CONTENT]},
}


@pytest.mark.parametrize("what", REVISIONS)
def test_a_revision_after_the_seal_is_refused(sealed_pdf: bytes, licence: Inspect, what: str) -> None:
    evidence = licence(files.append(sealed_pdf, REVISIONS[what]))
    assert_refused(evidence, CHANGED)
    assert evidence.signatures[0].intact
    assert evidence.signatures[0].coverage is Coverage.PARTIAL


@pytest.mark.parametrize("what", REVISIONS)
def test_hiding_a_revision_among_validation_data_does_not_help(
    pki: Pki, sealed_pdf: bytes, licence: Inspect, what: str
) -> None:
    extended = files.with_validation_data(sealed_pdf, [pki.root.der])
    shifted = {
        (number + 4 if number >= SIZE else number): value.replace(b"14 0 R", b"18 0 R").replace(b"15 0 R", b"19 0 R")
        for number, value in REVISIONS[what].items()
    }
    if CATALOGUE in shifted:
        shifted[CATALOGUE] = shifted[CATALOGUE].replace(b"/Type /Catalog", b"/Type /Catalog /DSS 15 0 R")
    assert_refused(licence(files.append(extended, shifted)), CHANGED)


@pytest.mark.parametrize("what", REVISIONS)
def test_a_time_stamp_over_a_change_does_not_make_it_good(
    pki: Pki, sealed_pdf: bytes, licence: Inspect, what: str
) -> None:
    changed = files.append(sealed_pdf, REVISIONS[what])
    stamped = files.with_document_time_stamp(
        changed, lambda digest: time_stamp(tsa_signer(pki), digest, hashed=True), first=20
    )
    assert_refused(licence(stamped), CHANGED)


def test_validation_data_that_is_a_page_content_is_refused(sealed_pdf: bytes, licence: Inspect) -> None:
    """A stream put where certificates go, to be used for something else."""
    objects = {
        14: FORGED,
        15: dictionary(b"/Type /DSS /Certs [14 0 R]"),
        CATALOGUE: dictionary(files.SEALED_CATALOGUE + b" /DSS 15 0 R"),
    }
    assert_refused(licence(files.append(sealed_pdf, objects)), CHANGED)


def test_validation_data_that_overwrites_a_sealed_object_is_refused(
    pki: Pki, sealed_pdf: bytes, licence: Inspect
) -> None:
    objects = {
        FONT: files.packed_stream(pki.root.der),
        14: dictionary(b"/Type /DSS /Certs [5 0 R]"),
        CATALOGUE: dictionary(files.SEALED_CATALOGUE + b" /DSS 14 0 R"),
    }
    assert_refused(licence(files.append(sealed_pdf, objects)), CHANGED)


def test_validation_data_in_a_sealed_object_is_refused(sealed_pdf: bytes, licence: Inspect) -> None:
    objects = {FONT: dictionary(b"/Type /DSS"), CATALOGUE: dictionary(files.SEALED_CATALOGUE + b" /DSS 5 0 R")}
    assert_refused(licence(files.append(sealed_pdf, objects)), CHANGED)


def test_a_visible_document_time_stamp_is_refused(pki: Pki, sealed_pdf: bytes, licence: Inspect) -> None:
    stamped = files.with_document_time_stamp(
        sealed_pdf, lambda digest: time_stamp(tsa_signer(pki), digest, hashed=True), first=SIZE
    )
    assert licence(stamped).passed
    visible = stamped.replace(b"/Rect [0 0 0 0]", b"/Rect [9 9 9 1]")
    assert_refused(licence(visible), CHANGED)


def test_a_document_time_stamp_under_another_name_is_no_signature(
    pki: Pki, sealed_pdf: bytes, licence: Inspect
) -> None:
    objects = {
        FORM: dictionary(b"/Fields [11 0 R 14 0 R] /SigFlags 3"),
        14: dictionary(b"/Type /Annot /Subtype /Widget /FT /Sig /T (x) /Rect [0 0 0 0] /P 3 0 R /V 15 0 R"),
        15: files.Placeholder(files.seal_keys(level=None)).value,
    }
    signed = files.fill(files.append(sealed_pdf, objects), seal_signer(pki).cms)
    assert_refused(licence(signed), "seal.several")


def test_other_bytes_between_the_objects_of_a_revision_are_refused(
    pki: Pki, sealed_pdf: bytes, licence: Inspect
) -> None:
    objects = {
        14: files.packed_stream(pki.root.der),
        15: dictionary(b"/Type /DSS /Certs [14 0 R]"),
        CATALOGUE: dictionary(files.SEALED_CATALOGUE + b" /DSS 15 0 R"),
    }
    assert licence(files.append(sealed_pdf, objects)).passed
    assert_refused(licence(files.append(sealed_pdf, objects, junk=b"% a remark\n")), "structure.trailing_data")
    unlisted = b"16 0 obj\n(not listed)\nendobj\n"
    assert_refused(licence(files.append(sealed_pdf, objects, junk=unlisted)), CHANGED)


@pytest.mark.parametrize(
    "trailer",
    [b"/Root 14 0 R /Info 9 0 R", b"/Root 1 0 R /Info 14 0 R", b"/Root 1 0 R /Info 9 0 R /Extra 1", b"/Root 1 0 R"],
)
def test_a_trailer_that_points_elsewhere_is_refused(sealed_pdf: bytes, licence: Inspect, trailer: bytes) -> None:
    catalogue = dictionary(files.SEALED_CATALOGUE)
    evidence = licence(files.append(sealed_pdf, {14: catalogue}, trailer=trailer))
    assert not evidence.passed


def test_a_table_that_leaves_out_the_seal_is_refused(sealed_pdf: bytes, licence: Inspect) -> None:
    """``Prev`` leads past the sealed revision to the base, which the attacker then changes at will."""
    base_table = files.last_table(files.whole())
    appended = files.append(sealed_pdf, {CONTENT: FORGED})
    assert not licence(appended.replace(b"/Prev %d" % files.last_table(sealed_pdf), b"/Prev %d" % base_table)).passed


@pytest.mark.parametrize("junk", [b"\n", b" ", b"%", b"\x00", b"<html>forged</html>", b"%%EOF\n"])
def test_appended_bytes_are_refused(sealed_pdf: bytes, licence: Inspect, junk: bytes) -> None:
    assert not licence(sealed_pdf + junk).passed


def test_bytes_before_the_file_are_refused(sealed_pdf: bytes, licence: Inspect) -> None:
    assert_refused(licence(b"#!/bin/sh\n" + sealed_pdf), "structure.prefix")
    assert_refused(licence(b"\n" + sealed_pdf), "structure.prefix")


@pytest.mark.parametrize("cut", [1, 7, 20, 200, 2000])
def test_a_truncated_file_is_refused(sealed_pdf: bytes, licence: Inspect, cut: int) -> None:
    found = set(codes(licence(sealed_pdf[:-cut])))
    assert found & {"structure.malformed", "structure.byte_range", "structure.signature_removed"}


def test_cutting_back_to_the_unsealed_base_is_no_signature(sealed_pdf: bytes, licence: Inspect) -> None:
    with pytest.raises(NoSignatureError):
        licence(sealed_pdf[: len(files.whole())])


def test_taking_the_signature_out_of_the_form_is_noticed(sealed_pdf: bytes, licence: Inspect) -> None:
    removed = files.append(sealed_pdf, {FORM: dictionary(b"/Fields []")})
    assert_refused(licence(removed), "structure.signature_removed")


def test_a_second_seal_by_a_stranger_is_refused(pki: Pki, sealed_pdf: bytes, licence: Inspect) -> None:
    stranger = issue("陌生人")
    signer = Signer(stranger, (stranger.der,))
    objects = {
        FORM: dictionary(b"/Fields [11 0 R 14 0 R] /SigFlags 3"),
        14: dictionary(b"/Type /Annot /Subtype /Widget /FT /Sig /T (x) /Rect [0 0 9 9] /P 3 0 R /V 15 0 R"),
        15: files.Placeholder(files.seal_keys(level=None)).value,
        CONTENT: FORGED,
    }
    assert_refused(licence(files.fill(files.append(sealed_pdf, objects), signer.cms)), "seal.several")
