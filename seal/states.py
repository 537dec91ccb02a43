"""States of a seal and the moves between them (印章状态与流转), by the State Council's rules on official seals.

Making, thawing and cancelling want a second officer; freezing is done at once by one, because it is what an officer
does when something is wrong.
"""

from __future__ import annotations

from enum import StrEnum


class SealState(StrEnum):
    """Where a seal is in its life."""

    APPLIED = "applied"
    """已申请: applied for, not yet made."""
    ACTIVE = "active"
    """启用: made, registered and usable."""
    FROZEN = "frozen"
    """冻结: not usable until thawed."""
    CANCELLED = "cancelled"
    """注销: never usable again."""
    REJECTED = "rejected"
    """驳回: the application was turned down."""

    @property
    def zh(self) -> str:
        """The state as an official names it."""
        return _STATE_ZH[self]


class Move(StrEnum):
    """What an officer can do to a seal."""

    MAKE = "make"
    FREEZE = "freeze"
    THAW = "thaw"
    CANCEL = "cancel"

    @property
    def zh(self) -> str:
        """The move as an official names it."""
        return _MOVE_ZH[self]

    @property
    def needs_second_officer(self) -> bool:
        """Whether one officer asks for the move and another approves it."""
        return self is not Move.FREEZE


_STATE_ZH = {
    SealState.APPLIED: "已申请",
    SealState.ACTIVE: "启用",
    SealState.FROZEN: "冻结",
    SealState.CANCELLED: "注销",
    SealState.REJECTED: "驳回",
}
_MOVE_ZH = {Move.MAKE: "制作", Move.FREEZE: "冻结", Move.THAW: "解冻", Move.CANCEL: "注销"}

_MOVES: dict[SealState, dict[Move, SealState]] = {
    SealState.APPLIED: {Move.MAKE: SealState.ACTIVE},
    SealState.ACTIVE: {Move.FREEZE: SealState.FROZEN, Move.CANCEL: SealState.CANCELLED},
    SealState.FROZEN: {Move.THAW: SealState.ACTIVE, Move.CANCEL: SealState.CANCELLED},
    SealState.CANCELLED: {},
    SealState.REJECTED: {},
}


def possible_moves(state: SealState) -> tuple[Move, ...]:
    """The moves that a seal in this state can take."""
    return tuple(_MOVES[state])


def state_after(state: SealState, move: Move) -> SealState | None:
    """The state that a move leads to, or None where the move is not possible."""
    return _MOVES[state].get(move)
