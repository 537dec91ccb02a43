"""Scheduled work and jobs that were given up: ``jobs``."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer
from rich.table import Table

from api.commands.common import console, errors, open_services, print_json
from api.job_schemas import ScheduledJobView

jobs = typer.Typer(no_args_is_help=True, help="定时任务 Scheduled work.")

JsonOption = Annotated[bool, typer.Option("--json", help="供程序读取 For programs.")]


@jobs.command("list")
def list_jobs(as_json: JsonOption = False) -> None:
    """列出全部定时任务：做什么、何时到期、上次如何结束、用时。List all jobs: what, when due, how the last run ended."""
    with open_services() as services:
        found = services.schedule.overview()
    if as_json:
        print_json([ScheduledJobView.of(each).model_dump() for each in found])
        return
    table = Table("名称 name", "做什么 what", "下次 due", "上次 last run", "结果 result", "用时 s", "件数 done")
    for each in found:
        took = ScheduledJobView.of(each).seconds
        result = f"{each.outcome.zh} {each.outcome.value}" + (f"\n{each.error}" if each.error else "")
        table.add_row(
            each.job.name,
            f"{each.job.zh}\n{each.job.en}",
            "持续 always" if each.job.shared else _moment(each.due_at) or "立即 now",
            _moment(each.started_at) or "—",
            result,
            "—" if took is None else f"{took:.1f}",
            "—" if each.done is None else str(each.done),
        )
    console.print(table)


@jobs.command("run")
def run(name: Annotated[str, typer.Argument(help="任务名称 Name of the job.")], as_json: JsonOption = False) -> None:
    """立即运行一项任务；正在别处运行的不重复运行。Run a job now, unless it is running elsewhere. Exit 1 if it fails."""
    with open_services() as services:
        done = services.schedule.run(name)
    seconds = (done.ended_at - done.started_at).total_seconds()
    if as_json:
        print_json({"name": name, "done": done.done, "seconds": seconds, "error": done.error})
    elif done.error is None:
        console.print(f"已完成 done: {name}，{done.done} 件，{seconds:.1f} s")
    else:
        errors.print(f"[bold red]失败 failed[/] {name} \\[{done.error}]，详情见日志 see the log")
    if done.error is not None:
        raise typer.Exit(1)


@jobs.command("dead")
def list_dead(as_json: JsonOption = False) -> None:
    """列出尝试多次仍失败、已放弃的后台任务。List the jobs of the outbox that were given up."""
    with open_services() as services:
        found = services.outbox.dead(limit=1000)
    if as_json:
        print_json(
            [{"job": each.id, "topic": each.topic, "error": each.last_error, "dead_at": each.dead_at} for each in found]
        )
        return
    for each in found:
        console.print(f"{each.id}  {each.topic}  {each.attempts} ×  {each.last_error}  {_moment(each.dead_at)}")


@jobs.command("retry")
def retry(job: Annotated[int, typer.Argument(help="任务编号，见 jobs dead Number of the job, see jobs dead.")]) -> None:
    """让已放弃的任务重新开始。Let a job that was given up be tried anew."""
    with open_services() as services:
        revived = services.outbox.revive(job)
    console.print("已重新排队 queued again" if revived else "没有此任务 there is none")
    raise typer.Exit(0 if revived else 1)


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}" if at is not None else ""
