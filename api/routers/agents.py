"""Those who act for a holder: agents of a body, what was done, and the issuer's word on whom a licence names."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response

from api.agent_schemas import ActView, AgentView, AppointRequest, NamedPersonRequest
from api.problems import responses
from api.routers.holder import HolderDep, HoldingClientDep
from api.routers.issuer import IdentifierPath, IssuerDep, own
from api.security import ServicesDep

wallet_router = APIRouter(prefix="/v1/wallet", tags=["电子卡包 Wallet"])
router = APIRouter(tags=["签发 Issuing"])


@wallet_router.get("/agents", summary="经办人 Agents", responses=responses(401, 403))
def agents(services: ServicesDep, holder: HolderDep) -> list[AgentView]:
    """本单位授权过的经办人，最近的在前。All whom the body appointed, newest first."""
    active = {each.number for each in services.agents.in_office(holder)}
    return [AgentView.of(each, each.number in active) for each in services.agents.agents(holder)]


@wallet_router.post(
    "/agents", status_code=201, summary="授权经办人 Appoint an agent", responses=responses(401, 403, 409, 413, 422)
)
def appoint(services: ServicesDep, holder: HolderDep, client: HoldingClientDep, body: AppointRequest) -> AgentView:
    """限定证照类型、事项、用途与期限。法定代表人变更后，原授权自动失效。

    Within limits of licence types, service items, purpose and time. An appointment ends by itself when the body gets
    another legal representative.
    """
    made = services.agents.appoint(holder, body.appointment(), actor=f"client:{client.id}")
    return AgentView.of(made, in_office=True)


@wallet_router.post(
    "/agents/{number}/dismiss", summary="解除经办人 Dismiss an agent", responses=responses(401, 403, 404, 413, 422)
)
def dismiss(
    services: ServicesDep,
    holder: HolderDep,
    client: HoldingClientDep,
    number: Annotated[str, Path(max_length=64)],
) -> AgentView:
    """立即生效，已登录者也不例外。Holds from this moment on, also for who is signed in."""
    return AgentView.of(services.agents.dismiss(holder, number, actor=f"client:{client.id}"), in_office=False)


@wallet_router.get("/acts", summary="代办记录 What others did", responses=responses(401, 403))
def acts(services: ServicesDep, holder: HolderDep) -> list[ActView]:
    """法定代表人、经办人或监护人代为办理的事项，最近的在前。What others did for the holder, newest first."""
    return [ActView.of(each) for each in services.agents.record(holder)]


@router.post(
    "/v1/licences/{identifier}/named-person",
    status_code=204,
    response_class=Response,
    summary="确认证照所载人员 Confirm whom a licence names",
    responses=responses(401, 403, 404, 409, 413, 422),
)
def confirm(services: ServicesDep, client: IssuerDep, identifier: IdentifierPath, body: NamedPersonRequest) -> None:
    """确认营业执照等所载法定代表人、出生医学证明所载新生儿的身份证号码，其卡包才可由法定代表人、父母办理。再次确认以后者为准。

    Says which person a licence names by name only: the legal representative of a business licence, the newborn of a
    certificate of birth. Only then can the one act for the body, and the parents for the child. A later word counts.
    """
    licence = own(services, client.organisation_code, identifier)
    services.agents.confirm(licence, body.id_number, actor=f"client:{client.id}")
