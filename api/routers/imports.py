"""For departments that hand over records of paper licences or of other systems (历史数据归集).

An import is a batch: it is started, paused, cancelled and looked at under ``/v1/batches``. Mapping files and scans go
by the command line; here, columns have the names of our fields.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Request, Response
from fastapi.responses import StreamingResponse

from api.batch_schemas import BatchView
from api.problems import responses
from api.routers.batches import BODY, REFERENCE, IssuerDep, ReferencePath, sent_rows
from api.security import ServicesDep
from trust.archives import ImportOrder
from trust.batch import BatchKind
from trust.bulk_errors import BatchUnknownError
from trust.result_files import csv_lines

router = APIRouter(prefix="/v1/imports", tags=["历史数据归集 Archives"])

_CSV: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}
_JSON: dict[int | str, dict[str, Any]] = {200: {"content": {"application/json": {"schema": {"type": "object"}}}}}


@router.post(
    "",
    status_code=201,
    summary="提交历史数据 Send an archive",
    openapi_extra=BODY,
    responses=responses(401, 403, 404, 409, 413, 422),
)
def send(
    request: Request,
    services: ServicesDep,
    client: IssuerDep,
    type: Annotated[str, Query(max_length=64, description="Slug or code of the licence type.")],  # noqa: A002
    data: Annotated[bytes, Body(media_type="text/csv")] = b"",
    seal: Annotated[bool, Query(description="Lay out and seal what is taken over.")] = False,
    dry_run: Annotated[bool, Query(description="Only check; nothing can be entered from it.")] = False,
    mends: Annotated[
        str | None, Query(pattern=REFERENCE, description="Reference of the import whose lines, set aside, it corrects.")
    ] = None,
    name: Annotated[str, Query(max_length=200, description="Name of the file, for the records.")] = "",
) -> BatchView:
    """请求体即 CSV、XLSX 或 JSON Lines 文件，只收本机构颁发的证照。有误的行搁置，合格的行在 start 之后入登记簿。

    The body is the file; licences of the client's own body only. Unsound lines are set aside, the others enter the
    register after ``start``.
    """
    with sent_rows(request, data) as rows:
        if mends is not None:
            services.batches.get(mends, issuer_code=client.organisation_code or "")
        order = ImportOrder(
            type=type,
            actor=f"client:{client.id}",
            file_name=name,
            issuer_code=client.organisation_code,
            sealed=seal,
            dry_run=dry_run,
            mends=mends,
            own_only=True,
        )
        return BatchView.of(services.archives.load(order, rows))


@router.get(
    "/{reference}/report",
    summary="数据质量报告 Quality report",
    response_class=StreamingResponse,
    responses={**_JSON, **responses(401, 403, 404, 422)},
)
def report(services: ServicesDep, client: IssuerDep, reference: ReferencePath) -> StreamingResponse:
    """逐条规则的行数与逐行问题，不含数据内容。Counts by rule and findings by line; nothing that a line says."""
    batch = services.batches.get(reference, issuer_code=client.organisation_code or "")
    reports = services.quality_reports
    return StreamingResponse(reports.json(reports.of(batch)), media_type="application/json")


@router.get(
    "/{reference}/set-aside",
    summary="搁置的行 Lines set aside",
    response_class=StreamingResponse,
    responses={**_CSV, **responses(401, 403, 404, 422)},
)
def set_aside(services: ServicesDep, client: IssuerDep, reference: ReferencePath) -> Response:
    """CSV，含原数据与问题；改好后带 mends 重新提交。As CSV with the data; mended, it is sent again with ``mends``."""
    batch = services.batches.get(reference, issuer_code=client.organisation_code or "")
    if batch.kind is not BatchKind.IMPORT:
        raise BatchUnknownError
    return StreamingResponse(
        csv_lines(services.archives.set_aside(batch)),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{reference}.csv"', "Cache-Control": "no-store"},
    )
