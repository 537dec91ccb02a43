"""Organisations and their seals: ``seal``."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from api.commands import esl
from api.commands.common import console, open_services, print_json
from api.schemas import SealView
from seal import Move, Organisation, SealApplication

seal = typer.Typer(no_args_is_help=True, help="机构与印章 Organisations and seals.")

NumberArgument = Annotated[str, typer.Argument(help="印章编号 Number of the seal.")]
OfficerOption = Annotated[str, typer.Option(help="经办人 The officer who acts.")]
ReasonOption = Annotated[str, typer.Option(help="理由，将记录在案 Reason; goes on record.")]

seal.command("inspect")(esl.inspect)


@seal.command("owner")
def owner(
    code: Annotated[str, typer.Argument(help="统一社会信用代码 Unified social credit code.")],
    name: Annotated[str, typer.Option(help="全称 Full name in Chinese; stands on its seals.")],
    english: Annotated[str, typer.Option(help="英文名称 Name in English.")],
    region: Annotated[str, typer.Option(help="行政区划代码 Region, GB/T 2260.")],
) -> None:
    """登记机构。Enrol an organisation."""
    with open_services() as services:
        services.organisations.enrol(Organisation(code, name, english, region))
    console.print(f"已登记 enrolled: {name} {code}")


@seal.command("apply")
def apply(
    organisation: Annotated[str, typer.Option(help="机构统一社会信用代码 Code of the owner.")],
    licence_type: Annotated[
        list[str], typer.Option(help="可用印的证照类型 Types of licence; may be given several times.")
    ],
    officer: OfficerOption,
    reason: ReasonOption,
    purpose: Annotated[str | None, typer.Option(help="专用章名称 Purpose line of a special-purpose seal.")] = None,
    diameter: Annotated[float, typer.Option(help="直径（毫米） Diameter in millimetres.")] = 42.0,
) -> None:
    """申请印章，须由另一名经办人审批。Apply for a seal; a second officer has to approve."""
    with open_services() as services:
        slugs = [services.catalogue.get(each).slug for each in licence_type]
        request = services.seals.apply(
            SealApplication(organisation, slugs, purpose, diameter), officer=officer, reason=reason
        )
    console.print(f"已申请 applied: 印章 seal {request.seal_number}，申请号 request {request.id}")


@seal.command("request")
def request_move(number: NumberArgument, move: Move, officer: OfficerOption, reason: ReasonOption) -> None:
    """申请解冻或注销，须由另一名经办人审批。Ask for a thaw or a cancellation; a second officer has to approve."""
    with open_services() as services:
        request = services.seals.request(number, move, officer=officer, reason=reason)
    console.print(f"已申请 requested: {move.zh}，申请号 request {request.id}")


@seal.command("approve")
def approve(request: Annotated[int, typer.Argument(help="申请号 Request.")], officer: OfficerOption) -> None:
    """审批通过并执行。Approve a request and carry it out."""
    with open_services() as services:
        found = services.seals.approve(request, officer=officer)
    console.print(f"印章 seal {found.number}: {found.state.zh} ({found.state.value})")


@seal.command("reject")
def reject(request: Annotated[int, typer.Argument(help="申请号 Request.")], officer: OfficerOption) -> None:
    """驳回申请。Turn down a request."""
    with open_services() as services:
        found = services.seals.reject(request, officer=officer)
    console.print(f"印章 seal {found.number}: {found.state.zh} ({found.state.value})")


@seal.command("freeze")
def freeze(number: NumberArgument, officer: OfficerOption, reason: ReasonOption) -> None:
    """立即冻结印章。Stop a seal at once."""
    with open_services() as services:
        found = services.seals.freeze(number, officer=officer, reason=reason)
    console.print(f"印章 seal {found.number}: {found.state.zh} ({found.state.value})")


@seal.command("list")
def list_seals(as_json: Annotated[bool, typer.Option("--json", help="供程序读取 For programs.")] = False) -> None:
    """列出全部印章。List all seals."""
    with open_services() as services:
        found = services.seals.all()
    if as_json:
        print_json([SealView.of(each).model_dump() for each in found])
        return
    table = Table("编号 number", "印文 name", "专用 purpose", "状态 state")
    for each in found:
        table.add_row(each.number, each.name, each.purpose or "—", f"{each.state.zh} {each.state.value}")
    console.print(table)


@seal.command("uses")
def uses(
    number: NumberArgument, as_json: Annotated[bool, typer.Option("--json", help="供程序读取 For programs.")] = False
) -> None:
    """列出用印记录。List the uses of a seal, newest first."""
    with open_services() as services:
        services.seals.get(number)
        found = services.sealer.uses(number)
    if as_json:
        print_json([each.__dict__ for each in found])
        return
    table = Table("时间 at (UTC)", "申请方 caller", "证照 document", "结果 result")
    for each in found:
        result = each.result or "中断 cut short"
        table.add_row(
            f"{each.at:%Y-%m-%d %H:%M:%S}", each.caller, each.document_identifier, f"{result} {each.reason_code or ''}"
        )
    console.print(table)
