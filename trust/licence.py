"""A licence as the register knows it, and the states it can be in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from trust.catalogue import LicenceType
from trust.content import Holder
from trust.holders import HolderIndex


class LicenceState(StrEnum):
    """证照状态. The first five are what an authority decided; the others come with the calendar."""

    VALID = "valid"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    """By the authority, against the holder."""
    CANCELLED = "cancelled"
    """At the holder's wish, or because what it was for is over."""
    SUPERSEDED = "superseded"
    """Another version took its place."""
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"

    @property
    def zh(self) -> str:
        """The state as an official names it."""
        return _ZH[self]


_ZH = {
    LicenceState.VALID: "有效",
    LicenceState.SUSPENDED: "暂停",
    LicenceState.REVOKED: "吊销",
    LicenceState.CANCELLED: "注销",
    LicenceState.SUPERSEDED: "已换发",
    LicenceState.EXPIRED: "过期",
    LicenceState.NOT_YET_VALID: "未生效",
}


class Origin(StrEnum):
    """Where the register has a licence from."""

    ISSUED = "issued"
    IMPORTED = "imported"
    """From paper or another system (历史数据归集)."""


class Act(StrEnum):
    """What an authority does to a licence."""

    ISSUE = "issue"
    IMPORT = "import"
    """Taken over from paper or another system."""
    SUSPEND = "suspend"
    RESUME = "resume"
    REVOKE = "revoke"
    CANCEL = "cancel"
    CORRECT = "correct"
    """A new version without an error that the old one had."""
    CHANGE = "change"
    """A new version, because what it says has changed."""
    RENEW = "renew"
    """A new version with a new term."""
    ENDORSE = "endorse"
    """It holds for another year."""
    EXTEND = "extend"
    """The long-term proof of its file was renewed; its status stays."""

    @property
    def zh(self) -> str:
        """The act as an official names it."""
        return _ACT_ZH[self]


_ACT_ZH = {
    Act.ISSUE: "签发",
    Act.IMPORT: "归集",
    Act.SUSPEND: "暂停",
    Act.RESUME: "恢复",
    Act.REVOKE: "吊销",
    Act.CANCEL: "注销",
    Act.CORRECT: "更正",
    Act.CHANGE: "变更",
    Act.RENEW: "延续",
    Act.ENDORSE: "年检",
    Act.EXTEND: "延长签名证明",
}

NEW_VERSION = frozenset({Act.CORRECT, Act.CHANGE, Act.RENEW})
"""Acts that put another version in a licence's place."""

ON_LEGAL_BASIS = frozenset({Act.REVOKE, Act.CANCEL})
"""Acts that have to name the law they rest on."""

_ENDING = {Act.REVOKE: LicenceState.REVOKED, Act.CANCEL: LicenceState.CANCELLED}
_CHANGING = {Act.CORRECT: LicenceState.SUPERSEDED, Act.CHANGE: LicenceState.SUPERSEDED}
_RENEWING = {Act.RENEW: LicenceState.SUPERSEDED}
_ENDORSING = {Act.ENDORSE: LicenceState.VALID}
_SUSPENDING = {Act.SUSPEND: LicenceState.SUSPENDED}

_NEXT: dict[LicenceState, dict[Act, LicenceState]] = {
    LicenceState.VALID: _SUSPENDING | _ENDING | _CHANGING | _RENEWING | _ENDORSING,
    LicenceState.NOT_YET_VALID: _SUSPENDING | _ENDING | _CHANGING,
    LicenceState.EXPIRED: _ENDING | _RENEWING | _ENDORSING,
    LicenceState.SUSPENDED: {Act.RESUME: LicenceState.VALID} | _ENDING,
}


def state_after(state: LicenceState, act: Act) -> LicenceState | None:
    """The state that goes on record after an act on a licence in a state, or None where the act is not possible."""
    return _NEXT.get(state, {}).get(act)


def possible_acts(state: LicenceState) -> tuple[Act, ...]:
    """The acts that a licence in this state can take."""
    return tuple(_NEXT.get(state, ()))


@dataclass(frozen=True, repr=False)
class Licence:
    """One version of one licence with what the register says of it."""

    identifier: str
    type: LicenceType
    number: str
    holder: Holder
    holder_index: HolderIndex
    issuer_code: str
    issuer_name: str
    issue_date: date
    valid_from: date
    valid_until: date | None
    """The last day on which it holds; None for 长期."""
    fields: Mapping[str, Any]
    recorded_state: LicenceState
    """What an authority last decided, whatever the date."""
    state_since: datetime
    state_reason: str | None
    origin: Origin
    scan_digest: str | None
    """SHA-256 of the scan of the paper that an imported licence was taken over from."""
    pdf_digest: str | None
    """SHA-256 of the sealed PDF, lowercase hexadecimal; None for an imported licence that was not sealed."""
    issued_at: datetime
    proof_until: datetime | None
    """When the certificate of the file's last document time stamp ends; None where it has none."""
    revision: int
    """Counts up with every act; who decides on what he has seen names it, and is told when another was faster."""
    supersedes: str | None
    """Identifier of the version whose place it took."""
    superseded_by: str | None
    """Identifier of the version that took its place."""
    co_holders: tuple[Holder, ...] = ()
    """The holders after the first, of a licence with several."""
    co_holder_indexes: tuple[HolderIndex, ...] = ()

    def state_on(self, day: date) -> LicenceState:
        """The state on a day, expiry taken into account; a decision of an authority goes before the calendar."""
        if self.recorded_state is not LicenceState.VALID:
            return self.recorded_state
        if day < self.valid_from:
            return LicenceState.NOT_YET_VALID
        if self.valid_until is not None and day > self.valid_until:
            return LicenceState.EXPIRED
        return LicenceState.VALID

    def __repr__(self) -> str:
        return f"Licence({self.identifier})"


@dataclass(frozen=True)
class LicenceEvent:
    """One entry in the history of a licence."""

    act: Act
    state: LicenceState
    actor: str
    reason: str
    legal_basis: str | None
    at: datetime
