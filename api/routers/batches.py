"""For departments that issue many licences at once (批量签发)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from itertools import islice
from pathlib import Path as FilePath
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Query, Request
from fastapi.responses import StreamingResponse

from api.batch_schemas import BatchView, LineView
from api.clients import Client, Scope
from api.errors import RequestInvalidError, RequestTooLargeError
from api.problems import responses
from api.schemas import ReasonRequest
from api.security import ServicesDep, client_with
from api.services import Services
from trust.batch import Batch, BatchAct, LineState
from trust.batch_loading import BatchOrder
from trust.bulk_errors import TableTooLargeError
from trust.result_files import result_csv
from trust.rows import Row, TableForm, read_rows

router = APIRouter(prefix="/v1/batches", tags=["批量签发 Batches"])

MAX_BYTES = 32 * 1024 * 1024
MAX_LINES = 20_000
"""A file is checked while the request waits; larger ones go by the command line."""

_FORMS = {
    "text/csv": TableForm.CSV,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": TableForm.XLSX,
    "application/x-ndjson": TableForm.JSONL,
}
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {each: {"schema": {"type": "string", "format": "binary"}} for each in _FORMS},
    }
}
_CSV: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}

IssuerDep = Annotated[Client, Depends(client_with(Scope.ISSUE))]
REFERENCE = r"^[0-9A-Z-]{1,40}$"
ReferencePath = Annotated[str, Path(pattern=REFERENCE, examples=["20261123-7H2K9QZ4MX"])]


@router.post(
    "",
    status_code=201,
    summary="提交批次 Send a batch",
    openapi_extra=BODY,
    responses=responses(401, 403, 404, 409, 413, 422),
)
def send(
    request: Request,
    services: ServicesDep,
    client: IssuerDep,
    type: Annotated[str, Query(max_length=64, description="Slug or code of the licence type.")],  # noqa: A002
    data: Annotated[bytes, Body(media_type="text/csv")] = b"",
    issue_date: Annotated[date | None, Query(description="颁发日期; the day of issuing where it is left out.")] = None,
    dry_run: Annotated[bool, Query(description="Only check; nothing can be issued from it.")] = False,
    name: Annotated[str, Query(max_length=200, description="Name of the file, for the records.")] = "",
) -> BatchView:
    """请求体即 CSV、XLSX 或 JSON Lines 文件。整个文件校验完毕后返回：全部合格为 ready，可以开始；有误为 refused，不会
    签发任何一份。

    The body is the file. It is checked as a whole before the answer: ``ready`` can be started, of ``refused`` nothing
    will be issued. See ``/lines`` for what was found.
    """
    order = BatchOrder(
        type=type,
        actor=f"client:{client.id}",
        file_name=name,
        issuer_code=client.organisation_code,
        issue_date=issue_date,
        dry_run=dry_run,
    )
    with sent_rows(request, data) as rows:
        return BatchView.of(services.batch_loading.load(order, rows))


@router.get("", summary="批次列表 Batches", responses=responses(401, 403))
def latest(services: ServicesDep, client: IssuerDep) -> list[BatchView]:
    """本机构最近的 50 个批次。The latest 50 of the client's body."""
    return [BatchView.of(each) for each in services.batches.latest(issuer_code=client.organisation_code)]


@router.get("/{reference}", summary="批次进度 One batch", responses=responses(401, 403, 404, 422))
def look_up(services: ServicesDep, client: IssuerDep, reference: ReferencePath) -> BatchView:
    """批次的状态与各结果的行数。Its state, and how many lines have which result."""
    return BatchView.of(_own(services, client, reference))


@router.get("/{reference}/lines", summary="逐行结果 Lines", responses=responses(401, 403, 404, 422))
def lines(
    services: ServicesDep,
    client: IssuerDep,
    reference: ReferencePath,
    result: Annotated[list[LineState] | None, Query(description="Only lines with these results.")] = None,
    after: Annotated[int, Query(ge=0, le=2**31, description="Only lines after this one.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[LineView]:
    """按行号顺序。In the order of the file; for the next page, give the last line's number as ``after``."""
    found = services.batches.results(_own(services, client, reference), states=tuple(result or LineState), after=after)
    return [LineView.of(each) for each in islice(found, limit)]


@router.get(
    "/{reference}/result",
    summary="结果文件 Result file",
    response_class=StreamingResponse,
    responses={**_CSV, **responses(401, 403, 404, 422)},
)
def result_file(services: ServicesDep, client: IssuerDep, reference: ReferencePath) -> StreamingResponse:
    """CSV，输入文件每行对应一行。As CSV, one line for each line of the input."""
    found = services.batches.results(_own(services, client, reference))
    return StreamingResponse(
        result_csv(found),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{reference}.csv"', "Cache-Control": "no-store"},
    )


@router.post("/{reference}/start", summary="开始 Start", responses=responses(401, 403, 404, 409, 422))
def start(services: ServicesDep, client: IssuerDep, reference: ReferencePath) -> BatchView:
    """由后台任务签发。The workers issue it."""
    return _act(services, client, reference, BatchAct.START)


@router.post("/{reference}/pause", summary="暂停 Pause", responses=responses(401, 403, 404, 409, 422))
def pause(services: ServicesDep, client: IssuerDep, reference: ReferencePath) -> BatchView:
    """正在办理的几行办完即停。Stops after the lines that are being done."""
    return _act(services, client, reference, BatchAct.PAUSE)


@router.post("/{reference}/resume", summary="恢复 Resume", responses=responses(401, 403, 404, 409, 422))
def resume(services: ServicesDep, client: IssuerDep, reference: ReferencePath) -> BatchView:
    """继续办理。Goes on."""
    return _act(services, client, reference, BatchAct.RESUME)


@router.post("/{reference}/cancel", summary="取消 Cancel", responses=responses(401, 403, 404, 409, 422))
def cancel(services: ServicesDep, client: IssuerDep, reference: ReferencePath, body: ReasonRequest) -> BatchView:
    """此后不再签发，已签发的保留；须写明理由。Issues nothing from now on; what was issued stays. It needs a reason."""
    actor, issuer_code = f"client:{client.id}", client.organisation_code or ""
    return BatchView.of(services.batches.cancel(reference, actor=actor, reason=body.reason, issuer_code=issuer_code))


def _own(services: Services, client: Client, reference: str) -> Batch:
    """A batch of the client's own body; another's looks like one that does not exist."""
    return services.batches.get(reference, issuer_code=client.organisation_code or "")


def _act(services: Services, client: Client, reference: str, act: BatchAct) -> BatchView:
    return BatchView.of(services.batches.act(reference, act, issuer_code=client.organisation_code or ""))


@contextmanager
def sent_rows(request: Request, data: bytes) -> Iterator[Iterator[Row]]:
    """The rows of a file that is the body of a request, by the type that it was sent with.

    :raises RequestTooLargeError: it is larger than is taken here.
    :raises RequestInvalidError: it was sent as something else.
    :raises TableTooLargeError: there are more rows than are taken here; when they are read.
    """
    form = _table_form(request, data)
    with rows_in(data, form) as rows:
        yield rows


@contextmanager
def rows_in(data: bytes, form: TableForm) -> Iterator[Iterator[Row]]:
    """The rows of a file. Raises :class:`TableTooLargeError` like :func:`sent_rows`."""
    with TemporaryDirectory(prefix="yinzheng-rows-") as directory:
        path = FilePath(directory) / "data"
        path.write_bytes(data)
        yield _few(read_rows(path, form))


def _table_form(request: Request, data: bytes) -> TableForm:
    if len(data) > MAX_BYTES:
        raise RequestTooLargeError(limit=MAX_BYTES)
    form = _FORMS.get(request.headers.get("content-type", "").split(";")[0].strip().lower())
    if form is None:
        raise RequestInvalidError(problem=f"Content-Type: {', '.join(_FORMS)}")
    return form


def _few(rows: Iterator[Row]) -> Iterator[Row]:
    for count, row in enumerate(rows):
        if count == MAX_LINES:
            raise TableTooLargeError(limit_zh=f"{MAX_LINES} 行", limit_en=f"{MAX_LINES} lines")
        yield row
