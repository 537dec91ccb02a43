"""Which of the two languages a reader wants."""

from __future__ import annotations

from typing import Literal

from fastapi import Request

from store.errors import YinzhengError

Language = Literal["zh", "en"]
COOKIE = "lang"


def language_of(request: Request) -> Language:
    """English where the address, the cookie or else the browser asks for it before Chinese; Chinese otherwise."""
    asked = request.query_params.get("lang") or request.cookies.get(COOKIE)
    if asked in ("zh", "en"):
        return "en" if asked == "en" else "zh"
    for part in request.headers.get("accept-language", "").split(","):
        tag = part.split(";")[0].strip().lower()
        if tag.startswith("zh"):
            return "zh"
        if tag.startswith("en"):
            return "en"
    return "zh"


def words_of(request: Request, error: YinzhengError) -> str:
    """What an error says, in the reader's language."""
    return error.message_zh if language_of(request) == "zh" else error.message_en
