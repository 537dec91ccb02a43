"""Organisations, people and their seals: ``seal``."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.tree import Tree

from api.commands import esl, seal_uses, sealing
from api.commands.common import console, open_services, print_json, read_bytes
from api.document_types import document_type
from api.seal_views import SealRecordView, SealView
from seal import Move, Organisation, Seal, SealApplication, SealKind
from seal.esl_errors import SealDataMissingError
from seal.grants import CHINA
from seal.kinds import SealOwnerKind
from seal.raster_artwork import LARGEST_BYTES

seal = typer.Typer(no_args_is_help=True, help="机构与印章 Organisations and seals.")

RequestArgument = Annotated[int, typer.Argument(min=1, max=2**31 - 1, help="申请号 Request.")]
NumberArgument = Annotated[str, typer.Argument(help="印章编号 Number of the seal.")]
OfficerOption = Annotated[str, typer.Option(help="经办人 The officer who acts.")]
ReasonOption = Annotated[str, typer.Option(help="理由，将记录在案 Reason; goes on record.")]
DocumentOption = Annotated[
    str | None, typer.Option(help="依据文件，如“青政办发〔2026〕12号” The document that the act rests on.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="供程序读取 For programs.")]

seal.command("inspect")(esl.inspect)
seal.command("export")(esl.export)
seal.command("use")(seal_uses.use)
seal.command("document")(sealing.document)
seal.command("uses")(seal_uses.uses)
seal.command("days")(seal_uses.days)
seal.command("grant")(seal_uses.grant)
seal.command("grants")(seal_uses.grants)
seal.command("revoke-grant")(seal_uses.revoke_grant)


@seal.command("owner")
def owner(
    code: Annotated[str, typer.Argument(help="统一社会信用代码 Unified social credit code.")],
    name: Annotated[str, typer.Option(help="全称 Full name in Chinese; stands on its seals.")],
    english: Annotated[str, typer.Option(help="英文名称 Name in English.")],
    region: Annotated[
        str, typer.Option(help="行政区划代码：6 位，街道 9 位，社区 12 位 Region: 6 digits, town 9, community 12.")
    ],
    parent: Annotated[str | None, typer.Option(help="上级机构的代码 Code of the body above it.")] = None,
    company: Annotated[bool, typer.Option(help="登记为企业 Enrol as a company.")] = False,
) -> None:
    """登记机构或企业。Enrol an organisation or a company."""
    kind = SealOwnerKind.COMPANY if company else SealOwnerKind.DEPARTMENT
    with open_services() as services:
        found = services.organisations.enrol(Organisation(code, name, english, region, parent, kind))
    console.print(f"已登记 enrolled: {name} {code} ({found.level.zh} {found.level})")


@seal.command("owners")
def owners() -> None:
    """按隶属关系列出机构。Show the tree of organisations."""
    with open_services() as services:
        found = services.organisations.all()
    nodes: dict[str | None, Tree] = {None: Tree("机构 organisations")}
    waiting = found
    while waiting:  # parents come before their children, however they were entered
        later = [each for each in waiting if each.parent_code not in nodes]
        for each in waiting:
            if each.parent_code in nodes:
                label = f"{each.name_zh} {each.code} {each.region_code} {each.level.zh} {each.kind.zh}"
                nodes[each.code] = nodes[each.parent_code].add(label)
        waiting = later
    console.print(nodes[None])


@seal.command("person")
def person(
    name: Annotated[str, typer.Option(prompt="姓名 Name", help="姓名 Name.")],
    citizen_id: Annotated[
        str,
        typer.Option(
            prompt="公民身份号码 Citizen identity number",
            hide_input=True,
            help="不写则询问，以免留在命令历史中 Asked for when left out, so that it stays out of the history.",
        ),
    ],
    region: Annotated[str, typer.Option(help="登记地行政区划代码 Region where the person is enrolled.")],
) -> None:
    """登记个人，得到其编号。Enrol a person; prints the reference that stands for them."""
    with open_services() as services:
        found = services.people.enrol(name, citizen_id, region_code=region)
    console.print(f"已登记 enrolled: {found.name_masked} {found.code_masked}，编号 reference {found.reference}")


@seal.command("apply")
def apply(
    owner: Annotated[
        str, typer.Option("--owner", "--organisation", help="机构代码或个人编号 Code of a body, reference of a person.")
    ],
    officer: OfficerOption,
    reason: ReasonOption,
    licence_type: Annotated[
        list[str] | None, typer.Option(help="可用印的证照类型 Types of licence; may be given several times.")
    ] = None,
    document: DocumentOption = None,
    purpose: Annotated[str | None, typer.Option(help="专用章名称 Purpose line of a special-purpose seal.")] = None,
    kind: Annotated[SealKind | None, typer.Option(help="印章种类 Kind; follows from the owner if left out.")] = None,
    size: Annotated[
        float | None, typer.Option("--size", "--diameter", help="尺寸（毫米） Diameter, side or height in millimetres.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="法定代表人姓名 Name on a legal representative's seal.")] = None,
    picture: Annotated[Path | None, typer.Option(help="印模文件 PNG or SVG to use instead of a drawing.")] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="有效期最后一天 Last day of its validity.")
    ] = None,
    supersedes: Annotated[str | None, typer.Option(help="所变更的印章编号 Number of the seal that it changes.")] = None,
) -> None:
    """申请印章，须由另一名经办人审批。Apply for a seal; a second officer has to approve."""
    with open_services() as services:
        application = SealApplication(
            owner,
            [document_type(services.catalogue, each) for each in licence_type or ()],
            purpose,
            size,
            kind,
            name,
            picture=read_bytes(picture, limit=LARGEST_BYTES) if picture is not None else None,
            valid_until=_end_of(until),
            supersedes=supersedes,
        )
        request = services.seals.apply(application, officer=officer, reason=reason, document=document)
    console.print(f"已申请 applied: 印章 seal {request.seal_number}，申请号 request {request.id}")


@seal.command("request")
def request_move(
    number: NumberArgument,
    move: Annotated[Move, typer.Argument(help="make、thaw、rotate 或 or cancel.")],
    officer: OfficerOption,
    reason: ReasonOption,
    document: DocumentOption = None,
    compromised_since: Annotated[
        datetime | None, typer.Option(help="更换密钥、注销：密钥可能泄露的时间（UTC） When the key may have leaked.")
    ] = None,
) -> None:
    """申请制作、解冻、更换密钥或注销，须由另一名经办人审批。Ask for a move that a second officer has to approve."""
    since = compromised_since.replace(tzinfo=UTC) if compromised_since is not None else None
    with open_services() as services:
        request = services.seals.request(
            number, move, officer=officer, reason=reason, document=document, compromised_since=since
        )
    console.print(f"已申请 requested: {move.zh}，申请号 request {request.id}")


@seal.command("requests")
def requests() -> None:
    """列出待批申请。List the requests that wait for a second officer."""
    with open_services() as services:
        found = services.seals.waiting()
    table = Table("申请号 request", "印章 seal", "事项 move", "申请人 by", "时间 at (UTC)", "理由 reason")
    for each in found:
        asked = f"{each.requested_at:%Y-%m-%d %H:%M}"
        table.add_row(
            str(each.id), each.seal_number, f"{each.move.zh} {each.move}", each.requested_by, asked, each.reason
        )
    console.print(table)


@seal.command("approve")
def approve(
    request: RequestArgument,
    officer: OfficerOption,
    review_only: Annotated[
        bool, typer.Option(help="只审核，制作、备案、启用另行办理 Review only; make, register and activate later.")
    ] = False,
) -> None:
    """审批通过并执行；新印章随即制作、备案、启用。Approve a request and carry it out."""
    with open_services() as services:
        decide = services.seals.review if review_only else services.seals.approve
        found = decide(request, officer=officer)
    _print_state(found)


@seal.command("reject")
def reject(
    request: RequestArgument,
    officer: OfficerOption,
    reason: ReasonOption,
) -> None:
    """驳回申请。Turn down a request."""
    with open_services() as services:
        found = services.seals.reject(request, officer=officer, reason=reason)
    _print_state(found)


@seal.command("register")
def register(
    number: NumberArgument, officer: OfficerOption, reason: ReasonOption, document: DocumentOption = None
) -> None:
    """将已制作的印章备案。Enter a seal that was made into the public register."""
    with open_services() as services:
        found = services.seals.register(number, officer=officer, reason=reason, document=document)
    _print_state(found)


@seal.command("activate")
def activate(
    number: NumberArgument, officer: OfficerOption, reason: ReasonOption, document: DocumentOption = None
) -> None:
    """启用已备案的印章。Put a registered seal into use."""
    with open_services() as services:
        found = services.seals.activate(number, officer=officer, reason=reason, document=document)
    _print_state(found)


@seal.command("freeze")
def freeze(
    number: NumberArgument, officer: OfficerOption, reason: ReasonOption, document: DocumentOption = None
) -> None:
    """立即冻结印章。Stop a seal at once."""
    with open_services() as services:
        found = services.seals.freeze(number, officer=officer, reason=reason, document=document)
    _print_state(found)


@seal.command("expire")
def expire() -> None:
    """将有效期届满的印章记为已过期，供定时任务调用。Bring the book up to date with the calendar; for a daily job."""
    with open_services() as services:
        numbers = services.seals.expire_due()
    console.print(f"已过期 expired: {len(numbers)} {' '.join(numbers)}")


@seal.command("list")
def list_seals(as_json: JsonOption = False) -> None:
    """列出全部印章。List all seals."""
    with open_services() as services:
        found = services.seals.all()
    if as_json:
        print_json([SealView.of(each).model_dump(mode="json") for each in found])
        return
    table = Table("编号 number", "种类 kind", "印文 title", "状态 state")
    for each in found:
        table.add_row(each.number, each.kind.zh, each.title, f"{each.state.zh} {each.state}")
    console.print(table)


@seal.command("show")
def show(number: NumberArgument, as_json: JsonOption = False) -> None:
    """显示印章、证书、授权与经过。Show a seal with its certificates, grants and history."""
    with open_services() as services:
        found = services.seals.get(number)
        events = services.seals.history(number)
        certificates = services.seals.certificates(number)
        data = None
        state = found.state_at(services.clock.now())
        record = services.public_register.find(number) if found.registered_at is not None else None
        with suppress(SealDataMissingError):
            data = services.seal_data.current(number)
    if as_json:
        print_json(
            {
                **SealView.of(found).model_dump(mode="json"),
                "public_record": SealRecordView.of(record).model_dump(mode="json") if record is not None else None,
                "seal_data_digest": data.digest if data is not None else None,
                "history": [each.__dict__ for each in events],
            }
        )
        return
    console.print(f"{found.number} {found.title} {found.kind.zh} {found.width_mm:g}×{found.height_mm:g} mm")
    console.print(f"状态 state: {state.zh} {state}，有效至 valid until {found.valid_until or '—'}")
    for certificate in certificates:
        used = f"{certificate.used_from:%Y-%m-%d} – {certificate.used_until or ''}"
        console.print(f"证书 certificate {certificate.serial}: {used}")
    if data is not None:
        console.print(f"国密印章数据 GB/T 38540 data: SHA-256 {data.digest}，有效至 until {data.valid_until:%Y-%m-%d}")
    table = Table("时间 at (UTC)", "事项 move", "状态 state", "经办人 officers", "理由 reason", "依据 document")
    for event in events:
        officers = event.officer if event.second_officer is None else f"{event.officer}、{event.second_officer}"
        at = f"{event.at:%Y-%m-%d %H:%M}"
        table.add_row(at, event.move.zh, event.state.zh, officers, event.reason, event.document or "—")
    console.print(table)


def _print_state(found: Seal) -> None:
    console.print(f"印章 seal {found.number}: {found.state.zh} ({found.state})")


def _end_of(day: datetime | None) -> datetime | None:
    """The first moment after a day in China."""
    return datetime.combine(day.date() + timedelta(days=1), time(), CHINA) if day is not None else None
