"""Data keys of encrypted personal data: ``keys data``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from api.commands.common import console, errors, open_services, print_json
from api.commands.progress import progress

data = typer.Typer(no_args_is_help=True, help="加密个人信息的数据密钥 Data keys of encrypted personal data.")

JsonOption = Annotated[bool, typer.Option("--json", help="供程序读取 For programs.")]


@data.command("list")
def list_keys(as_json: JsonOption = False) -> None:
    """列出数据密钥及各加密多少字段。List the data keys, and how many fields each of them encrypts."""
    with open_services() as services:
        found = services.field_keys.all()
    if as_json:
        print_json([asdict(each) for each in found])
        return
    table = Table("编号 id", "生成 made", "停用 retired", "现用 current", "字段数 fields")
    for each in found:
        retired = f"{each.retired_at:%Y-%m-%d}" if each.retired_at is not None else "—"
        current = "✓" if each.current else "—"
        table.add_row(str(each.id), f"{each.created_at:%Y-%m-%d}", retired, current, str(each.fields))
    console.print(table)


@data.command("new")
def new() -> None:
    """生成新的数据密钥，各进程半分钟内改用它。Make a new data key; processes take to it within half a minute."""
    with open_services() as services:
        made = services.field_keys.make()
    console.print(f"已生成 made: 数据密钥 data key {made}")


@data.command("reencrypt")
def reencrypt(
    batch: Annotated[int, typer.Option(min=1, max=10_000, help="每个事务的行数 Rows in one transaction.")] = 200,
    as_json: JsonOption = False,
) -> None:
    """以最新的数据密钥重新加密全部字段；服务照常运行，中断后重新运行即可。

    Encrypt all fields again under the newest data key, while the service runs; broken off, run it again.
    """
    with open_services() as services:
        field_keys = services.field_keys
        with progress("重新加密 encrypting again", field_keys.remaining()) as told:
            came = field_keys.reencrypt(batch=batch, told=told)
    if as_json:
        print_json(asdict(came))
    else:
        console.print(f"已重新加密 encrypted again: {came.done}，尚余 remaining: {came.remaining}")
    if came.damaged:
        errors.print(f"无法解密，请从备份恢复 do not decrypt, restore from a back-up: {', '.join(came.damaged)}")
    elif came.remaining:
        errors.print("其余行正被占用，请稍后再次运行 rows are held by others; run it again later")
    if came.remaining:
        raise typer.Exit(1)


@data.command("retire")
def retire(key: Annotated[int, typer.Argument(help="数据密钥编号 Number of the data key, see list.")]) -> None:
    """停用并销毁一把不再使用的旧数据密钥，不可恢复。Retire an earlier data key that nothing uses, and destroy it."""
    with open_services() as services:
        services.field_keys.retire(key)
    console.print(f"已停用并销毁 retired and destroyed: 数据密钥 data key {key}")
