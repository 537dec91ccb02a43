"""Styles, scripts and icons: kept for good under an address with their digest, asked for anew under any other."""

from __future__ import annotations

import os
from urllib.parse import parse_qs

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api.pages.frame import STATIC, asset


class Assets(StaticFiles):
    """The files under ``api/static``."""

    def __init__(self) -> None:
        super().__init__(directory=STATIC)

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """The file, with how long it may be kept."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        name = os.path.relpath(full_path, STATIC)
        given = parse_qs(scope["query_string"].decode("latin-1")).get("v")
        current = given is not None and asset(name).endswith(f"?v={given[-1]}")
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if current else "no-cache"
        return response
