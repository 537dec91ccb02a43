"""For systems that keep up with the register."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.clients import Client, Scope
from api.problems import responses
from api.schemas import FeedView
from api.security import ServicesDep, client_with
from store.acting import crossing
from trust.feed import MOST_A_PAGE

router = APIRouter(prefix="/v1", tags=["数据流转 Moving with others"])

ReaderDep = Annotated[Client, Depends(client_with(Scope.ISSUE, Scope.EXCHANGE))]


@router.get("/changes", summary="证照变更数据流 Changes to licences", responses=responses(401, 403, 422, 429))
def changes(
    services: ServicesDep,
    client: ReaderDep,
    after: Annotated[
        int, Query(ge=-1, lt=1 << 62, description="The place after which to go on; -1: from the start.")
    ] = -1,
    limit: Annotated[int, Query(ge=1, le=MOST_A_PAGE)] = 100,
) -> FeedView:
    """按日志次序列出证照的全部变动；持 licences:exchange 权限者可见所有机构的，其他仅见本机构的。不含个人信息。

    Every act on licences in the order of the log: those of all bodies for licences:exchange, else of the client's own.
    No personal data; ask for a licence to see it. A change shows within a second of its transaction.
    """
    everybody = Scope.EXCHANGE in client.scopes
    if not everybody:
        return FeedView.of(services.feed.after(after, issuer_code=client.organisation_code, limit=limit))
    with crossing():
        return FeedView.of(services.feed.after(after, limit=limit))
