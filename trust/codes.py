"""The codes by which people and bodies are known: citizen identity numbers and unified social credit codes.

Both types can only hold a code that passed its checks. Their ``repr`` and ``str`` show the masked form, so that a
number does not slip into a log; whoever needs it says ``.number``.

Of ``python-stdnum`` only the check characters are used. Its ``validate`` is too lenient for a register (it takes
spaces, hyphens and full-width digits) and too strict for the people in it: it refuses identity numbers of districts
founded after the holder's birth (everybody of 市南区 born before 1983) and the unified codes that begin with a letter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Self

from stdnum.cn import ric, uscc

from trust.errors import CitizenIdInvalidError, UsccInvalidError

_CITIZEN_ID = re.compile(r"[0-9]{17}[0-9X]")
_USCC_ALPHABET = "0-9A-HJ-NPQRTUWXY"
_USCC = re.compile(rf"[1-9A-HJ-NPQRTUWXY][{_USCC_ALPHABET}][0-9]{{6}}[{_USCC_ALPHABET}]{{10}}")


def mask(number: str) -> str:
    """A number as it may be shown to others: four characters at each end, of short ones fewer, and stars between."""
    shown = min(4, len(number) // 3)
    return number[:shown] + "*" * (len(number) - 2 * shown) + number[len(number) - shown :]


@dataclass(frozen=True, slots=True)
class CitizenId:
    """A citizen identity number (公民身份号码), GB 11643-1999: region, date of birth, order, check character.

    Make it with :meth:`parse`. The region is not compared with a list: numbers keep the code of a district long
    after it was merged or renamed, and residents from Hong Kong, Macao, Taiwan and abroad have codes of their own.
    """

    number: str = field(repr=False)
    """18 characters, a final ``X`` in capital."""

    def __post_init__(self) -> None:
        if len(self.number) != 18:
            raise _bad_citizen_id("length", "应为 18 位", "it has to have 18 characters")
        if not _CITIZEN_ID.fullmatch(self.number):
            raise _bad_citizen_id(
                "characters",
                "前 17 位应为数字，末位应为数字或 X",
                "it consists of 17 digits and a digit or X",
            )
        if self.number[-1] != ric.calc_check_digit(self.number):
            raise _bad_citizen_id("check_character", "校验位不正确", "its check character is wrong")
        try:
            _ = self.birth_date
        except ValueError:
            raise _bad_citizen_id(
                "birth_date", "其中的出生日期不存在", "the date of birth in it does not exist"
            ) from None

    @classmethod
    def parse(cls, text: str, *, today: date) -> Self:
        """Read a number as a person writes it: a final ``x`` may be small, nothing else is forgiven.

        :param today: the present day, after which nobody was born.
        :raises CitizenIdInvalidError: the reason is one of ``length``, ``characters``, ``check_character``,
            ``birth_date``, ``birth_date_future``.
        """
        number = cls(text[:-1] + "X" if text.endswith("x") else text)
        if number.birth_date > today:
            raise _bad_citizen_id(
                "birth_date_future", "其中的出生日期晚于今天", "the date of birth in it lies in the future"
            )
        return number

    @property
    def birth_date(self) -> date:
        """The date of birth in digits 7 to 14."""
        return date(int(self.number[6:10]), int(self.number[10:12]), int(self.number[12:14]))

    @property
    def sex(self) -> str:
        """男 when the order number (digits 15 to 17) is odd, 女 when it is even."""
        return "男" if int(self.number[16]) % 2 else "女"

    @property
    def masked(self) -> str:
        """As it may be shown: ``3702**********1234``."""
        return mask(self.number)

    def __repr__(self) -> str:
        return f"CitizenId({self.masked})"

    def __str__(self) -> str:
        return self.masked


@dataclass(frozen=True, slots=True)
class UnifiedSocialCreditCode:
    """The unified social credit code (统一社会信用代码) of a body, GB 32100-2015.

    Registering authority, kind of body, region (6 digits), organisation code (9), check character. Make it with
    :meth:`parse`.
    """

    number: str = field(repr=False)
    """18 digits and capitals; I, O, S, V and Z do not occur."""

    def __post_init__(self) -> None:
        if len(self.number) != 18:
            raise _bad_uscc("length", "应为 18 位", "it has to have 18 characters")
        if not _USCC.fullmatch(self.number):
            raise _bad_uscc(
                "characters",
                "只能由数字和大写字母（不含 I、O、S、V、Z）组成，第 3 至 8 位应为数字",
                "it consists of digits and capitals without I, O, S, V and Z, with digits in places 3 to 8",
            )
        if self.number[-1] != uscc.calc_check_digit(self.number):
            raise _bad_uscc("check_character", "校验位不正确", "its check character is wrong")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a code as it is printed; small letters are taken for capitals, nothing else is forgiven.

        :raises UsccInvalidError: the reason is one of ``length``, ``characters``, ``check_character``.
        """
        return cls(text.upper() if text.isascii() else text)

    @property
    def masked(self) -> str:
        """As it may be shown where even a body's code is not needed: ``9137**********02AB``."""
        return mask(self.number)

    def __repr__(self) -> str:
        return f"UnifiedSocialCreditCode({self.masked})"

    def __str__(self) -> str:
        return self.masked


def _bad_citizen_id(reason: str, zh: str, en: str) -> CitizenIdInvalidError:
    return CitizenIdInvalidError(reason=reason, reason_zh=zh, reason_en=en)


def _bad_uscc(reason: str, zh: str, en: str) -> UsccInvalidError:
    return UsccInvalidError(reason=reason, reason_zh=zh, reason_en=en)
