"""Batches to issue and archives to take over: sent as files, followed, stopped, and looked through line by line."""

from __future__ import annotations

import hashlib
import json
from itertools import islice
from pathlib import PurePath
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Path, Query, Request, UploadFile
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse

from api.errors import RequestTooLargeError
from api.languages import language_of
from api.officers import Officer
from api.pages.console.desk import MarkForm, OfficerDep, actor_names, back, new_mark, once, said, show_page
from api.pages.frame import to
from api.pages.words import WORDS
from api.pages.written import LinesForm
from api.problems import status_of
from api.routers.batches import MAX_BYTES, ReferencePath, rows_in
from api.security import ServicesDep
from api.services import Services
from api.sessions import CsrfCheckedDep
from store.errors import YinzhengError
from trust.archives import ImportOrder
from trust.batch import NEXT_STATE, Batch, BatchAct, BatchKind, BatchState, LineState
from trust.batch_loading import BatchOrder
from trust.bulk_errors import BatchSentBeforeError, BatchUnknownError
from trust.result_files import csv_lines, result_csv
from trust.rows import TableForm

router = APIRouter(prefix="/console/batches", dependencies=[CsrfCheckedDep])
_A_PAGE: Final = 100
_MOST: Final = 500
_MOVES: Final = (BatchState.LOADING, BatchState.RUNNING)
BatchActPath = Annotated[BatchAct, Path()]


@router.get("", response_class=HTMLResponse)
def batches(request: Request, services: ServicesDep, officer: OfficerDep) -> HTMLResponse:
    """The latest batches of the body."""
    found = services.batches.latest(issuer_code=officer.organisation_code, limit=_MOST)
    return show_page(request, services, officer, "batches.html", batches=found, type_name=_type_names(services))


@router.get("/new", response_class=HTMLResponse)
def form(request: Request, services: ServicesDep, officer: OfficerDep, mends: str = "") -> HTMLResponse:
    """The form for a file."""
    return _form(request, services, officer, {"mends": mends[:40], "kind": "import" if mends else "issue"})


@router.post("", response_class=HTMLResponse)
def send(
    request: Request,
    services: ServicesDep,
    officer: OfficerDep,
    mark: MarkForm,
    file: UploadFile | None = None,
    kind: Annotated[BatchKind, Form()] = BatchKind.ISSUE,
    type: Annotated[str, Form(max_length=64)] = "",  # noqa: A002
    dry_run: Annotated[str, Form(max_length=1)] = "",
    seal: Annotated[str, Form(max_length=1)] = "",
    mends: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Reads and checks the file; nothing is issued before somebody starts it."""
    given = {"kind": kind.value, "type": type, "dry_run": dry_run, "seal": seal, "mends": mends}
    shape = _shape(file)
    if file is None or shape is None:
        problem = WORDS[language_of(request)]["batch_file_needed"]
        return _form(request, services, officer, given, problem=problem, status=422)
    try:
        batch = _load(services, officer, file, shape, given, mark)
    except BatchSentBeforeError as error:
        return to(f"/console/batches/{error.params['reference']}")
    except YinzhengError as error:
        return _form(request, services, officer, given, problem=said(request, error), status=status_of(error))
    return to(f"/console/batches/{batch.reference}")


@router.get("/{reference}", response_class=HTMLResponse)
def batch(
    request: Request,
    services: ServicesDep,
    officer: OfficerDep,
    reference: ReferencePath,
    result: str = "",
    after: Annotated[int, Query(ge=0, le=2**31)] = 0,
    problem: str | None = None,
    reason: str = "",
    act: BatchAct | None = None,
) -> HTMLResponse:
    """How far a batch is, what can be done, and its lines."""
    found = _own(services, officer, reference)
    name = actor_names(services, officer, language_of(request))
    states = [each for each in LineState if each.value == result] or list(LineState)
    lines = list(islice(services.batches.results(found, states=states, after=after), _A_PAGE + 1))
    rules = services.quality_reports.of(found).rules if found.kind is BatchKind.IMPORT else ()
    return show_page(
        request,
        services,
        officer,
        "batch.html",
        dialog="cancel-batch" if act is BatchAct.CANCEL else None,
        here="/console/batches",
        batch=found,
        moves=found.state in _MOVES,
        acts=[act for state, act in NEXT_STATE if state is found.state],
        result=result if len(states) == 1 else "",
        lines=lines[:_A_PAGE],
        next_after=lines[_A_PAGE - 1].line if len(lines) > _A_PAGE else None,
        first=not after,
        rules=[each for each in rules if each.lines],
        by=name(found.actor),
        cancelled_by=name(found.cancelled_by) if found.cancelled_by else None,
        reason=reason,
        type_name=_type_names(services),
        problem=problem,
    )


@router.get("/{reference}/progress", response_class=JSONResponse)
def progress(request: Request, services: ServicesDep, officer: OfficerDep, reference: ReferencePath) -> dict[str, Any]:
    """How far a batch is, for its page to follow."""
    found = _own(services, officer, reference)
    t = WORDS[language_of(request)]
    return {
        "state": found.state.value,
        "state_words": t[f"batch_{found.state.value}"],
        "finished": found.finished,
        "lines": found.lines,
        "counts": {state.value: count for state, count in found.counts.items()},
    }


@router.post("/{reference}/acts/{act}", response_class=RedirectResponse)
def act_on(
    request: Request,
    services: ServicesDep,
    officer: OfficerDep,
    reference: ReferencePath,
    act: BatchActPath,
    reason: LinesForm = "",
) -> Response:
    """Starts it, pauses it, goes on, or cancels for a reason what was not done yet."""
    body = officer.organisation_code
    try:
        if act is BatchAct.CANCEL:
            services.batches.cancel(reference, actor=officer.actor, reason=reason, issuer_code=body)
        else:
            services.batches.act(reference, act, issuer_code=body)
    except BatchUnknownError:
        raise
    except YinzhengError as error:
        answer = batch(request, services, officer, reference, problem=said(request, error), reason=reason, act=act)
        answer.status_code = status_of(error)
        return answer
    return to(f"/console/batches/{reference}")


@router.get("/{reference}/acts/{act}", response_class=RedirectResponse)
def after_refusal(
    request: Request, services: ServicesDep, officer: OfficerDep, reference: ReferencePath, act: BatchActPath
) -> Response:
    """The batch again."""
    del act
    return back(request, f"/console/batches/{_own(services, officer, reference).reference}")


@router.get("/{reference}/findings.csv", response_class=StreamingResponse)
def findings(services: ServicesDep, officer: OfficerDep, reference: ReferencePath) -> StreamingResponse:
    """Every finding of an import on a line of its own."""
    found = _own(services, officer, reference)
    if found.kind is not BatchKind.IMPORT:
        raise BatchUnknownError
    return _csv(services.quality_reports.csv(found), f"{reference}-findings")


@router.get("/{reference}/result.csv", response_class=StreamingResponse)
def result_file(services: ServicesDep, officer: OfficerDep, reference: ReferencePath) -> StreamingResponse:
    """What became of each line."""
    return _csv(result_csv(services.batches.results(_own(services, officer, reference))), reference)


@router.get("/{reference}/set-aside.csv", response_class=StreamingResponse)
def set_aside(services: ServicesDep, officer: OfficerDep, reference: ReferencePath) -> StreamingResponse:
    """The lines of an import that were set aside, with what they say, to be mended."""
    found = _own(services, officer, reference)
    if found.kind is not BatchKind.IMPORT:
        raise BatchUnknownError
    return _csv(csv_lines(services.archives.set_aside(found)), f"{reference}-set-aside")


def _own(services: Services, officer: Officer, reference: str) -> Batch:
    """A batch of the officer's own body; another's looks like one that does not exist."""
    return services.batches.get(reference, issuer_code=officer.organisation_code)


def _load(
    services: Services, officer: Officer, file: UploadFile, shape: TableForm, given: dict[str, str], mark: str
) -> Batch:
    data = file.file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise RequestTooLargeError(limit=MAX_BYTES)
    digest = hashlib.sha256(json.dumps(given, sort_keys=True).encode() + data).hexdigest()
    common: dict[str, Any] = {
        "type": given["type"],
        "actor": officer.actor,
        "file_name": file.filename or "",
        "issuer_code": officer.organisation_code,
        "dry_run": bool(given["dry_run"]),
        "once": once(officer, mark, digest),
    }
    with rows_in(data, shape) as rows:
        if given["kind"] == BatchKind.ISSUE:
            return services.batch_loading.load(BatchOrder(**common), rows)
        mends = given["mends"] or None
        if mends is not None:
            _own(services, officer, mends)
        order = ImportOrder(**common, sealed=bool(given["seal"]), mends=mends, own_only=True)
        return services.archives.load(order, rows)


def _shape(file: UploadFile | None) -> TableForm | None:
    """The form of a file by its name; None for one that is none of ours, or where there is none."""
    suffix = PurePath(file.filename or "").suffix.lower().removeprefix(".") if file is not None else ""
    return next((each for each in TableForm if each.value == suffix), None)


def _form(
    request: Request,
    services: Services,
    officer: Officer,
    given: dict[str, str],
    *,
    problem: str | None = None,
    status: int = 200,
) -> HTMLResponse:
    blank = dict.fromkeys(("kind", "type", "dry_run", "seal", "mends"), "")
    answer = show_page(
        request,
        services,
        officer,
        "batch_new.html",
        here="/console/batches",
        given={**blank, **given},
        mark=new_mark(),
        types=[each for each in services.catalogue if not each.reference_only],
        problem=problem,
    )
    answer.status_code = status
    return answer


def _type_names(services: Services) -> dict[str, Any]:
    return {each.slug: each for each in services.catalogue}


def _csv(lines: Any, name: str) -> StreamingResponse:
    return StreamingResponse(
        lines,
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store"},
    )
