"""The command ``yinzheng``."""

from __future__ import annotations

import importlib.metadata
import sys
from typing import Annotated

import typer

from api.commands import (
    anchors,
    archives,
    batches,
    clients,
    demo,
    doctor,
    exchange,
    jobs,
    keys,
    licences,
    log,
    objections,
    officers,
    recovery,
    seals,
    service,
    service_items,
    ses,
    signatures,
    types,
    verify,
)
from api.commands.common import errors
from store.errors import YinzhengError

app = typer.Typer(
    name="yinzheng",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("demo")(demo.demo)
app.command("serve")(service.serve)
app.command("worker")(service.worker)
app.command("issue")(licences.issue)
app.command("verify")(verify.verify)
app.add_typer(service.database, name="db")
app.command("backup")(recovery.backup)
app.command("restore")(recovery.restore)
app.command("doctor")(doctor.doctor)
app.add_typer(jobs.jobs, name="jobs")
app.add_typer(licences.licence, name="licence")
app.add_typer(types.licence_type, name="type")
app.add_typer(batches.batch, name="batch")
app.command("import")(archives.import_archive)
app.add_typer(archives.imports, name="imports")
app.add_typer(seals.seal, name="seal")
app.add_typer(signatures.signature, name="signature")
app.add_typer(ses.ses, name="ses")
app.add_typer(keys.keys, name="keys")
app.add_typer(log.log, name="log")
app.add_typer(anchors.anchors, name="anchors")
app.add_typer(clients.client, name="client")
app.add_typer(exchange.webhook, name="webhook")
app.add_typer(exchange.exchange, name="exchange")
app.add_typer(service_items.items, name="item")
app.add_typer(objections.objection, name="objection")
app.add_typer(officers.officer, name="officer")


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(f"yinzheng {importlib.metadata.version('yinzheng')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="显示版本 Tell the version.")
    ] = False,
) -> None:
    """印证：电子证照与电子印章可信服务。Electronic licences and e-seals."""


def main() -> None:
    """Run a command; an error that is meant to be seen ends it with one line and status 1."""
    try:
        app()
    except YinzhengError as error:
        errors.print(f"[bold red]错误[/] {error.message_zh}\n[bold red]error[/] {error.message_en} \\[{error.code}]")
        sys.exit(1)
