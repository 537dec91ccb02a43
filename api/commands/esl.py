"""Seal data: ``seal export``, and ``seal inspect``, which needs no database and no keys."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from cryptography import x509
from rich.markup import escape

from api.commands.common import console, errors, open_services, print_json, read_bytes, write_bytes
from api.errors import FileUnreadableError
from seal.esl import LARGEST, Esl, read_esl
from seal.esl_checks import EslCheck, SignatureState, check_esl
from seal.esl_making import PERSONAL_SEAL, UNIT_SEAL
from seal.findings import Severity
from store.clock import Clock, SystemClock
from store.errors import YinzhengError

_FAILED, _UNREADABLE = 1, 2
_COLOURS: Final = {Severity.INFO: "green", Severity.WARNING: "yellow", Severity.ERROR: "red"}
_KINDS: Final = {UNIT_SEAL: "单位印章 of a body", PERSONAL_SEAL: "个人印章 of a person"}


def inspect(
    file: Annotated[Path, typer.Argument(help="电子印章数据 Seal data, .esl (GB/T 38540, GM/T 0031).")],
    trust: Annotated[
        Path | None, typer.Option(help="信任的制章者根证书（PEM） Roots trusted to certify seal makers.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="供程序读取 For programs.")] = False,
) -> None:
    """查看电子印章数据并验证制章者签名。Look into seal data: exit 0 signature verifies, 1 it does not, 2 unreadable."""
    try:
        clock = SystemClock()
        esl = read_esl(read_bytes(file, limit=LARGEST))
        check = check_esl(esl, at=clock.now(), anchors=None if trust is None else _anchors(trust))
    except YinzhengError as error:
        if as_json:
            reason = {"code": error.code, "message_zh": error.message_zh, "message_en": error.message_en}
            print_json({"readable": False, "reasons": [reason]})
        else:
            errors.print(f"{escape(error.message_zh)}\n{escape(error.message_en)} \\[{error.code}]")
        raise typer.Exit(_UNREADABLE) from None
    if as_json:
        print_json(to_json(esl, check, clock))
    else:
        _print(esl, check)
    raise typer.Exit(0 if check.signature is SignatureState.VALID else _FAILED)


def export(
    number: Annotated[str, typer.Argument(help="印章编号 Number of the seal.")],
    out: Annotated[Path, typer.Option(metavar="ESL", help="写入文件 File to write.")],
) -> None:
    """导出电子印章数据（GB/T 38540）。Export the seal data of a seal."""
    with open_services() as services:
        found = services.seal_data.current(number)
    write_bytes(out, found.data)
    console.print(f"已导出 exported: {out}，SHA-256 {found.digest}")


def to_json(esl: Esl, check: EslCheck, clock: Clock) -> dict[str, Any]:
    """What is known of seal data, under keys that stay.

    ``readable`` true; ``version`` as the header says and ``form`` (1, 4 or 5) as the data are laid out; ``id``,
    ``vendor``, ``name``; ``type`` (a number: 1 a body's, 2 a person's, others are in use); ``created_at``,
    ``valid_from``, ``valid_until`` and ``in_validity`` now; ``picture`` with ``format``, ``width_mm``, ``height_mm``,
    ``bytes``; ``users``, how many certificates may use the seal; ``signer``, the maker's certificate with ``subject``,
    ``issuer``, ``serial``, ``not_before``, ``not_after`` and ``in_validity`` now, or null where it cannot be read;
    ``signature_algorithm``, dotted; ``signature``: valid, invalid, unsupported or unreadable;
    ``signature_verifies``, whether it is valid; ``findings``, each with ``code``, ``severity`` (info, warning,
    error), ``message_zh``, ``message_en``. Times are ISO 8601 in UTC. Where the file cannot be read there are only
    ``readable`` false and ``reasons``.
    """
    now = clock.now()
    return {
        "readable": True,
        "version": esl.version,
        "form": esl.form,
        "id": esl.id,
        "vendor": esl.vendor,
        "name": esl.name,
        "type": esl.kind,
        "created_at": _iso(esl.created_at),
        "valid_from": _iso(esl.valid_from),
        "valid_until": _iso(esl.valid_until),
        "in_validity": esl.valid_from <= now <= esl.valid_until,
        "picture": {
            "format": esl.picture.format,
            "width_mm": esl.picture.width_mm,
            "height_mm": esl.picture.height_mm,
            "bytes": len(esl.picture.data),
        },
        "users": len(esl.certificates) + len(esl.certificate_digests),
        "signer": None if check.maker is None else _certificate_json(check.maker, now),
        "signature_algorithm": esl.signature_algorithm,
        "signature": check.signature.value,
        "signature_verifies": check.signature is SignatureState.VALID,
        "findings": [each.to_json() for each in check.findings],
    }


def _certificate_json(certificate: x509.Certificate, now: datetime) -> dict[str, Any]:
    return {
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "serial": f"{certificate.serial_number:x}",
        "not_before": _iso(certificate.not_valid_before_utc),
        "not_after": _iso(certificate.not_valid_after_utc),
        "in_validity": certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc,
    }


def _print(esl: Esl, check: EslCheck) -> None:
    picture = esl.picture
    lines = [
        ("版本 version", f"{esl.version}"),
        ("标识 id", esl.id),
        ("名称 name", esl.name),
        ("类型 type", f"{esl.kind} {_KINDS.get(esl.kind, '')}".strip()),
        ("厂商 vendor", esl.vendor),
        ("制作 made", _iso(esl.created_at)),
        ("有效期 validity", f"{_iso(esl.valid_from)} – {_iso(esl.valid_until)}"),
        ("图片 picture", f"{picture.format} {picture.width_mm} × {picture.height_mm} mm，{len(picture.data)} bytes"),
    ]
    if check.maker is not None:
        lines.append(("制章者 signer", check.maker.subject.rfc4514_string()))
    for label, value in lines:
        console.print(f"{label}: {escape(value)}")
    for each in check.findings:
        console.print(f"  [{_COLOURS[each.severity]}]·[/] {each.message_zh}\n    {each.message_en} \\[{each.code}]")


def _anchors(file: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(read_bytes(file, limit=1024 * 1024))
    except ValueError as error:
        raise FileUnreadableError(path=file, problem="no certificates in PEM") from error


def _iso(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
