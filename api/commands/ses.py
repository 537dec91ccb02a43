"""Seal signatures of GB/T 38540 that stand by themselves: ``ses sign`` and ``ses verify``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.hashes import SM3, Hash

from api.commands.common import console, open_services, person, print_json, read_bytes, write_bytes
from api.commands.verify import print_unjudged, print_verdict
from api.errors import FileUnreadableError
from seal import DetachedOrder
from seal.errors import SealError
from seal.esl_errors import DigestInvalidError
from seal.ses_signature import LARGEST
from store.clock import SystemClock
from verify import SealMakerTrust, TrustAnchors, Verdict
from verify.detached import check_detached

ses = typer.Typer(no_args_is_help=True, help="国密电子签章 Seal signatures (GB/T 38540).")

_UNREADABLE = 2
_CHUNK = 1024 * 1024

FileArgument = Annotated[Path | None, typer.Argument(help="原文 The data; any file.")]
DigestOption = Annotated[
    str | None, typer.Option(metavar="HEX", help="原文的 SM3 杂凑值，代替原文 SM3 of the data, in place of them.")
]


@ses.command("sign")
def sign(
    seal: Annotated[str, typer.Option(help="印章编号 Number of the seal.")],
    licence_type: Annotated[str, typer.Option("--type", help="证照类型，须在用印授权之内 Type of document.")],
    out: Annotated[Path, typer.Option(metavar="SES", help="写入文件 File to write.")],
    file: FileArgument = None,
    digest: DigestOption = None,
    property_info: Annotated[
        str | None,
        typer.Option("--property", help="原文属性，ASCII；OFD 中为 Signature.xml 的路径 Which data they are."),
    ] = None,
    identifier: Annotated[str | None, typer.Option(help="文件标识，记入用印记录 For the record of uses.")] = None,
    purpose: Annotated[str | None, typer.Option(help="用途 What for.")] = None,
) -> None:
    """用印章对任意文件签章，依授权并记入用印记录。Sign any file with a seal: by grant, and on the record of uses."""
    value = _digest_of(file, digest)
    with open_services() as services:
        made = services.detached_sealer.sign(
            DetachedOrder(
                seal_number=seal,
                caller=person(),
                document_type=services.catalogue.get(licence_type).slug,
                document_identifier=identifier or f"sm3:{value.hex()}",
                digest=value,
                property_info=property_info if property_info is not None else f"sm3:{value.hex()}",
                purpose=purpose,
            )
        )
    write_bytes(out, made.data)
    console.print(f"已签章 signed: {out}，用印记录 use {made.use_id}")


@ses.command("verify")
def verify(
    signature: Annotated[Path, typer.Argument(metavar="SES", help="电子签章数据 The seal signature.")],
    file: FileArgument = None,
    digest: DigestOption = None,
    property_info: Annotated[
        str | None, typer.Option("--property", help="应有的原文属性 What it has to name as its data.")
    ] = None,
    trust: Annotated[
        Path | None,
        typer.Option(help="只信任此 PEM 文件中的证书，不用数据库 Trust these alone, and need no database."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="供程序读取 For programs.")] = False,
) -> None:
    """核验电子签章。Check a seal signature: exit 0 passed, 1 failed or not certain, 2 unreadable."""
    try:
        value, data = _digest_of(file, digest), read_bytes(signature, limit=LARGEST)
        verdict = _verdict(data, value, property_info, trust)
    except (SealError, FileUnreadableError) as error:
        print_unjudged(error, as_json=as_json)
        raise typer.Exit(_UNREADABLE) from None
    if as_json:
        print_json(verdict.to_json())
    else:
        print_verdict(verdict)
    raise typer.Exit(0 if verdict.passed else 1)


def _verdict(data: bytes, digest: bytes, property_info: str | None, trust: Path | None) -> Verdict:
    if trust is not None:
        makers = SealMakerTrust(TrustAnchors.from_bytes(read_bytes(trust, limit=1024 * 1024)))
        return check_detached(data, digest, makers, now=SystemClock().now(), property_info=property_info)
    with open_services() as services:
        return services.checker.check_seal_signature(data, digest, property_info=property_info)


def _digest_of(file: Path | None, digest: str | None) -> bytes:
    """The SM3 of a file, or the one that was given in its place."""
    if (file is None) == (digest is None):
        raise typer.BadParameter("FILE --digest")
    if digest is not None:
        try:
            value = bytes.fromhex(digest)
        except ValueError:
            raise DigestInvalidError from None
        if len(value) != SM3.digest_size:
            raise DigestInvalidError
        return value
    hashed = Hash(SM3())
    try:
        with Path(file or "").open("rb") as opened:
            while chunk := opened.read(_CHUNK):
                hashed.update(chunk)
    except OSError as error:
        raise FileUnreadableError(path=file, problem=error.strerror or type(error).__name__) from error
    return hashed.finalize()
