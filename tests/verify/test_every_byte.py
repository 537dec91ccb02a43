"""No byte of a sealed licence can change without being noticed."""

from __future__ import annotations

import random

import pytest

from tests.verify import files
from tests.verify.claims import assert_refused
from tests.verify.conftest import Inspect
from tests.verify.every_byte import anywhere, elsewhere, in_signature, passes, replaced, run, signature_span
from tests.verify.pki import NOW, Pki
from tests.verify.signing import time_stamp, tsa_signer


def test_no_change_at_200_random_places_passes(pki: Pki, sealed_pdf: bytes) -> None:
    tried, passed = run(
        sealed_pdf, anywhere(sealed_pdf, 200, random.Random(7)), lambda data: passes(data, pki.anchors, NOW)
    )
    assert tried == 200
    assert passed == []


def test_no_change_of_any_byte_of_the_signature_passes(pki: Pki, sealed_pdf: bytes) -> None:
    changes = list(in_signature(sealed_pdf))
    tried, passed = run(
        sealed_pdf, iter(changes[:: max(1, len(changes) // 1000)]), lambda data: passes(data, pki.anchors, NOW)
    )
    assert tried > 900
    assert passed == []


def test_no_change_outside_of_the_signature_passes(pki: Pki, sealed_pdf: bytes) -> None:
    _, passed = run(sealed_pdf, elsewhere(sealed_pdf, 300, random.Random(8)), lambda d: passes(d, pki.anchors, NOW))
    assert passed == []


def test_no_change_passes_after_a_document_time_stamp(pki: Pki, sealed_pdf: bytes) -> None:
    extended = files.with_document_time_stamp(
        files.with_validation_data(sealed_pdf, [pki.root.der]),
        lambda digest: time_stamp(tsa_signer(pki), digest, hashed=True),
        first=files.SIZE + 2,
    )
    assert passes(extended, pki.anchors, NOW)
    _, passed = run(extended, anywhere(extended, 300, random.Random(9)), lambda d: passes(d, pki.anchors, NOW))
    assert passed == []


def test_a_digit_in_the_other_case_is_named(sealed_pdf: bytes, licence: Inspect) -> None:
    start, end = signature_span(sealed_pdf)
    at = next(at for at in range(start, end) if chr(sealed_pdf[at]).isalpha())
    assert_refused(licence(replaced(sealed_pdf, at, sealed_pdf[at] ^ 0x20)), "structure.contents")


def test_padding_that_is_not_zero_is_named(sealed_pdf: bytes, licence: Inspect) -> None:
    _, end = signature_span(sealed_pdf)
    assert_refused(licence(replaced(sealed_pdf, end - 1, ord("1"))), "structure.contents")


@pytest.mark.parametrize("octet", [b" ", b"\n", b"g"])
def test_other_characters_among_the_digits_are_refused(sealed_pdf: bytes, licence: Inspect, octet: bytes) -> None:
    _, end = signature_span(sealed_pdf)
    evidence = licence(replaced(sealed_pdf, end - 1, octet[0]))
    assert not evidence.passed
