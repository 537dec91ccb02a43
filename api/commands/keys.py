"""Keys in custody: ``keys``."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from cryptography.hazmat.primitives.serialization import Encoding
from rich.table import Table

from api.commands.common import console, open_services, print_json

keys = typer.Typer(no_args_is_help=True, help="密钥与证书 Keys and certificates.")


@keys.command("list")
def list_keys(as_json: Annotated[bool, typer.Option("--json", help="供程序读取 For programs.")] = False) -> None:
    """列出全部密钥及其证书有效期。List all keys with the validity of their certificates."""
    with open_services() as services:
        overview = services.keys.authority.overview()
    rows: list[dict[str, Any]] = [
        {
            "id": each.key.id,
            "purpose": each.key.purpose.value,
            "algorithm": each.key.algorithm.value,
            "label": each.key.label,
            "certificates": [
                {"serial": item.serial, "not_before": item.not_before, "not_after": item.not_after}
                for item in each.certificates
            ],
        }
        for each in overview
    ]
    if as_json:
        print_json(rows)
        return
    table = Table("编号 id", "用途 purpose", "算法 algorithm", "说明 label", "证书有效期至 certificate until")
    for row in rows:
        until = ", ".join(f"{item['not_after']:%Y-%m-%d}" for item in row["certificates"]) or "—"
        table.add_row(str(row["id"]), row["purpose"], row["algorithm"], row["label"], until)
    console.print(table)


@keys.command("root")
def root() -> None:
    """输出根证书（PEM）。Print the root certificate, the trust anchor of our seals."""
    with open_services() as services:
        typer.echo(services.keys.authority.root.public_bytes(Encoding.PEM).decode(), nl=False)
