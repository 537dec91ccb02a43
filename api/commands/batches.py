"""Issuing in bulk at the command line: ``batch``."""

from __future__ import annotations

import multiprocessing
import signal
import time
from contextlib import suppress
from datetime import UTC, datetime
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Annotated, Any

import typer

from api.commands.common import ReasonOption, console, open_services, person, print_json, write_text
from api.commands.licences import JsonOption
from api.commands.progress import progress
from api.services import Services
from store.database import DatabaseUnavailableError
from trust.batch import Batch, BatchAct, BatchState, LineState
from trust.batch_loading import BatchOrder
from trust.bulk_errors import BatchActRefusedError
from trust.result_files import result_csv, result_jsonl
from trust.rows import TableForm, existing_file, read_rows

batch = typer.Typer(no_args_is_help=True, help="批量签发 Issuing in bulk.")

ReferenceArgument = Annotated[str, typer.Argument(help="批次号 Reference of the batch.")]
ResultOption = Annotated[
    Path | None, typer.Option("--result", help="结果文件，.csv 或 .jsonl Where to put the results, .csv or .jsonl.")
]
ProcessesOption = Annotated[int, typer.Option(min=1, max=64, help="同时办理的进程数 Processes that work at once.")]
DetachOption = Annotated[
    bool, typer.Option("--detach", help="交后台任务（yinzheng worker）办理 Leave the work to the workers.")
]
_LOOK_SECONDS = 0.5


@batch.command()
def issue(
    file: Annotated[Path, typer.Argument(help="数据文件：.csv、.xlsx 或 .jsonl The file of data.")],
    type: Annotated[str, typer.Option(help="证照类型 Slug or 21-character code of the type.")],  # noqa: A002
    issuer: Annotated[str | None, typer.Option(help="发证机关统一社会信用代码 The issuer's code.")] = None,
    issue_date: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="颁发日期，默认当日 Issue date; today by default.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只校验，不签发 Only check.")] = False,
    result: ResultOption = None,
    processes: ProcessesOption = 1,
    detach: DetachOption = False,
    as_json: JsonOption = False,
) -> None:
    """逐行校验整个文件，全部合格后签发。Check a whole file of licences, and issue them when every line is sound."""
    form = TableForm.of(existing_file(file))
    with open_services() as services:
        order = BatchOrder(
            type=type,
            actor=person(),
            file_name=file.name,
            issuer_code=issuer,
            issue_date=issue_date.replace(tzinfo=UTC).date() if issue_date else None,
            dry_run=dry_run,
        )
        with progress("校验 checking") as told:
            loaded = services.batch_loading.load(order, read_rows(file, form), told=told)
        if loaded.state is BatchState.READY:
            loaded = services.batches.act(loaded.reference, BatchAct.START)
            if not detach:
                loaded = work_through(services, loaded, processes)
        conclude(services, loaded, result, as_json=as_json)


@batch.command("list")
def list_batches(as_json: JsonOption = False) -> None:
    """最近的批次。The latest batches."""
    with open_services() as services:
        found = services.batches.latest()
    if as_json:
        print_json([summary(each) for each in found])
        return
    for each in found:
        console.print(
            f"{each.reference}  {each.kind.zh}  {each.type_slug}  {each.state.zh}  {each.finished}/{each.lines}"
        )


@batch.command()
def status(reference: ReferenceArgument, as_json: JsonOption = False) -> None:
    """批次的进度。How far a batch is."""
    with open_services() as services:
        _show(services.batches.get(reference), as_json=as_json)


@batch.command()
def start(reference: ReferenceArgument, as_json: JsonOption = False) -> None:
    """开始办理已校验的批次。Have a checked batch done by the workers."""
    _act(reference, BatchAct.START, as_json=as_json)


@batch.command()
def pause(reference: ReferenceArgument, as_json: JsonOption = False) -> None:
    """暂停：正在办理的几行办完即停。Stop after the lines that are being done."""
    _act(reference, BatchAct.PAUSE, as_json=as_json)


@batch.command()
def resume(
    reference: ReferenceArgument,
    result: ResultOption = None,
    processes: ProcessesOption = 1,
    detach: DetachOption = False,
    as_json: JsonOption = False,
) -> None:
    """恢复办理，也可继续被中断的批次。Go on with a paused batch, or with one whose command was interrupted."""
    with open_services() as services:
        found = services.batches.get(reference)
        if found.state is not BatchState.RUNNING:
            found = services.batches.act(reference, BatchAct.RESUME)
        if not detach:
            found = work_through(services, found, processes)
        conclude(services, found, result, as_json=as_json)


@batch.command()
def cancel(reference: ReferenceArgument, reason: ReasonOption, as_json: JsonOption = False) -> None:
    """取消：此后不再签发，已签发的保留。Issue nothing from now on; what was issued stays."""
    with open_services() as services:
        _show(services.batches.cancel(reference, actor=person(), reason=reason), as_json=as_json)


@batch.command("result")
def result_file(
    reference: ReferenceArgument,
    out: Annotated[Path, typer.Option(help="结果文件，.csv 或 .jsonl Where to put the results, .csv or .jsonl.")],
) -> None:
    """导出结果文件，每行一条。Write one line for each line of the input."""
    with open_services() as services:
        _write_result(services, services.batches.get(reference), out)
    console.print(str(out))


def work_through(services: Services, found: Batch, processes: int) -> Batch:
    """Do the lines of a running batch here, with helpers, until it is done; an interruption pauses it."""
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    helpers = [context.Process(target=_help, args=(found.reference, stop), daemon=True) for _ in range(processes - 1)]
    for helper in helpers:
        helper.start()
    try:
        with progress(f"{found.kind.zh} {found.reference}", found.lines) as told:
            while found.state is BatchState.RUNNING:
                looked_at = time.monotonic()
                while time.monotonic() - looked_at < _LOOK_SECONDS:
                    if not services.batch_worker.run_once(reference=found.reference):
                        time.sleep(0.1)
                        break
                found = services.batches.get(found.reference)
                told(found.finished)
    except KeyboardInterrupt:
        with suppress(BatchActRefusedError):
            services.batches.act(found.reference, BatchAct.PAUSE)
    finally:
        stop.set()
        for helper in helpers:
            helper.join()
    return services.batches.get(found.reference)


def conclude(services: Services, found: Batch, result: Path | None, *, as_json: bool) -> None:
    """Show how a batch stands, write its results, and end with status 1 when not every line is well."""
    if result is not None:
        _write_result(services, found, result)
    _show(found, as_json=as_json)
    bad = found.counts.get(LineState.UNSOUND, 0) + found.counts.get(LineState.FAILED, 0)
    if bad or found.state in (BatchState.REFUSED, BatchState.PAUSED, BatchState.CANCELLED):
        raise typer.Exit(1)


def summary(found: Batch) -> dict[str, Any]:
    """A batch for a program to read."""
    return {
        "reference": found.reference,
        "kind": found.kind.value,
        "type": found.type_slug,
        "state": found.state.value,
        "state_zh": found.state.zh,
        "state_reason": found.state_reason,
        "lines": found.lines,
        "counts": {state.value: count for state, count in found.counts.items()},
        "created_at": found.created_at,
        "ended_at": found.ended_at,
        "cancellation_reason": found.cancellation_reason,
    }


def _help(reference: str, stop: Event) -> None:
    """What a helping process does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with open_services() as services:
        while not stop.is_set():
            try:
                if not services.batch_worker.run_once(reference=reference):
                    stop.wait(0.2)
            except DatabaseUnavailableError:
                stop.wait(1)


def _act(reference: str, act: BatchAct, *, as_json: bool) -> None:
    with open_services() as services:
        _show(services.batches.act(reference, act), as_json=as_json)


def _write_result(services: Services, found: Batch, out: Path) -> None:
    results = services.batches.results(found)
    write_text(out, result_jsonl(results) if TableForm.of(out) is TableForm.JSONL else result_csv(results))


def _show(found: Batch, *, as_json: bool) -> None:
    if as_json:
        print_json(summary(found))
        return
    reason = f"（{found.state_reason}）" if found.state_reason else ""
    console.print(f"批次 batch {found.reference}：{found.state.zh} {found.state.value}{reason}")
    counts = [f"{state.zh} {state.value} {found.counts[state]}" for state in LineState if found.counts.get(state)]
    console.print(f"共 {found.lines} 行 lines：{'，'.join(counts)}")
