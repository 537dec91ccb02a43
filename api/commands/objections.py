"""Objections of holders to checks, for the operator: ``objection``."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from api.commands.common import console, open_services, person, print_json
from api.look_schemas import ObjectionFiguresView, ObjectionView
from verify.objections import ObjectionState

objection = typer.Typer(no_args_is_help=True, help="持证人对查验的异议 Objections of holders to checks.")

Json = Annotated[bool, typer.Option("--json", help="供程序读取 For programs.")]


@objection.command("list")
def show_all(
    state: Annotated[ObjectionState | None, typer.Option(help="只列此状态 Only those in this state.")] = None,
    as_json: Json = False,
) -> None:
    """列出各单位收到的异议及其联系方式。List the objections to all bodies' checks, with whom to call there."""
    with open_services() as services:
        names = services.names()
        found = [ObjectionView.of(each, names) for each in services.objections.all(state=state)]
    if as_json:
        print_json([each.model_dump(mode="json") for each in found])
        return
    for each in found:
        console.print(f"{each.number}  {each.state.value}  {escape(each.look.by)}  {escape(each.contact or '—')}")
        console.print(f"    {each.look.at:%Y-%m-%d %H:%M}  {each.look.identifier}  截止 due {each.due_at:%Y-%m-%d}")


@objection.command("answer")
def answer(
    number: Annotated[str, typer.Argument(help="异议编号 Number of the objection.")],
    text: Annotated[str, typer.Option(help="答复 The answer.")],
) -> None:
    """由运营者答复。Answer for the operator."""
    with open_services() as services:
        answered = services.objections.answer(number, text, actor=person())
    console.print(f"{answered.number}  {answered.state.value}")


@objection.command("figures")
def figures(
    body: Annotated[str | None, typer.Option(help="统一社会信用代码 Of one body only.")] = None, as_json: Json = False
) -> None:
    """办理情况：数量、逾期、平均答复用时。How objections are dealt with."""
    with open_services() as services:
        found = ObjectionFiguresView.of(services.objections.figures(body))
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    for state, count in found.counts.items():
        console.print(f"{state.value}  {count}")
    console.print(f"逾期 overdue  {found.overdue}")
    if found.mean_hours_to_answer is not None:
        console.print(f"平均答复小时 mean hours to answer  {found.mean_hours_to_answer}")
