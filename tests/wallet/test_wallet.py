"""A holder's wallet: what is in it, and whose it is."""

from __future__ import annotations

import pytest

from tests.house import LAW, House
from trust import Decision, LicenceState
from wallet.errors import NotInWalletError


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
