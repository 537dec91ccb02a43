"""Status lists for anybody (draft-ietf-oauth-status-list, 8)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field

from api.caching import EtagHeader, kept
from api.problems import responses
from api.security import ServicesDep
from trust.status_lists import LOOKED_AFTER, TYPE

router = APIRouter(prefix="/status", tags=["状态列表 Status lists"])

_MEDIA_TYPE = f"application/{TYPE}"
_LARGEST = 2**31


class StatusListsView(BaseModel):
    """Where the lists are (draft-ietf-oauth-status-list, 9.2)."""

    status_lists: list[str] = Field(examples=[["https://licences.example.gov.cn/status/1"]])


@router.get("", summary="全部状态列表 All lists")
def status_lists(services: ServicesDep) -> StatusListsView:
    """各状态列表的地址。The addresses of all lists."""
    return StatusListsView(status_lists=services.status_lists.uris())


@router.get(
    "/{number}",
    summary="状态列表 A list",
    response_class=Response,
    responses={
        200: {"content": {_MEDIA_TYPE: {"schema": {"type": "string"}}}},
        304: {"description": "未变 Not modified"},
        **responses(404, 422),
    },
)
def status_list(
    services: ServicesDep,
    number: Annotated[int, Path(ge=1, lt=_LARGEST, description="列表编号 Number of the list.")],
    etags: EtagHeader = None,
) -> Response:
    """已签名，每份证照两位，十五分钟内有效。Signed: two bits a licence, good for 15 minutes."""
    found = services.status_lists.current(number)
    answer = kept(
        etags,
        found.token,
        _MEDIA_TYPE,
        modified=found.made_at,
        now=services.clock.now(),
        fresh_for=LOOKED_AFTER,
    )
    # scripts in anybody's page may read what anybody may read (draft-ietf-oauth-status-list, 8.1)
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer
