"""Service items: ``item``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.check_schemas import ServiceItemView
from api.commands.common import console, open_services, person, print_json, read_json_object

items = typer.Typer(no_args_is_help=True, help="政务服务事项与材料清单 Service items and their materials.")


@items.command("publish")
def publish(files: Annotated[list[Path], typer.Argument(help="事项定义 Definitions, as JSON.")]) -> None:
    """发布事项，或发布其新版本；内容未变则不产生新版本。Publish items, or new versions of them."""
    with open_services() as services:
        for file in files:
            item = services.service_items.publish(read_json_object(file), actor=person())
            console.print(f"{item.code}  v{item.version}  {item.name.zh} {item.name.en}")


@items.command("list")
def show_all(as_json: Annotated[bool, typer.Option("--json", help="供程序读取 For programs.")] = False) -> None:
    """列出事项。List the items."""
    with open_services() as services:
        found = services.service_items.all()
    if as_json:
        print_json([ServiceItemView.of(each).model_dump() for each in found])
        return
    for each in found:
        law = "  依法无需授权 without consent by law" if each.without_consent is not None else ""
        console.print(f"{each.code}  v{each.version}  {each.name.zh} {each.name.en}{law}")
