"""For administrators of the catalogue (证照目录): drafts, previews, publication, retirement."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from api.clients import Client, Scope
from api.problems import responses
from api.schemas import ReasonRequest
from api.security import ServicesDep, client_with
from trust import TypePackage, TypeVersion

router = APIRouter(prefix="/v1/licence-types", tags=["证照目录 Licence types"])

AdministratorDep = Annotated[Client, Depends(client_with(Scope.CATALOGUE))]
SlugPath = Annotated[str, Path(max_length=64, examples=["business_licence"])]
VersionPath = Annotated[int, Path(ge=1, le=2**31)]
_ZIP: dict[str, Any] = {"application/zip": {"schema": {"type": "string", "format": "binary"}}}
_SPECIMEN: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}} for kind in ("application/pdf", "image/png")
        }
    }
}


class TypeVersionView(BaseModel):
    """One version of a licence type, and who did what with it."""

    slug: str
    version: int
    code: str
    name_zh: str
    name_en: str
    state: Literal["draft", "published", "retired"]
    state_zh: str
    origin: Literal["package", "administrator"]
    digest: str = Field(description="SHA-256 of the files that the version consists of.")
    drafted_by: str
    drafted_at: datetime
    published_by: str | None
    published_at: datetime | None
    retired_by: str | None
    retired_at: datetime | None
    retirement_reason: str | None = Field(description="null: a newer version took its place.")

    @classmethod
    def of(cls, version: TypeVersion) -> TypeVersionView:
        return cls.model_validate({**vars(version), "state_zh": version.state.zh})


class PreviewRequest(BaseModel):
    """What to draw a specimen with."""

    model_config = ConfigDict(extra="forbid")

    fields: dict[str, Any] | None = Field(None, description="The fields of the type; made up where they are left out.")
    form: Literal["pdf", "png"] = "pdf"


@router.get("/{slug}/versions", summary="类型版本 Versions", responses=responses(401, 403, 422))
def versions(services: ServicesDep, _: AdministratorDep, slug: SlugPath) -> list[TypeVersionView]:
    """一个类型的全部版本，含草稿与已停用版本。All versions, drafts and retired ones included."""
    return [TypeVersionView.of(each) for each in services.licence_types.versions(slug)]


@router.post(
    "/{slug}/versions",
    status_code=201,
    summary="起草 Draft",
    responses=responses(401, 403, 409, 413, 422),
)
def draft(
    services: ServicesDep,
    client: AdministratorDep,
    slug: SlugPath,
    package: Annotated[bytes, Body(media_type="application/zip")],
) -> TypeVersionView:
    """上传 ZIP 文件（type.json、模板与素材），试排样本后存为草稿。

    A ZIP file with ``type.json``, templates and assets; kept as a draft once its sample can be laid out.
    """
    made = services.type_desk.draft(slug, TypePackage.from_zip(package), actor=f"client:{client.id}")
    return TypeVersionView.of(made)


@router.get(
    "/{slug}/versions/{version}/package",
    summary="导出 Export",
    response_class=Response,
    responses={200: {"content": _ZIP}, **responses(401, 403, 404, 422)},
)
def export(services: ServicesDep, _: AdministratorDep, slug: SlugPath, version: VersionPath) -> Response:
    """该版本的全部文件。All files of the version."""
    return Response(services.licence_types.package(slug, version).to_zip(), media_type="application/zip")


@router.post(
    "/{slug}/versions/{version}/preview",
    summary="预览 Preview",
    response_class=Response,
    responses={**_SPECIMEN, **responses(401, 403, 404, 409, 413, 422)},
)
def preview(
    services: ServicesDep, _: AdministratorDep, slug: SlugPath, version: VersionPath, body: PreviewRequest
) -> Response:
    """以样本数据或所给内容排版，页面横贯“样本”字样，不加盖印章。

    Laid out with made-up or given fields, 样本 across every page, without a seal.
    """
    drawn = services.type_desk.preview(slug, version, body.fields, form=body.form)
    media_type = "image/png" if body.form == "png" else "application/pdf"
    return Response(drawn, media_type=media_type, headers={"Cache-Control": "no-store"})


@router.post("/{slug}/versions/{version}/publish", summary="发布 Publish", responses=responses(401, 403, 404, 409, 422))
def publish(services: ServicesDep, client: AdministratorDep, slug: SlugPath, version: VersionPath) -> TypeVersionView:
    """发布草稿；原发布版本随即停用。Publishes a draft; the version published until now is retired."""
    return TypeVersionView.of(services.type_desk.publish(slug, version, actor=f"client:{client.id}"))


@router.post("/{slug}/versions/{version}/retire", summary="停用 Retire", responses=responses(401, 403, 404, 409, 422))
def retire(
    services: ServicesDep, client: AdministratorDep, slug: SlugPath, version: VersionPath, body: ReasonRequest
) -> TypeVersionView:
    """停用已发布的版本或废弃草稿，须写明理由；已签发的证照不受影响。

    Retires a published version or discards a draft, for a reason; licences issued under it stay as they are.
    """
    actor = f"client:{client.id}"
    return TypeVersionView.of(services.type_desk.retire(slug, version, actor=actor, reason=body.reason))
