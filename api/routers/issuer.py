"""For departments that issue: licence types, issuing, status."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Response

from api.clients import Client, Scope
from api.marks import DigestDep, KeyHeader, etag, once
from api.problems import responses
from api.schemas import (
    IDENTIFIER_EXAMPLE,
    EventView,
    IssueRequest,
    LicencePageView,
    LicenceView,
    SearchRequest,
    TypeView,
)
from api.security import ServicesDep, client_with
from api.services import Services
from trust import Issued, IssueOrder, Licence, LicenceSearch
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


@router.get("/licence-types/{type}", summary="证照类型 One licence type", responses=responses(404, 409, 422))
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
def issue(
    services: ServicesDep,
    client: IssuerDep,
    body: IssueRequest,
    response: Response,
    digest: DigestDep,
    key: KeyHeader = None,
) -> LicenceView:
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
            once=once(client, key, digest),
        )
    )
    return made(services, issued, response)


@router.post("/licences/search", summary="检索证照 Search", responses=responses(401, 403, 404, 413, 422))
def search(
    services: ServicesDep,
    client: IssuerDep,
    asked: SearchRequest,
) -> LicencePageView:
    """本机构签发的证照，按条件检索，新的在前，按游标翻页。条件在请求体中，以免持证主体代码进入地址和日志。

    Licences that the client's body issued, newest first, page by page. What is searched for is in the body, so that no
    holder's code gets into addresses and logs.
    """
    found = LicenceSearch(
        **asked.model_dump(exclude={"cursor", "limit", "type", "region"}),
        licence_type=asked.type,
        region_code=asked.region,
        issuer_code=client.organisation_code,
    )
    page = services.searching.search(found, cursor=asked.cursor, limit=asked.limit)
    today = services.register.today()
    return LicencePageView(
        licences=[LicenceView.of(each, today) for each in page.licences], next_cursor=page.next_cursor
    )


@router.get("/licences/{identifier}", summary="查询证照 Look up", responses=responses(401, 403, 404, 422))
def look_up(services: ServicesDep, client: IssuerDep, identifier: IdentifierPath, response: Response) -> LicenceView:
    """本机构签发的证照。A licence that the client's body issued."""
    return shown(services, own(services, client.organisation_code, identifier), response)


@router.get(
    "/licences/{identifier}/pdf",
    summary="下载证照 Download",
    response_class=Response,
    responses={**PDF_ANSWER, **responses(401, 403, 404, 422)},
)
def download(services: ServicesDep, client: IssuerDep, identifier: IdentifierPath) -> Response:
    """加盖电子印章的 PDF。The sealed PDF."""
    return pdf_response(services.register.pdf(own(services, client.organisation_code, identifier)), identifier)


@router.get("/licences/{identifier}/events", summary="证照履历 History", responses=responses(401, 403, 404, 422))
def events(services: ServicesDep, client: IssuerDep, identifier: IdentifierPath) -> list[EventView]:
    """对该证照办理过的全部事项。All that was done to the licence."""
    own(services, client.organisation_code, identifier)
    return [EventView.of(event) for event in services.register.history(identifier)]


@router.get("/licences/{identifier}/log", summary="日志证明 Log proofs", responses=responses(401, 403, 404, 422))
def log_proofs(services: ServicesDep, client: IssuerDep, identifier: IdentifierPath) -> list[dict[str, Any]]:
    """该证照各项记录载入透明日志的证明，含盐值，勿公开。Proofs of all records, with their salts: not for everybody."""
    own(services, client.organisation_code, identifier)
    return [proof.to_json() for proof in services.transparency_log.prove(identifier)]


def pdf_response(data: bytes, identifier: str) -> Response:
    """A sealed PDF as a download."""
    return Response(
        data,
        media_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{identifier}.pdf"', "Cache-Control": "no-store"},
    )


def own(services: Services, organisation_code: str | None, identifier: str) -> Licence:
    """A licence of a body's own; another's looks like one that does not exist."""
    licence = services.register.get(identifier)
    if licence.issuer_code != organisation_code:
        raise LicenceUnknownError
    return licence


def shown(services: Services, licence: Licence, response: Response) -> LicenceView:
    """A licence with its revision as the ETag."""
    response.headers["ETag"] = etag(licence.revision)
    return LicenceView.of(licence, services.register.today())


def made(services: Services, issued: Issued, response: Response) -> LicenceView:
    """A licence that was made by this request, or by the same one before."""
    if not issued.created:
        response.status_code = 200
    response.headers["Location"] = f"/v1/licences/{issued.licence.identifier}"
    return shown(services, issued.licence, response)
