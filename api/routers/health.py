"""Whether the process lives, and whether it can work."""

from __future__ import annotations

import logging
from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from api.problems import responses
from api.readiness import Part
from api.security import ServicesDep

router = APIRouter(tags=["运行 Operation"])
_log = logging.getLogger("yinzheng.api")


class Health(BaseModel):
    """Alive."""

    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    """Ready or not, and what is missing."""

    status: Literal["ready", "impaired", "not_ready"] = Field(
        description="With `impaired`, all that needs none of the missing parts goes on."
    )
    missing: list[Part] = Field(description="Parts that cannot be used at present.", examples=[["redis"]])


@router.get("/healthz", summary="存活 Alive")
def healthz() -> Health:
    """进程在运行。The process runs."""
    return Health()


@router.get(
    "/readyz",
    summary="就绪 Ready",
    responses={
        503: {"description": "缺少的部件见 missing。The parts that are missing are named.", "model": Readiness},
        500: responses()[500],
    },
)
def readyz(services: ServicesDep, response: Response) -> Readiness:
    """逐项检查数据库、结构、密钥、时钟、密码设备、时间戳、对象存储与 Redis。

    缺少时 `missing` 列出名称：不依赖所缺部件的业务照常，为 `impaired`（200）；什么也做不了时为 `not_ready`（503）。

    Tries database, schema, keys, clock, HSM, time stamps, object store and Redis, and names what is missing. What does
    not need a missing part goes on (`impaired`, 200); where nothing works the answer is `not_ready` (503).
    """
    standing = services.readiness.standing()
    for part, error in standing.missing.items():
        _log.warning("%s is not ready: %s", part, error.code)
    if not standing.works:
        response.status_code = 503
    status: Literal["ready", "impaired", "not_ready"] = "ready"
    if standing.missing:
        status = "impaired" if standing.works else "not_ready"
    return Readiness(status=status, missing=list(standing.missing))
