"""Being told when a licence that one relied on changes."""

from __future__ import annotations

import datetime as dt

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from api.problems import responses
from api.routers.issuer import IdentifierPath
from api.routers.verifier import CheckerDep
from api.schemas import Strict
from api.security import ServicesDep
from api.watches import Watch

router = APIRouter(prefix="/v1/watches", tags=["状态关注 Watches"])


class WatchRequest(Strict):
    """Until when to be told."""

    until: dt.date = Field(description="最后一日，至多两年 The last day, at most two years ahead.")


class WatchView(BaseModel):
    """A licence that the client is told of."""

    identifier: str
    until: dt.date

    @classmethod
    def of(cls, watch: Watch) -> WatchView:
        return cls(identifier=watch.identifier, until=watch.until)


@router.get("", summary="关注的证照 What is watched", responses=responses(401, 403))
def watches(services: ServicesDep, client: CheckerDep) -> list[WatchView]:
    """本客户端关注的证照。The licences of which this client is told."""
    return [WatchView.of(each) for each in services.watches.of(client)]


@router.put("/{identifier}", summary="关注证照 Watch a licence", responses=responses(401, 403, 404, 413, 422))
def watch(services: ServicesDep, client: CheckerDep, identifier: IdentifierPath, body: WatchRequest) -> WatchView:
    """核验过的证照如在期限内状态变化（含到期），通知由管理员为客户端登记的 webhook。

    Tells the client's webhooks, which an administrator registered, when the status of a licence that it checked changes
    until a day, expiry included.
    """
    return WatchView.of(services.watches.begin(client, identifier, body.until))


@router.delete(
    "/{identifier}", status_code=204, summary="取消关注 Stop watching", responses=responses(401, 403, 404, 422)
)
def unwatch(services: ServicesDep, client: CheckerDep, identifier: IdentifierPath) -> Response:
    """不再通知。Tells of it no longer."""
    services.watches.end(client, identifier)
    return Response(status_code=204)
