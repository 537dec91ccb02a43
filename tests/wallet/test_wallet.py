"""A holder's wallet: what is in it, and whose it is."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.house import HEALTH, LAW, House
from trust import Decision, LicenceState
from wallet import ConsentTerms
from wallet.errors import NotInWalletError, PresentationExpiredError, WalletClosedError


def test_a_new_licence_comes_to_its_holder(house: House) -> None:
    licence = house.issue()
    assert [each.identifier for each in house.services.wallets.licences(licence.holder_index)] == [licence.identifier]
    assert house.services.wallets.pdf(licence.holder_index, licence.identifier) == house.pdf(licence)


def test_a_company_finds_all_its_licences_newest_first(house: House) -> None:
    first, second = house.issue(), house.issue("food_operation_permit")
    assert first.holder_index == second.holder_index
    held = house.services.wallets.licences(first.holder_index)
    assert [each.identifier for each in held] == [second.identifier, first.identifier]


def test_taking_a_licence_in_twice_changes_nothing(house: House) -> None:
    licence = house.issue()
    house.services.wallets.take_in(licence.identifier)
    assert len(house.services.wallets.licences(licence.holder_index)) == 1


def test_a_revoked_licence_shows_as_revoked_at_once(house: House) -> None:
    licence = house.issue()
    house.services.register.revoke(licence.identifier, Decision("a", "r", LAW))
    (held,) = house.services.wallets.licences(licence.holder_index)
    assert held.recorded_state is LicenceState.REVOKED


def test_nobody_opens_anothers_wallet(house: House) -> None:
    company, physician = house.issue(), house.issue("physician_practice_certificate")
    for holder, identifier in (
        (company.holder_index, physician.identifier),
        (physician.holder_index, company.identifier),
        (company.holder_index, "no identifier"),
    ):
        with pytest.raises(NotInWalletError):
            house.services.wallets.licence(holder, identifier)


def test_opening_a_wallet_finds_what_was_issued_before(house: House) -> None:
    licence, holder = house.issue(), house.issue().holder_index
    wallets = house.services.wallets
    wallets.close(holder)
    assert wallets.licences(holder) == []
    assert wallets.open(holder) == 1
    assert wallets.open(holder) == 0
    assert [each.identifier for each in wallets.licences(holder)] == [licence.identifier]


def test_both_spouses_find_their_certificate_again(house: House) -> None:
    licence = house.issue("marriage_certificate")
    wallets = house.services.wallets
    (other,) = licence.co_holder_indexes
    for holder in (licence.holder_index, other):
        wallets.close(holder)
        assert wallets.identifiers(holder) == [licence.identifier]
        assert wallets.open(holder) == 1


def test_a_closed_wallet_stays_empty_whatever_is_issued(house: House) -> None:
    holder = house.issue().holder_index
    wallets = house.services.wallets
    wallets.close(holder)
    house.issue("food_operation_permit")
    assert wallets.licences(holder) == []
    assert wallets.open(holder) == 2


def test_closing_voids_what_was_not_redeemed_and_what_was_not_given_yet(house: House) -> None:
    services, licence = house.services, house.issue()
    house.publish_items()
    holder = licence.holder_index
    token = services.presentations.present(holder, licence.identifier, purpose="办理贷款").token
    until = services.clock.now() + timedelta(days=1)
    terms = ConsentTerms(HEALTH.code, "370200-0131-001", {licence.identifier: None}, 1, until)
    given, record = services.licence_consents.draw_up(holder, terms, by="holder")
    services.wallets.close(holder)
    with pytest.raises(PresentationExpiredError):
        services.presentations.redeem(token, by=HEALTH.code)
    with pytest.raises(WalletClosedError), services.database.transaction() as session:
        services.licence_consents.enter(session, given, record)
    assert services.licence_consents.of_holder(holder) == []


def test_pinned_licences_come_first_and_hidden_ones_stay(house: House) -> None:
    first, second = house.issue(), house.issue("food_operation_permit")
    wallets, holder = house.services.wallets, first.holder_index
    wallets.arrange(holder, first.identifier, pinned=True, hidden=False)
    wallets.arrange(holder, second.identifier, pinned=False, hidden=True)
    found = [(each.licence.identifier, each.pinned, each.hidden) for each in wallets.entries(holder)]
    assert found == [(first.identifier, True, False), (second.identifier, False, True)]
    with pytest.raises(NotInWalletError):
        wallets.arrange(
            house.issue("physician_practice_certificate").holder_index, first.identifier, pinned=True, hidden=True
        )
