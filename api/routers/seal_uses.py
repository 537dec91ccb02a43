"""Sealing what people have signed: for a department's system that takes applications in."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Query, Response

from api.clients import Client, Scope
from api.document_types import APPLICATION, document_type
from api.problems import responses
from api.routers.issuer import PDF_ANSWER
from api.security import ServicesDep, client_with
from api.signed_documents import seal_signed
from seal import Placement, SealingOrder, SealUser

router = APIRouter(prefix="/v1/seal-uses", tags=["印章 Seals"])

_PDF_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_Shown = Annotated[str, Query(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


@router.post(
    "",
    summary="在已签名文件上用印 Seal a signed document",
    response_class=Response,
    openapi_extra=_PDF_BODY,
    responses={**PDF_ANSWER, **responses(401, 403, 404, 409, 413, 422, 429)},
)
def use(
    services: ServicesDep,
    client: Annotated[Client, Depends(client_with(Scope.SEAL_USE))],
    seal: Annotated[str, Query(pattern="^[0-9]{13}$", description="Number of the seal.")],
    identifier: Annotated[_Shown, Query(description="What the document is known by; goes on record.")],
    reason: Annotated[_Shown, Query(description="Stands in the signature.", examples=["受理"])],
    x_mm: Annotated[float, Query(ge=0, le=2000, description="The seal's centre, from the left edge.")],
    y_mm: Annotated[float, Query(ge=0, le=2000, description="The seal's centre, from the top edge.")],
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
    type: Annotated[str, Query(max_length=64)] = APPLICATION,  # noqa: A002  the name in the address
    purpose: Annotated[str | None, Query(max_length=200, description="As the grant names it.")] = None,
    data: Annotated[bytes, Body(media_type="application/pdf")] = b"",
) -> Response:
    """请求体为申请人已签名的 PDF：先核验签名，通过后加盖印章；其后文件不得再改。

    The body is a PDF that its applicant signed. The signatures are checked; where all pass, the seal is put on it and
    closes it. The use is put on record, and so is a refusal.
    """
    order = SealingOrder(
        seal_number=seal,
        caller=f"client:{client.id}",
        document_type=document_type(services.catalogue, type),
        document_identifier=identifier,
        placement=Placement(page, x_mm, y_mm),
        reason=reason,
        user=SealUser(client.organisation_code, client.id),
        purpose=purpose,
    )
    sealed = seal_signed(services, data, order)
    headers = {"Cache-Control": "no-store", "Seal-Use": str(sealed.use_id)}
    return Response(sealed.data, media_type="application/pdf", headers=headers)
