"""The family of errors that every package of the project extends.

An error carries a stable code that machines switch on, a message in Chinese and English that tells a person what
is wrong and what to do next, and a kind from which an edge (HTTP, command line) chooses how to report it.
"""

from __future__ import annotations

from enum import Enum
from typing import ClassVar


class Kind(Enum):
    """What sort of failure an error is, without naming any protocol."""

    INVALID = "invalid"
    """The caller sent something that can never be accepted."""
    NOT_FOUND = "not_found"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    CONFLICT = "conflict"
    """The request is well formed but the present state does not allow it."""
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    """A rate limit or quota is used up."""
    UNAVAILABLE = "unavailable"
    """A part that the service needs cannot be reached; trying again later may help."""
    MISCONFIGURED = "misconfigured"
    """An operator has to change a setting before this can work."""
    INTERNAL = "internal"
    """The program itself went wrong; the same again will go wrong again."""


class YinzhengError(Exception):
    """Base of all errors that a caller is meant to see.

    Subclasses set ``code``, ``kind`` and the two message templates; the templates are filled with the keyword
    arguments given to the constructor. Arguments must never hold secrets or personal data: messages are logged.
    """

    code: ClassVar[str]
    kind: ClassVar[Kind]
    zh: ClassVar[str]
    en: ClassVar[str]

    def __init__(self, **params: object) -> None:
        self.params = params
        super().__init__(self.message_en)

    @property
    def message_zh(self) -> str:
        """The message in Chinese."""
        return self.zh.format(**self.params)

    @property
    def message_en(self) -> str:
        """The message in English."""
        return self.en.format(**self.params)
