"""The transparency log for anybody: C2SP tlog-tiles.

What lies under ``tile/`` never changes at its address and may be kept for good; the checkpoint moves with the log.
"""

from __future__ import annotations

import re
from typing import Any, Final

from fastapi import APIRouter, Response

from api.errors import PathUnknownError
from api.problems import responses
from api.security import ServicesDep
from store.merkle import TILE_WIDTH, Tile

router = APIRouter(prefix="/log", tags=["透明日志 Transparency log"])

_TEXT: Final = "text/plain; charset=utf-8"
_BYTES: Final = "application/octet-stream"
_FOR_GOOD: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
_FOR_A_MOMENT: Final = {"Cache-Control": "public, max-age=2"}
_PATH: Final = re.compile(
    r"(?P<level>entries|0|[1-9][0-9]?)/(?P<index>(?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?",
    re.ASCII,
)
_HIGHEST: Final = 63


def _answers(media_type: str, *statuses: int) -> dict[int | str, dict[str, Any]]:
    schema = {"type": "string"} if media_type == _TEXT else {"type": "string", "format": "binary"}
    return {200: {"content": {media_type.partition(";")[0]: {"schema": schema}}}, **responses(*statuses)}


@router.get("/checkpoint", summary="检查点 Checkpoint", response_class=Response, responses=_answers(_TEXT))
def checkpoint(services: ServicesDep) -> Response:
    """日志的大小与根散列，已签名（C2SP signed-note）。Size and root of the log, signed."""
    return Response(services.transparency_log.checkpoint(), media_type=_TEXT, headers=_FOR_A_MOMENT)


@router.get("/key", summary="验证密钥 Verifier keys", response_class=Response, responses=_answers(_TEXT))
def key(services: ServicesDep) -> Response:
    """检查点的验证密钥，每行一个。Keys to check checkpoints with, one a line, the present one first.

    审计者应从其他渠道核对。An auditor compares them with what was published elsewhere.
    """
    keys = "".join(f"{each}\n" for each in services.transparency_log.verifier_keys())
    return Response(keys, media_type=_TEXT, headers=_FOR_A_MOMENT)


@router.get("/tile/{path:path}", summary="分块 Tiles", response_class=Response, responses=_answers(_BYTES, 404, 422))
def tile(services: ServicesDep, path: str) -> Response:
    """`<L>/<N>[.p/<W>]` 为散列，`entries/<N>[.p/<W>]` 为日志条目。Hashes of a level, or the entries themselves."""
    match = _PATH.fullmatch(path)
    if match is None or match["index"].startswith("x000"):
        raise PathUnknownError
    index = int(re.sub("[x/]", "", match["index"]))
    width = int(match["width"] or TILE_WIDTH)
    if width > TILE_WIDTH or (width == TILE_WIDTH and match["width"]):
        raise PathUnknownError
    if match["level"] == "entries":
        leaves = services.ledger.bundle(index, width)
        content = None if leaves is None else b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in leaves)
    else:
        content = _hashes(services, int(match["level"]), index, width)
    if content is None:
        raise PathUnknownError
    return Response(content, media_type=_BYTES, headers=_FOR_GOOD)


def _hashes(services: ServicesDep, level: int, index: int, width: int) -> bytes | None:
    if level > _HIGHEST:
        return None
    hashes = services.ledger.tile(Tile(level, index, width))
    return None if hashes is None else b"".join(hashes)
