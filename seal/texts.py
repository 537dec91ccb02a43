"""What officers write (经办人、理由、依据文件), brought to one form, so that one person cannot pass for two."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Self

from seal.errors import SealFieldError

_UNSEEN = {"Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"}
"""Unicode categories that show nothing: with one of them a name could be made to differ from itself."""
_NAMES = {
    "officer": ("经办人", 64),
    "reason": ("理由", 500),
    "document": ("依据文件", 200),
    "purpose": ("用途", 200),
    "caller": ("申请方", 200),
}


@dataclass(frozen=True)
class Act:
    """Who does something, why, and on what document."""

    officer: str
    reason: str
    document: str | None

    @classmethod
    def of(cls, officer: str, reason: str, document: str | None) -> Self:
        """:raises SealFieldError: a text is empty, too long or has characters that do not show."""
        return cls(
            checked_text("officer", officer),
            checked_text("reason", reason),
            None if document is None else checked_text("document", document),
        )


def checked_text(field: str, value: str) -> str:
    """A text in NFC, without white space around it.

    :raises SealFieldError: it is empty, too long or has characters that do not show.
    """
    name, longest = _NAMES[field]
    text = unicodedata.normalize("NFC", value).strip()
    if not text or len(text) > longest or any(unicodedata.category(char) in _UNSEEN for char in text):
        raise SealFieldError(
            problem_zh=f"{name}不能为空，且不超过 {longest} 个字、不含控制字符或不可见字符。",
            problem_en=f"the {field} must have 1 to {longest} characters and none that does not show.",
        )
    return text


def same_officer(one: str, other: str) -> bool:
    """Whether two names are one person's: full-width letters, case and spaces make no other person."""
    return _key(one) == _key(other)


def _key(officer: str) -> str:
    return "".join(unicodedata.normalize("NFKC", officer).casefold().split())
