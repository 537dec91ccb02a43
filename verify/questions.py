"""Questions about a licence that are answered yes or no, so that nobody needs the record (least data, 最小必要)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from trust import CitizenId, Licence, LicenceState
from verify.callers import Occasion
from verify.check_errors import QuestionRefusedError

_SEPARATORS = re.compile(r"[;,。、\n]+")
_REMARK = re.compile(r"\((?!不|除|限|仅)[^()]*\)$")


class Ask(StrEnum):
    """What can be asked."""

    VALID_ON = "valid_on"
    """Whether the licence holds on a date."""
    HOLDER_IS = "holder_is"
    """Whether its holder has a code or a name."""
    HOLDER_AT_LEAST = "holder_at_least"
    """Whether its holder, a person, has reached an age."""
    INCLUDES = "includes"
    """Whether a field that lists things, such as a scope of business, has one of them."""


@dataclass(frozen=True)
class Question:
    """One question; which of the members it has depends on what is asked."""

    ask: Ask
    date: date | None = None
    holder: str | None = None
    age: int | None = None
    field: str | None = None
    text: str | None = None


@dataclass(frozen=True)
class Answered:
    """A question with its answer: yes, no, or None for what cannot be said."""

    question: Question
    answer: bool | None


def check_questions(questions: Sequence[Question], occasion: Occasion) -> None:
    """See whether a service item provides for questions, before anything is looked at.

    :raises QuestionRefusedError: it does not, for questions about some field.
    """
    allowed = frozenset().union(*occasion.item.questions.values())
    if any(each.ask is Ask.INCLUDES and each.field not in allowed for each in questions):
        raise QuestionRefusedError


def answer(question: Question, licence: Licence | None, occasion: Occasion, today: date) -> Answered:
    """Answer a question about a licence; None is the answer about one that is not there."""
    return Answered(question, _answer(question, licence, occasion, today) if licence is not None else None)


def _answer(question: Question, licence: Licence, occasion: Occasion, today: date) -> bool | None:
    match question.ask:
        case Ask.VALID_ON if question.date is not None:
            return licence.state_on(question.date) is LicenceState.VALID
        case Ask.HOLDER_IS if question.holder is not None:
            return held_by(licence, question.holder)
        case Ask.HOLDER_AT_LEAST if question.age is not None:
            return _has_reached(licence, question.age, today)
        case Ask.INCLUDES if question.field is not None and question.text is not None:
            allowed = question.field in occasion.item.questions.get(licence.type.slug, frozenset())
            value = licence.fields.get(question.field) if allowed else None
            return includes(value, question.text) if isinstance(value, str) else None
    return None


def held_by(licence: Licence, code_or_name: str) -> bool:
    """Whether one of a licence's holders has a code or a name."""
    wanted = plain(code_or_name)
    holders = (licence.holder, *licence.co_holders)
    return any(wanted in (plain(holder.code), plain(holder.name)) for holder in holders)


def includes(value: str, text: str) -> bool:
    """Whether a list in plain text has an entry; an entry counts also without the remark in brackets behind it.

    A part of an entry is none, since what is excluded is often named with the same words.
    """
    wanted = plain(text)
    entries = [plain(each) for each in _SEPARATORS.split(unicodedata.normalize("NFKC", value))]
    return bool(wanted) and any(wanted in (each, _REMARK.sub("", each)) for each in entries)


def plain(text: str) -> str:
    """A text as it is compared: without differences of width, case and spaces."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def _has_reached(licence: Licence, age: int, today: date) -> bool | None:
    if licence.holder.code_type != "citizen_id":
        return None
    born = CitizenId.parse(licence.holder.code, today=today).birth_date
    years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    return years >= age
