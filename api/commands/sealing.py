"""Sealing a document that is no licence of the catalogue: ``seal document``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.commands.common import console, open_services, person
from api.errors import FileUnreadableError
from api.services import Services
from seal import Placement, SealedFile, SealingOrder, SealLevel


def document(
    file: Annotated[Path, typer.Argument(help="PDF 文件，最大 1 GB A PDF file of up to 1 GB.")],
    number: Annotated[str, typer.Option("--seal", help="印章编号 Number of the seal.")],
    document_type: Annotated[str, typer.Option("--for", help="文件类型，须在用印授权之内 Type, within the grant.")],
    identifier: Annotated[str, typer.Option(help="文件编号，写入用印记录 Number of the document, for the record.")],
    reason: Annotated[str, typer.Option(help="用印事由，写入签名 Reason; stands in the signature.")],
    x: Annotated[float, typer.Option(help="印章中心距页面左边（毫米） Centre, millimetres from the left edge.")],
    y: Annotated[float, typer.Option(help="印章中心距页面上边（毫米） Centre, millimetres from the top edge.")],
    out: Annotated[Path, typer.Option(help="输出文件 Where the sealed document goes.")],
    page: Annotated[int, typer.Option(help="第几页 Page, from 1.")] = 1,
    level: Annotated[SealLevel, typer.Option(help="PAdES 级别 Level.")] = SealLevel.B_LTA,
) -> None:
    """在文件上用印，并记录用印。Put a seal on a document; the use goes on record."""
    order = SealingOrder(
        seal_number=number,
        caller=person(),
        document_type=document_type,
        document_identifier=identifier,
        placement=Placement(page, x, y),
        reason=reason,
        level=level,
    )
    with open_services() as services:
        sealed = _seal(services, file, out, order)
    console.print(f"已用印 sealed: {out}，用印记录 use {sealed.use_id}，SHA-256 {sealed.digest}")


def _seal(services: Services, file: Path, out: Path, order: SealingOrder) -> SealedFile:
    """The output appears whole or not at all.

    :raises FileUnreadableError: a file cannot be read or written.
    """
    part = out.with_name(f".{out.name}.part")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with file.open("rb") as source, part.open("w+b") as target:
            sealed = services.sealer.seal_file(source, target, order)
        part.replace(out)
    except OSError as error:
        raise FileUnreadableError(
            path=error.filename or file, problem=error.strerror or type(error).__name__
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return sealed
