"""The words of the pages, in both languages: each group of pages has a module with its own."""

from __future__ import annotations

from collections.abc import Mapping

from api.languages import Language
from api.pages.words import check, common, design, seals, sign_in, wallet

Pairs = Mapping[str, tuple[str, str]]
"""Chinese and English, by what templates call it."""

TABLES: tuple[Pairs, ...] = (common.WORDS, check.WORDS, design.WORDS, seals.WORDS, sign_in.WORDS, wallet.WORDS)


def _in(language: Language) -> Mapping[str, str]:
    place = 0 if language == "zh" else 1
    return {key: pair[place] for table in TABLES for key, pair in table.items()}


WORDS: Mapping[Language, Mapping[str, str]] = {"zh": _in("zh"), "en": _in("en")}
