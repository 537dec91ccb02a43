"""Taking over archives at the command line: ``import``, ``imports``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.commands.batches import DetachOption, ProcessesOption, ReferenceArgument, conclude, work_through
from api.commands.common import console, errors, open_services, person, read_bytes, write_bytes, write_text
from api.commands.licences import IdentifierArgument, JsonOption
from api.commands.progress import progress
from api.services import Services
from trust.archives import ImportOrder
from trust.batch import Batch, BatchAct, BatchState, LineState
from trust.mapping import parse_mapping
from trust.quality_report import report_files
from trust.result_files import csv_lines
from trust.rows import TableForm, existing_file, read_rows

imports = typer.Typer(no_args_is_help=True, help="历史数据归集 Archives that were taken over.")

_MAX_MAPPING = 256 * 1024


def import_archive(
    file: Annotated[Path, typer.Argument(help="数据文件：.csv、.xlsx 或 .jsonl The file of data.")],
    type: Annotated[str, typer.Option(help="证照类型 Slug or 21-character code of the type.")],  # noqa: A002
    mapping: Annotated[Path | None, typer.Option(help="映射文件 Mapping of columns to fields, TOML.")] = None,
    issuer: Annotated[
        str | None, typer.Option(help="未注明颁发机构的行由此机构颁发 Issuer of lines that name none.")
    ] = None,
    scans: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="扫描件目录 Directory of the scanned PDFs.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="数据质量报告目录 Directory for the report on the data's quality.")
    ] = None,
    mends: Annotated[
        str | None, typer.Option(help="订正此批次中搁置的行 Reference of the import whose lines it corrects.")
    ] = None,
    seal: Annotated[bool, typer.Option("--seal", help="归集后制证用印 Lay out and seal what is taken over.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只检查，不入库 Only check.")] = False,
    processes: ProcessesOption = 1,
    detach: DetachOption = False,
    as_json: JsonOption = False,
) -> None:
    """归集历史证照：检查每一行，合格的入登记簿，有误的搁置待订正。

    Take over an archive: sound lines enter the register, the others are set aside to be mended.
    """
    form = TableForm.of(existing_file(file))
    with open_services() as services:
        mapped = None
        if mapping is not None:
            mapped = parse_mapping(read_bytes(existing_file(mapping), limit=_MAX_MAPPING), services.catalogue.get(type))
        order = ImportOrder(
            type=type,
            actor=person(),
            file_name=file.name,
            issuer_code=issuer,
            mapping=mapped,
            scans=scans,
            sealed=seal,
            dry_run=dry_run,
            mends=mends,
        )
        with progress("检查 checking") as told:
            loaded = services.archives.load(order, read_rows(file, form), told=told)
        if loaded.state is BatchState.READY:
            loaded = services.batches.act(loaded.reference, BatchAct.START)
            if not detach:
                loaded = work_through(services, loaded, processes)
        if report is not None:
            _write_report(services, loaded, report)
        conclude(services, loaded, None, as_json=as_json)


@imports.command("report")
def write_report(
    reference: ReferenceArgument,
    out: Annotated[Path, typer.Option(help="报告目录 Directory for the report.")],
) -> None:
    """写出数据质量报告（HTML、CSV、JSON）。Write the report on the data's quality."""
    with open_services() as services:
        _write_report(services, services.batches.get(reference), out)


@imports.command("set-aside")
def set_aside(
    reference: ReferenceArgument,
    out: Annotated[Path, typer.Option(help="CSV 文件，含原数据，妥善保管 A CSV with the data; keep it safe.")],
) -> None:
    """导出搁置的行以便订正；改好后用 import --mends 重新归集。Write the lines that were set aside, to be mended."""
    with open_services() as services:
        batch = services.batches.get(reference)
        write_text(out, csv_lines(services.archives.set_aside(batch)))
        out.chmod(0o600)
        console.print(f"{batch.counts.get(LineState.UNSOUND, 0)} 行 lines：{out}")


@imports.command("scan")
def scan(
    identifier: IdentifierArgument,
    out: Annotated[Path, typer.Option(help="保存到 Where to put the scan.")],
) -> None:
    """取出归集时所附的原证照扫描件。Fetch the scan of the paper that a licence was taken over from."""
    with open_services() as services:
        write_bytes(out, services.archives.scan(identifier))
    console.print(str(out))


def _write_report(services: Services, batch: Batch, directory: Path) -> None:
    reports = services.quality_reports
    for name, text in report_files(reports, reports.of(batch)).items():
        write_text(directory / name, text)
    errors.print(f"报告 report：{directory / 'report.html'}")
