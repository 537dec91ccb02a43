"""How a holder is found without the register knowing the code in clear: a keyed blind index (盲索引)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, Self

from keys import FieldVault
from trust.codes import CitizenId, UnifiedSocialCreditCode
from trust.errors import CitizenIdInvalidError

CodeType = Literal["citizen_id", "uscc"]


@dataclass(frozen=True)
class HolderIndex:
    """The blind index of a holder's code: equal for equal codes, and of no use to who lacks the key."""

    value: bytes

    @classmethod
    def of(cls, vault: FieldVault, code_type: CodeType, code: str) -> Self:
        """The index of a code that has been checked."""
        return cls(vault.blind_index(f"{code_type}:{code}", context="holder"))

    def __repr__(self) -> str:
        return f"HolderIndex({self.value[:4].hex()}...)"


def checked_code(code_type: CodeType, code: str, *, today: date) -> str:
    """A holder's code in its one written form.

    :raises CitizenIdInvalidError: a citizen identity number fails its check.
    :raises UsccInvalidError: a unified social credit code fails its check.
    """
    if code_type == "citizen_id":
        return CitizenId.parse(code, today=today).number
    return UnifiedSocialCreditCode.parse(code).number


def code_type_of(code: str, *, today: date) -> CodeType:
    """Whether a checked code is a person's or a body's. What could be either, is a person's: such numbers do not occur
    among the bodies that GB 32100 knows.
    """
    try:
        CitizenId.parse(code, today=today)
    except CitizenIdInvalidError:
        return "uscc"
    return "citizen_id"


def masked_name(name: str, *, person: bool) -> str:
    """A holder's name as anybody may see it: a body's in full, a person's last character only."""
    return f"{'*' * (len(name) - 1)}{name[-1]}" if person else name


def number_index(vault: FieldVault, type_slug: str, number: str) -> bytes:
    """The blind index of a licence's number (证照编号), apart for each type."""
    return vault.blind_index(f"{type_slug}:{number}", context="licence.number")
