"""The transparency log: ``log``."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import typer

from api.commands.common import console, open_services, print_json
from api.errors import FileUnreadableError, RequestInvalidError
from keys.notes import NoteKey
from store.outgoing import direct_opener
from trust.errors import LicenceUnknownError
from verify.errors import LogUnreadableError
from verify.log_audit import AuditState, Fetch, audit

_TIMEOUT_SECONDS: Final = 30
_LARGEST: Final = 256 * (2 + 65535)

log = typer.Typer(no_args_is_help=True, help="透明日志 The transparency log.")


@log.command()
def checkpoint() -> None:
    """输出当前检查点。Print the newest checkpoint, signed."""
    with open_services() as services:
        services.ledger.sequence()
        typer.echo(services.transparency_log.checkpoint(), nl=False)


@log.command()
def prove(identifier: Annotated[str, typer.Argument(help="电子证照标识 Licence identifier.")]) -> None:
    """输出证照各项记录的日志证明（JSON）。Print proofs of all records about a licence, as JSON.

    证明含有盐值，只应交给持证人和发证机关。They hold the salts, and are for the holder and the issuer.
    """
    with open_services() as services:
        proofs = services.transparency_log.prove(identifier)
        if not proofs:
            raise LicenceUnknownError
        print_json([proof.to_json() for proof in proofs])


@log.command()
def consistency(
    old: Annotated[int, typer.Argument(help="较早的大小 The earlier size.", min=1)],
    new: Annotated[int, typer.Argument(help="较晚的大小 The later size.", min=1)],
) -> None:
    """输出两个检查点之间的一致性证明。Print the proof that the log of one size begins with that of another."""
    with open_services() as services:
        try:
            hashes = services.ledger.consistency(old, new)
        except ValueError as error:
            raise RequestInvalidError(problem=str(error)) from error
        print_json({"old": old, "new": new, "hashes": [each.hex() for each in hashes]})


@log.command("audit")
def audit_log(
    url: Annotated[str, typer.Argument(help="日志地址，如 https://host/log The log's address.")],
    state: Annotated[
        Path | None, typer.Option(metavar="FILE", help="审计状态文件，下次从此继续 Keeps what is known, to go on from.")
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(help="验证密钥（首次审计时）；不给则信任日志自报的 The log's key; its own word where left out."),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="重新读取全部条目 Read all leaves anew.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="供程序读取 For programs.")] = False,
) -> None:
    """从外部审计日志，只用 HTTP。Follow a log from outside: exit 0 where it goes on from what it was, 1 otherwise."""
    fetch = _fetch_below(url)
    known = AuditState.read(state) if state is not None and state.exists() else None
    first_time = known is None
    if known is None:
        texts = key or fetch("key").decode("utf-8", "replace").split()
        known = AuditState.begin([NoteKey.parse(text) for text in texts])
    found = audit(fetch, known, again=again)
    if state is not None:
        try:
            found.write(state)
        except OSError as error:
            raise FileUnreadableError(path=state, problem=error.strerror or type(error).__name__) from error
    before = len(known.leaves)
    size = len(found.leaves)
    if as_json:
        root = found.checkpoint.root.hex() if found.checkpoint else None
        print_json({"size": size, "new": size - before, "root": root, "keys": [str(each) for each in found.keys]})
        return
    console.print(f"日志一致 consistent：{size} 条，新增 {size - before} leaves, {size - before} new")
    if first_time and not key:
        console.print("首次审计，密钥取自日志本身，请另行核对 First audit: compare the log's key by another way:")
        for each in found.keys:
            console.print(f"  {each}")


def _fetch_below(url: str) -> Fetch:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
        raise RequestInvalidError(problem="URL: http(s)://host[:port]/log")
    opener = direct_opener()

    def fetch(path: str) -> bytes:
        request = urllib.request.Request(f"{url.rstrip('/')}/{path}")  # noqa: S310  the scheme was checked above
        try:
            with opener.open(request, timeout=_TIMEOUT_SECONDS) as answer:
                data: bytes = answer.read(_LARGEST + 1)
        except urllib.error.HTTPError as error:
            error.close()
            raise LogUnreadableError(
                what_zh=f"{path}：HTTP {error.code}", what_en=f"{path}: HTTP {error.code}"
            ) from None
        except (OSError, http.client.HTTPException) as error:
            what = f"{path} ({type(error).__name__})"
            raise LogUnreadableError(what_zh=what, what_en=what) from error
        if len(data) > _LARGEST:
            raise LogUnreadableError(what_zh=f"{path} 过大", what_en=f"{path} is too large")
        return data

    return fetch
