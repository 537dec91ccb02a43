"""Seals: the public register, and for owners the record of what their seals were used for."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from api.clients import Client, Scope
from api.problems import responses
from api.seal_views import NUMBER_EXAMPLE, SealRecordView, SealUseDayView, SealUsePageView
from api.security import ServicesDep, client_with, remote_address
from api.services import Services
from seal import Person, UseResult, UseSearch
from seal.errors import SealUnknownError
from seal.use_export import csv_lines, found_uses, json_lines
from trust import HolderIndex

router = APIRouter(prefix="/v1/seals", tags=["印章 Seals"])

NumberPath = Annotated[str, Path(pattern="^[0-9]{13}$", examples=[NUMBER_EXAMPLE])]
OwnerDep = Annotated[Client, Depends(client_with(Scope.ISSUE, Scope.SEALS, Scope.HOLD))]
FirstDay = Annotated[date | None, Query(alias="from", description="First day, in China's calendar.")]
LastDay = Annotated[date | None, Query(alias="until", description="Last day, included.")]


@router.get("/{number}", summary="印章备案查询 Look a seal up", responses=responses(404, 422, 429))
def record(request: Request, services: ServicesDep, number: NumberPath) -> SealRecordView:
    """按印章编号查询公开的备案信息，无须登录。

    The public record of a seal. Nobody has to log in; how often one address may ask is limited.
    """
    services.limiter.hit(services.settings.check_rate, "seal", remote_address(request))
    return SealRecordView.of(services.public_register.find(number))


@router.get("/{number}/uses", summary="用印记录 Uses of a seal", responses=responses(401, 403, 404, 422))
def uses(
    services: ServicesDep,
    client: OwnerDep,
    number: NumberPath,
    first_day: FirstDay = None,
    last_day: LastDay = None,
    document_type: Annotated[str | None, Query(max_length=64)] = None,
    document_identifier: Annotated[str | None, Query(max_length=200)] = None,
    caller: Annotated[str | None, Query(max_length=200)] = None,
    result: UseResult | None = None,
    cursor: Annotated[str | None, Query(max_length=20, description="next_cursor of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> SealUsePageView:
    """本机构印章的用印记录，最近的在前。Uses of a seal of the client's own body, newest first."""
    _require_owner(services, client, number)
    search = UseSearch(number, first_day, last_day, document_type, document_identifier, caller, None, result)
    return SealUsePageView.of(services.seal_uses.search(search, cursor=cursor, limit=limit))


@router.get(
    "/{number}/uses/export",
    summary="导出用印记录 Export the uses of a seal",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"text/csv": {"schema": {"type": "string"}}, "application/json": {}}},
        **responses(401, 403, 404, 422),
    },
)
def export(
    services: ServicesDep,
    client: OwnerDep,
    number: NumberPath,
    first_day: FirstDay = None,
    last_day: LastDay = None,
    form: Annotated[Literal["csv", "json"], Query(alias="format")] = "csv",
) -> StreamingResponse:
    """本机构印章的全部用印记录，CSV 或 JSON。All uses of a seal of the client's own body, as a file."""
    _require_owner(services, client, number)
    return uses_file(services, UseSearch(number, first_day, last_day), form)


@router.get("/{number}/days", summary="逐日用印统计 Uses day by day", responses=responses(401, 403, 404, 422))
def days(
    services: ServicesDep, client: OwnerDep, number: NumberPath, first_day: FirstDay = None, last_day: LastDay = None
) -> list[SealUseDayView]:
    """本机构印章按日（北京时间）的用印次数。Counts of each day on which a seal of the client's own body was used."""
    _require_owner(services, client, number)
    return [SealUseDayView.of(each) for each in services.seal_uses.days(UseSearch(number, first_day, last_day))]


@router.get(
    "/{number}/esl",
    summary="导出电子印章数据 Export seal data",
    response_class=Response,
    responses={
        200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}},
        **responses(401, 403, 404, 409, 422),
    },
)
def seal_data(services: ServicesDep, client: OwnerDep, number: NumberPath) -> Response:
    """本机构印章的电子印章数据（GB/T 38540-2020 版本 4，DER）。The seal data of a seal of the client's own body."""
    _require_owner(services, client, number)
    found = services.seal_data.current(number)
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{number}.esl"'}
    return Response(found.data, media_type="application/octet-stream", headers=headers)


def uses_file(services: Services, search: UseSearch, form: Literal["csv", "json"]) -> StreamingResponse:
    """The uses that a search finds, as a file that is written while it is read."""
    found = found_uses(services.seal_uses, search)
    lines = csv_lines(found) if form == "csv" else json_lines(found)
    name = f"{search.seal_number or 'seal'}-uses.{form}"
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{name}"'}
    kind = "text/csv; charset=utf-8" if form == "csv" else "application/json"
    return StreamingResponse(lines, media_type=kind, headers=headers)


def _require_owner(services: Services, client: Client, number: str) -> None:
    """A seal of another body or person is as good as none."""
    owner = services.seals.get(number).owner
    if isinstance(owner, Person):
        code = services.people.code(owner.reference)
        own = client.holder == HolderIndex.of(services.keys.vault, "citizen_id", code)
    elif client.organisation_code is not None:
        own = owner.code == client.organisation_code
    else:
        own = client.holder == HolderIndex.of(services.keys.vault, "uscc", owner.code)
    if not own:
        raise SealUnknownError(number=number)
