"""Consent: never more than was agreed to, never after it was taken back, and each decision signed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jose import jws

from api.services import Services
from store.clock import FixedClock
from store.errors import YinzhengError
from tests.conftest import Databases, settings_for
from tests.house import HEALTH, MARKET, House
from trust import Licence
from wallet import Asked, ConsentState, ConsentTerms, GivenConsent, RequestState
from wallet.consent_errors import (
    ConsentExpiredError,
    ConsentItemError,
    ConsentNotFoundError,
    ConsentTermsError,
    ConsentUnknownError,
    ConsentUsedUpError,
    ConsentWithdrawnError,
    NothingToShareError,
    RequestOverError,
    RequestUnknownError,
    TooManyRequestsError,
)
from wallet.errors import NotInWalletError

ITEM, OTHER_ITEM = "370200-0131-001", "370200-0723-004"
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def furnished(databases: Databases) -> Iterator[tuple[House, FixedClock]]:
    """One house for the module: a consent leaves the others alone."""
    database, clock = databases.create(), FixedClock(datetime(2026, 11, 23, 4, 0, tzinfo=UTC))
    with (
        TemporaryDirectory(prefix="yinzheng-consents-") as directory,
        Services(settings_for(database, Path(directory)), clock) as services,
    ):
        house = House(services)
        house.publish_items()
        yield house, clock
    databases.drop(database)


@pytest.fixture(scope="module")
def shop(furnished: tuple[House, FixedClock]) -> Licence:
    return furnished[0].issue()


@pytest.fixture(scope="module")
def physician(furnished: tuple[House, FixedClock]) -> Licence:
    return furnished[0].issue("physician_practice_certificate")


@pytest.fixture
def house(furnished: tuple[House, FixedClock]) -> House:
    return furnished[0]


@pytest.fixture
def clock(furnished: tuple[House, FixedClock]) -> FixedClock:
    return furnished[1]


def terms(house: House, licence: Licence, **changed: object) -> ConsentTerms:
    until = house.services.clock.now() + timedelta(days=1)
    made = ConsentTerms(HEALTH.code, ITEM, {licence.identifier: frozenset({"name"})}, 2, until)
    return replace(made, **changed)  # type: ignore[arg-type]


def agreed(house: House, licence: Licence, **changed: object) -> GivenConsent:
    return house.services.licence_consents.give(licence.holder_index, terms(house, licence, **changed))


def use(house: House, number: str, *, by: str = HEALTH.code, item: str = ITEM) -> GivenConsent:
    return house.services.licence_consents.use(number, by=by, service_item=item, case_number="1")


def asked(**changed: object) -> Asked:
    wanted = {"business_licence": frozenset({"name", "address"})}
    return replace(Asked("checker", HEALTH.code, ITEM, "1", "办理许可", wanted), **changed)  # type: ignore[arg-type]


def test_a_consent_is_used_as_often_as_was_agreed_and_no_more(house: House, shop: Licence) -> None:
    number = agreed(house, shop).number
    assert [use(house, number).uses for _ in range(2)] == [1, 2]
    with pytest.raises(ConsentUsedUpError):
        use(house, number)
    book = house.services.licence_consents
    assert [each.number for each in book.uses(shop.holder_index, number)] == [1, 2]
    assert book.get(shop.holder_index, number).state_at(house.services.clock.now()) is ConsentState.USED_UP


def test_of_many_uses_at_once_only_as_many_count_as_were_agreed(house: House, shop: Licence) -> None:
    number = agreed(house, shop, max_uses=3).number

    def attempt(_: int) -> str:
        try:
            return str(use(house, number).uses)
        except YinzhengError as error:
            return error.code

    with ThreadPoolExecutor(20) as pool:
        results = sorted(pool.map(attempt, range(40)))
    assert results == ["1", "2", "3", *["consent.used_up"] * 37]


def test_a_consent_is_bound_to_body_and_item(house: House, shop: Licence) -> None:
    number = agreed(house, shop).number
    with pytest.raises(ConsentNotFoundError):
        use(house, number, by=MARKET.code)
    with pytest.raises(ConsentItemError):
        use(house, number, item=OTHER_ITEM)
    for nothing in ("", "0" * 32, "x" * 32, number.upper(), f"{number}\n", "\0" * 32):
        with pytest.raises(ConsentNotFoundError):
            use(house, nothing)
    assert use(house, number).uses == 1


def test_a_withdrawn_consent_counts_for_nothing_from_that_moment(house: House, shop: Licence) -> None:
    number = agreed(house, shop).number
    use(house, number)
    book = house.services.licence_consents
    assert book.withdraw(shop.holder_index, number) == book.withdraw(shop.holder_index, number)
    with pytest.raises(ConsentWithdrawnError):
        use(house, number)
    assert [each.act.value for each in book.records(shop.holder_index, number)] == ["give", "withdraw"]


def test_a_consent_ends(house: House, shop: Licence, clock: FixedClock) -> None:
    number = agreed(house, shop, until=clock.now() + MINUTE).number
    clock.advance(MINUTE)
    with pytest.raises(ConsentExpiredError):
        use(house, number)


def test_nobody_gives_or_takes_back_for_another(house: House, shop: Licence, physician: Licence) -> None:
    book = house.services.licence_consents
    with pytest.raises(NotInWalletError):
        book.give(physician.holder_index, terms(house, shop))
    number = agreed(house, shop).number
    for act in (book.withdraw, book.get, book.uses, book.records):
        with pytest.raises(ConsentUnknownError):
            act(physician.holder_index, number)
    assert use(house, number).uses == 1


def test_terms_have_their_form(house: House, shop: Licence, clock: FixedClock) -> None:
    wrong: list[dict[str, object]] = [
        {"body_code": "x"},
        {"service_item": "370200-9999"},
        {"licences": {}},
        {"licences": {shop.identifier: frozenset({"no_field"})}},
        {"licences": {shop.identifier: frozenset()}},
        {"max_uses": 0},
        {"max_uses": 1001},
        {"until": clock.now()},
        {"until": clock.now() + timedelta(days=367)},
        {"until": datetime(2026, 11, 24, 4, 0)},  # noqa: DTZ001  what is attacked
    ]
    for each in wrong:
        with pytest.raises(ConsentTermsError):
            agreed(house, shop, **each)


def test_each_decision_is_signed_by_a_key_of_its_own_and_stands_in_the_log(house: House, shop: Licence) -> None:
    services = house.services
    made = agreed(house, shop)
    services.licence_consents.withdraw(shop.holder_index, made.number)
    given, withdrawn = services.licence_consents.records(shop.holder_index, made.number)
    published = services.consent_keys.jwks()
    others = {key["kid"] for key in [*services.receipt_keys.jwks()["keys"], *services.keys.token_keys.jwks()["keys"]]}
    assert others.isdisjoint(key["kid"] for key in published["keys"])
    said = jws.verify(given.statement, published, algorithms=["ES256"])
    jws.verify(withdrawn.statement, published, algorithms=["ES256"])
    assert shop.identifier.encode() in said
    assert shop.holder.code.encode() not in said
    services.ledger.sequence()
    entries = services.ledger.entries_about(f"consent:{made.number}")
    assert [entry.position is not None for entry in entries] == [True, True]
    for entry, record in zip(entries, (given, withdrawn), strict=True):
        assert hashlib.sha256(record.statement.encode()).hexdigest().encode() in entry.opening
        assert shop.identifier.encode() not in entry.data


Step = st.sampled_from(["use", "other body", "other item", "withdraw", "wait"])


@settings(max_examples=25, deadline=None)
@given(most=st.integers(1, 4), steps=st.lists(Step, max_size=12))
def test_no_sequence_uses_more_than_was_agreed_or_after_it_was_over(
    furnished: tuple[House, FixedClock], shop: Licence, most: int, steps: list[str]
) -> None:
    house, clock = furnished
    until = clock.now() + 3 * MINUTE
    number = agreed(house, shop, max_uses=most, until=until).number
    used, withdrawn = 0, False
    for step in steps:
        if step == "withdraw":
            house.services.licence_consents.withdraw(shop.holder_index, number)
            withdrawn = True
        elif step == "wait":
            clock.advance(MINUTE)
        else:
            may = step == "use" and not withdrawn and used < most and clock.now() < until
            by, item = (MARKET.code if step == "other body" else HEALTH.code), (OTHER_ITEM if "item" in step else ITEM)
            try:
                use(house, number, by=by, item=item)
            except YinzhengError:
                assert not may
            else:
                assert may
                used += 1
    assert len(house.services.licence_consents.uses(shop.holder_index, number)) == used


def test_a_request_is_agreed_to_wholly_in_part_or_not_at_all(house: House, shop: Licence) -> None:
    requests, holder = house.services.consent_requests, shop.holder_index
    whole, part, none = (requests.ask(holder, asked(), answer_within=MINUTE).number for _ in range(3))
    answered, given = requests.agree(holder, whole)
    assert (answered.state, answered.consent_number) == (RequestState.AGREED, given.number)
    assert given.terms.licences == {shop.identifier: frozenset({"name", "address"})}
    answered, given = requests.agree(holder, part, {shop.identifier: frozenset({"name"})})
    assert answered.state is RequestState.PARTLY_AGREED
    assert use(house, given.number).terms.licences == {shop.identifier: frozenset({"name"})}
    shorter = requests.ask(holder, replace(asked(), days=3, max_uses=2), answer_within=MINUTE).number
    for wrong in ({"days": 4}, {"days": 0}, {"max_uses": 3}, {"max_uses": 0}):
        with pytest.raises(ConsentTermsError):
            requests.agree(holder, shorter, **wrong)
    answered, given = requests.agree(holder, shorter, days=2)
    assert (answered.state, given.terms.max_uses) == (RequestState.PARTLY_AGREED, 2)
    assert given.terms.until == house.services.clock.now() + timedelta(days=2)
    assert requests.refuse(holder, none).state is RequestState.REFUSED
    assert [each.act.value for each in requests.records(holder)] == ["refuse"]
    for number in (whole, part, none):
        with pytest.raises(RequestOverError):
            requests.agree(holder, number)
        with pytest.raises(RequestOverError):
            requests.refuse(holder, number)


def test_nothing_is_agreed_to_that_was_not_asked_for(house: House, shop: Licence, physician: Licence) -> None:
    requests, holder = house.services.consent_requests, shop.holder_index
    number = requests.ask(holder, asked(), answer_within=MINUTE).number
    for fields in (frozenset({"business_scope"}), frozenset({"name", "business_scope"}), frozenset[str]()):
        with pytest.raises(ConsentTermsError):
            requests.agree(holder, number, {shop.identifier: fields})
    with pytest.raises(NotInWalletError):
        requests.agree(holder, number, {physician.identifier: None})
    with pytest.raises(ConsentTermsError):
        requests.agree(holder, number, {})
    with pytest.raises(RequestUnknownError):
        requests.agree(physician.holder_index, number)
    requests.refuse(holder, number)


def test_a_request_that_nobody_answers_expires(house: House, shop: Licence, clock: FixedClock) -> None:
    requests, holder = house.services.consent_requests, shop.holder_index
    number = requests.ask(holder, asked(), answer_within=MINUTE).number
    clock.advance(MINUTE)
    assert requests.of_body(HEALTH.code, number).state is RequestState.EXPIRED
    with pytest.raises(RequestOverError):
        requests.agree(holder, number)


def test_a_body_sees_its_own_requests_and_floods_nobody(house: House, physician: Licence) -> None:
    requests, holder = house.services.consent_requests, physician.holder_index
    made = [requests.ask(holder, asked(), answer_within=MINUTE) for _ in range(5)]
    with pytest.raises(TooManyRequestsError):
        requests.ask(holder, asked(), answer_within=MINUTE)
    with pytest.raises(RequestUnknownError):
        requests.of_body(MARKET.code, made[0].number)
    with pytest.raises(NothingToShareError):
        requests.agree(holder, made[0].number)
    assert requests.refuse_all(holder) == 5


def test_one_request_is_answered_once_however_many_answers_come_at_once(house: House, shop: Licence) -> None:
    requests, holder = house.services.consent_requests, shop.holder_index
    number = requests.ask(holder, asked(), answer_within=MINUTE).number

    def attempt(agree: bool) -> str:
        try:
            requests.agree(holder, number) if agree else requests.refuse(holder, number)
        except RequestOverError:
            return "over"
        return "answered"

    with ThreadPoolExecutor(8) as pool:
        results = sorted(pool.map(attempt, [True, False] * 4))
    assert results == ["answered", *["over"] * 7]


def test_a_request_has_its_form(house: House, shop: Licence) -> None:
    wrong: list[dict[str, object]] = [
        {"purpose": " "},
        {"purpose": "长" * 201},
        {"purpose": "a\u202eb"},
        {"wanted": {}},
        {"wanted": {"business_licence": frozenset()}},
        {"max_uses": 0},
        {"days": 367},
    ]
    for each in wrong:
        with pytest.raises(ConsentTermsError):
            house.services.consent_requests.ask(shop.holder_index, asked(**each), answer_within=MINUTE)
    for seconds in (59, 8 * 86_400):
        with pytest.raises(ConsentTermsError):
            house.services.consent_requests.ask(shop.holder_index, asked(), answer_within=timedelta(seconds=seconds))


def test_all_consents_are_taken_back_however_many_are_listed(
    house: House, shop: Licence, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = [agreed(house, shop).number for _ in range(3)]
    book, holder = house.services.licence_consents, shop.holder_index
    monkeypatch.setattr(type(book)._list, "__kwdefaults__", {"at_most": 1})
    assert book.withdraw_all(holder) >= len(numbers)
    assert all(book.get(holder, each).withdrawn_at is not None for each in numbers)
