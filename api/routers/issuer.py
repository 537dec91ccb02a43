"""For departments that issue: licence types, issuing, status."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Response

from api.clients import Client, Scope
from api.problems import responses
from api.schemas import IDENTIFIER_EXAMPLE, EventView, IssueRequest, LicenceView, ReasonRequest, TypeView
from api.security import ServicesDep, client_with
from api.services import Services
from trust import IssueOrder, Licence
from trust.errors import LicenceUnknownError

router = APIRouter(prefix="/v1", tags=["签发 Issuing"])

IssuerDep = Annotated[Client, Depends(client_with(Scope.ISSUE))]
IdentifierPath = Annotated[str, Path(max_length=200, examples=[IDENTIFIER_EXAMPLE])]
PDF_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}}
}


@router.get("/licence-types", summary="证照目录 Licence types", responses=responses())
def licence_types(services: ServicesDep) -> list[TypeView]:
    """全部证照类型及其字段定义。All licence types with the schemas of their fields."""
    return [TypeView.of(each) for each in services.catalogue]


@router.get("/licence-types/{type}", summary="证照类型 One licence type", responses=responses(404, 422))
def licence_type(services: ServicesDep, type: Annotated[str, Path(max_length=64)]) -> TypeView:  # noqa: A002
    """按名称或 21 位类型代码查询。By slug or 21-character code."""
    return TypeView.of(services.catalogue.get(type))


@router.post(
    "/licences",
    status_code=201,
    summary="签发证照 Issue a licence",
    responses={
        200: {"description": "相同内容的证照已签发过。The same licence had been issued before.", "model": LicenceView},
        **responses(401, 403, 404, 409, 413, 422),
    },
)
def issue(services: ServicesDep, client: IssuerDep, body: IssueRequest, response: Response) -> LicenceView:
    """校验、赋码、制证、用印、入库。同一内容重复提交得到同一证照。

    Checks, allots an identifier, lays out, seals and registers. The same content sent twice gives the same licence.
    """
    issued = services.issuing.issue(
        IssueOrder(
            type=body.type,
            fields=body.fields,
            actor=f"client:{client.id}",
            issuer_code=client.organisation_code,
            issue_date=body.issue_date,
        )
    )
    if not issued.created:
        response.status_code = 200
    response.headers["Location"] = f"/v1/licences/{issued.licence.identifier}"
    return _view(services, issued.licence)


@router.get("/licences/{identifier}", summary="查询证照 Look up", responses=responses(401, 403, 404, 422))
def look_up(services: ServicesDep, client: IssuerDep, identifier: IdentifierPath) -> LicenceView:
    """本机构签发的证照。A licence that the client's body issued."""
    return _view(services, _own(services, client, identifier))


@router.get(
    "/licences/{identifier}/pdf",
    summary="下载证照 Download",
    response_class=Response,
    responses={**PDF_ANSWER, **responses(401, 403, 404, 422)},
)
def download(services: ServicesDep, client: IssuerDep, identifier: IdentifierPath) -> Response:
    """加盖电子印章的 PDF。The sealed PDF."""
    return pdf_response(services.register.pdf(_own(services, client, identifier)), identifier)


@router.get("/licences/{identifier}/events", summary="证照履历 History", responses=responses(401, 403, 404, 422))
def events(services: ServicesDep, client: IssuerDep, identifier: IdentifierPath) -> list[EventView]:
    """对该证照办理过的全部事项。All that was done to the licence."""
    _own(services, client, identifier)
    return [EventView.of(event) for event in services.register.history(identifier)]


@router.post(
    "/licences/{identifier}/suspend", summary="暂停 Suspend", responses=responses(401, 403, 404, 409, 413, 422)
)
def suspend(services: ServicesDep, client: IssuerDep, identifier: IdentifierPath, body: ReasonRequest) -> LicenceView:
    """暂停后核验不通过，可恢复。A suspended licence fails every check until it is resumed."""
    _own(services, client, identifier)
    return _view(services, services.register.suspend(identifier, actor=f"client:{client.id}", reason=body.reason))


@router.post("/licences/{identifier}/resume", summary="恢复 Resume", responses=responses(401, 403, 404, 409, 413, 422))
def resume(services: ServicesDep, client: IssuerDep, identifier: IdentifierPath, body: ReasonRequest) -> LicenceView:
    """恢复已暂停的证照。Lets a suspended licence hold again."""
    _own(services, client, identifier)
    return _view(services, services.register.resume(identifier, actor=f"client:{client.id}", reason=body.reason))


@router.post("/licences/{identifier}/revoke", summary="吊销 Revoke", responses=responses(401, 403, 404, 409, 413, 422))
def revoke(services: ServicesDep, client: IssuerDep, identifier: IdentifierPath, body: ReasonRequest) -> LicenceView:
    """吊销后不可恢复。Ends the licence for good."""
    _own(services, client, identifier)
    return _view(services, services.register.revoke(identifier, actor=f"client:{client.id}", reason=body.reason))


def pdf_response(data: bytes, identifier: str) -> Response:
    """A sealed PDF as a download."""
    return Response(
        data,
        media_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{identifier}.pdf"', "Cache-Control": "no-store"},
    )


def _own(services: Services, client: Client, identifier: str) -> Licence:
    """A licence of the client's own body; another's looks like one that does not exist."""
    licence = services.register.get(identifier)
    if licence.issuer_code != client.organisation_code:
        raise LicenceUnknownError
    return licence


def _view(services: Services, licence: Licence) -> LicenceView:
    return LicenceView.of(licence, services.register.today())
