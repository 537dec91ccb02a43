"""Clients of the API: ``client``."""

from __future__ import annotations

from typing import Annotated

import typer

from api.clients import Scope
from api.commands.common import console, open_services
from api.errors import RequestInvalidError

client = typer.Typer(no_args_is_help=True, help="接口客户端 Clients of the API.")


@client.command("add")
def add(
    client_id: Annotated[str, typer.Argument(help="客户端标识 Identifier.")],
    name: Annotated[str, typer.Option(help="系统名称 Name of the system.")],
    organisation: Annotated[str, typer.Option(help="所属机构统一社会信用代码 Code of the body.")],
    scope: Annotated[list[Scope], typer.Option(help="权限 What it may do; may be given several times.")],
) -> None:
    """登记客户端，密钥只显示一次。Enrol a client of a body; its secret is shown this once."""
    if Scope.HOLD in scope:
        raise RequestInvalidError(problem="a wallet's client belongs to a holder, not to a body")
    with open_services() as services:
        services.organisations.get(organisation)
        new = services.clients.enrol(client_id, name=name, scopes=scope, organisation_code=organisation)
    if new is None:
        raise RequestInvalidError(problem=f"the client {client_id} exists already")
    console.print(f"client_id={new.client.id}\nclient_secret={new.secret}")


@client.command("suspend")
def suspend(client_id: Annotated[str, typer.Argument(help="客户端标识 Identifier.")]) -> None:
    """立即停用客户端。Let a client in no longer."""
    with open_services() as services:
        services.clients.suspend(client_id)
    console.print(f"已停用 suspended: {client_id}")
