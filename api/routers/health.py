"""Whether the process lives, and whether it can work."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from api.problems import responses
from api.security import ServicesDep
from api.services import Services
from store.errors import YinzhengError

router = APIRouter(tags=["运行 Operation"])
_log = logging.getLogger("yinzheng.api")


_PROBES: dict[str, Callable[[Services], object]] = {
    "database": lambda services: services.database.ping(),
    "keys": lambda services: services.keys.authority.issuing,
    "objects": lambda services: services.objects.exists("0" * 64),
}


class Health(BaseModel):
    """Alive."""

    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    """Ready or not, and what is missing."""

    status: Literal["ready", "not_ready"]
    missing: list[str] = Field(description="Parts that cannot be used at present.", examples=[["database"]])


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
    """数据库、密钥与对象存储均可用。Database, keys and object store can be used."""
    missing = []
    for name, probe in _PROBES.items():
        try:
            probe(services)
        except YinzhengError as error:
            _log.warning("%s is not ready: %s", name, error.code)
            missing.append(name)
    if missing:
        response.status_code = 503
        return Readiness(status="not_ready", missing=missing)
    return Readiness(status="ready", missing=[])
