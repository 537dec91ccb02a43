"""Public keys of the service: the trust anchor and the issuing authority's certificate."""

from __future__ import annotations

from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from fastapi import APIRouter, Response

from api.problems import responses
from api.security import ServicesDep

router = APIRouter(prefix="/pki", tags=["公钥设施 PKI"])
_PEM: dict[int | str, dict[str, Any]] = {200: {"content": {"application/x-pem-file": {"schema": {"type": "string"}}}}}


@router.get("/root.pem", summary="根证书 Root certificate", response_class=Response, responses={**_PEM, **responses()})
def root(services: ServicesDep) -> Response:
    """信任锚。The trust anchor: what a reader needs to check our seals without us."""
    return _pem(services.keys.authority.root)


@router.get(
    "/issuing.pem",
    summary="签发机构证书 Issuing authority's certificate",
    response_class=Response,
    responses={**_PEM, **responses()},
)
def issuing(services: ServicesDep) -> Response:
    """签发印章证书的中间机构。The authority under the root that certifies seals."""
    return _pem(services.keys.authority.issuing)


def _pem(certificate: x509.Certificate) -> Response:
    return Response(
        certificate.public_bytes(Encoding.PEM),
        media_type="application/x-pem-file",
        headers={"Cache-Control": "public, max-age=3600"},
    )
