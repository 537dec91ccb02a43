"""Moving with others: ``webhook``, ``exchange``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.commands.common import console, open_services, person, print_json, read_bytes, write_text
from api.errors import FileUnreadableError
from api.webhooks import DELIVER, NewWebhook
from keys import PublicKeySet, TokenVerifier
from trust import LicenceSearch
from trust.exchange import LONGEST_LINE, read_export

webhook = typer.Typer(no_args_is_help=True, help="变更通知 Telling departments' systems of changes.")
exchange = typer.Typer(no_args_is_help=True, help="跨区域交换 Licences for other regions.")

WebhookArgument = Annotated[int, typer.Argument(help="编号 Number, see webhook list.")]
JsonOption = Annotated[bool, typer.Option("--json", help="供程序读取 For programs.")]
RecipientOption = Annotated[str, typer.Option(help="接收方标识，写入每个签名 Whom it is for; in every signature.")]


@webhook.command("add")
def add(
    client: Annotated[str, typer.Argument(help="客户端标识 Client of the body whose licences are meant.")],
    url: Annotated[str, typer.Argument(help="接收地址（https） Where to send to.")],
    after: Annotated[int | None, typer.Option(help="自日志此位置之后，默认自现在 From this place; from now.")] = None,
) -> None:
    """登记接收地址，签名密钥只显示一次。Subscribe a client's system; the secret is shown this once."""
    with open_services() as services:
        place = services.ledger.head().size - 1 if after is None else after
        made = services.webhooks.add(client, url, actor=person(), place=place)
    _print_new(made)


@webhook.command("list")
def list_webhooks(as_json: JsonOption = False) -> None:
    """列出接收地址和未送达的通知。List the subscriptions, and the messages that nobody took."""
    with open_services() as services:
        found = services.webhooks.all()
        dead = [job for job in services.outbox.dead(limit=1000) if job.topic == DELIVER]
    if as_json:
        print_json(
            {
                "webhooks": [
                    {"id": each.id, "client": each.client_id, "url": each.url, "place": each.place} for each in found
                ],
                "dead": [{"job": job.id, "error": job.last_error, "dead_at": job.dead_at} for job in dead],
            }
        )
        return
    for each in found:
        console.print(f"{each.id}  {each.client_id}  {each.url}  已通知至 told up to {each.place}")
    for job in dead:
        console.print(f"未送达 undelivered: {job.id}  {job.last_error}  {job.dead_at:%Y-%m-%d %H:%M} UTC")


@webhook.command("rotate")
def rotate(number: WebhookArgument) -> None:
    """更换签名密钥；七天内新旧密钥同时签名。Give it a new secret; for seven days both sign."""
    with open_services() as services:
        made = services.webhooks.rotate(number)
    _print_new(made)


@webhook.command("remove")
def remove(number: WebhookArgument) -> None:
    """停止通知。Tell it of nothing more."""
    with open_services() as services:
        services.webhooks.remove(number)
    console.print(f"已停止 removed: {number}")


@webhook.command("retry")
def retry(job: Annotated[int, typer.Argument(help="未送达通知的编号 Number of the message.")]) -> None:
    """重新发送一条未送达的通知。Send a message again that nobody took."""
    with open_services() as services:
        revived = services.outbox.revive(job)
    console.print("已重新排队 queued again" if revived else "没有此通知 there is none")
    raise typer.Exit(0 if revived else 1)


@webhook.command("replay")
def replay(
    number: WebhookArgument, after: Annotated[int, typer.Option(help="自日志此位置之后 After this place in the log.")]
) -> None:
    """自日志某处起重新通知。Tell it of everything again from a place in the log."""
    with open_services() as services:
        services.webhooks.replay(number, after)
    console.print(f"将重新通知 will be told again: {number}")


@exchange.command("export")
def export(
    out: Annotated[Path, typer.Option(help="输出文件（JSON Lines） File to write.")],
    recipient: RecipientOption,
    licence_type: Annotated[str | None, typer.Option("--type", help="证照类型 Type.")] = None,
    region: Annotated[str | None, typer.Option(help="行政区划代码或其前几位 Region of the issuer.")] = None,
) -> None:
    """导出证照，逐条签名。含个人信息，请按规定保管。Export licences, each signed. The file holds personal data."""
    with open_services() as services:
        found = LicenceSearch(licence_type=licence_type, region_code=region)
        write_text(out, services.exchange.export(found, recipient=recipient))
    console.print(f"已导出 exported: {out}")


@exchange.command("verify")
def verify(
    file: Annotated[Path, typer.Argument(help="交换文件 The file.")],
    jwks: Annotated[Path, typer.Option(help="来源地区公布的公钥集 JWKS that the region of origin publishes.")],
    issuer: Annotated[str, typer.Option(help="来源地区服务的地址 Base URL of its service.")],
    recipient: RecipientOption,
) -> None:
    """核对交换文件：签名、接收方、完整性。Check an export: signatures, recipient, and that nothing is missing."""
    keys = PublicKeySet.parse(read_bytes(jwks, limit=64 * 1024).decode("utf-8", "replace"))
    with open_services() as services:
        verifier = TokenVerifier(keys, services.clock, issuer=issuer, maximum_size=LONGEST_LINE)
    try:
        with file.open(encoding="utf-8", newline="\n") as lines:
            count = sum(
                1
                for _ in read_export(iter(lambda: lines.readline(LONGEST_LINE + 1), ""), verifier, recipient=recipient)
            )
    except (OSError, UnicodeDecodeError) as error:
        raise FileUnreadableError(path=file, problem=type(error).__name__) from error
    console.print(f"完好 whole: {count}")


def _print_new(made: NewWebhook) -> None:
    console.print(f"编号 number: {made.webhook.id}\n密钥 secret: {made.secret}")
