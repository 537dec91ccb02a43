"""Clients of the API: ``client``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from cryptography import x509

from api.clients import Client, ClientTerms, Scope
from api.commands.common import console, open_services, person, print_json, read_bytes
from api.errors import FileUnreadableError, RequestInvalidError
from api.services import Services
from keys import PublicKeySet

client = typer.Typer(no_args_is_help=True, help="接口客户端 Clients of the API.")

ClientId = Annotated[str, typer.Argument(help="客户端标识 Identifier.")]
Types = Annotated[
    list[str] | None,
    typer.Option("--type", help="可核验的证照类型，可多次给出，不给则不限 Licence types it may check."),
]
Items = Annotated[
    list[str] | None,
    typer.Option("--item", help="可使用的事项编码，可多次给出，不给则不限 Service items that it may name."),
]
Fields = Annotated[
    list[str] | None,
    typer.Option("--field", help="可获取的字段：类型.字段 或 类型.* Fields that it may be told: type.field or type.*"),
]
Rate = Annotated[str | None, typer.Option(help="频次上限，如 600/minute How often it may call.")]
Quota = Annotated[int | None, typer.Option(min=1, help="每日核验次数上限 How many licences it may check a day.")]
Jwks = Annotated[Path, typer.Option(help="公钥集文件 File with its JWKS: public P-256 keys (RFC 7517).")]

_LARGEST_FILE = 64 * 1024


@client.command("add")
def add(
    client_id: ClientId,
    name: Annotated[str, typer.Option(help="系统名称 Name of the system.")],
    organisation: Annotated[str, typer.Option(help="所属机构统一社会信用代码 Code of the body.")],
    scope: Annotated[list[Scope], typer.Option(help="权限 What it may do; may be given several times.")],
    contact: Annotated[str | None, typer.Option(help="联系科室与电话 Office and telephone to call.")] = None,
    licence_type: Types = None,
    item: Items = None,
    field: Fields = None,
    rate: Rate = None,
    quota: Quota = None,
    jwks: Annotated[
        Path | None, typer.Option(help="公钥集文件；给出则不生成密钥 Its JWKS; no secret is made then.")
    ] = None,
) -> None:
    """登记客户端。给出 --jwks 则以签名断言认证，否则生成密钥并只显示一次。Enrol a client of a body.

    With --jwks it proves its key; without, a secret is made and shown this once, for demonstrations and first steps.
    """
    if Scope.HOLD in scope:
        raise RequestInvalidError(problem="a wallet's client belongs to a holder, not to a body")
    keys = _read_keys(jwks) if jwks is not None else None
    with open_services() as services:
        services.organisations.get(organisation)
        new = services.clients.enrol(
            client_id,
            name=name,
            scopes=scope,
            organisation_code=organisation,
            contact=contact,
            terms=_terms(services, licence_type, item, field, rate, quota),
            with_secret=keys is None,
            actor=person(),
        )
        if new is None:
            raise RequestInvalidError(problem=f"the client {client_id} exists already")
        if keys is not None:
            services.client_proofs.set_keys(client_id, keys, actor=person())
    console.print(f"client_id={new.client.id}" + (f"\nclient_secret={new.secret}" if new.secret else ""))


@client.command("permit")
def permit(
    client_id: ClientId,
    licence_type: Types = None,
    item: Items = None,
    field: Fields = None,
    rate: Rate = None,
    quota: Quota = None,
) -> None:
    """重新设定客户端的权限，未给出的项恢复为默认。Set anew what a client may ask for; what is left out is reset."""
    with open_services() as services:
        terms = _terms(services, licence_type, item, field, rate, quota)
        services.clients.permit(client_id, terms, actor=person())
    console.print(f"已更新 updated: {client_id}")


@client.command("list")
def show_all(as_json: Annotated[bool, typer.Option("--json", help="供程序读取 For programs.")] = False) -> None:
    """列出客户端。List the clients."""
    with open_services() as services:
        found = [_described(services, each) for each in services.clients.all()]
    if as_json:
        print_json(found)
        return
    for each in found:
        state = "" if each["active"] else "  [red]已停用 suspended[/]"
        console.print(f"{each['id']}  {each['name']}  ({' '.join(each['scopes'])}){state}")


@client.command("show")
def show(client_id: ClientId) -> None:
    """以 JSON 显示一个客户端。One client, as JSON."""
    with open_services() as services:
        print_json(_described(services, services.clients.get(client_id)))


@client.command("keys")
def keys(client_id: ClientId, jwks: Jwks) -> None:
    """替换客户端的公钥集。轮换时先同时登记新旧公钥，再只留新公钥。Put a key set in place of the one it has.

    To rotate, hand in the old and the new key together, and later the new one alone.
    """
    found = _read_keys(jwks)
    with open_services() as services:
        services.client_proofs.set_keys(client_id, found, actor=person())
    console.print(f"已登记公钥 keys: {', '.join(each['kid'] for each in found.jwks)}")


@client.command("certificate")
def certificate(
    client_id: ClientId,
    add_file: Annotated[Path | None, typer.Option("--add", help="PEM 证书 A certificate, PEM.")] = None,
    remove: Annotated[str | None, typer.Option(help="证书指纹 Thumbprint of one to know it by no longer.")] = None,
) -> None:
    """登记或撤下双向 TLS 证书。Know a client by a certificate over mutual TLS, or no longer."""
    if (add_file is None) == (remove is None):
        raise RequestInvalidError(problem="give --add or --remove")
    with open_services() as services:
        if add_file is not None:
            try:
                found = x509.load_pem_x509_certificate(read_bytes(add_file, limit=_LARGEST_FILE))
            except ValueError as error:
                raise FileUnreadableError(path=add_file, problem="not a certificate in PEM") from error
            console.print(f"x5t#S256={services.client_proofs.add_certificate(client_id, found, actor=person())}")
        elif remove is not None:
            services.client_proofs.remove_certificate(client_id, remove, actor=person())
            console.print(f"已撤下 removed: {remove}")


@client.command("suspend")
def suspend(client_id: ClientId) -> None:
    """立即停用客户端。Let a client in no longer."""
    with open_services() as services:
        services.clients.suspend(client_id, actor=person())
    console.print(f"已停用 suspended: {client_id}")


@client.command("resume")
def resume(client_id: ClientId) -> None:
    """恢复停用的客户端。Let a suspended client in again."""
    with open_services() as services:
        services.clients.resume(client_id, actor=person())
    console.print(f"已恢复 resumed: {client_id}")


def _terms(
    services: Services,
    types: list[str] | None,
    items: list[str] | None,
    fields: list[str] | None,
    rate: str | None,
    quota: int | None,
) -> ClientTerms:
    slugs = None if not types else frozenset(services.catalogue.get(each).slug for each in types)
    return ClientTerms(
        licence_types=slugs,
        service_items=frozenset(items) if items else None,
        fields=frozenset(fields or ()),
        rate=rate,
        daily_quota=quota,
    )


def _read_keys(path: Path) -> PublicKeySet:
    try:
        return PublicKeySet.parse(read_bytes(path, limit=_LARGEST_FILE).decode("utf-8"))
    except UnicodeDecodeError as error:
        raise FileUnreadableError(path=path, problem="not UTF-8") from error


def _described(services: Services, found: Client) -> dict[str, Any]:
    terms = {
        key: sorted(value) if isinstance(value, frozenset) else value for key, value in asdict(found.terms).items()
    }
    return {
        "id": found.id,
        "name": found.name,
        "active": found.active,
        "organisation": found.organisation_code,
        "contact": found.contact,
        "scopes": sorted(found.scopes),
        **terms,
        "kids": [each["kid"] for each in services.client_proofs.keys(found.id).jwks],
        "used_today": services.quotas.used_today(found),
    }
