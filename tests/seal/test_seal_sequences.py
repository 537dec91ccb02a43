"""Random officers do random things to seals: whatever the order, what must hold holds."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from seal import GrantTerms, Move, SealApplication, SealState, SealUser
from seal.errors import SealFieldError
from seal.grants import china_day
from seal.uses import AllowedUse, WantedUse
from store.clock import FixedClock
from store.errors import YinzhengError
from tests.house import HEALTH, MARKET, House
from tests.seal.test_seal_life import LIFE

OFFICERS = ("甲", "乙", "Officer Li", "officer li")
PEOPLE = {"甲": 1, "乙": 2, "Officer Li": 3, "officer li": 3}
"""The last two are one person."""
TYPES, PURPOSES = ("a", "b"), ("年检", "核验")
DIGEST = hashlib.sha256(b"document").hexdigest()
LAST_DAY = datetime(2028, 11, 23, tzinfo=UTC)
EXPIRED = (SealState.MADE, SealState.REGISTERED, SealState.ACTIVE, SealState.FROZEN)

officers = st.sampled_from(OFFICERS)


@dataclass
class ModelSeal:
    state: SealState
    applied_by: str
    until: datetime | None
    supersedes: str | None


@dataclass
class ModelGrant:
    seal: str
    organisation: str | None
    client: str | None
    types: tuple[str, ...]
    quota: int | None
    start: datetime
    end: datetime | None
    purpose: str | None
    revoked: bool = False


class Office(RuleBasedStateMachine):
    """Compares what the service says with a model of the rules that is written down apart from it."""

    house: House
    clock: FixedClock

    numbers = Bundle("numbers")

    def __init__(self) -> None:
        super().__init__()
        self.services = self.house.services
        self.model: dict[str, ModelSeal] = {}
        self.model_grants: dict[int, ModelGrant] = {}
        self.asked: dict[int, tuple[str, Move, str]] = {}
        self.counted: dict[tuple[int, Any], int] = {}

    def done(self, act: Any) -> Any:
        """The result, or None where it was refused."""
        try:
            return act()
        except YinzhengError:
            return None

    def now_state(self, number: str) -> SealState:
        seal = self.model[number]
        over = seal.until is not None and seal.until <= self.clock.now()
        return SealState.EXPIRED if over and seal.state in EXPIRED else seal.state

    def after(self, number: str, move: Move) -> SealState | None:
        return LIFE[self.now_state(number)].get(move)

    def has_successor(self, number: str) -> bool:
        over = (SealState.REJECTED, SealState.CANCELLED)
        return any(each.supersedes == number and each.state not in over for each in self.model.values())

    @initialize(target=numbers, days=st.sampled_from([None, 5, 40]))
    def begin_with_a_seal_in_use(self, days: int | None) -> str:
        number = self.enter("甲", days, None)
        (request,) = self.asked
        self.decide_on(request, "乙", "approve")
        for user in ((None, None), (HEALTH.code, "client")):
            self.give(number, "乙", GrantTerms(TYPES, "年检", SealUser(*user), daily_quota=2))
        return number

    @precondition(lambda self: self.frozen())
    @rule(first=officers, second=officers)
    def thaw(self, first: str, second: str) -> None:
        number = self.frozen()[0]
        self.ask_for(number, Move.THAW, first)
        waiting = [key for key, (of, move, _) in self.asked.items() if (of, move) == (number, Move.THAW)]
        for request in waiting:
            self.decide_on(request, second, "approve")

    def frozen(self) -> list[str]:
        return [number for number in self.model if self.now_state(number) is SealState.FROZEN]

    @rule(target=numbers, officer=officers, days=st.sampled_from([None, 5, 40]))
    def apply(self, officer: str, days: int | None) -> str:
        return self.enter(officer, days, None)

    @rule(target=numbers, officer=officers, old=numbers)
    def apply_for_change(self, officer: str, old: str) -> str:
        possible = self.after(old, Move.CHANGE) is not None and not self.has_successor(old)
        if possible:
            return self.enter(officer, None, old)
        application = SealApplication(MARKET.code, TYPES, supersedes=old)
        assert self.done(lambda: self.services.seals.apply(application, officer=officer, reason="更名")) is None
        return old

    def enter(self, officer: str, days: int | None, old: str | None) -> str:
        until = None if days is None else self.clock.now() + timedelta(days=days)
        application = SealApplication(MARKET.code, TYPES, valid_until=until, supersedes=old)
        request = self.services.seals.apply(application, officer=officer, reason="申请")
        self.model[request.seal_number] = ModelSeal(SealState.APPLIED, officer, until, old)
        self.asked[request.id] = (request.seal_number, Move.REVIEW, officer)
        return request.seal_number

    @rule(number=numbers, move=st.sampled_from(Move), officer=officers)
    def ask(self, number: str, move: Move, officer: str) -> None:
        self.ask_for(number, move, officer)

    def ask_for(self, number: str, move: Move, officer: str) -> None:
        waits = any(asked[:2] == (number, move) for asked in self.asked.values())
        on_request = move in (Move.MAKE, Move.THAW, Move.ROTATE, Move.CANCEL)
        possible = on_request and self.after(number, move) is not None and not waits
        got = self.done(lambda: self.services.seals.request(number, move, officer=officer, reason="r"))
        assert (got is not None) == possible
        if got is not None:
            self.asked[got.id] = (number, move, officer)

    @rule(data=st.data(), officer=officers, how=st.sampled_from(["approve", "approve", "review", "reject"]))
    def decide(self, data: st.DataObject, officer: str, how: str) -> None:
        if not self.asked:
            return
        self.decide_on(data.draw(st.sampled_from(sorted(self.asked))), officer, how)

    def decide_on(self, request: int, officer: str, how: str) -> None:
        number, move, by = self.asked[request]
        seals, seal = self.services.seals, self.model[number]
        act = {
            "approve": lambda: seals.approve(request, officer=officer),
            "review": lambda: seals.review(request, officer=officer),
            "reject": lambda: seals.reject(request, officer=officer, reason="r"),
        }[how]
        got = self.done(act)
        if PEOPLE[officer] == PEOPLE[by]:
            assert got is None
            return
        if how == "reject":
            assert got is not None
            if move is Move.REVIEW:
                seal.state = SealState.REJECTED
            del self.asked[request]
            return
        makes = move is Move.MAKE or (move is Move.REVIEW and how == "approve")
        too_late = makes and seal.until is not None and seal.until <= self.clock.now()
        after = self.after(number, move)
        assert (got is not None) == (after is not None and not too_late)
        if got is None or after is None:
            return
        del self.asked[request]
        seal.state = after
        if makes:
            self.made(number)
        if makes and move is Move.REVIEW:
            seal.state = SealState.ACTIVE
            self.in_use(number)

    def made(self, number: str) -> None:
        self.model[number].until = self.model[number].until or self.services.seals.get(number).valid_until
        (own,) = self.services.grants.of_seal(number)[-1:]
        self.model_grants[own.id] = ModelGrant(number, None, None, TYPES, None, self.clock.now(), None, None)

    def in_use(self, number: str) -> None:
        old = self.model[number].supersedes
        if old is not None and self.after(old, Move.CHANGE) is not None:
            self.model[old].state = SealState.CHANGED

    @rule(number=numbers, officer=officers, move=st.sampled_from(["register", "activate", "freeze"]))
    def act_alone(self, number: str, officer: str, move: str) -> None:
        after = self.after(number, Move(move))
        got = self.done(lambda: getattr(self.services.seals, move)(number, officer=officer, reason="r"))
        assert (got is not None) == (after is not None)
        if after is not None:
            self.model[number].state = after
            if after is SealState.ACTIVE:
                self.in_use(number)

    @rule(days=st.integers(0, 6), hours=st.integers(0, 23))
    def time_passes(self, days: int, hours: int) -> None:
        if self.clock.now() < LAST_DAY:  # certificates would end later, which is another test's business
            self.clock.advance(timedelta(days=days, hours=hours))

    @rule()
    def the_book_catches_up(self) -> None:
        ended = set(self.services.seals.expire_due()) & set(self.model)
        now = self.clock.now()
        assert ended == {
            number
            for number, seal in self.model.items()
            if seal.until is not None and seal.until <= now and seal.state in EXPIRED
        }
        for number in ended:
            self.model[number].state = SealState.EXPIRED

    @rule(
        number=numbers,
        officer=officers,
        user=st.sampled_from([(None, None), (HEALTH.code, None), (HEALTH.code, "client"), (MARKET.code, "client")]),
        types=st.sampled_from([("a",), ("b",), ("a", "b")]),
        quota=st.sampled_from([None, 1, 2]),
        days=st.sampled_from([None, (0, 3), (2, 9)]),
        purpose=st.sampled_from(PURPOSES),
    )
    def grant(
        self,
        number: str,
        officer: str,
        user: tuple[str | None, str | None],
        types: tuple[str, ...],
        quota: int | None,
        days: tuple[int, int] | None,
        purpose: str,
    ) -> None:
        now = self.clock.now()
        start = now if days is None else now + timedelta(days=days[0])
        end = None if days is None else now + timedelta(days=days[1])
        self.give(number, officer, GrantTerms(types, purpose, SealUser(*user), quota, start, end))

    def give(self, number: str, officer: str, terms: GrantTerms) -> None:
        given = self.done(lambda: self.services.grants.give(number, terms, officer=officer, reason="r"))
        over = (SealState.CHANGED, SealState.CANCELLED, SealState.EXPIRED, SealState.REJECTED)
        assert (given is None) == (self.model[number].state in over)
        if given is None:
            return
        user, types = terms.user, tuple(terms.licence_types)
        self.model_grants[given.id] = ModelGrant(
            number,
            user.organisation_code,
            user.client_id,
            types,
            terms.daily_quota,
            terms.valid_from or self.clock.now(),
            terms.valid_until,
            terms.purpose,
        )

    @rule(data=st.data(), officer=officers)
    def revoke(self, data: st.DataObject, officer: str) -> None:
        held = [key for key, grant in self.model_grants.items() if not grant.revoked]
        if not held:
            return
        grant = data.draw(st.sampled_from(held))
        self.services.grants.revoke(grant, officer=officer, reason="r")
        self.model_grants[grant].revoked = True

    @rule(data=st.data(), ends=st.lists(st.sampled_from(["sealed", "failed", "dies"]), min_size=3, max_size=6))
    def use_as_granted(self, data: st.DataObject, ends: list[str]) -> None:
        self.use_some_grant(data, None, ends)

    @rule(
        data=st.data(),
        strange=st.sampled_from(["user", "kind", "purpose", "none"]),
        ends=st.lists(st.sampled_from(["sealed", "failed", "dies"]), min_size=3, max_size=6),
    )
    def use_almost_as_granted(self, data: st.DataObject, strange: str, ends: list[str]) -> None:
        self.use_some_grant(data, strange, ends)

    def use_some_grant(self, data: st.DataObject, strange: str | None, ends: list[str]) -> None:
        if not self.model_grants:
            return
        usable = [key for key, grant in self.model_grants.items() if self.now_state(grant.seal) is SealState.ACTIVE]
        grant = self.model_grants[data.draw(st.sampled_from(usable or sorted(self.model_grants)))]
        user = ("91370200MA3C0000XX", None) if strange == "user" else (grant.organisation, grant.client)
        kind = "c" if strange == "kind" else data.draw(st.sampled_from(grant.types))
        purpose = {"purpose": "别的", "none": None}.get(strange or "", grant.purpose)
        for end in ends:
            self.use(grant.seal, user, kind, purpose, end)

    @rule(
        number=numbers,
        user=st.sampled_from([(None, None), (HEALTH.code, None), (HEALTH.code, "client"), (MARKET.code, "client")]),
        kind=st.sampled_from([*TYPES, "c"]),
        purpose=st.sampled_from([None, *PURPOSES, "别的"]),
        end=st.sampled_from(["sealed", "failed", "dies"]),
    )
    def use_by_anybody(
        self, number: str, user: tuple[str | None, str | None], kind: str, purpose: str | None, end: str
    ) -> None:
        self.use(number, user, kind, purpose, end)

    def use(self, number: str, user: tuple[str | None, str | None], kind: str, purpose: str | None, ends: str) -> None:
        now, uses = self.clock.now(), self.services.seal_uses
        wanted = WantedUse(number, "tests", SealUser(*user), kind, "document", DIGEST, purpose)
        allowing = [key for key, grant in self.model_grants.items() if self.allows(grant, number, user, kind, purpose)]
        free = [
            key
            for key in allowing
            if (quota := self.model_grants[key].quota) is None or self.counted.get((key, china_day(now)), 0) < quota
        ]
        got: AllowedUse | None = self.done(lambda: uses.begin(wanted))
        assert (got is not None) == (self.now_state(number) is SealState.ACTIVE and bool(free))
        if got is None:
            return
        assert got.grant_id in free
        assert got.seal.number == number
        if ends == "failed":
            uses.failed(got, "seal.time_stamp")
            return
        day = (got.grant_id, china_day(now))
        self.counted[day] = self.counted.get(day, 0) + 1
        if ends == "sealed":
            uses.sealed(got, DIGEST)

    def allows(
        self, grant: ModelGrant, number: str, user: tuple[str | None, str | None], kind: str, purpose: str | None
    ) -> bool:
        now = self.clock.now()
        body = user[0] or MARKET.code
        whose = (grant.organisation or MARKET.code) == body and grant.client in (None, user[1])
        for_it = purpose is None and body == MARKET.code
        holds = not grant.revoked and grant.start <= now and (grant.end is None or now < grant.end)
        fits = purpose == (grant.purpose or "本机构用印") or for_it
        return grant.seal == number and whose and fits and holds and kind in grant.types

    @invariant()
    def the_book_says_what_the_model_says(self) -> None:
        for number, seal in self.model.items():
            assert self.services.seals.get(number).state is seal.state, number

    @invariant()
    def two_people_stand_behind_every_seal_that_got_anywhere(self) -> None:
        for number, seal in self.model.items():
            if seal.state in (SealState.APPLIED, SealState.REJECTED):
                continue
            people = set()
            for event in self.services.seals.history(number):
                people |= {PEOPLE[name] for name in (event.officer, event.second_officer) if name in PEOPLE}
                if event.move.needs_second_officer:
                    assert event.second_officer is not None
                    assert PEOPLE[event.officer] != PEOPLE[event.second_officer]
            assert len(people) >= 2

    @invariant()
    def no_grant_was_used_beyond_its_quota_or_outside_of_it(self) -> None:
        if not self.model:
            return
        statement = sa.text(
            "SELECT u.id, u.document_type, u.at, u.purpose, g.seal_id = u.seal_id, g.licence_types, g.valid_from,"
            " g.valid_until, g.revoked_at, o.result FROM seal_use u LEFT JOIN seal_grant g ON g.id = u.grant_id"
            " LEFT JOIN seal_use_outcome o ON o.use_id = u.id"
        )
        with self.services.database.transaction() as session:
            for _, kind, at, _, same, types, start, end, revoked, result in session.execute(statement):
                if result == "refused":
                    assert types is None
                    continue
                assert same
                assert kind in types
                assert start <= at
                assert end is None or at < end
                assert revoked is None or at <= revoked
            beyond = sa.text(
                "SELECT g.id FROM seal_grant g JOIN seal_use u ON u.grant_id = g.id"
                " LEFT JOIN seal_use_outcome o ON o.use_id = u.id"
                " WHERE g.daily_quota IS NOT NULL AND o.result IS DISTINCT FROM 'failed'"
                " GROUP BY g.id, g.daily_quota, u.day HAVING count(*) > g.daily_quota"
            )
            assert session.execute(beyond).all() == []


def test_no_order_of_acts_breaks_the_rules(house: House, clock: FixedClock) -> None:
    house.services.organisations.enrol(MARKET)
    house.services.organisations.enrol(HEALTH)
    machine = type("Furnished", (Office,), {"house": house, "clock": clock})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=14,
            stateful_step_count=50,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_an_officer_has_to_have_a_name_that_shows(house: House) -> None:
    house.services.organisations.enrol(MARKET)
    with pytest.raises(SealFieldError):
        house.services.seals.apply(SealApplication(MARKET.code, ["x"]), officer="甲\u200b", reason="r")
