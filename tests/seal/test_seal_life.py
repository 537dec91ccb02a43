"""Every move of a seal's life from every state: what leads where, and what is refused and says what is possible."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from keys import RevocationReason
from seal import Move, Seal, SealApplication, SealState
from seal.errors import (
    SealFieldError,
    SealMoveRefusedError,
    SealRequestUnknownError,
    SealRequestWaitingError,
    SealSecondOfficerError,
)
from store.clock import FixedClock
from store.errors import YinzhengError
from tests.house import MARKET, House

ONE, OTHER, THIRD = "officer:one", "officer:other", "officer:third"

LIFE: dict[SealState, dict[Move, SealState]] = {
    SealState.APPLIED: {Move.REVIEW: SealState.REVIEWED, Move.REJECT: SealState.REJECTED},
    SealState.REJECTED: {},
    SealState.REVIEWED: {Move.MAKE: SealState.MADE, Move.CANCEL: SealState.CANCELLED},
    SealState.MADE: {
        Move.REGISTER: SealState.REGISTERED,
        Move.CANCEL: SealState.CANCELLED,
        Move.EXPIRE: SealState.EXPIRED,
    },
    SealState.REGISTERED: {
        Move.ACTIVATE: SealState.ACTIVE,
        Move.CANCEL: SealState.CANCELLED,
        Move.EXPIRE: SealState.EXPIRED,
    },
    SealState.ACTIVE: {
        Move.FREEZE: SealState.FROZEN,
        Move.ROTATE: SealState.ACTIVE,
        Move.CHANGE: SealState.CHANGED,
        Move.CANCEL: SealState.CANCELLED,
        Move.EXPIRE: SealState.EXPIRED,
    },
    SealState.FROZEN: {
        Move.THAW: SealState.ACTIVE,
        Move.ROTATE: SealState.FROZEN,
        Move.CHANGE: SealState.CHANGED,
        Move.CANCEL: SealState.CANCELLED,
        Move.EXPIRE: SealState.EXPIRED,
    },
    SealState.EXPIRED: {Move.CHANGE: SealState.CHANGED, Move.CANCEL: SealState.CANCELLED},
    SealState.CHANGED: {},
    SealState.CANCELLED: {},
}
"""As the rules of the house have it, written down a second time."""

ROADS: dict[SealState, tuple[Move, ...]] = {
    SealState.APPLIED: (),
    SealState.REJECTED: (Move.REJECT,),
    SealState.REVIEWED: (Move.REVIEW,),
    SealState.MADE: (Move.REVIEW, Move.MAKE),
    SealState.REGISTERED: (Move.REVIEW, Move.MAKE, Move.REGISTER),
    SealState.ACTIVE: (Move.REVIEW, Move.MAKE, Move.REGISTER, Move.ACTIVATE),
    SealState.FROZEN: (Move.REVIEW, Move.MAKE, Move.REGISTER, Move.ACTIVATE, Move.FREEZE),
    SealState.EXPIRED: (Move.REVIEW, Move.MAKE, Move.REGISTER, Move.ACTIVATE, Move.EXPIRE),
    SealState.CHANGED: (Move.REVIEW, Move.MAKE, Move.REGISTER, Move.ACTIVATE, Move.CHANGE),
    SealState.CANCELLED: (Move.REVIEW, Move.CANCEL),
}


class Walk:
    """Takes one seal along its life."""

    def __init__(self, house: House, clock: FixedClock) -> None:
        house.services.organisations.enrol(MARKET)
        self.seals, self.clock = house.services.seals, clock
        application = SealApplication(MARKET.code, ["x"], valid_until=clock.now() + timedelta(days=100))
        self.request = self.seals.apply(application, officer=ONE, reason="申请", document="青政办发〔2026〕12号")
        self.number = self.request.seal_number

    @classmethod
    def to(cls, house: House, clock: FixedClock, state: SealState) -> Walk:
        walk = cls(house, clock)
        for move in ROADS[state]:
            walk.take(move)
        assert walk.seal.state is state
        return walk

    @property
    def seal(self) -> Seal:
        return self.seals.get(self.number)

    def take(self, move: Move) -> None:
        own: dict[Move, Callable[[], object]] = {
            Move.REVIEW: lambda: self.seals.review(self.request.id, officer=OTHER),
            Move.REJECT: lambda: self.seals.reject(self.request.id, officer=OTHER, reason="不符"),
            Move.REGISTER: lambda: self.seals.register(self.number, officer=THIRD, reason="备案"),
            Move.ACTIVATE: lambda: self.seals.activate(self.number, officer=THIRD, reason="启用"),
            Move.FREEZE: lambda: self.seals.freeze(self.number, officer=THIRD, reason="冻结"),
            Move.CHANGE: self._change,
            Move.EXPIRE: self._expire,
        }
        if move in own:
            own[move]()
            return
        request = self.seals.request(self.number, move, officer=ONE, reason=f"申请{move.zh}", document="函")
        self.seals.approve(request.id, officer=OTHER)

    def _change(self) -> None:
        new = SealApplication(MARKET.code, ["x"], supersedes=self.number)
        self.seals.approve(self.seals.apply(new, officer=ONE, reason="更名").id, officer=OTHER)

    def _expire(self) -> None:
        self.clock.advance(timedelta(days=101))
        if self.number not in self.seals.expire_due():
            raise SealMoveRefusedError(
                number=self.number, state="", state_zh="", move="", move_zh="", possible="", possible_zh=""
            )


def test_the_table_names_every_state_and_road() -> None:
    assert set(LIFE) == set(ROADS) == set(SealState)


@pytest.mark.parametrize("state", SealState)
def test_from_each_state_the_possible_moves_are_made_and_all_others_refused(
    house: House, clock: FixedClock, state: SealState
) -> None:
    walk = Walk.to(house, clock, state)
    before = walk.seals.history(walk.number)
    for move in sorted(set(Move) - {Move.APPLY, Move.EXPIRE} - set(LIFE[state])):
        with pytest.raises((SealMoveRefusedError, SealRequestUnknownError)) as refused:
            walk.take(move)
        if isinstance(refused.value, SealMoveRefusedError):
            for possible in LIFE[state]:
                assert possible.value in refused.value.message_en
                assert possible.zh in refused.value.message_zh
            assert state.zh in refused.value.message_zh
        assert walk.seal.state is state
    assert walk.seals.history(walk.number) == before
    if Move.EXPIRE not in LIFE[state]:
        with pytest.raises(SealMoveRefusedError):
            walk.take(Move.EXPIRE)
    for move, after in LIFE[state].items():
        mover = Walk.to(house, clock, state)
        mover.take(move)
        assert mover.seal.state is after
        event = mover.seals.history(mover.number)[-1]
        assert (event.move, event.state) == (move, after)
        assert event.officer
        assert event.reason
        assert (event.second_officer is not None) == move.needs_second_officer


@pytest.mark.parametrize("move", [Move.MAKE, Move.THAW, Move.ROTATE, Move.CANCEL])
def test_who_asks_for_a_move_cannot_approve_it(house: House, clock: FixedClock, move: Move) -> None:
    state = next(state for state, moves in LIFE.items() if move in moves)
    walk = Walk.to(house, clock, state)
    request = walk.seals.request(walk.number, move, officer="Officer:Zhang", reason="r")
    for same in ("Officer:Zhang", "officer:zhang", " officer: Zhang ", "ｏｆｆｉｃｅｒ：Ｚｈａｎｇ"):
        with pytest.raises(SealSecondOfficerError):
            walk.seals.approve(request.id, officer=same)
        with pytest.raises(SealSecondOfficerError):
            walk.seals.reject(request.id, officer=same, reason="r")
    assert walk.seal.state is state
    with pytest.raises(SealRequestWaitingError):
        walk.seals.request(walk.number, move, officer=THIRD, reason="r")
    assert walk.seals.reject(request.id, officer=OTHER, reason="材料不全").state is state
    assert walk.seals.history(walk.number)[-1].state is state
    decided = walk.seals.requests(walk.number)[-1]
    assert (decided.approved, decided.decided_by, decided.decision_reason) == (False, OTHER, "材料不全")
    assert walk.seals.find_request(request.id) == decided


def test_a_rejection_says_why(house: House, clock: FixedClock) -> None:
    walk = Walk(house, clock)
    walk.seals.reject(walk.request.id, officer=OTHER, reason="名称与证书不符")
    event = walk.seals.history(walk.number)[-1]
    assert (event.move, event.officer, event.second_officer) == (Move.REJECT, ONE, OTHER)
    assert (event.reason, event.document) == ("名称与证书不符", "青政办发〔2026〕12号")


@pytest.mark.parametrize("state", [SealState.ACTIVE, SealState.FROZEN, SealState.MADE, SealState.REGISTERED])
def test_a_seal_that_is_over_but_not_yet_in_the_book_is_refused_as_expired(
    house: House, clock: FixedClock, state: SealState
) -> None:
    walk = Walk.to(house, clock, state)
    clock.advance(timedelta(days=101))
    assert walk.seal.state is state
    for move in (Move.REGISTER, Move.ACTIVATE, Move.FREEZE, Move.THAW, Move.ROTATE):
        with pytest.raises(SealMoveRefusedError) as refused:
            walk.take(move)
        assert "is expired" in refused.value.message_en
        assert refused.value.message_en.endswith("change, cancel.")
    assert walk.seals.waiting() == []
    walk.take(Move.CANCEL)
    assert walk.seal.state is SealState.CANCELLED


def test_a_seal_whose_wanted_validity_ran_out_while_it_waited_is_not_made(house: House, clock: FixedClock) -> None:
    walk = Walk(house, clock)
    clock.advance(timedelta(days=101))
    with pytest.raises(SealFieldError):
        walk.seals.approve(walk.request.id, officer=OTHER)
    assert walk.seal.state is SealState.APPLIED
    walk.take(Move.REJECT)


def test_a_cancelled_seals_certificate_is_revoked_since_the_key_leaked(house: House, clock: FixedClock) -> None:
    authority = house.services.keys.authority
    walk = Walk.to(house, clock, SealState.ACTIVE)
    leaked = clock.now() + timedelta(hours=1)
    clock.advance(timedelta(hours=2))
    with pytest.raises(SealFieldError):
        walk.seals.request(walk.number, Move.THAW, officer=ONE, reason="r", compromised_since=leaked)
    future = clock.now() + timedelta(seconds=1)
    with pytest.raises(SealFieldError):
        walk.seals.request(walk.number, Move.CANCEL, officer=ONE, reason="r", compromised_since=future)
    request = walk.seals.request(walk.number, Move.CANCEL, officer=ONE, reason="密钥泄露", compromised_since=leaked)
    walk.seals.approve(request.id, officer=OTHER)
    (certificate,) = walk.seals.certificates(walk.number)
    assert (certificate.compromised_since, certificate.used_until) == (leaked, clock.now())
    revoked = authority.revocation(certificate.certificate_id)
    assert revoked is not None
    assert (revoked.reason, revoked.invalid_since) == (RevocationReason.KEY_COMPROMISE, leaked)
    plain = Walk.to(house, clock, SealState.ACTIVE)
    plain.take(Move.CANCEL)
    revoked = authority.revocation(plain.seals.certificates(plain.number)[0].certificate_id)
    assert revoked is not None
    assert revoked.reason is RevocationReason.CESSATION_OF_OPERATION


def test_a_changed_seal_gives_way_to_its_successor_and_one_alone(house: House, clock: FixedClock) -> None:
    walk = Walk.to(house, clock, SealState.ACTIVE)
    new = SealApplication(MARKET.code, ["x"], supersedes=walk.number)
    first = walk.seals.apply(new, officer=ONE, reason="更名")
    with pytest.raises(SealMoveRefusedError):
        walk.seals.apply(new, officer=THIRD, reason="更名")
    walk.seals.reject(first.id, officer=OTHER, reason="名称有误")
    second = walk.seals.apply(new, officer=ONE, reason="更名")
    assert walk.seal.state is SealState.ACTIVE
    successor = walk.seals.approve(second.id, officer=OTHER)
    assert (walk.seal.state, successor.state) == (SealState.CHANGED, SealState.ACTIVE)
    assert (successor.supersedes, walk.seals.successor(walk.number)) == (walk.number, successor.number)
    event = walk.seals.history(walk.number)[-1]
    assert {event.officer, event.second_officer} == {ONE, OTHER}


@pytest.mark.parametrize(
    ("state", "moves"),
    [
        (SealState.ACTIVE, (Move.FREEZE, Move.FREEZE)),
        (SealState.REGISTERED, (Move.ACTIVATE, Move.ACTIVATE)),
        (SealState.MADE, (Move.REGISTER, Move.REGISTER)),
        (SealState.FROZEN, (Move.THAW, Move.CANCEL)),
        (SealState.ACTIVE, (Move.FREEZE, Move.CANCEL)),
    ],
)
def test_two_officers_at_once_leave_a_history_that_one_after_the_other_could_have_left(
    house: House, clock: FixedClock, state: SealState, moves: tuple[Move, ...]
) -> None:
    walk = Walk.to(house, clock, state)

    def attempt(move: Move) -> bool:
        try:
            walk.take(move)
        except YinzhengError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        done = sum(pool.map(attempt, moves * 4))
    events = walk.seals.history(walk.number)
    at = SealState.APPLIED
    for event in events[1:]:
        at = LIFE[at][event.move]
        assert event.state is at
    assert walk.seal.state is at
    assert len(events) == len(ROADS[state]) + 1 + done
    assert done >= 1
