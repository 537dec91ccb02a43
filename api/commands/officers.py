"""Officers of bodies, who sign in to the service's pages: ``officer``."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from api.commands.common import console, open_services, person, print_json
from api.errors import RequestInvalidError
from api.officers import Role

officer = typer.Typer(no_args_is_help=True, help="工作人员：谁为哪个机构办理何事 Officers, their bodies and roles.")

Reference = Annotated[str, typer.Argument(help="工作人员编号 Reference of the officer.")]
Roles = Annotated[list[Role], typer.Option("--role", help="岗位，可多次给出 A role; give it several times.")]


@officer.command("add")
def add(
    body: Annotated[str, typer.Option(help="机构统一社会信用代码 Code of the body.")],
    name: Annotated[str, typer.Option(help="姓名 Name.")],
    role: Roles,
    id_number: Annotated[
        str | None, typer.Option(help="居民身份证号码，或由标准输入给出：- Citizen identity number, or - to be asked.")
    ] = None,
    subject: Annotated[str | None, typer.Option(help="身份提供方对此人的标识（sub）The provider's sub.")] = None,
) -> None:
    """登记工作人员。一人同一时间只在一个机构任职。Register an officer; one person serves one body at a time."""
    if id_number == "-":
        id_number = str(typer.prompt("居民身份证号码 ID number", hide_input=True))
    with open_services() as services:
        issuer = services.settings.oidc_issuer
        if subject is not None and issuer is None:
            raise RequestInvalidError(problem="--subject needs YINZHENG_OIDC_ISSUER")
        known = (issuer, subject) if issuer is not None and subject is not None else None
        made = services.officers.add(body, name, role, citizen_id=id_number, subject=known, actor=person())
    console.print(f"已登记 registered: {made.reference}")


@officer.command("list")
def show_all(
    body: Annotated[str | None, typer.Option(help="统一社会信用代码 Of one body only.")] = None,
    dismissed: Annotated[bool, typer.Option("--dismissed", help="含已撤销的 Those who serve no longer too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="供程序读取 For programs.")] = False,
) -> None:
    """列出工作人员。List officers."""
    with open_services() as services:
        found = services.officers.all(body, dismissed=dismissed)
    if as_json:
        print_json(
            [
                {
                    "reference": each.reference,
                    "body": each.organisation_code,
                    "name": each.name,
                    "roles": sorted(each.roles),
                    "added_at": each.added_at.isoformat(),
                    "dismissed_at": each.dismissed_at.isoformat() if each.dismissed_at is not None else None,
                }
                for each in found
            ]
        )
        return
    for each in found:
        state = "" if each.dismissed_at is None else "  [red]已撤销 dismissed[/]"
        roles = "、".join(role.zh for role in sorted(each.roles))
        console.print(f"{each.reference}  {each.organisation_code}  {escape(each.name)}  {roles}{state}")


@officer.command("roles")
def change_roles(reference: Reference, role: Roles) -> None:
    """变更岗位，立即生效。Give an officer other roles, from now on."""
    with open_services() as services:
        changed = services.officers.change_roles(reference, role, actor=person())
    console.print(f"{reference}  {'、'.join(each.zh for each in sorted(changed.roles))}")


@officer.command("dismiss")
def dismiss(reference: Reference, reason: Annotated[str, typer.Option(help="原因 Why.")]) -> None:
    """撤销登记，立即生效，已登录的也不例外。Dismiss an officer at once, who may be signed in or not."""
    with open_services() as services:
        services.officers.dismiss(reference, reason=reason, actor=person())
    console.print(f"已撤销 dismissed: {reference}")
