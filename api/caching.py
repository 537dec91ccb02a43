"""Answers that anybody may keep for a while."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Annotated

from fastapi import Header, Response

EtagHeader = Annotated[str | None, Header(alias="If-None-Match", include_in_schema=False)]
"""The one condition that is looked at: two lists, or two answers, may well have been made in the same second."""


def kept(
    etags: str | None, content: bytes, media_type: str, *, modified: datetime, now: datetime, fresh_for: timedelta
) -> Response:
    """An answer that may be kept by anybody (RFC 5019, 6.2), or the word that the caller has it already."""
    seconds = max(0, int(fresh_for.total_seconds()))
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {
        "Cache-Control": f"public, max-age={seconds}, no-transform, must-revalidate",
        "ETag": etag,
        "Expires": _http_date(now + timedelta(seconds=seconds)),
        "Last-Modified": _http_date(modified),
    }
    if etags is not None and any(each.strip().removeprefix("W/") in {etag, "*"} for each in etags.split(",")):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)


def _http_date(at: datetime) -> str:
    return format_datetime(at.astimezone(UTC), usegmt=True)
