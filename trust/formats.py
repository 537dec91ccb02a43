"""The formats that texts of a licence can have, beyond those that JSON Schema knows.

Each checks a text and brings it into the one form in which it is kept: that is why they are not format checkers of
the schema library, which can only say yes or no.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date
from functools import partial

from trust.codes import CitizenId, UnifiedSocialCreditCode
from trust.errors import CitizenIdInvalidError, UsccInvalidError
from trust.licence_type import LONG_TERM
from trust.photographs import PhotographRefusedError, clean_photograph

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Controls, marks of direction, halves of characters, private use, separators. Unassigned ones are left to the fonts:
Python knows fewer of the rare characters of names than the fonts do."""
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class FormatRefusedError(Exception):
    """Why a format refuses a text."""

    def __init__(self, code: str, zh: str, en: str) -> None:
        self.code, self.zh, self.en = code, zh, en


def _date(text: str, _today: date) -> str:
    # Python also reads 20261123 and 2026-W48-1; a register keeps one form.
    if _DATE.fullmatch(text):
        with suppress(ValueError):
            return date.fromisoformat(text).isoformat()
    raise FormatRefusedError(
        "date", "不是存在的日期，应形如 2026-11-23", "is no date that exists; write it like 2026-11-23"
    )


def _date_or_long_term(text: str, today: date) -> str:
    return text if text == LONG_TERM else _date(text, today)


def _citizen_id(text: str, today: date) -> str:
    try:
        return CitizenId.parse(text, today=today).number
    except CitizenIdInvalidError as error:
        raise FormatRefusedError(
            "citizen_id", f"有误：{error.params['reason_zh']}", f"cannot be right: {error.params['reason_en']}"
        ) from None


def _uscc(text: str, _today: date) -> str:
    try:
        return UnifiedSocialCreditCode.parse(text).number
    except UsccInvalidError as error:
        raise FormatRefusedError(
            "uscc", f"有误：{error.params['reason_zh']}", f"cannot be right: {error.params['reason_en']}"
        ) from None


def _holder_code(text: str, today: date) -> str:
    try:
        return CitizenId.parse(text, today=today).number
    except CitizenIdInvalidError as not_a_person:
        try:
            return UnifiedSocialCreditCode.parse(text).number
        except UsccInvalidError:
            raise FormatRefusedError(
                "holder_code",
                f"既不是公民身份号码（{not_a_person.params['reason_zh']}），也不是统一社会信用代码",
                f"is no citizen identity number ({not_a_person.params['reason_en']}) and no unified social credit code",
            ) from None


def _photo(text: str, _today: date, *, wide: bool = False) -> str:
    try:
        return clean_photograph(text, wide=wide)
    except PhotographRefusedError as error:
        raise FormatRefusedError("photo", error.zh, error.en) from None


FORMATS: Mapping[str, Callable[[str, date], str]] = {
    "date": _date,
    "date-or-long-term": _date_or_long_term,
    "citizen-id": _citizen_id,
    "uscc": _uscc,
    "holder-code": _holder_code,
    "photo": _photo,
    "photo-wide": partial(_photo, wide=True),
}
"""By name: takes a text and the present day, returns the text in its one form, raises FormatRefusedError."""


def is_plain(text: str, *, lines: bool) -> bool:
    """Whether a text has only characters that are seen on paper: no controls, no marks that turn the direction."""
    for character in text:
        category = unicodedata.category(character)
        if category in _UNSEEN:
            if not (lines and character == "\n"):
                return False
        elif category == "Zs" and character not in " \u3000":
            return False
    return True
