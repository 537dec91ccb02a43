"""The life of a licence: versions, endings, what is decided on what was seen, requests that come twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from store.clock import FixedClock
from store.errors import YinzhengError
from store.once import Once, OnceKeyReusedError
from tests.house import LAW, House, example
from trust import Act, ChangeOrder, Decision, IssueOrder, Licence, LicenceSearch, LicenceState, TypePackage
from trust.errors import (
    ActRefusedError,
    EndorsementNotDueError,
    FieldsInvalidError,
    HolderChangedError,
    LegalBasisMissingError,
    LicenceChangedError,
    NothingChangedError,
)
from trust.licence import NEW_VERSION, possible_acts
from verify import Indication

CLERK = "officer:clerk"
ALL = LicenceSearch()
FOOD = "food_operation_permit"
OTHER_NAME = {"name": "青岛沧澜云舟食品有限公司"}
ADDRESS = {"address": "山东省青岛市市南区云栖三路68号"}


def changed(house: House, licence: Licence, act: Act = Act.CHANGE, **terms: Any) -> Licence:
    fields = terms.pop("fields", ADDRESS)
    decision = terms.pop("decision", Decision(CLERK, "登记事项变更"))
    order = ChangeOrder(licence.identifier, act, fields, decision, **terms)
    made = house.services.changing.change(order).licence
    house.services.worker.run_once()
    return made


def now(house: House, licence: Licence) -> Licence:
    return house.services.register.get(licence.identifier)


def test_a_change_makes_a_version_that_takes_the_old_one_s_place(house: House) -> None:
    old = house.issue()
    new = changed(house, old)
    assert new.identifier.split(".")[:-2] == old.identifier.split(".")[:-2]
    assert [each.identifier.split(".")[-2] for each in (old, new)] == ["001", "002"]
    assert new.fields == {**old.fields, **ADDRESS}
    assert new.supersedes == old.identifier
    before = now(house, old)
    assert (before.recorded_state, before.superseded_by) == (LicenceState.SUPERSEDED, new.identifier)
    register = house.services.register
    assert [event.act for event in register.history(old.identifier)] == [Act.ISSUE, Act.CHANGE]
    assert [event.act for event in register.history(new.identifier)] == [Act.CHANGE]
    checker = house.services.checker
    assert checker.check_pdf(house.pdf(new)).passed
    stale = checker.check_pdf(house.pdf(old))
    assert stale.indication is Indication.TOTAL_FAILED
    assert "register.superseded" in {reason.code for reason in stale.reasons}
    assert new.identifier in {each.identifier for each in house.services.wallets.licences(new.holder_index)}


def test_versions_follow_each_other(house: House) -> None:
    licence = house.issue()
    for number in range(2, 5):
        licence = changed(house, licence, fields={"address": f"山东省青岛市市南区云栖三路{number}号"})
        assert f".{number:03d}." in licence.identifier


def test_a_correction_keeps_the_date_and_a_change_bears_that_of_today(house: House, clock: FixedClock) -> None:
    old = house.issue()
    clock.advance(timedelta(days=3))
    corrected = changed(house, old, Act.CORRECT)
    assert corrected.issue_date == old.issue_date
    assert changed(house, corrected, fields=OTHER_NAME).issue_date == old.issue_date + timedelta(days=3)


def test_what_ran_out_can_be_renewed_but_not_changed(house: House, clock: FixedClock) -> None:
    old = house.issue(FOOD)
    assert old.valid_until is not None
    clock.advance(timedelta(days=(old.valid_until - old.valid_from).days + 2))
    assert now(house, old).state_on(house.services.register.today()) is LicenceState.EXPIRED
    with pytest.raises(ActRefusedError):
        changed(house, old)
    house.seal(FOOD)  # the first one ran out as well
    new = changed(house, old, Act.RENEW, fields={})
    assert new.valid_until is not None
    assert new.valid_until > old.valid_until


def test_a_field_is_taken_out_with_null_and_all_fields_are_checked(house: House) -> None:
    licence = house.issue()
    with pytest.raises(FieldsInvalidError):
        changed(house, licence, fields={"address": None})
    with pytest.raises(FieldsInvalidError):
        changed(house, licence, fields={"no_such_field": "1"})
    assert now(house, licence).revision == 1


def test_a_new_version_says_something_new_of_the_same_holder(house: House) -> None:
    licence = house.issue()
    with pytest.raises(NothingChangedError):
        changed(house, licence, fields={})
    with pytest.raises(HolderChangedError):
        changed(house, licence, fields={"unified_social_credit_code": "91370200163562681G"})


def test_a_yearly_endorsement_lasts_until_the_next_due_day_and_is_given_once(house: House, clock: FixedClock) -> None:
    types = house.services.licence_types
    files = types.package("business_licence", 1).files
    definition = json.loads(files["type.json"]) | {"validity": {"kind": "yearly_endorsement", "due": "06-30"}}
    yearly = TypePackage({**files, "type.json": json.dumps(definition).encode()})
    types.publish("business_licence", types.draft("business_licence", yearly, actor="a").version, actor="b")
    register, licence = house.services.register, house.issue()
    assert licence.valid_until == date(2027, 6, 30)
    endorsed = register.endorse(licence.identifier, Decision(CLERK, "年检合格"))
    assert endorsed.valid_until == date(2028, 6, 30)
    with pytest.raises(EndorsementNotDueError):
        register.endorse(licence.identifier, Decision(CLERK, "年检合格"))
    clock.advance(timedelta(days=700))
    assert now(house, licence).state_on(register.today()) is LicenceState.EXPIRED
    assert register.endorse(licence.identifier, Decision(CLERK, "补检合格")).valid_until == date(2029, 6, 30)
    assert house.services.checker.check_identifier(licence.identifier).passed
    unneeded = house.issue("physician_practice_certificate")
    with pytest.raises(EndorsementNotDueError):
        register.endorse(unneeded.identifier, Decision(CLERK, "年检"))
    assert now(house, unneeded).revision == 1


@pytest.mark.parametrize("basis", [None, "", "  ", "法" * 501])
def test_an_ending_names_its_law(house: House, basis: str | None) -> None:
    licence = house.issue()
    for act in (house.services.register.revoke, house.services.register.cancel):
        with pytest.raises(LegalBasisMissingError):
            act(licence.identifier, Decision(CLERK, "持证人申请", basis))
    ended = house.services.register.cancel(licence.identifier, Decision(CLERK, "持证人申请", LAW))
    assert ended.recorded_state is LicenceState.CANCELLED
    assert house.services.register.history(licence.identifier)[-1].legal_basis == LAW


def test_who_decides_on_an_old_look_is_told(house: House) -> None:
    register, licence = house.services.register, house.issue()
    seen = licence.revision
    register.suspend(licence.identifier, Decision(CLERK, "核查", revision=seen))
    with pytest.raises(LicenceChangedError):
        register.resume(licence.identifier, Decision("officer:other", "无误", revision=seen))
    assert register.resume(licence.identifier, Decision(CLERK, "无误", revision=seen + 1)).revision == seen + 2


def test_of_six_who_change_a_licence_at_once_one_does(house: House) -> None:
    licence = house.issue()

    def change(number: int) -> str:
        try:
            fields = {"address": f"山东省青岛市市南区云栖三路{number}号"}
            return changed(house, licence, fields=fields, decision=Decision(f"officer:{number}", "r")).identifier
        except YinzhengError as error:
            return error.code

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(change, range(6)))
    assert len([answer for answer in answers if answer.startswith("1.2.156")]) == 1, answers
    assert set(answers) - {now(house, licence).superseded_by} <= {"trust.licence_changed", "trust.act_refused"}


def test_a_request_that_comes_again_is_answered_again(house: House) -> None:
    house.seal()
    once = Once("client:a", "order-0001", "d" * 64)
    order = IssueOrder("business_licence", example("business_licence"), "a", once=once)
    issuing, register = house.services.issuing, house.services.register
    first = issuing.issue(order)
    assert first.created
    register.suspend(first.licence.identifier, Decision("a", "核查", once=Once("client:a", "act-0001", "e" * 64)))
    register.resume(first.licence.identifier, Decision("a", "无误"))
    register.suspend(first.licence.identifier, Decision("a", "核查", once=Once("client:a", "act-0001", "e" * 64)))
    assert now(house, first.licence).recorded_state is LicenceState.VALID
    again = issuing.issue(order)
    assert (again.created, again.licence.identifier) == (False, first.licence.identifier)
    for reused in (Once("client:a", "order-0001", "f" * 64), Once("client:a", "act-0001", "f" * 64)):
        with pytest.raises(OnceKeyReusedError):
            register.suspend(first.licence.identifier, Decision("a", "核查", once=reused))
    other = Once("client:b", "act-0001", "f" * 64)  # keys of two callers never meet
    assert register.suspend(first.licence.identifier, Decision("b", "核查", once=other)).recorded_state == "suspended"


def test_eight_times_the_same_change_at_once_make_one_version(house: House) -> None:
    licence = house.issue()
    decision = Decision(CLERK, "变更", once=Once("client:a", "change-01", "a" * 64))

    def change(_: int) -> str:
        try:
            return changed(house, licence, decision=decision).identifier
        except LicenceChangedError:
            return "asked to look again"

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(change, range(8)))
    assert answers == {now(house, licence).superseded_by}
    assert len(house.services.register.history(licence.identifier)) == 2


ACTS: dict[Act, Callable[[House, Licence], object]] = {
    Act.SUSPEND: lambda house, it: house.services.register.suspend(it.identifier, Decision(CLERK, "r")),
    Act.RESUME: lambda house, it: house.services.register.resume(it.identifier, Decision(CLERK, "r")),
    Act.REVOKE: lambda house, it: house.services.register.revoke(it.identifier, Decision(CLERK, "r", LAW)),
    Act.CANCEL: lambda house, it: house.services.register.cancel(it.identifier, Decision(CLERK, "r", LAW)),
    **{
        act: lambda house, it, act=act: changed(  # type: ignore[misc]
            house, it, act, fields={"address": f"山东省青岛市市南区云栖四路{it.revision}号"}
        )
        for act in NEW_VERSION
    },
}


@settings(
    max_examples=6,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(acts=st.lists(st.sampled_from(sorted(ACTS)), min_size=3, max_size=8))
def test_in_any_life_the_possible_acts_succeed_and_the_others_change_nothing(house: House, acts: list[Act]) -> None:
    licence = house.issue(address=f"山东省青岛市市南区云栖三路{len(house.services.searching.search(ALL).licences)}号")
    for act in acts:
        before = now(house, licence)
        possible = act in possible_acts(before.state_on(house.services.register.today()))
        if possible:
            ACTS[act](house, before)
        else:
            with pytest.raises(ActRefusedError):
                ACTS[act](house, before)
        assert now(house, licence).revision == before.revision + possible
        assert possible or now(house, licence) == before
        if before.superseded_by is not None:
            assert house.services.register.get(before.superseded_by).supersedes == before.identifier
    live = [each for each in house.services.searching.search(ALL).licences if each.number == licence.number]
    assert len([each for each in live if each.recorded_state in ("valid", "suspended")]) <= 1
    for each in live:  # the number is free for the next life
        if each.recorded_state in ("valid", "suspended"):
            house.services.register.cancel(each.identifier, Decision(CLERK, "r", LAW))
