"""The page that shows the design system: every component, in both languages, as all pages use them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from api.languages import language_of
from api.pages.frame import TEMPLATES, show
from api.pages.words import WORDS

router = APIRouter()


@router.get("/design", response_class=HTMLResponse)
def design(request: Request) -> HTMLResponse:
    """Every component."""
    t = WORDS[language_of(request)]
    life: list[dict[str, Any]] = [
        {"at": datetime(2026, 11, 2, 1, 30, tzinfo=UTC), "title": t["design_issued"], "by": t["design_by"]},
        {"at": datetime(2026, 11, 9, 6, 5, tzinfo=UTC), "title": t["design_checked"], "look": "pass"},
        {
            "at": datetime(2026, 11, 20, 2, 0, tzinfo=UTC),
            "title": t["design_suspended"],
            "text": t["design_suspended_text"],
            "by": t["design_by"],
            "look": "unsure",
        },
    ]
    icons: Any = TEMPLATES.get_template("icons.html").module
    return show(request, "design.html", life=life, signs=sorted(icons.paths))
