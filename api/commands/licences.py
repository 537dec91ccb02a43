"""Issuing licences and changing their status: ``issue``, ``licence``."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from api.commands.common import (
    ReasonOption,
    console,
    errors,
    open_services,
    person,
    print_json,
    read_json_object,
    write_bytes,
)
from api.errors import RequestInvalidError
from api.services import Services
from trust import Act, ChangeOrder, Decision, IssueOrder, Licence, LicenceSearch, LicenceState

licence = typer.Typer(no_args_is_help=True, help="证照状态 The status of licences.")

IdentifierArgument = Annotated[str, typer.Argument(help="电子证照标识 Licence identifier.")]

BasisOption = Annotated[
    str, typer.Option(help="法律依据，如“《中华人民共和国行政许可法》第七十条第四项” The law that it rests on.")
]
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
def suspend(identifier: IdentifierArgument, reason: ReasonOption, as_json: JsonOption = False) -> None:
    """暂停证照。Stop a licence for a time."""
    with open_services() as services:
        _show(services, services.register.suspend(identifier, Decision(person(), reason)), as_json=as_json)


@licence.command()
def resume(identifier: IdentifierArgument, reason: ReasonOption, as_json: JsonOption = False) -> None:
    """恢复证照。Let a suspended licence hold again."""
    with open_services() as services:
        _show(services, services.register.resume(identifier, Decision(person(), reason)), as_json=as_json)


@licence.command()
def endorse(identifier: IdentifierArgument, reason: ReasonOption, as_json: JsonOption = False) -> None:
    """办理年检，有效至下一期限。Endorse a licence that is endorsed yearly, until the next due day."""
    with open_services() as services:
        _show(services, services.register.endorse(identifier, Decision(person(), reason)), as_json=as_json)


@licence.command()
def revoke(
    identifier: IdentifierArgument, reason: ReasonOption, legal_basis: BasisOption, as_json: JsonOption = False
) -> None:
    """吊销证照，不可恢复。End a licence for good, against its holder."""
    with open_services() as services:
        decision = Decision(person(), reason, legal_basis)
        _show(services, services.register.revoke(identifier, decision), as_json=as_json)


@licence.command()
def cancel(
    identifier: IdentifierArgument, reason: ReasonOption, legal_basis: BasisOption, as_json: JsonOption = False
) -> None:
    """注销证照，不可恢复。End a licence for good, because nobody wants or needs it any more."""
    with open_services() as services:
        decision = Decision(person(), reason, legal_basis)
        _show(services, services.register.cancel(identifier, decision), as_json=as_json)


class NewVersion(StrEnum):
    """The acts that make a new version."""

    CORRECT = Act.CORRECT.value
    CHANGE = Act.CHANGE.value
    RENEW = Act.RENEW.value


@licence.command()
def change(
    identifier: IdentifierArgument,
    act: Annotated[NewVersion, typer.Option("--as", help="更正 correct、变更 change 或 or 延续 renew.")],
    reason: ReasonOption,
    out: Annotated[Path, typer.Option(help="保存到 Where to put the new version's PDF.")],
    data: Annotated[
        Path | None, typer.Option(help="变动的内容，JSON 文件 What is to be different, a JSON file.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """签发证照的新版本，原版本失效。Issue a new version of a licence; the old one is superseded."""
    fields = dict(read_json_object(data)) if data is not None else {}
    issue_date = _issue_date(fields.pop("issue_date", None))
    with open_services() as services:
        order = ChangeOrder(identifier, Act(act.value), fields, Decision(person(), reason), issue_date)
        issued = services.changing.change(order)
        write_bytes(out, services.register.pdf(issued.licence))
        _show(services, issued.licence, as_json=as_json)


@licence.command()
def history(identifier: IdentifierArgument, as_json: JsonOption = False) -> None:
    """证照履历。All that was done to a licence."""
    with open_services() as services:
        events = services.register.history(identifier)
    if as_json:
        print_json([asdict(event) for event in events])
        return
    for event in events:
        console.print(
            f"{event.at:%Y-%m-%d %H:%M} UTC  {event.act.zh} {event.act.value} → {event.state.zh}  {event.actor}"
        )
        for text in (event.reason, event.legal_basis):
            if text:
                console.print(f"    {text}")


@licence.command()
def search(
    number: Annotated[str | None, typer.Option(help="证照编号 Number of the licence.")] = None,
    holder_code: Annotated[
        str | None, typer.Option(help="持证主体代码 Code of the holder; - asks for it, so that no history keeps it.")
    ] = None,
    licence_type: Annotated[str | None, typer.Option("--type", help="证照类型 Type.")] = None,
    issuer: Annotated[str | None, typer.Option(help="发证机关代码 Code of the issuer.")] = None,
    region: Annotated[str | None, typer.Option(help="行政区划代码或其前几位 Region of the issuer.")] = None,
    issued_from: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="颁发日期起 Issued from.")] = None,
    issued_until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="颁发日期止 Issued to.")] = None,
    state: Annotated[LicenceState | None, typer.Option(help="当前状态 State today.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="最多条数 At most.")] = 100,
    cursor: Annotated[str | None, typer.Option(help="翻页标记 Cursor from the page before.")] = None,
    as_json: JsonOption = False,
) -> None:
    """检索证照，新的在前。Find licences, newest first."""
    if holder_code == "-":
        holder_code = typer.prompt("持证主体代码 Code of the holder", hide_input=True)
    asked = LicenceSearch(
        number=number,
        holder_code=holder_code,
        licence_type=licence_type,
        issuer_code=issuer,
        region_code=region,
        issued_from=issued_from.date() if issued_from else None,
        issued_until=issued_until.date() if issued_until else None,
        state=state,
    )
    with open_services() as services:
        page = services.searching.search(asked, cursor=cursor, limit=limit)
        found = [_summary(services, each) for each in page.licences]
    if as_json:
        print_json({"licences": found, "next_cursor": page.next_cursor})
        return
    for each in found:
        console.print(
            f"{each['identifier']}  {each['name']}  {each['state_zh']}  {each['issuer']}  {each['issue_date']}"
        )
    if page.next_cursor:
        console.print(f"下一页 next page: --cursor {page.next_cursor}")


@licence.command()
def extend(
    licence_type: Annotated[str | None, typer.Option("--type", help="只处理此类型 Only licences of this type.")] = None,
    within: Annotated[int, typer.Option(help="证明在多少天内到期 Proof that ends within so many days.")] = 180,
    without_gain: Annotated[
        bool, typer.Option("--without-gain", help="新证明不会更久时也延续 Also where the new proof lasts no longer.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """延续证照文件的长期签名证明。Extend the long-term proof of licences' files before it ends."""
    with open_services() as services:
        slug = services.catalogue.latest(licence_type).slug if licence_type else None
        report = services.extending.run(
            actor=person(), margin=timedelta(days=within), type_slug=slug, without_gain=without_gain
        )
    broken = [{"identifier": each.identifier, "code": each.error.code} for each in report.broken]
    if as_json:
        counts = {"extended": report.extended, "overtaken": report.overtaken, "waiting": report.waiting}
        print_json({**counts, "broken": broken})
    else:
        console.print(f"已延续 extended: {report.extended}，等待时间戳证书更换 waiting: {report.waiting}")
        for each in report.broken:
            errors.print(f"{each.identifier}: {each.error.message_zh}\n{each.error.message_en} \\[{each.error.code}]")
    if broken:
        raise typer.Exit(1)


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
        "origin": found.origin.value,
        "pdf_digest": found.pdf_digest,
        "revision": found.revision,
        "supersedes": found.supersedes,
        "superseded_by": found.superseded_by,
    }


@licence.command("name-person")
def name_person(
    identifier: Annotated[str, typer.Argument(help="电子证照标识 Identifier.")],
    id_number: Annotated[
        str, typer.Option(help="居民身份证号码，- 由提示输入 Citizen identity number; - to be asked.")
    ] = "-",
) -> None:
    """确认证照所载法定代表人或新生儿的身份证号码。Confirm the number of the representative or newborn whom it names."""
    if id_number == "-":
        id_number = str(typer.prompt("居民身份证号码 ID number", hide_input=True))
    with open_services() as services:
        services.agents.confirm(services.register.get(identifier), id_number, actor=person())
    console.print(f"已确认 confirmed: {identifier}")


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
    if found.superseded_by:
        console.print(f"新版本 superseded by: {found.superseded_by}")
