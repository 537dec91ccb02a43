"""The register: states of a licence, and who wins when two change one at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest

from store.clock import FixedClock
from store.errors import YinzhengError
from tests.house import LAW, House
from trust import Decision, LicenceState
from trust.errors import ActRefusedError, IdentifierInvalidError, LicenceUnknownError, ReasonMissingError

UNKNOWN = "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U"


def test_a_licence_is_suspended_resumed_and_revoked(house: House) -> None:
    register, identifier = house.services.register, house.issue().identifier
    assert register.suspend(identifier, Decision("a", "核查")).recorded_state is LicenceState.SUSPENDED
    assert register.resume(identifier, Decision("a", "无误")).recorded_state is LicenceState.VALID
    revoked = register.revoke(identifier, Decision("b", "提供虚假材料", LAW))
    assert (revoked.recorded_state, revoked.state_reason) == (LicenceState.REVOKED, "提供虚假材料")
    assert [event.act.value for event in register.history(identifier)] == ["issue", "suspend", "resume", "revoke"]


def test_what_is_revoked_stays_revoked(house: House) -> None:
    register, identifier = house.services.register, house.issue().identifier
    register.revoke(identifier, Decision("a", "r", LAW))
    for act in (register.revoke, register.suspend, register.resume):
        with pytest.raises(ActRefusedError, match="nothing"):
            act(identifier, Decision("a", "r", LAW))


@pytest.mark.parametrize("reason", ["", "   ", "r" * 501])
def test_a_change_needs_a_reason(house: House, reason: str) -> None:
    licence = house.issue()
    with pytest.raises(ReasonMissingError):
        house.services.register.revoke(licence.identifier, Decision("a", reason, LAW))


def test_of_ten_that_revoke_at_once_one_does(house: House) -> None:
    licence = house.issue()

    def revoke(number: int) -> str:
        try:
            decision = Decision(f"officer:{number}", "r", LAW)
            return house.services.register.revoke(licence.identifier, decision).recorded_state.value
        except YinzhengError as error:
            return error.code

    with ThreadPoolExecutor(10) as pool:
        results = sorted(pool.map(revoke, range(10)))
    assert results == ["revoked"] + ["trust.act_refused"] * 9


def test_identifiers_are_checked_before_they_are_looked_up(house: House) -> None:
    with pytest.raises(LicenceUnknownError):
        house.services.register.get(UNKNOWN)
    with pytest.raises(IdentifierInvalidError):
        house.services.register.get(UNKNOWN[:-1] + "V")


def test_a_licence_expires_by_itself_at_the_end_of_its_last_day_in_china(house: House, clock: FixedClock) -> None:
    licence = house.issue("food_operation_permit")
    last = licence.valid_until
    assert last is not None
    assert licence.state_on(last) is LicenceState.VALID
    assert licence.state_on(last + timedelta(days=1)) is LicenceState.EXPIRED
    assert licence.state_on(licence.valid_from - timedelta(days=1)) is LicenceState.NOT_YET_VALID
    clock.advance(timedelta(hours=12))  # 16:00 UTC is midnight in China
    assert house.services.register.today() == date(2026, 11, 24)
