"""Licence types: ``type list|show|draft|publish|retire|preview|export|import``."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from api.commands.common import (
    ReasonOption,
    console,
    open_services,
    person,
    print_json,
    read_bytes,
    read_json_object,
    write_bytes,
)
from api.errors import RequestInvalidError
from api.services import Services
from trust import TypePackage, TypeVersion
from trust.errors import TypeVersionUnknownError
from trust.type_package import MAX_BYTES

licence_type = typer.Typer(no_args_is_help=True, help="证照目录 Licence types.")

SlugArgument = Annotated[str, typer.Argument(help="证照类型名称 Slug of the type.")]
VersionArgument = Annotated[int, typer.Argument(help="版本号 Version.")]
LatestArgument = Annotated[int | None, typer.Argument(help="版本号，默认最新 Version; the newest by default.")]
JsonOption = Annotated[bool, typer.Option("--json", help="供程序读取 For programs.")]


@licence_type.command("list")
def list_types(
    drafts: Annotated[bool, typer.Option("--all", help="含草稿与已停用版本 Drafts and retired versions too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """列出证照类型。List licence types."""
    with open_services() as services:
        found = [each for each in services.licence_types.versions() if drafts or each.state.value == "published"]
    if as_json:
        print_json([dataclasses.asdict(each) for each in found])
        return
    for each in found:
        state = f"v{each.version} {each.state.zh} {each.state.value}"
        console.print(f"{each.slug:38} {each.code}  {state}  {each.name_zh}")


@licence_type.command()
def show(slug: SlugArgument, version: LatestArgument = None, as_json: JsonOption = False) -> None:
    """显示一个类型的版本与字段。Show the versions of a type and the fields of one."""
    with open_services() as services:
        record = _version(services, slug, version)
        found = services.licence_types.get(slug, record.version)
        versions = services.licence_types.versions(slug)
    if as_json:
        print_json({**dataclasses.asdict(record), "fields": dict(found.schema)})
        return
    console.print(f"[bold]{found.name_zh}[/] {found.name_en}  {found.code}")
    for each in versions:
        by = each.retired_by or each.published_by or each.drafted_by
        console.print(f"   v{each.version} {each.state.zh} {each.state.value}  {by}  {each.digest[:12]}")
    required = found.schema.get("required", ())
    console.print("字段 fields（* 必填 required）：")
    for key, schema in found.fields.items():
        form = schema.get("format") or schema.get("pattern") or "、".join(schema.get("enum", ())) or schema["type"]
        star = "*" if key in required else " "
        console.print(f" {star} {key:30} {schema['title']} {schema['x-title-en']}  [dim]{escape(form)}[/]")


@licence_type.command()
def draft(
    slug: SlugArgument,
    directory: Annotated[Path, typer.Argument(help="含 type.json 与模板的目录 Directory with type.json.")],
    as_json: JsonOption = False,
) -> None:
    """由目录起草一个版本，并试排样本。Take a directory in as a draft, once its sample can be laid out."""
    with open_services() as services:
        made = services.type_desk.draft(slug, TypePackage.from_directory(directory), actor=person())
    _told(made, as_json=as_json)


@licence_type.command("import")
def import_package(
    slug: SlugArgument,
    file: Annotated[Path, typer.Argument(help="导出的 ZIP 文件 A ZIP file that was exported.")],
    as_json: JsonOption = False,
) -> None:
    """由 ZIP 文件起草一个版本。Take a ZIP file in as a draft."""
    package = TypePackage.from_zip(read_bytes(file, limit=MAX_BYTES))
    with open_services() as services:
        made = services.type_desk.draft(slug, package, actor=person())
    _told(made, as_json=as_json)


@licence_type.command()
def publish(slug: SlugArgument, version: VersionArgument, as_json: JsonOption = False) -> None:
    """发布草稿；原发布版本随即停用。Publish a draft; the version that was published until now is retired."""
    with open_services() as services:
        made = services.type_desk.publish(slug, version, actor=person())
    _told(made, as_json=as_json)


@licence_type.command()
def retire(slug: SlugArgument, version: VersionArgument, reason: ReasonOption, as_json: JsonOption = False) -> None:
    """停用已发布的版本或废弃草稿；已签发的证照不受影响。Retire a version; licences issued under it stay."""
    with open_services() as services:
        made = services.type_desk.retire(slug, version, actor=person(), reason=reason)
    _told(made, as_json=as_json)


@licence_type.command()
def preview(
    slug: SlugArgument,
    out: Annotated[Path, typer.Option(help="保存到 .pdf 或 .png Where to put it: a .pdf or .png.")],
    version: LatestArgument = None,
    data: Annotated[Path | None, typer.Option(help="证照内容，默认样本数据 Fields; made up by default.")] = None,
) -> None:
    """生成带“样本”字样的预览，不加盖印章。Draw a specimen, marked as one and never sealed."""
    if out.suffix not in (".pdf", ".png"):
        raise RequestInvalidError(problem="--out: .pdf, .png")
    fields = read_json_object(data) if data is not None else None
    with open_services() as services:
        chosen = _version(services, slug, version).version
        drawn = services.type_desk.preview(slug, chosen, fields, form="png" if out.suffix == ".png" else "pdf")
    write_bytes(out, drawn)
    console.print(f"样本 specimen: {slug} v{chosen} → {out}")


@licence_type.command()
def export(
    slug: SlugArgument,
    out: Annotated[Path, typer.Option(help="保存到 ZIP 文件或目录 Where to put it: a .zip or a directory.")],
    version: LatestArgument = None,
) -> None:
    """导出一个版本的全部文件。Write all files of a version out, to change them or to take them elsewhere."""
    with open_services() as services:
        chosen = _version(services, slug, version).version
        package = services.licence_types.package(slug, chosen)
    if out.suffix == ".zip":
        write_bytes(out, package.to_zip())
    else:
        for path, content in package.files.items():
            write_bytes(out / path, content)
    console.print(f"已导出 exported: {slug} v{chosen} → {out}")


def _version(services: Services, slug: str, version: int | None) -> TypeVersion:
    """The version asked for, or the newest."""
    found = [each for each in services.licence_types.versions(slug) if version in (None, each.version)]
    if not found:
        services.catalogue.latest(slug)
        raise TypeVersionUnknownError(slug=slug, version=version)
    return found[-1]


def _told(made: TypeVersion, *, as_json: bool) -> None:
    if as_json:
        print_json(_as_json(made))
    else:
        console.print(f"{made.name_zh} {made.slug} v{made.version}：{made.state.zh} {made.state.value}")


def _as_json(made: TypeVersion) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(made), default=str))
    return told
