"""The office of seals (印章管理): officers apply for seals, ask for moves, decide, freeze and grant use.

An officer is an API client with the scope, and stands in every record as ``client:…``; so two officers are two clients,
each with a secret of its own. A body's officers administer its own seals and those of the bodies below it; a
department's also those of the companies and people of its region.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from api.clients import Client, Scope
from api.document_types import document_type
from api.errors import ScopeMissingError
from api.problems import responses
from api.routers.seals import NumberPath
from api.seal_desk import SealDesk
from api.seal_office_views import (
    ActBody,
    ApplicationBody,
    ApprovalBody,
    GrantBody,
    GrantView,
    MoveBody,
    RejectionBody,
    SealEventView,
    SealFileView,
    SealRequestView,
)
from api.seal_views import SealCertificateView, SealView
from api.security import ServicesDep, client_with
from api.services import Services
from seal import Grant, SealState
from seal.errors import SealGrantUnknownError
from seal.states import possible_moves

router = APIRouter(prefix="/v1", tags=["印章管理 Office of seals"])


def _desk(services: Services, client: Client) -> SealDesk:
    if client.organisation_code is None:
        raise ScopeMissingError(scope=Scope.SEALS.value)
    return SealDesk(services, client.organisation_code, f"client:{client.id}")


def _administrator(services: ServicesDep, client: Annotated[Client, Depends(client_with(Scope.SEALS))]) -> SealDesk:
    return _desk(services, client)


def _approver(services: ServicesDep, client: Annotated[Client, Depends(client_with(Scope.SEALS_APPROVE))]) -> SealDesk:
    return _desk(services, client)


def _either(
    services: ServicesDep, client: Annotated[Client, Depends(client_with(Scope.SEALS, Scope.SEALS_APPROVE))]
) -> SealDesk:
    return _desk(services, client)


AdministratorDep = Annotated[SealDesk, Depends(_administrator)]
ApproverDep = Annotated[SealDesk, Depends(_approver)]
OfficerDep = Annotated[SealDesk, Depends(_either)]
Serial = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.post(
    "/seal-applications",
    status_code=201,
    summary="申请印章 Apply for a seal",
    responses=responses(401, 403, 404, 409, 413, 422),
)
def apply(services: ServicesDep, officer: AdministratorDep, body: ApplicationBody) -> SealRequestView:
    """申请后由另一名经办人审批。A second officer has to approve."""
    officer.require_application(body.owner, body.supersedes)
    types = _types(services, body.licence_types)
    request = services.seals.apply(
        body.application(types), officer=officer.name, reason=body.reason, document=body.document
    )
    return SealRequestView.of(request)


@router.get("/seal-requests", summary="待批申请 Requests that wait", responses=responses(401, 403))
def waiting(officer: OfficerDep) -> list[SealRequestView]:
    """等待另一名经办人审批的事项，最早的在前。What waits for a second officer, oldest first."""
    return [SealRequestView.of(each) for each in officer.waiting()]


@router.get("/seal-requests/{request}", summary="查看申请 One request", responses=responses(401, 403, 404, 422))
def one_request(officer: OfficerDep, request: Serial) -> SealRequestView:
    """申请及其审批结果。A request and how it was decided."""
    return SealRequestView.of(officer.request(request))


@router.post(
    "/seal-requests/{request}/review",
    summary="审核 Review",
    responses=responses(401, 403, 404, 409, 413, 422),
)
def review(services: ServicesDep, officer: ApproverDep, request: Serial, body: ApprovalBody) -> SealView:
    """只审核，制作、备案、启用另行办理。Find an application right, and go no further."""
    officer.request(request)
    return SealView.of(services.seals.review(request, officer=officer.name, reason=body.reason))


@router.post(
    "/seal-requests/{request}/approve",
    summary="批准 Approve",
    responses=responses(401, 403, 404, 409, 413, 422),
)
def approve(services: ServicesDep, officer: ApproverDep, request: Serial, body: ApprovalBody) -> SealView:
    """批准并执行；新印章随即制作、备案、启用。Approve and carry out; a new seal is made, registered and in use."""
    officer.request(request)
    return SealView.of(services.seals.approve(request, officer=officer.name, reason=body.reason))


@router.post(
    "/seal-requests/{request}/reject",
    summary="驳回 Reject",
    responses=responses(401, 403, 404, 409, 413, 422),
)
def reject(services: ServicesDep, officer: ApproverDep, request: Serial, body: RejectionBody) -> SealView:
    """驳回须说明理由。Turn down, and say why."""
    officer.request(request)
    return SealView.of(services.seals.reject(request, officer=officer.name, reason=body.reason))


@router.get("/seals", summary="印章列表 The seals", responses=responses(401, 403, 422))
def seals(officer: OfficerDep, state: SealState | None = None) -> list[SealView]:
    """所管理的全部印章。All seals that the officer administers."""
    return [SealView.of(each) for each in officer.seals(state)]


@router.get("/seals/{number}/file", summary="印章档案 A seal's file", responses=responses(401, 403, 404, 422))
def seal_file(services: ServicesDep, officer: OfficerDep, number: NumberPath) -> SealFileView:
    """印章的状态、可办事项、经过、申请与证书。Its state, what can be done, its history, requests and certificates."""
    seal = officer.seal(number)
    return SealFileView(
        seal=SealView.of(seal),
        possible_moves=list(possible_moves(seal.state_at(services.clock.now()))),
        history=[SealEventView.of(each) for each in services.seals.history(number)],
        requests=[SealRequestView.of(each) for each in services.seals.requests(number)],
        certificates=[SealCertificateView.of(each) for each in services.seals.certificates(number)],
    )


@router.post(
    "/seals/{number}/requests",
    status_code=201,
    summary="申请事项 Ask for a move",
    responses=responses(401, 403, 404, 409, 413, 422),
)
def ask(services: ServicesDep, officer: AdministratorDep, number: NumberPath, body: MoveBody) -> SealRequestView:
    """申请制作、解冻、更换密钥或注销，由另一名经办人审批。Ask to make, thaw, rotate or cancel."""
    officer.seal(number)
    request = services.seals.request(
        number,
        body.move,
        officer=officer.name,
        reason=body.reason,
        document=body.document,
        compromised_since=body.compromised_since,
    )
    return SealRequestView.of(request)


@router.post("/seals/{number}/register", summary="备案 Register", responses=responses(401, 403, 404, 409, 413, 422))
def register(services: ServicesDep, officer: AdministratorDep, number: NumberPath, body: ActBody) -> SealView:
    """将已制作的印章备案公示。Enter a seal that was made into the public register."""
    officer.seal(number)
    seal = services.seals.register(number, officer=officer.name, reason=body.reason, document=body.document)
    return SealView.of(seal)


@router.post("/seals/{number}/activate", summary="启用 Put into use", responses=responses(401, 403, 404, 409, 413, 422))
def activate(services: ServicesDep, officer: AdministratorDep, number: NumberPath, body: ActBody) -> SealView:
    """启用已备案的印章；被其变更的印章同时停用。Put a registered seal into use, and end the one that it changes."""
    officer.seal(number)
    seal = services.seals.activate(number, officer=officer.name, reason=body.reason, document=body.document)
    return SealView.of(seal)


@router.post("/seals/{number}/freeze", summary="冻结 Freeze", responses=responses(401, 403, 404, 409, 413, 422))
def freeze(services: ServicesDep, officer: OfficerDep, number: NumberPath, body: ActBody) -> SealView:
    """立即停止用印，一名经办人即可。Stop a seal at once; one officer is enough."""
    officer.seal(number)
    seal = services.seals.freeze(number, officer=officer.name, reason=body.reason, document=body.document)
    return SealView.of(seal)


@router.get("/seals/{number}/grants", summary="用印授权 Grants", responses=responses(401, 403, 404, 422))
def grants(services: ServicesDep, officer: OfficerDep, number: NumberPath) -> list[GrantView]:
    """印章的全部授权，含已撤销的。Every grant of a seal, the revoked ones too."""
    officer.seal(number)
    return [_grant(services, each) for each in services.grants.of_seal(number)]


@router.post(
    "/seals/{number}/grants",
    status_code=201,
    summary="授权用印 Grant use",
    responses=responses(401, 403, 404, 409, 413, 422),
)
def grant(services: ServicesDep, officer: AdministratorDep, number: NumberPath, body: GrantBody) -> GrantView:
    """授权其他机构或其某一客户端在限定类型、次数、期限和用途内用印。Let a body, or one of its clients, use a seal."""
    officer.seal(number)
    terms = body.terms(_types(services, body.licence_types))
    given = services.grants.give(number, terms, officer=officer.name, reason=body.reason, document=body.document)
    return _grant(services, given)


@router.post(
    "/seals/{number}/grants/{grant_id}/revoke",
    summary="撤销授权 Revoke a grant",
    responses=responses(401, 403, 404, 409, 413, 422),
)
def revoke_grant(
    services: ServicesDep, officer: OfficerDep, number: NumberPath, grant_id: Serial, body: RejectionBody
) -> GrantView:
    """立即撤销，其后的用印即被拒绝。Takes effect with the very next use."""
    officer.seal(number)
    if all(each.id != grant_id for each in services.grants.of_seal(number)):
        raise SealGrantUnknownError(grant=grant_id)
    return _grant(services, services.grants.revoke(grant_id, officer=officer.name, reason=body.reason))


def _grant(services: Services, given: Grant) -> GrantView:
    return GrantView.of(given, services.clock.now())


def _types(services: Services, names: list[str]) -> list[str]:
    return [document_type(services.catalogue, each) for each in names]
