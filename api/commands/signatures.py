"""E-signatures of people and companies: ``signature``."""

from __future__ import annotations

import hashlib
import io
import sys
from pathlib import Path
from typing import Annotated

import qrcode
import typer
from rich.table import Table

from api.commands.common import console, open_services, person, print_json, read_bytes, write_bytes
from api.commands.verify import verify
from api.services import Services
from seal import Artwork, OwnerKind, Placement, Signatory, SignedSubject, SigningCredential, TotpEnrolment
from seal.people import masked_name
from seal.signature_artwork import typed_signature
from trust import HolderIndex
from trust.holders import checked_code
from verify import Policy

signature = typer.Typer(no_args_is_help=True, help="个人与企业的电子签名 E-signatures of people and companies.")

NumberArgument = Annotated[str, typer.Argument(help="签名凭证编号 Number of the credential.")]
ClientArgument = Annotated[str, typer.Argument(help="接口客户端 The API client.")]
OfficerOption = Annotated[str, typer.Option(help="经办人 The officer who acts.")]
ReasonOption = Annotated[str, typer.Option(help="理由，将记录在案 Reason; goes on record.")]
QrOption = Annotated[Path | None, typer.Option(help="另存二维码图片 Also save the QR code as a PNG.")]
CodeOption = Annotated[
    str | None, typer.Option(help="身份验证器的动态口令，不写则询问 Code of the authenticator; asked for if left out.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="供程序读取 For programs.")]


@signature.command("enrol")
def enrol(
    name: Annotated[str, typer.Option(prompt="姓名或企业名称 Name", help="姓名或企业名称 Name of the signer.")],
    code: Annotated[
        str,
        typer.Option(
            prompt="公民身份号码或统一社会信用代码 Identity number or credit code",
            hide_input=True,
            help="不写则询问，以免留在命令历史中 Asked for when left out, so that it stays out of the history.",
        ),
    ],
    officer: OfficerOption,
    reason: ReasonOption,
    company: Annotated[bool, typer.Option(help="为企业办理 The signer is a company.")] = False,
    qr: QrOption = None,
) -> None:
    """当面核验身份后，为个人或企业办理签名凭证。Enrol a signer whose identity was seen.

    二维码只显示一次，由签署人用身份验证器扫描。The QR code is shown this once, for the signer's authenticator.
    """
    kind = OwnerKind.COMPANY if company else OwnerKind.PERSON
    with open_services() as services:
        checked = checked_code(kind.value, code, today=services.register.today())
        index = HolderIndex.of(services.keys.vault, kind.value, checked)
        signatory = Signatory(kind, checked, name, index.value)
        credential, enrolment = services.credentials.enrol(signatory, actor=officer, reason=reason)
    _show_enrolment(credential.number, enrolment, qr)


@signature.command("authenticator")
def authenticator(number: NumberArgument, officer: OfficerOption, reason: ReasonOption, qr: QrOption = None) -> None:
    """签署人更换手机等情形，核验身份后换发。Give a signer a new authenticator; the old one is of no use then."""
    with open_services() as services:
        enrolment = services.credentials.renew_authenticator(number, actor=officer, reason=reason)
    _show_enrolment(number, enrolment, qr)


@signature.command("list")
def list_credentials(as_json: JsonOption = False) -> None:
    """列出签名凭证。List the signing credentials."""
    with open_services() as services:
        found = [(each, masked_name(services.credentials.name(each))) for each in services.credentials.all()]
    if as_json:
        print_json(
            [
                {
                    "number": each.number,
                    "kind": each.kind.value,
                    "name": name,
                    "state": each.state.value,
                    "created_at": each.created_at.isoformat(),
                }
                for each, name in found
            ]
        )
        return
    table = Table("编号 number", "签署人 signer", "状态 state", "办理时间 enrolled (UTC)")
    for each, name in found:
        table.add_row(each.number, name, f"{each.state.zh} {each.state}", f"{each.created_at:%Y-%m-%d %H:%M}")
    console.print(table)


@signature.command("sign")
def sign(
    file: Annotated[Path, typer.Argument(help="PDF 文件 A PDF file.")],
    out: Annotated[Path, typer.Option(help="写入文件 File to write.")],
    credential: Annotated[str, typer.Option(help="签名凭证编号 Number of the credential.")],
    reason: Annotated[str, typer.Option(help="事由，写入签名 Stands in the signature.")] = "本人签署",
    page: Annotated[int, typer.Option(min=1, help="页码 Page of the visible signature.")] = 1,
    x: Annotated[float | None, typer.Option(help="签名中心距页左边（毫米） Its centre, from the left, in mm.")] = None,
    y: Annotated[float | None, typer.Option(help="签名中心距页上边（毫米） From the top edge, in mm.")] = None,
    code: CodeOption = None,
) -> None:
    """以动态口令授权，在 PDF 上签名；不写位置则不显示。Sign a PDF; without a place the signature does not show."""
    with open_services() as services:
        pdf = read_bytes(file, limit=services.settings.max_pdf_bytes)
        found = services.credentials.get(credential)
        digest = hashlib.sha256(pdf).digest()
        console.print(f"待签文件 document: {file.name}\n摘要 SHA-256: {digest.hex()}")
        given = services.authorisations.authorise(
            found,
            [digest],
            subject=SignedSubject.DOCUMENT,
            factor=services.credentials.totp.name,
            answer=_asked(code),
            client=person(),
        )
        place = Placement(page, x, y) if x is not None and y is not None else None
        signed = services.signing.sign_pdf(
            pdf,
            found,
            given.token,
            client=person(),
            reason=reason,
            artwork=_written(services, found) if place is not None else None,
            placement=place,
        )
    write_bytes(out, signed)
    console.print(f"已签名 signed: {out}")


@signature.command("verify")
def verify_signatures(
    file: Annotated[Path, typer.Argument(help="PDF 文件 A PDF file.")], as_json: JsonOption = False
) -> None:
    """核验文件上的全部签名与印章。Check all signatures and seals on a PDF; exits like ``yinzheng verify``."""
    verify(file, policy=Policy.GENERAL, as_json=as_json)


@signature.command("consent")
def consent(number: NumberArgument, client: ClientArgument, code: CodeOption = None) -> None:
    """签署人以动态口令同意某客户端请其签名。Let a client ask the signer for signatures; each still wants a code."""
    with open_services() as services:
        services.clients.get(client)
        found = services.credentials.get(number)
        factor = services.credentials.totp.name
        services.consents.give(found, client, factor=factor, answer=_asked(code), actor=person())
    console.print(f"已同意 consented: {number} → {client}")


@signature.command("withdraw")
def withdraw(number: NumberArgument, client: ClientArgument) -> None:
    """撤回同意，立即生效。Take a consent back, at once."""
    with open_services() as services:
        services.consents.withdraw(services.credentials.get(number), client, actor=person())
    console.print(f"已撤回 withdrawn: {number} → {client}")


@signature.command("records")
def records(
    number: NumberArgument,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="条数 How many.")] = 100,
    as_json: JsonOption = False,
) -> None:
    """授权与签名记录，最近的在前。What was authorised and signed, and what was refused, newest first."""
    with open_services() as services:
        found = services.authorisations.records(services.credentials.get(number), limit=limit)
    if as_json:
        print_json([{**each.__dict__, "digests": list(each.digests)} for each in found])
        return
    table = Table("时间 at (UTC)", "步骤 step", "结果 result", "系统 client", "摘要 SHA-256")
    for each in found:
        result = each.result if each.reason_code is None else f"{each.result} {each.reason_code}"
        table.add_row(f"{each.at:%Y-%m-%d %H:%M:%S}", each.step, result, each.client, " ".join(each.digests))
    console.print(table)


@signature.command("suspend")
def suspend(number: NumberArgument, officer: OfficerOption, reason: ReasonOption) -> None:
    """停用签名凭证，可恢复。Stop a credential at once; it can be resumed."""
    with open_services() as services:
        _print_state(services.credentials.suspend(number, actor=officer, reason=reason))


@signature.command("resume")
def resume(number: NumberArgument, officer: OfficerOption, reason: ReasonOption) -> None:
    """恢复已停用的签名凭证。Let a suspended credential sign again."""
    with open_services() as services:
        _print_state(services.credentials.resume(number, actor=officer, reason=reason))


@signature.command("revoke")
def revoke(number: NumberArgument, officer: OfficerOption, reason: ReasonOption) -> None:
    """注销签名凭证并吊销证书，不可恢复。End a credential for good, and revoke its certificate."""
    with open_services() as services:
        _print_state(services.credentials.cancel(number, actor=officer, reason=reason))


def _asked(code: str | None) -> str:
    return code if code is not None else typer.prompt("动态口令 Code of your authenticator", hide_input=True)


def _written(services: Services, credential: SigningCredential) -> Artwork:
    return typed_signature(services.credentials.name(credential), fonts=services.fonts)


def _show_enrolment(number: str, enrolment: TotpEnrolment, qr: Path | None) -> None:
    console.print(f"签名凭证 credential: {number}")
    console.print("请签署人用身份验证器扫描，只显示一次 for the signer's authenticator, shown this once:")
    picture = qrcode.QRCode(border=2)
    picture.add_data(enrolment.uri)
    picture.print_ascii(out=sys.stdout, invert=sys.stdout.isatty())
    if qr is not None:
        image = io.BytesIO()
        picture.make_image().save(image)
        write_bytes(qr, image.getvalue(), private=True)


def _print_state(credential: SigningCredential) -> None:
    console.print(f"签名凭证 credential {credential.number}: {credential.state.zh} ({credential.state})")
