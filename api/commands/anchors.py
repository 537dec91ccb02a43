"""The trust list: ``anchors``."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from api.commands.common import console, open_services, person, print_json, read_bytes, write_bytes
from verify import AnchorPurpose, AnchorTerms, TrustAnchors, TrustedAuthority

anchors = typer.Typer(no_args_is_help=True, help="信任列表 The trust list: authorities that checks rely on.")

_LARGEST = 1024 * 1024

JsonOption = Annotated[bool, typer.Option("--json", help="供程序读取 For programs.")]
ReasonOption = Annotated[str, typer.Option(help="理由，将记录在案 Reason; goes on record.")]
_UTC_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]


@anchors.command("list")
def list_anchors(
    removed: Annotated[bool, typer.Option("--removed", help="含已移除的 Also those that were removed.")] = False,
    as_json: JsonOption = False,
) -> None:
    """列出信任的机构：本系统自有的，和管理员登记的。List the authorities relied upon: our own, and those entered."""
    with open_services() as services:
        trusted = services.trust_list
        entries = trusted.entries(removed=removed)
        own = trusted.built_in()
    subjects: dict[str, list[AnchorPurpose]] = {}
    for purpose, found in own.items():
        for certificate in found.certificates:
            subjects.setdefault(certificate.subject.rfc4514_string(), []).append(purpose)
    if as_json:
        built_in = [{"subject": subject, "purposes": list(purposes)} for subject, purposes in subjects.items()]
        print_json({"built_in": built_in, "entries": [_row(each) for each in entries]})
        return
    console.print("自有 our own")
    for subject, purposes in subjects.items():
        console.print(f"  {subject}\n    {_purposes(purposes)}")
    console.print("登记的 entered" if entries else "没有登记 none entered")
    for each in entries:
        console.print(f"  {each.id}  {each.subject}\n    {_purposes(each.purposes)}，{_period(each)}")
        console.print(f"    SHA-256 {each.fingerprint}")
        console.print(f"    登记 entered {each.added_at:%Y-%m-%d} {each.added_by}: {each.reason}")
        if each.removed_at is not None:
            console.print(f"    移除 removed {each.removed_at:%Y-%m-%d} {each.removed_by}: {each.removal_reason}")


@anchors.command("add")
def add(
    file: Annotated[Path, typer.Argument(help="根证书文件（PEM 或 DER） Root certificate, PEM or DER.")],
    purpose: Annotated[list[AnchorPurpose], typer.Option(help="用途，可多次 What for; may be given several times.")],
    reason: ReasonOption,
    since: Annotated[
        datetime | None, typer.Option(formats=_UTC_FORMATS, help="自何时起信任（UTC） Relied upon from.")
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(formats=_UTC_FORMATS, help="信任至何时（UTC）；此前已证明签署的仍有效 Relied upon until."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """登记一个信任的机构。Rely on an authority. Compare the fingerprint that is printed with what it publishes."""
    found = TrustAnchors.from_bytes(read_bytes(file, limit=_LARGEST)).certificates
    terms = AnchorTerms(purpose, reason, _utc(since), _utc(until))
    with open_services() as services:
        entries = [services.trust_list.add(each, terms, actor=person()) for each in found]
    if as_json:
        print_json([_row(each) for each in entries])
        return
    for each in entries:
        console.print(f"已登记 added: {each.id} {each.subject}\n    SHA-256 {each.fingerprint}")


@anchors.command("remove")
def remove(
    anchor: Annotated[int, typer.Argument(help="编号 Number, see anchors list.")],
    reason: ReasonOption,
    as_json: JsonOption = False,
) -> None:
    """移除一个信任的机构，立即生效，此前的签名也不再信任。Rely on an authority no more, at once and for all times."""
    with open_services() as services:
        entry = services.trust_list.remove(anchor, actor=person(), reason=reason)
    if as_json:
        print_json(_row(entry))
        return
    console.print(f"已移除 removed: {entry.id} {entry.subject}")


@anchors.command("export")
def export(
    purpose: Annotated[AnchorPurpose, typer.Option(help="用途 What for.")],
    out: Annotated[Path, typer.Option(help="输出文件（PEM） File to write, PEM.")],
) -> None:
    """导出一种用途的全部信任根。Write all anchors for a purpose, as a check would use them now."""
    with open_services() as services:
        found = services.trust_list.anchors(purpose)
    certificates = [x509.load_der_x509_certificate(each) for each in found.encoded]
    write_bytes(out, b"".join(each.public_bytes(Encoding.PEM) for each in certificates))
    console.print(f"已导出 written: {len(certificates)} → {out}")


def _utc(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at is not None else None


def _purposes(purposes: list[AnchorPurpose] | tuple[AnchorPurpose, ...]) -> str:
    return "、".join(f"{each.zh} {each.value}" for each in purposes)


def _period(entry: TrustedAuthority) -> str:
    since, until = entry.period
    if since is None and until is None:
        return "不限 always"
    return " – ".join(f"{each:%Y-%m-%d %H:%M}" if each else "" for each in (since, until))


def _row(entry: TrustedAuthority) -> dict[str, Any]:
    return {
        "id": entry.id,
        "subject": entry.subject,
        "sha256": entry.fingerprint,
        "purposes": list(entry.purposes),
        "since": entry.period.since,
        "until": entry.period.until,
        "reason": entry.reason,
        "added_by": entry.added_by,
        "added_at": entry.added_at,
        "removed_by": entry.removed_by,
        "removed_at": entry.removed_at,
        "removal_reason": entry.removal_reason,
    }
