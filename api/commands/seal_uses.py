"""Grants of use and the record of uses: ``seal grant``, ``seal uses`` and their like."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from api.commands.common import console, open_services, person, print_json, read_bytes, write_bytes, write_text
from api.document_types import APPLICATION, document_type
from api.signed_documents import seal_signed
from seal import Grant, GrantTerms, Placement, SealingOrder, SealUser, UseResult, UseSearch
from seal.grants import CHINA
from seal.use_export import csv_lines, found_uses, json_lines

NumberArgument = Annotated[str, typer.Argument(help="印章编号 Number of the seal.")]
OfficerOption = Annotated[str, typer.Option(help="经办人 The officer who acts.")]
ReasonOption = Annotated[str, typer.Option(help="理由，将记录在案 Reason; goes on record.")]
FromOption = Annotated[
    datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="起始日（北京时间） First day, in China.")
]
UntilOption = Annotated[
    datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="最后一日 Last day, included.")
]


class Format(StrEnum):
    """How the record of uses is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def grant(
    number: NumberArgument,
    licence_type: Annotated[list[str], typer.Option(help="证照类型 Types of licence; may be given several times.")],
    purpose: Annotated[str, typer.Option(help="用途 What for.")],
    officer: OfficerOption,
    reason: ReasonOption,
    organisation: Annotated[
        str | None, typer.Option(help="被授权机构的代码，不写则为印章所属单位 Code of the body; the owner if left out.")
    ] = None,
    client: Annotated[
        str | None, typer.Option(help="只授权该机构的某一接口客户端 Only this API client of the body.")
    ] = None,
    quota: Annotated[int | None, typer.Option(help="每日次数上限 Uses on one day at most.")] = None,
    first: FromOption = None,
    last: UntilOption = None,
    document: Annotated[str | None, typer.Option(help="依据文件 The document that it rests on.")] = None,
) -> None:
    """授权用印。Let a body, or one of its clients, use a seal."""
    with open_services() as services:
        terms = GrantTerms(
            [document_type(services.catalogue, each) for each in licence_type],
            purpose,
            SealUser(organisation, client),
            quota,
            datetime.combine(first.date(), time(), CHINA) if first is not None else None,
            datetime.combine(last.date() + timedelta(days=1), time(), CHINA) if last is not None else None,
        )
        given = services.grants.give(number, terms, officer=officer, reason=reason, document=document)
    console.print(f"已授权 granted: 授权编号 grant {given.id}")


def use(
    number: NumberArgument,
    file: Annotated[Path, typer.Argument(help="已签名的 PDF A PDF that its applicant signed.")],
    out: Annotated[Path, typer.Option(help="写入文件 File to write.")],
    identifier: Annotated[str, typer.Option(help="文件标识，将记录在案 What the document is known by.")],
    x: Annotated[float, typer.Option(help="印章中心距页左边（毫米） The seal's centre, from the left edge, in mm.")],
    y: Annotated[float, typer.Option(help="印章中心距页上边（毫米） From the top edge, in mm.")],
    reason: Annotated[str, typer.Option(help="事由，写入签名 Stands in the signature.")],
    page: Annotated[int, typer.Option(min=1, help="页码 Page.")] = 1,
    document_kind: Annotated[
        str, typer.Option("--type", help="文件类型，申请材料为 application；须在授权范围内 Type of document.")
    ] = APPLICATION,
    purpose: Annotated[str | None, typer.Option(help="用途，与授权一致 As the grant names it.")] = None,
    organisation: Annotated[
        str | None, typer.Option(help="用印机构的代码，不写则为印章所属单位 Body that uses it; the owner if left out.")
    ] = None,
) -> None:
    """核验申请人的签名，并在其上用印。Check the signatures of a document, and seal it."""
    with open_services() as services:
        pdf = read_bytes(file, limit=services.settings.max_pdf_bytes)
        order = SealingOrder(
            seal_number=number,
            caller=person(),
            document_type=document_type(services.catalogue, document_kind),
            document_identifier=identifier,
            placement=Placement(page, x, y),
            reason=reason,
            user=SealUser(organisation),
            purpose=purpose,
        )
        sealed = seal_signed(services, pdf, order)
    write_bytes(out, sealed.data)
    console.print(f"已用印 sealed: {out}，用印编号 use {sealed.use_id}，摘要 SHA-256 {sealed.digest}")


def grants(
    number: NumberArgument, as_json: Annotated[bool, typer.Option("--json", help="供程序读取 For programs.")] = False
) -> None:
    """列出印章的授权。List the grants of a seal."""
    with open_services() as services:
        services.seals.get(number)
        found = services.grants.of_seal(number)
        now = services.clock.now()
    if as_json:
        print_json([{**each.__dict__, "user": each.user.__dict__, "holds": each.holds_at(now)} for each in found])
        return
    table = Table(
        "编号 grant", "被授权方 user", "类型 types", "每日 quota", "期限 period", "用途 purpose", "有效 holds"
    )
    for each in found:
        quota = "不限" if each.daily_quota is None else str(each.daily_quota)
        holds = "是 yes" if each.holds_at(now) else "否 no"
        table.add_row(
            str(each.id), _user(each), " ".join(each.licence_types), quota, _period(each), each.purpose, holds
        )
    console.print(table)


def revoke_grant(
    grant_id: Annotated[int, typer.Argument(metavar="GRANT", min=1, max=2**31 - 1, help="授权编号 Grant.")],
    officer: OfficerOption,
    reason: ReasonOption,
) -> None:
    """立即撤销授权。Take a grant back, at once."""
    with open_services() as services:
        services.grants.revoke(grant_id, officer=officer, reason=reason)
    console.print(f"已撤销 revoked: 授权编号 grant {grant_id}")


def uses(
    number: Annotated[
        str | None, typer.Argument(help="印章编号，不写则为全部 Number of the seal; all if left out.")
    ] = None,
    first: FromOption = None,
    last: UntilOption = None,
    licence_type: Annotated[str | None, typer.Option(help="证照类型 Type of licence.")] = None,
    identifier: Annotated[str | None, typer.Option(help="文件标识 Identifier of the document.")] = None,
    caller: Annotated[str | None, typer.Option(help="申请方 Who asked.")] = None,
    result: Annotated[UseResult | None, typer.Option(help="结果 Result.")] = None,
    form: Annotated[Format, typer.Option("--format", help="输出格式 Form.")] = Format.TABLE,
    out: Annotated[Path | None, typer.Option(help="写入文件 File to write.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="表格行数 Rows of the table.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="同 as --format json.")] = False,
) -> None:
    """查询或导出用印记录，最近的在前。Search or export the record of uses, newest first."""
    search = UseSearch(
        seal_number=number,
        first_day=first.date() if first is not None else None,
        last_day=last.date() if last is not None else None,
        document_type=licence_type,
        document_identifier=identifier,
        caller=caller,
        result=result,
    )
    form = Format.JSON if as_json else form
    with open_services() as services:
        if number is not None:
            services.seals.get(number)
        if form is not Format.TABLE:
            lines = (csv_lines if form is Format.CSV else json_lines)(found_uses(services.seal_uses, search))
            _write(lines, out)
            return
        page = services.seal_uses.search(search, limit=limit)
    table = Table("时间 at (UTC)", "印章 seal", "申请方 caller", "证照 document", "授权 grant", "结果 result")
    for each in page.uses:
        table.add_row(
            f"{each.at:%Y-%m-%d %H:%M:%S}",
            each.seal_number,
            each.caller,
            each.document_identifier,
            str(each.grant_id or "—"),
            f"{each.result.zh} {each.reason_code or ''}",
        )
    console.print(table)
    if page.next_cursor is not None:
        console.print("还有更多，请缩小范围或导出 there are more: narrow the search or export it")


def days(number: NumberArgument, first: FromOption = None, last: UntilOption = None) -> None:
    """按日统计用印次数。Count the uses of a seal day by day."""
    search = UseSearch(number, first.date() if first is not None else None, last.date() if last is not None else None)
    with open_services() as services:
        services.seals.get(number)
        found = services.seal_uses.days(search)
    table = Table("日期 day", "已用印 sealed", "已拒绝 refused", "失败 failed", "中断 cut short")
    for each in found:
        table.add_row(
            f"{each.day}", *(str(count) for count in (each.sealed, each.refused, each.failed, each.cut_short))
        )
    console.print(table)


def _write(lines: Iterable[str], out: Path | None) -> None:
    if out is None:
        for line in lines:
            typer.echo(line, nl=False)
        return
    write_text(out, lines)
    console.print(f"已导出 exported: {out}")


def _user(grant: Grant) -> str:
    if grant.user.organisation_code is None:
        return "所属单位 owner"
    client = grant.user.client_id
    return grant.user.organisation_code if client is None else f"{grant.user.organisation_code} / {client}"


def _period(grant: Grant) -> str:
    end = "长期" if grant.valid_until is None else f"{grant.valid_until.astimezone(CHINA):%Y-%m-%d %H:%M}"
    return f"{grant.valid_from.astimezone(CHINA):%Y-%m-%d %H:%M} – {end}"
