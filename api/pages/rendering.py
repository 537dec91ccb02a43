"""How a page is made: its template, its words, its language."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates

from api.languages import COOKIE, language_of
from api.pages.words import WORDS

_templates = Jinja2Templates(Path(__file__).parent / "templates")
_ONE_YEAR = 365 * 24 * 3600


def _subject_name(subject: str) -> str:
    """The common name in a distinguished name (RFC 4514); the whole of it where there is none."""
    for part in re.split(r"(?<!\\),", subject):
        if part.startswith("CN="):
            return re.sub(r"\\(.)", r"\1", part.removeprefix("CN="))
    return subject


_templates.env.filters["subject_name"] = _subject_name


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A page in the reader's language.

    :param values: what the template shows; ``signed_in`` makes the head of the page say who is signed in.
    """
    language = language_of(request)
    response = _templates.TemplateResponse(
        request, template, {"lang": language, "t": WORDS[language], **values}, status_code=status
    )
    response.headers["Cache-Control"] = "no-store"
    if request.query_params.get("lang") == language:
        response.set_cookie(COOKIE, language, max_age=_ONE_YEAR, samesite="lax", httponly=True)
    return response
