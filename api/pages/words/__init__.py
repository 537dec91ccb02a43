"""The words of the pages, in both languages: each group of pages has a module with its own."""

from __future__ import annotations

from collections.abc import Mapping

from api.languages import Language
from api.pages.words import audit, cases, check, common, console, design, operation, seals, sign_in, wallet

Pairs = Mapping[str, tuple[str, str]]
"""Chinese and English, by what templates call it."""

_MODULES = (common, audit, cases, check, console, design, operation, seals, sign_in, wallet)
TABLES: tuple[Pairs, ...] = tuple(each.WORDS for each in _MODULES)


def _in(language: Language) -> Mapping[str, str]:
    place = 0 if language == "zh" else 1
    return {key: pair[place] for table in TABLES for key, pair in table.items()}


WORDS: Mapping[Language, Mapping[str, str]] = {"zh": _in("zh"), "en": _in("en")}
