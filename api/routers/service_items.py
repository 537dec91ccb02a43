"""The service items that a client may check for."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from api.check_schemas import ServiceItemView
from api.problems import responses
from api.routers.verifier import CheckerDep, caller_of
from api.security import ServicesDep
from verify.callers import permitted_item

router = APIRouter(prefix="/v1/service-items", tags=["政务服务事项 Service items"])


@router.get("", summary="可办理的事项 Service items", responses=responses(401, 403))
def service_items(services: ServicesDep, client: CheckerDep) -> list[ServiceItemView]:
    """该客户端可据以核验的事项。The items for which this client may check."""
    permitted = caller_of(client).service_items
    found = services.service_items.all()
    return [ServiceItemView.of(each) for each in found if permitted is None or each.code in permitted]


@router.get("/{code}", summary="事项与材料清单 One service item", responses=responses(401, 403, 422))
def service_item(
    services: ServicesDep, client: CheckerDep, code: Annotated[str, Path(max_length=64)]
) -> ServiceItemView:
    """事项的材料清单、可获取的字段与可询问的字段。Its materials, and the fields that may be told or asked about."""
    return ServiceItemView.of(permitted_item(services.service_items.find, caller_of(client), code))
