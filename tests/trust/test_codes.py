from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric, uscc

from trust.codes import CitizenId, UnifiedSocialCreditCode, mask
from trust.errors import CitizenIdInvalidError, UsccInvalidError

TODAY = date(2026, 11, 23)
PUBLISHED_ID = "11010519491231002X"
"""The example in GB 11643-1999 itself."""
ALPHABET_AND_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def citizen_number(region: str, born: date, order: int) -> str:
    body = f"{region}{born:%Y%m%d}{order:03d}"
    return body + ric.calc_check_digit(f"{body}0")


citizen_numbers = st.builds(
    citizen_number,
    st.from_regex(r"[1-9][0-9]{5}", fullmatch=True),
    st.dates(date(1900, 1, 1), TODAY),
    st.integers(0, 999),
)
uscc_bodies = st.builds(
    "{}{}{}{}".format,
    st.sampled_from("159AHNY"),
    st.sampled_from("1239"),
    st.from_regex(r"[0-9]{6}", fullmatch=True),
    st.text(USCC_ALPHABET, min_size=9, max_size=9),
)


def reason_of(text: str) -> object:
    with pytest.raises(CitizenIdInvalidError) as refused:
        CitizenId.parse(text, today=TODAY)
    return refused.value.params["reason"]


def uscc_reason_of(text: str) -> object:
    with pytest.raises(UsccInvalidError) as refused:
        UnifiedSocialCreditCode.parse(text)
    return refused.value.params["reason"]


def test_the_example_of_the_standard_is_read() -> None:
    holder = CitizenId.parse(PUBLISHED_ID, today=TODAY)
    assert holder.number == PUBLISHED_ID
    assert holder.birth_date == date(1949, 12, 31)
    assert holder.sex == "女"


def test_a_small_x_is_taken_for_a_capital() -> None:
    assert CitizenId.parse(PUBLISHED_ID.lower(), today=TODAY) == CitizenId.parse(PUBLISHED_ID, today=TODAY)


@given(citizen_numbers)
def test_every_number_with_a_right_check_character_is_read(number: str) -> None:
    assert CitizenId.parse(number, today=TODAY).number == number


@given(citizen_numbers, st.integers(0, 16), st.sampled_from("123456789"))
def test_one_wrong_digit_is_always_found(number: str, place: int, shift: str) -> None:
    wrong = str((int(number[place]) + int(shift)) % 10)
    with pytest.raises(CitizenIdInvalidError):
        CitizenId.parse(number[:place] + wrong + number[place + 1 :], today=TODAY)


def test_people_born_before_their_district_had_its_code_are_not_turned_away() -> None:
    born_in_1960 = citizen_number("370202", date(1960, 5, 4), 123)
    assert not ric.is_valid(born_in_1960), "python-stdnum refuses it; should it learn better, use it"
    assert CitizenId.parse(born_in_1960, today=TODAY).number == born_in_1960


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "length"),
        ("1101051949123100", "length"),
        (f" {PUBLISHED_ID}", "length"),
        (f"{PUBLISHED_ID}\n", "length"),
        ("110105 9491231002X", "characters"),
        ("１10105194912310021", "characters"),
        ("1101051949123100\n2", "characters"),
        ("11010519491231O02X", "characters"),
        ("110105194912310021", "check_character"),
        (citizen_number("110105", date(2026, 11, 24), 1), "birth_date_future"),
        ("110105202602300" + "01" + ric.calc_check_digit("110105202602300010"), "birth_date"),
        ("110105000001010" + "01" + ric.calc_check_digit("110105000001010010"), "birth_date"),
    ],
)
def test_a_number_that_cannot_be_is_refused_with_its_reason(text: str, reason: str) -> None:
    assert reason_of(text) == reason


def test_somebody_born_today_has_a_number() -> None:
    assert CitizenId.parse(citizen_number("370202", TODAY, 1), today=TODAY).birth_date == TODAY


@given(citizen_numbers)
def test_a_citizen_number_never_shows_unless_asked_for(number: str) -> None:
    holder = CitizenId.parse(number, today=TODAY)
    for shown in (repr(holder), str(holder), f"{holder}", repr([holder]), holder.masked):
        assert number[6:14] not in shown
        assert number not in shown
    assert holder.masked == f"{number[:4]}**********{number[-4:]}"


def test_an_error_does_not_repeat_the_number() -> None:
    wrong = "110105194912310021"
    with pytest.raises(CitizenIdInvalidError) as refused:
        CitizenId.parse(wrong, today=TODAY)
    assert wrong not in f"{refused.value}{refused.value.message_zh}{refused.value.params}"


def test_a_bad_number_cannot_be_held_even_without_parse() -> None:
    with pytest.raises(CitizenIdInvalidError):
        CitizenId("110105194912310021")
    with pytest.raises(UsccInvalidError):
        UnifiedSocialCreditCode("91110000600037341A")


@pytest.mark.parametrize("code", ["91110000600037341L", "11430000006122244L", "11100000000013338W"])
def test_codes_seen_in_public_are_read(code: str) -> None:
    assert UnifiedSocialCreditCode.parse(code).number == code
    assert UnifiedSocialCreditCode.parse(code.lower()).number == code


@given(uscc_bodies)
def test_every_code_with_a_right_check_character_is_read(body: str) -> None:
    code = body + uscc.calc_check_digit(body)
    assert UnifiedSocialCreditCode.parse(code).number == code


@given(uscc_bodies, st.integers(0, 16), st.integers(1, 30))
def test_one_wrong_character_of_a_code_is_always_found(body: str, place: int, shift: int) -> None:
    code = body + uscc.calc_check_digit(body)
    wrong = USCC_ALPHABET[(USCC_ALPHABET.index(code[place]) + shift) % 31]
    with pytest.raises(UsccInvalidError):
        UnifiedSocialCreditCode.parse(code[:place] + wrong + code[place + 1 :])


def test_codes_of_rural_collectives_begin_with_a_letter() -> None:
    code = "N2370211MF1234567" + uscc.calc_check_digit("N2370211MF1234567")
    assert UnifiedSocialCreditCode.parse(code).number == code


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "length"),
        ("9111000060003734", "length"),
        ("9 1110000600037341", "characters"),
        ("91110000-60003734L", "characters"),
        ("9111000060003734IL", "characters"),
        ("９1110000600037341L", "characters"),
        ("91110000600037341M", "check_character"),
    ],
)
def test_a_code_that_cannot_be_is_refused_with_its_reason(text: str, reason: str) -> None:
    assert uscc_reason_of(text) == reason


def test_a_code_is_shown_masked() -> None:
    code = UnifiedSocialCreditCode.parse("91110000600037341L")
    assert str(code) == code.masked == "9111**********341L"
    assert "600037" not in repr(code)


@given(st.text(ALPHABET_AND_DIGITS, max_size=40))
def test_a_mask_keeps_the_length_and_hides_at_least_a_third(number: str) -> None:
    masked = mask(number)
    assert len(masked) == len(number)
    assert masked.count("*") * 3 >= len(number)
