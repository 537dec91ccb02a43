"""Checking a PDF: ``verify``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from api.commands.common import console, errors, in_place, open_services, person, print_json, read_bytes, write_bytes
from api.commands.qr_codes import as_object, check_qr, print_credential
from api.commands.receipts import verify_receipt
from api.errors import FileUnreadableError, RequestInvalidError
from api.services import Services
from store.errors import YinzhengError
from trust.offline_credential import OfflineCredential
from verify import Indication, Policy, SealMakerTrust, TrustAnchors, Verdict
from verify.errors import UnreadableError, VerifyError
from verify.offline import check_offline
from verify.report_pdf import CheckContext
from verify.report_xml import report_xml as xml_of
from verify.verdict import verdict as verdict_of

_COLOURS = {Indication.TOTAL_PASSED: "green", Indication.TOTAL_FAILED: "red", Indication.INDETERMINATE: "yellow"}
_WORDS = {
    Indication.TOTAL_PASSED: "核验通过 passed",
    Indication.TOTAL_FAILED: "核验不通过 failed",
    Indication.INDETERMINATE: "无法确认 not certain",
}
_UNREADABLE = 2
_LARGEST_ANCHORS = 1024 * 1024
_LARGEST_LIST = 64 * 1024 * 1024


def verify(
    file: Annotated[Path | None, typer.Argument(help="PDF 文件 A PDF file.")] = None,
    trust: Annotated[
        Path | None,
        typer.Option(help="只信任此 PEM 文件中的根证书，不查登记簿 Trust these roots only, and ask no register."),
    ] = None,
    policy: Annotated[
        Policy,
        typer.Option(help="licence：本系统签发的证照；general：其他机构签署的 PDF，依信任列表 By which rules."),
    ] = Policy.LICENCE,
    report: Annotated[
        Path | None, typer.Option(metavar="PDF", help="一页核验报告，存入案卷 Also a one-page report for a case file.")
    ] = None,
    report_xml: Annotated[
        Path | None, typer.Option(metavar="XML", help="ETSI TS 119 102-2 报告 Also the report as ETSI has it.")
    ] = None,
    purpose: Annotated[str | None, typer.Option(help="用途，写入核验报告 What for, to stand in the report.")] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="不联网、不用数据库，须给出 --trust With files only; wants --trust.")
    ] = False,
    status_list: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="事先下载的状态列表 A saved status list, for --offline."),
    ] = None,
    log_proof: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="日志证明（log prove 的输出） A proof from the log, for --offline."),
    ] = None,
    qr: Annotated[
        Path | None,
        typer.Option(metavar="IMAGE", help="亮证码图片（PNG、JPEG）A picture of a QR code, in place of a PDF."),
    ] = None,
    body: Annotated[
        str | None, typer.Option(help="核验单位的统一社会信用代码，联网亮证码须给出 Who redeems what was made online.")
    ] = None,
    receipt: Annotated[
        bool, typer.Option("--receipt", help="文件是核验回执（JWS）The file is the receipt of a check.")
    ] = False,
    jwks: Annotated[
        Path | None,
        typer.Option(help="/.well-known/receipt-jwks.json 的副本，无需数据库 Keys of receipts, to ask no database."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="供程序读取 For programs.")] = False,
) -> None:
    """核验 PDF 证照或亮证码。Check a PDF: exit 0 passed, 1 failed or not certain, 2 not a PDF or no signature in it.

    无法核验的文件不出报告。There is no report on a file that cannot be judged.
    """
    evidence = qr if file is None else file
    if evidence is None or (file is not None and qr is not None):
        raise RequestInvalidError(problem="一个 PDF 文件，或 --qr 图片 (a PDF, or --qr with a picture)")
    if receipt:
        verify_receipt(evidence, jwks, as_json=as_json)
        return
    credential: OfflineCredential | None = None
    with open_services() as services:
        try:
            if qr is not None:
                verdict, credential = check_qr(
                    services, qr, offline=offline, trust=trust, status_list=status_list, body=body
                )
            elif offline:
                verdict = _offline_verdict(services, evidence, trust, status_list, log_proof)
            else:
                verdict = _verdict(services, evidence, trust, policy)
        except (VerifyError, FileUnreadableError) as error:
            print_unjudged(error, as_json=as_json)
            unreadable = isinstance(error, UnreadableError | FileUnreadableError)
            raise typer.Exit(_UNREADABLE if unreadable else 1) from None
        if report is not None:
            context = CheckContext(file_name=evidence.name, checked_by=person(), purpose=purpose)
            write_bytes(report, services.report_printer.print(verdict, context))
        if report_xml is not None:
            write_bytes(report_xml, xml_of(verdict))
    if as_json:
        shown = {} if credential is None else {"presentation": as_object(credential)}
        print_json({**verdict.to_json(), **shown})
    else:
        print_verdict(verdict)
        if credential is not None:
            print_credential(credential)
    raise typer.Exit(0 if verdict.passed else 1)


def _verdict(services: Services, file: Path, trust: Path | None, policy: Policy) -> Verdict:
    limit = services.settings.max_pdf_bytes
    place = in_place(file, limit=limit)
    if trust is None:
        checker = services.checker
        return checker.check_pdf(place) if policy is Policy.LICENCE else checker.check_foreign_pdf(place)
    anchors = TrustAnchors.from_bytes(read_bytes(trust, limit=_LARGEST_ANCHORS))
    now = services.clock.now()
    evidence = services.inspect(
        place, anchors, policy=Policy.GENERAL, now=now, seal_makers=SealMakerTrust(anchors), max_bytes=limit
    )
    return verdict_of(
        evidence.reasons,
        checked_at=now,
        signatures=evidence.signatures,
        document_digest=evidence.document_digest,
    )


def _offline_verdict(
    services: Services, file: Path, trust: Path | None, status_list: Path | None, log_proof: Path | None
) -> Verdict:
    if trust is None:
        raise RequestInvalidError(problem="--offline: --trust ROOT.pem")
    limit = services.settings.max_pdf_bytes
    return check_offline(
        in_place(file, limit=limit),
        TrustAnchors.from_bytes(read_bytes(trust, limit=_LARGEST_ANCHORS)),
        None if status_list is None else read_bytes(status_list, limit=_LARGEST_LIST),
        log_proof=None if log_proof is None else read_bytes(log_proof, limit=_LARGEST_LIST),
        now=services.clock.now(),
        max_bytes=limit,
        inspect=services.inspect,
    )


def print_verdict(verdict: Verdict) -> None:
    """A verdict for a person to read."""
    colour = _COLOURS[verdict.indication]
    console.print(f"[bold {colour}]{_WORDS[verdict.indication]}[/]  {verdict.indication.value}")
    for reason in verdict.reasons:
        console.print(
            f"  [{_COLOURS[reason.indication]}]·[/] {reason.message_zh}\n    {reason.message_en} \\[{reason.code}]"
        )
    for signature in verdict.signatures:
        console.print(f"签名 signature {signature.field_name}: {signature.indication.value}")
        if signature.signer_subject:
            console.print(f"    {signature.signer_subject}")
        if signature.seal_data:
            seal = signature.seal_data
            console.print(f"    国密印章 GB/T 38540 seal: {escape(seal.name)} {escape(seal.id)}")
            console.print(f"    制章者 maker: {escape(seal.maker_subject or '—')}")
    if verdict.licence:
        licence = verdict.licence
        console.print(f"证照 licence: {licence.title_zh} {licence.identifier} ({licence.status})")


def print_unjudged(error: YinzhengError, *, as_json: bool) -> None:
    """Why there is no verdict."""
    if as_json:
        reason: dict[str, Any] = {"code": error.code, "message_zh": error.message_zh, "message_en": error.message_en}
        print_json({"verdict": Indication.INDETERMINATE.value, "reasons": [reason], "signatures": [], "licence": None})
    else:
        errors.print(f"{error.message_zh}\n{error.message_en} \\[{error.code}]")
