"""Seal signatures of GB/T 38540 that stand by themselves, for departments that make their own files, such as OFD."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import Base64Bytes, BaseModel, ConfigDict, Field

from api.clients import Client, Scope
from api.problems import responses
from api.schemas import VerdictView
from api.seal_views import NUMBER_EXAMPLE
from api.security import ServicesDep, client_with
from seal import DetachedOrder, SealUser
from verify import CheckEntry

router = APIRouter(prefix="/v1", tags=["国密电子签章 Seal signatures"])

NumberPath = Annotated[str, Path(pattern="^[0-9]{13}$", examples=[NUMBER_EXAMPLE])]
Sm3Digest = Annotated[
    str, Field(pattern="^[0-9a-fA-F]{64}$", description="SM3 of the data, 64 hexadecimal digits.", examples=["0" * 64])
]
Property = Annotated[
    str,
    Field(
        max_length=1000,
        pattern=r"^[\x20-\x7e]*$",
        description="Which data they are, in ASCII; in OFD the path of Signature.xml.",
        examples=["/Doc_0/Signs/Sign_0/Signature.xml"],
    ),
]


class SealSignatureRequest(BaseModel):
    """What is to be sealed."""

    model_config = ConfigDict(extra="forbid")

    digest: Sm3Digest
    document_type: str = Field(
        max_length=64, description="Among those that the seal is granted for.", examples=["business_licence"]
    )
    document_identifier: str = Field(min_length=1, max_length=200, description="Stands in the record of uses.")
    property_info: Property
    purpose: str | None = Field(
        None, max_length=200, description="用途; that of the grant, for the seal of another body."
    )


class SealSignatureView(BaseModel):
    """A seal signature."""

    signature: str = Field(description="SES_Signature in DER, base64.")
    sha256: str = Field(description="Of the signature; stands in the record of uses.")
    use_id: int
    signed_at: datetime


class CheckSealSignatureRequest(BaseModel):
    """A seal signature to check."""

    model_config = ConfigDict(extra="forbid")

    signature: Base64Bytes = Field(max_length=8_000_000, description="SES_Signature in DER, base64.")
    digest: Sm3Digest
    property_info: Property | None = Field(None, description="What it has to name as its data, where that is known.")


@router.post(
    "/seals/{number}/signatures",
    status_code=201,
    summary="签章 Sign with a seal",
    responses=responses(401, 403, 404, 409, 422, 429),
)
def sign(
    services: ServicesDep,
    client: Annotated[Client, Depends(client_with(Scope.ISSUE))],
    number: NumberPath,
    body: SealSignatureRequest,
) -> SealSignatureView:
    """对任意文件的 SM3 杂凑值加盖印章，得到单独的 SES_Signature（GB/T 38540-2020 版本 4）。

    须有用印授权，并记入用印记录。

    Puts a seal on any file by its SM3, as a SES_Signature that stands by itself. A grant has to allow it, and it is a
    use on the seal's record like any other.
    """
    made = services.detached_sealer.sign(
        DetachedOrder(
            seal_number=number,
            caller=f"client:{client.id}",
            document_type=body.document_type,
            document_identifier=body.document_identifier,
            digest=bytes.fromhex(body.digest),
            property_info=body.property_info,
            user=SealUser(client.organisation_code, client.id if client.organisation_code else None),
            purpose=body.purpose,
        )
    )
    encoded = base64.b64encode(made.data).decode()
    return SealSignatureView(signature=encoded, sha256=made.digest, use_id=made.use_id, signed_at=made.signed_at)


@router.post(
    "/checks/seal-signature",
    summary="核验签章 Check a seal signature",
    responses=responses(401, 403, 413, 422),
)
def check(
    services: ServicesDep,
    client: Annotated[Client, Depends(client_with(Scope.CHECK))],
    body: CheckSealSignatureRequest,
) -> VerdictView:
    """核验单独的 SES_Signature 与文件的 SM3 杂凑值，依信任列表（seal_maker）。

    Checks a SES_Signature that stands by itself against the SM3 of the data, by the trust list (seal_maker).
    """
    verdict = services.checker.check_seal_signature(
        body.signature, bytes.fromhex(body.digest), property_info=body.property_info
    )
    services.check_records.add(CheckEntry(verdict, "seal_signature", f"client:{client.id}"))
    return VerdictView.of(verdict)
