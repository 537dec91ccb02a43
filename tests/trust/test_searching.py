"""Finding licences: by each thing that is on them, in pages, and not by parts of what is secret."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest
from stdnum.cn import uscc

from store.clock import FixedClock
from tests.house import LAW, MARKET, House
from trust import Decision, LicenceSearch, LicenceState, SearchOrder
from trust.errors import SearchInvalidError, TypeUnknownError


def found(house: House, **terms: object) -> list[str]:
    page = house.services.searching.search(LicenceSearch(**terms))  # type: ignore[arg-type]
    return [licence.identifier for licence in page.licences]


def test_each_thing_on_a_licence_finds_it(house: House, clock: FixedClock) -> None:
    first = house.issue()
    clock.advance(timedelta(days=10))
    second = house.issue("food_operation_permit")
    third = house.issue("physician_practice_certificate")
    every = [third.identifier, second.identifier, first.identifier]
    assert found(house) == every
    for licence in (first, second, third):
        assert found(house, identifier=licence.identifier) == [licence.identifier]
        assert found(house, number=licence.number) == [licence.identifier]
        assert found(house, licence_type=licence.type.code) == [licence.identifier]
        assert licence.identifier in found(house, holder_code=licence.holder.code)
    assert found(house, number=first.number[:-1]) == []
    assert found(house, issuer_code=MARKET.code) == every[1:]
    assert found(house, region_code="3702") == every
    assert found(house, region_code="3703") == []
    day = first.issue_date
    assert found(house, issued_until=day) == [first.identifier]
    assert found(house, issued_from=day + timedelta(days=1)) == every[:2]
    assert found(house, valid_on=day + timedelta(days=1), licence_type="food_operation_permit") == []


def test_states_are_found_as_they_are_today(house: House, clock: FixedClock) -> None:
    licence = house.issue("food_operation_permit")
    today, register = house.services.register.today, house.services.register
    assert found(house, state=LicenceState.VALID) == [licence.identifier]
    register.suspend(licence.identifier, Decision("a", "r"))
    assert found(house, state=LicenceState.SUSPENDED) == [licence.identifier]
    register.resume(licence.identifier, Decision("a", "r"))
    assert licence.valid_until is not None
    clock.advance(timedelta(days=(licence.valid_until - today()).days + 1))
    assert found(house, state=LicenceState.VALID) == []
    assert found(house, state=LicenceState.EXPIRED) == [licence.identifier]
    register.cancel(licence.identifier, Decision("a", "r", LAW))
    assert found(house, state=LicenceState.EXPIRED) == []
    assert found(house, state=LicenceState.CANCELLED) == [licence.identifier]
    for state in LicenceState:
        agreeing = [each for each in found(house) if register.get(each).state_on(today()) is state]
        assert found(house, state=state) == agreeing


def test_pages_neither_lose_nor_repeat_what_is_issued_meanwhile(house: House) -> None:
    def issue(serial: int) -> str:
        code = f"91370202MA3QYH7{serial}"
        return house.issue(unified_social_credit_code=f"{code}{uscc.calc_check_digit(code)}").identifier

    issued = [issue(serial) for serial in range(10, 15)]
    searching, seen, cursor = house.services.searching, [], None
    while True:
        page = searching.search(LicenceSearch(), cursor=cursor, limit=2)
        seen += [licence.identifier for licence in page.licences]
        if len(seen) == 2:
            issue(20)
        if page.next_cursor is None:
            break
        cursor = page.next_cursor
    assert seen == issued[::-1]


@pytest.mark.parametrize("cursor", ["", "x", "AAAAAAAAAAA", "_" * 11, "AAAAAAAAAAAA", "é", "A" * 1000])
def test_a_cursor_that_is_none_is_refused_or_finds_nothing(house: House, cursor: str) -> None:
    with suppress(SearchInvalidError):
        assert house.services.searching.search(LicenceSearch(), cursor=cursor).licences == ()


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_page_has_bounds(house: House, limit: int) -> None:
    with pytest.raises(SearchInvalidError):
        house.services.searching.search(LicenceSearch(), limit=limit)


def test_what_cannot_be_searched_for_is_refused(house: House) -> None:
    for terms in ({"holder_code": "370200"}, {"region_code": "37%"}, {"region_code": "1" * 13}):
        with pytest.raises(SearchInvalidError):
            found(house, **terms)
    with pytest.raises(TypeUnknownError):
        found(house, licence_type="no_such_type")


def test_words_are_taken_for_what_they_are(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = house.issue(), house.issue("physician_practice_certificate")
    for licence in (first, second):
        for words in (licence.identifier, licence.number, f" {licence.holder.code.lower()} ", licence.holder.name[-2:]):
            assert licence.identifier in found(house, words=words)
    assert found(house, words=first.number[:-1]) == []
    assert found(house, holder_name=second.holder.name[:1]) == [second.identifier]
    assert found(house, words=second.holder.name, issuer_code=MARKET.code) == []
    with pytest.raises(SearchInvalidError):
        found(house, words="a\0b")


def test_a_name_is_looked_for_in_as_many_licences_as_a_page_reads(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    oldest = house.issue()
    house.issue("physician_practice_certificate")
    monkeypatch.setattr("trust.searching.READ_FOR_NAME", 1)
    searching, search = house.services.searching, LicenceSearch(holder_name=oldest.holder.name[1:5])
    page = searching.search(search)
    assert page.licences == ()
    assert page.next_cursor is not None
    page = searching.search(search, cursor=page.next_cursor)
    assert [each.identifier for each in page.licences] == [oldest.identifier]
    forward = searching.search(LicenceSearch(), order=SearchOrder.OLDEST, limit=1)
    assert [each.identifier for each in forward.licences] == [oldest.identifier]
    onward = searching.search(LicenceSearch(), order=SearchOrder.OLDEST, limit=1, cursor=forward.next_cursor)
    assert onward.next_cursor is None
    assert len(onward.licences) == 1


def test_licences_are_found_by_their_last_day_page_by_page(house: House) -> None:
    searching = house.services.searching
    late = house.issue("driving_licence")
    open_ended = [house.issue("business_licence"), house.issue("teacher_qualification_certificate")]
    soon = house.issue("food_operation_permit")
    assert soon.valid_until is not None
    assert late.valid_until is not None
    assert soon.valid_until < late.valid_until
    found: list[str] = []
    cursor = None
    while True:
        page = searching.search(LicenceSearch(), order=SearchOrder.ENDING, limit=1, cursor=cursor)
        found += [each.identifier for each in page.licences]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == [each.identifier for each in (soon, late, *open_ended)]


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "A" * 15, "_" * 16, "AAAAAAAAAAB_____", "AAAAAAAAAAE=", "é" * 16])
def test_a_cursor_that_is_none_is_refused(house: House, cursor: str) -> None:
    with pytest.raises(SearchInvalidError):
        house.services.searching.search(LicenceSearch(), cursor=cursor)
