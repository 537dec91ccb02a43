"""Issuing licences and changing their status: ``issue``, ``licence``."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from api.commands.common import console, open_services, person, print_json, read_json_object, write_bytes
from api.errors import RequestInvalidError
from api.services import Services
from trust import IssueOrder, Licence

licence = typer.Typer(no_args_is_help=True, help="证照状态 The status of licences.")

IdentifierArgument = Annotated[str, typer.Argument(help="电子证照标识 Licence identifier.")]
ReasonOption = Annotated[str, typer.Option(help="理由，将记录在案 Reason; goes on record.")]
JsonOption = Annotated[bool, typer.Option("--json", help="供程序读取 For programs.")]


def issue(
    type: Annotated[str, typer.Option(help="证照类型 Slug or 21-character code of the type.")],  # noqa: A002
    data: Annotated[Path, typer.Option(help="证照内容，JSON 文件 Fields of the licence, a JSON file.")],
    out: Annotated[Path, typer.Option(help="保存到 Where to put the sealed PDF.")],
    issuer: Annotated[str | None, typer.Option(help="发证机关统一社会信用代码 The issuer's code.")] = None,
    as_json: JsonOption = False,
) -> None:
    """签发一份证照。Issue a licence as a sealed PDF."""
    fields = dict(read_json_object(data))
    issue_date = _issue_date(fields.pop("issue_date", None))
    with open_services() as services:
        issued = services.issuing.issue(
            IssueOrder(type=type, fields=fields, actor=person(), issuer_code=issuer, issue_date=issue_date)
        )
        write_bytes(out, services.register.pdf(issued.licence))
        if as_json:
            print_json({**_summary(services, issued.licence), "created": issued.created, "out": str(out)})
        else:
            word = "已签发 issued" if issued.created else "此前已签发 issued before"
            console.print(f"{word}：{issued.licence.type.name_zh} {issued.licence.identifier}\n{out}")


@licence.command()
def status(identifier: IdentifierArgument, as_json: JsonOption = False) -> None:
    """查询证照状态。Show the status of a licence."""
    with open_services() as services:
        _show(services, services.register.get(identifier), as_json=as_json)


@licence.command()
def revoke(identifier: IdentifierArgument, reason: ReasonOption, as_json: JsonOption = False) -> None:
    """吊销证照。End a licence for good."""
    with open_services() as services:
        _show(services, services.register.revoke(identifier, actor=person(), reason=reason), as_json=as_json)


@licence.command()
def suspend(identifier: IdentifierArgument, reason: ReasonOption, as_json: JsonOption = False) -> None:
    """暂停证照。Stop a licence for a time."""
    with open_services() as services:
        _show(services, services.register.suspend(identifier, actor=person(), reason=reason), as_json=as_json)


@licence.command()
def resume(identifier: IdentifierArgument, reason: ReasonOption, as_json: JsonOption = False) -> None:
    """恢复证照。Let a suspended licence hold again."""
    with open_services() as services:
        _show(services, services.register.resume(identifier, actor=person(), reason=reason), as_json=as_json)


@licence.command()
def extend(
    licence_type: Annotated[str | None, typer.Option("--type", help="只处理此类型 Only licences of this type.")] = None,
    within: Annotated[int, typer.Option(help="证明在多少天内到期 Proof that ends within so many days.")] = 180,
    as_json: JsonOption = False,
) -> None:
    """延续证照文件的长期签名证明。Extend the long-term proof of licences' files before it ends."""
    with open_services() as services:
        slug = services.catalogue.latest(licence_type).slug if licence_type else None
        report = services.extending.run(actor=person(), margin=timedelta(days=within), type_slug=slug)
    if as_json:
        print_json({"extended": report.extended, "overtaken": report.overtaken})
    else:
        console.print(f"已延续 extended: {report.extended}")


def _issue_date(value: Any) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise RequestInvalidError(problem="issue_date: YYYY-MM-DD") from error


def _summary(services: Services, found: Licence) -> dict[str, Any]:
    state = found.state_on(services.register.today())
    return {
        "identifier": found.identifier,
        "type": found.type.slug,
        "name": found.type.name_zh,
        "issuer": found.issuer_name,
        "issue_date": found.issue_date,
        "valid_from": found.valid_from,
        "valid_until": found.valid_until,
        "state": state.value,
        "state_zh": state.zh,
        "state_since": found.state_since,
        "state_reason": found.state_reason,
        "pdf_digest": found.pdf_digest,
    }


def _show(services: Services, found: Licence, *, as_json: bool) -> None:
    summary = _summary(services, found)
    if as_json:
        print_json(summary)
        return
    console.print(f"{summary['name']} {found.identifier}")
    console.print(
        f"状态 status: {summary['state_zh']} ({summary['state']})，自 since {found.state_since:%Y-%m-%d %H:%M} UTC"
    )
    if found.state_reason:
        console.print(f"理由 reason: {found.state_reason}")
