from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trust.codes import UnifiedSocialCreditCode
from trust.errors import IdentifierInvalidError
from trust.identifier import LicenceIdentifier, new_serial

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SEEN = [
    "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U",
    "1.2.156.3005.2.11100000MB03271699022.340100.000000016.001.9",
]
"""Identifiers published by others; the second has an issuer of six characters."""
TYPE = "11370200MB2890017R001"
ISSUER = UnifiedSocialCreditCode.parse("11430000006122244L")

parts = st.text(ALPHABET, min_size=8, max_size=32)
identifiers = st.builds(
    LicenceIdentifier.make, st.text(ALPHABET, min_size=21, max_size=21), st.just(ISSUER), parts, st.integers(1, 999)
)


def reason_of(text: str) -> object:
    with pytest.raises(IdentifierInvalidError) as refused:
        LicenceIdentifier.parse(text)
    return refused.value.params["reason"]


@pytest.mark.parametrize("text", SEEN)
def test_identifiers_seen_in_public_are_read_and_written_alike(text: str) -> None:
    assert str(LicenceIdentifier.parse(text)) == text


def test_the_parts_are_told_apart() -> None:
    read = LicenceIdentifier.parse(SEEN[0])
    assert read == LicenceIdentifier("11100000000013338W011", "11430000006122244L", "20230000403", 1)
    assert read.check == "U"


@given(identifiers)
def test_what_is_written_can_be_read(identifier: LicenceIdentifier) -> None:
    assert LicenceIdentifier.parse(str(identifier)) == identifier


@given(identifiers, st.data())
def test_any_one_wrong_character_is_found(identifier: LicenceIdentifier, data: st.DataObject) -> None:
    text = str(identifier)
    places = [place for place in range(len("1.2.156.3005.2."), len(text)) if text[place] != "."]
    place = data.draw(st.sampled_from(places))
    wrong = data.draw(st.sampled_from([each for each in ALPHABET if each != text[place]]))
    with pytest.raises(IdentifierInvalidError):
        LicenceIdentifier.parse(text[:place] + wrong + text[place + 1 :])


def test_of_all_swaps_of_neighbours_only_two_in_a_thousand_are_missed() -> None:
    """MOD 37,36 promises no more; the test states by how much, for every state of the sum and every pair."""

    def step(state: int, value: int) -> int:
        return ((state + value) % 36 or 36) * 2 % 37

    pairs = [(state, a, b) for state in range(1, 37) for a in range(36) for b in range(36) if a != b]
    missed = [1 for state, a, b in pairs if step(step(state, a), b) == step(step(state, b), a)]
    assert len(missed) / len(pairs) < 0.002


@given(identifiers, st.data())
def test_a_swap_is_found_wherever_the_sums_differ(identifier: LicenceIdentifier, data: st.DataObject) -> None:
    serial = identifier.serial
    place = data.draw(st.integers(0, len(serial) - 2))
    swapped = serial[:place] + serial[place + 1] + serial[place] + serial[place + 2 :]
    other = LicenceIdentifier.make(identifier.type_code, ISSUER, swapped, identifier.version)
    text = f"{str(other)[:-1]}{identifier.check}"
    if other.check == identifier.check:
        assert LicenceIdentifier.parse(text) == other
    else:
        assert reason_of(text) == "check_character"


@given(st.text(max_size=200))
def test_reading_anything_ends_in_an_identifier_or_a_clear_error(text: str) -> None:
    with pytest.raises(IdentifierInvalidError) as refused:
        LicenceIdentifier.parse(text)
    assert refused.value.message_zh.startswith("电子证照标识有误：")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "form"),
        (f" {SEEN[0]}", "characters"),
        (f"{SEEN[0]}\n", "characters"),
        (SEEN[0].lower(), "characters"),
        (SEEN[0].replace("1", "１"), "characters"),
        (SEEN[0].replace(".3005.", ".3006."), "form"),
        (SEEN[0][:-2], "form"),
        (f"{SEEN[0]}.A", "form"),
        (SEEN[0].replace(".001.", ".1."), "version"),
        (SEEN[0].replace(".001.", ".000."), "version"),
        (SEEN[0].replace("W011.", "W01."), "type_code"),
        (SEEN[0].replace("11430000006122244L", ""), "issuer"),
        (SEEN[0].replace(".20230000403.", ".."), "serial"),
        (SEEN[0][:-1] + "V", "check_character"),
        (SEEN[0][:-1], "check_character"),
        ("1" * 100_000, "length"),
    ],
)
def test_what_is_no_identifier_is_refused_with_its_reason(text: str, reason: str) -> None:
    assert reason_of(text) == reason


@pytest.mark.parametrize("serial", ["", "1234567", "A" * 33, "abcdefgh", "1234 678", "1234567１"])
def test_we_write_serials_of_8_to_32_digits_and_capitals_only(serial: str) -> None:
    with pytest.raises(IdentifierInvalidError):
        LicenceIdentifier.make(TYPE, ISSUER, serial)


@pytest.mark.parametrize("version", [0, -1, 1000])
def test_a_version_is_1_to_999(version: int) -> None:
    with pytest.raises(IdentifierInvalidError):
        LicenceIdentifier.make(TYPE, ISSUER, "12345678", version)


def test_each_version_of_a_licence_has_its_own_check_character() -> None:
    first, second = (LicenceIdentifier.make(TYPE, ISSUER, "20261123ABCDEFGH2345", version) for version in (1, 2))
    assert first.check != second.check


def test_new_serials_carry_the_day_and_do_not_repeat() -> None:
    serials = {new_serial(date(2026, 11, 23)) for _ in range(5000)}
    assert len(serials) == 5000
    for serial in serials:
        assert serial.startswith("20261123")
        assert not set(serial) & set("IO")
        assert LicenceIdentifier.make(TYPE, ISSUER, serial).serial == serial
