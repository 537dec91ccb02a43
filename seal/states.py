"""States of a seal and the moves between them (印章状态与流转), by the State Council's rules on official seals.

Review, making, thawing, cancelling and a new key want a second officer; freezing is done at once by one, because it is
what an officer does when something is wrong.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum


class SealState(StrEnum):
    """Where a seal is in its life."""

    APPLIED = "applied"
    """已申请: applied for, waits for review."""
    REVIEWED = "reviewed"
    """已审核: the application was found right; may be made."""
    MADE = "made"
    """已制作: has a key and a certificate."""
    REGISTERED = "registered"
    """已备案: stands in the public register; not yet in use."""
    ACTIVE = "active"
    """启用: usable."""
    FROZEN = "frozen"
    """冻结: not usable until thawed."""
    CHANGED = "changed"
    """已变更: another seal took its place."""
    CANCELLED = "cancelled"
    """注销: never usable again."""
    EXPIRED = "expired"
    """已过期: its validity ran out."""
    REJECTED = "rejected"
    """驳回: the application was turned down."""

    @property
    def zh(self) -> str:
        """The state as an official names it."""
        return _STATE_ZH[self]


class Move(StrEnum):
    """What is done to a seal."""

    APPLY = "apply"
    REVIEW = "review"
    REJECT = "reject"
    MAKE = "make"
    REGISTER = "register"
    ACTIVATE = "activate"
    FREEZE = "freeze"
    THAW = "thaw"
    ROTATE = "rotate"
    """A new key and certificate for the same seal."""
    CHANGE = "change"
    """Another seal takes its place; follows from putting that one into use."""
    CANCEL = "cancel"
    EXPIRE = "expire"
    """Follows from the date."""

    @property
    def zh(self) -> str:
        """The move as an official names it."""
        return _MOVE_ZH[self]

    @property
    def needs_second_officer(self) -> bool:
        """Whether one officer asks for the move and another approves it."""
        return self in TWO_OFFICERS


TWO_OFFICERS = frozenset({Move.REVIEW, Move.REJECT, Move.MAKE, Move.THAW, Move.ROTATE, Move.CHANGE, Move.CANCEL})
"""Moves that no officer does alone."""

ON_REQUEST = (Move.MAKE, Move.THAW, Move.ROTATE, Move.CANCEL)
"""Moves that an officer asks for and another approves."""

_STATE_ZH = {
    SealState.APPLIED: "已申请",
    SealState.REVIEWED: "已审核",
    SealState.MADE: "已制作",
    SealState.REGISTERED: "已备案",
    SealState.ACTIVE: "启用",
    SealState.FROZEN: "冻结",
    SealState.CHANGED: "已变更",
    SealState.CANCELLED: "注销",
    SealState.EXPIRED: "已过期",
    SealState.REJECTED: "驳回",
}
_MOVE_ZH = {
    Move.APPLY: "申请",
    Move.REVIEW: "审核",
    Move.REJECT: "驳回",
    Move.MAKE: "制作",
    Move.REGISTER: "备案",
    Move.ACTIVATE: "启用",
    Move.FREEZE: "冻结",
    Move.THAW: "解冻",
    Move.ROTATE: "更换密钥",
    Move.CHANGE: "变更",
    Move.CANCEL: "注销",
    Move.EXPIRE: "到期",
}

_MOVES: dict[SealState, dict[Move, SealState]] = {
    SealState.APPLIED: {Move.REVIEW: SealState.REVIEWED, Move.REJECT: SealState.REJECTED},
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
    SealState.REJECTED: {},
}

EXPIRING = tuple(state for state, moves in _MOVES.items() if Move.EXPIRE in moves)
"""States that end with the seal's validity."""


def possible_moves(state: SealState) -> tuple[Move, ...]:
    """The moves that a seal in this state can take."""
    return tuple(_MOVES[state])


def state_after(state: SealState, move: Move) -> SealState | None:
    """The state that a move leads to, or None where the move is not possible."""
    return _MOVES[state].get(move)


def state_at(state: SealState, valid_until: datetime | None, at: datetime) -> SealState:
    """The state at a moment, where the book may not have caught up with the date: a seal is over when it is over."""
    over = valid_until is not None and at >= valid_until
    return SealState.EXPIRED if over and state in EXPIRING else state
