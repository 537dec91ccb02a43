"""Examining what the service keeps: ``doctor``."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.markup import escape

from api.commands.common import console, errors, open_services, print_json
from api.commands.progress import Told, progress
from api.doctor import Diagnosis, DoctorOrder
from store.errors import YinzhengError
from store.findings import Finding, Severity

_FOUND, _COULD_NOT_LOOK = 1, 2
_PARTS_ZH: Final = {
    "keys": "密钥",
    "certificates": "服务证书",
    "seal certificates": "印章证书",
    "log": "透明日志",
    "seals": "印章",
    "uses": "用印记录",
    "register": "登记簿",
    "status lists": "状态列表",
    "jobs": "后台任务",
    "wallets": "卡包",
    "files": "证照文件",
    "other files": "历史文件与扫描件",
    "objects": "对象存储",
}
_COLOURS: Final = {Severity.DAMAGE: "bold red", Severity.WARNING: "yellow", Severity.NOTICE: "dim"}


def doctor(
    checkpoint: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="外部保存的检查点或审计状态文件 Checkpoint or audit state kept outside."),
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="只抽查 N 份证照的文件 Files of N licences only, chosen at random."),
    ] = None,
    within: Annotated[int, typer.Option(metavar="DAYS", min=0, help="证书到期提醒天数 Certificates ending soon.")] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="供程序读取 For programs.")] = False,
) -> None:
    """体检：核对密钥、日志、印章及用印、登记簿、状态列表、卡包与全部文件，不作任何改动。

    Examine keys, log, seals and their uses, register, status lists, jobs, wallets and every file, and change nothing.
    The service may go on meanwhile. Exit 0 sound, 1 something was found, 2 something could not be looked at.
    """
    order = DoctorOrder(checkpoint, sample, timedelta(days=within))
    try:
        with open_services() as services, ExitStack() as shown:
            found = services.doctor.examine(order, told=_Progress(shown))
    except YinzhengError as error:
        _tell_failure(error, as_json=as_json)
        raise typer.Exit(_COULD_NOT_LOOK) from None
    if as_json:
        print_json(_as_json(found))
    else:
        _tell(found)
    if found.unlooked:
        raise typer.Exit(_COULD_NOT_LOOK)
    if not found.sound:
        raise typer.Exit(_FOUND)


class _Progress:
    """Shows how far each part is, one after the other."""

    def __init__(self, shown: ExitStack) -> None:
        self._shown = shown
        self._part = ""
        self._told: Told | None = None

    def __call__(self, part: str, count: int) -> None:
        if part != self._part or self._told is None:
            self._shown.close()
            self._part = part
            self._told = self._shown.enter_context(progress(f"{_PARTS_ZH[part]} {part}"))
        self._told(count)


def _tell(found: Diagnosis) -> None:
    for finding in found.findings:
        kind = finding.kind
        title = f"{kind.severity.zh} {kind.severity.value}"
        console.print(f"[{_COLOURS[kind.severity]}]{title}[/] \\[{kind.code}] {escape(finding.where)}")
        for line in (finding.message_zh, finding.message_en, f"→ {kind.next_zh}", f"→ {kind.next_en}"):
            console.print(f"   {escape(line)}")
    kept = sum(1 for _ in found.findings)
    counted = sum(found.findings.counts.values())
    if kept < counted:
        console.print(f"另有 {counted - kept} 项未逐一列出 and {counted - kept} more of these kinds")
    for each in found.unlooked:
        part = f"{_PARTS_ZH[each.part]} {each.part}"
        errors.print(f"[bold red]未能检查 could not look at[/] {part}: \\[{each.error.code}]")
        errors.print(f"   {escape(each.error.message_zh)}\n   {escape(each.error.message_en)}")
    known = found.known
    if known is None:
        console.print("日志为空 the log is empty")
    else:
        source = "数据库中的最后一个 the last one on record" if known.source == "ledger_head" else known.source
        console.print(f"检查点 checkpoint: {source}，{known.size} 条 leaves，{known.root.hex()[:16]}…")
    seconds = sum(found.looked.values())
    if found.sound:
        console.print(f"[bold green]一切正常 all is sound[/]（{seconds:.1f} s）")
    else:
        console.print(f"发现 {counted} 项 found {counted}（{seconds:.1f} s）")


def _tell_failure(error: YinzhengError, *, as_json: bool) -> None:
    if as_json:
        print_json({"sound": False, "findings": [], "unlooked": [{"part": "all", **_error_json(error)}]})
        return
    errors.print(f"[bold red]未能检查 could not look[/] {error.message_zh}\n{error.message_en} \\[{error.code}]")


def _as_json(found: Diagnosis) -> dict[str, object]:
    known = found.known
    return {
        "sound": found.sound,
        "checkpoint": known and {"source": known.source, "size": known.size, "root": known.root.hex()},
        "looked": [{"part": part, "seconds": round(seconds, 3)} for part, seconds in found.looked.items()],
        "unlooked": [{"part": each.part, **_error_json(each.error)} for each in found.unlooked],
        "counts": {kind.code: count for kind, count in found.findings.counts.items()},
        "findings": [_finding_json(each) for each in found.findings],
    }


def _finding_json(each: Finding) -> dict[str, object]:
    return {
        "code": each.kind.code,
        "severity": each.kind.severity.value,
        "where": each.where,
        "message_zh": each.message_zh,
        "message_en": each.message_en,
        "next_zh": each.kind.next_zh,
        "next_en": each.kind.next_en,
    }


def _error_json(error: YinzhengError) -> dict[str, object]:
    return {"code": error.code, "message_zh": error.message_zh, "message_en": error.message_en}
